"""When customers order: season × first enthusiasm × staying, with their integrals in closed form.

Time is counted in days from the start of the campaign; the past is negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.simulate.scenario import ENTHUSIASM_DAYS

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OMEGA = 2.0 * np.pi / 365.25


@dataclass(frozen=True, slots=True, eq=False)
class Rhythm:
    """The order process of customers, each field of shape (n,).

    Parameters
    ----------
    rate
        Orders a day at the start of an account.
    floor
        Share of ``rate`` that stays when the first enthusiasm is over.
    registered
        Day of registration.
    dropout
        Chance to leave after an order.
    swing, peak
        Half-width of the personal season (share of the rate) and the day of its peak.
    """

    rate: NDArray[np.float64]
    floor: NDArray[np.float64]
    registered: NDArray[np.float64]
    dropout: NDArray[np.float64]
    swing: NDArray[np.float64]
    peak: NDArray[np.float64]

    def take(self, index: NDArray[np.intp]) -> Rhythm:
        """Return the rhythm of the customers at ``index``."""
        return Rhythm(
            self.rate[index],
            self.floor[index],
            self.registered[index],
            self.dropout[index],
            self.swing[index],
            self.peak[index],
        )


def shape_of(rhythm: Rhythm, day: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return season × enthusiasm of each customer at its ``day``; the rate's factor while it stays."""
    level = np.ones(len(day))
    keen = np.flatnonzero(rhythm.floor < 1.0)
    age = np.maximum(day[keen] - rhythm.registered[keen], 0.0)
    level[keen] = rhythm.floor[keen] + (1.0 - rhythm.floor[keen]) * np.exp(-age / ENTHUSIASM_DAYS)
    return np.asarray((1.0 + rhythm.swing * np.cos(_OMEGA * (day - rhythm.peak))) * level)


def load_between(
    rhythm: Rhythm, start: float | NDArray[np.float64], stop: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the expected orders from ``start`` to ``stop`` of a customer who would never leave.

    Parameters
    ----------
    rhythm
        Order processes of n customers.
    start, stop
        Days, one for all or one per customer; accounts must be open at ``start``.

    Returns
    -------
    NDArray[np.float64]
        Shape (n,), rate × ∫ season × enthusiasm.
    """
    first, last = np.asarray(start, dtype=np.float64), np.asarray(stop, dtype=np.float64)
    steady = _steady_integral(rhythm, last) - _steady_integral(rhythm, first)
    fading = _fading_integral(rhythm, first) - _fading_integral(rhythm, last)
    return np.asarray(rhythm.rate * (rhythm.floor * steady + (1.0 - rhythm.floor) * fading))


def staying(rhythm: Rhythm, day: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the chance that a customer who is there on day 0 is still there on ``day``.

    Each order is the last with the chance ``dropout``; with Λ the load since day 0 that is
    exp(−dropout·Λ), and the expected orders in [a, b) are (staying(a) − staying(b)) / dropout: the
    BG/NBD mean with a rate that moves.

    Returns
    -------
    NDArray[np.float64]
        Shape (n,).

    References
    ----------
    Fader, Hardie and Lee (2005), Marketing Science 24.
    """
    return np.asarray(np.exp(-rhythm.dropout * load_between(rhythm, 0.0, day)))


def _steady_integral(rhythm: Rhythm, day: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(day + rhythm.swing / _OMEGA * np.sin(_OMEGA * (day - rhythm.peak)))


def _fading_integral(rhythm: Rhythm, day: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return minus the antiderivative of exp(−age/τ)·season, per customer."""
    decay = 1.0 / ENTHUSIASM_DAYS
    angle = _OMEGA * (day - rhythm.peak)
    wave = rhythm.swing * (decay * np.cos(angle) - _OMEGA * np.sin(angle)) / (decay**2 + _OMEGA**2)
    return np.asarray(np.exp(-(day - rhythm.registered) * decay) * (ENTHUSIASM_DAYS + wave))
