"""The likelihood of orders that come at a gamma rate until a beta chance stops them: BG/NBD and MBG/NBD at once.

With k = x + extra chances to stop survived (extra = 0: BG/NBD, 1: MBG/NBD) a customer contributes

    G(r + x) alpha^r / G(r) * B(a, b + k) / B(a, b) *
        [(alpha + T)^-(r + x) + 1{k > 0} a / (b + k - 1) * (alpha + t_x)^-(r + x)].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.clv.newton import Peak

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.clv.cells import PurchaseCells

_BLOCK = 8192
"""Cells whose intermediate columns stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Dropout:
    """A gamma rate and a beta chance to stop.

    Parameters
    ----------
    r, alpha, a, b
        As in ``PurchaseModel``.
    extra
        Chances to stop before the first repeat order: 0 in BG/NBD, 1 in MBG/NBD.
    """

    r: float
    alpha: float
    a: float
    b: float
    extra: int


def dropout_log_odds(
    model: Dropout, frequency: NDArray[np.float64], recency: NDArray[np.float64], age: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the log odds of having stopped.

    Parameters
    ----------
    model
        The parameters.
    frequency, recency, age : ndarray of float, shape (n,)
        Repeat orders, time from the first order to the last, and to now.

    Returns
    -------
    ndarray of float, shape (n,)
        -inf where there was no chance to stop yet.
    """
    before = model.b + frequency + model.extra - 1
    some = frequency + model.extra > 0
    # log1p of the gap keeps the digits where the last order was just now.
    gap = np.log1p((age - recency) / (model.alpha + recency))
    return np.where(some, np.log(model.a / np.where(some, before, 1.0)) + (model.r + frequency) * gap, -np.inf)


def odds_slopes(
    model: Dropout, frequency: NDArray[np.float64], recency: NDArray[np.float64], age: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the derivatives of the log odds of having stopped with respect to log(r, alpha, a, b), shape (4, n).

    Parameters
    ----------
    model, frequency, recency, age
        As in ``dropout_log_odds``; where there was no chance to stop the derivatives are of no use, but finite.
    """
    since, until = 1 / (model.alpha + recency), 1 / (model.alpha + age)
    return np.stack(
        [
            model.r * np.log1p((age - recency) * since),
            model.alpha * (model.r + frequency) * (until - since),
            np.ones_like(age),
            -model.b * _inverse_before(model, frequency),
        ]
    )


def _inverse_before(model: Dropout, frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / (b + k - 1), and 0 where there was no chance to stop."""
    chances = frequency + model.extra
    some = chances > 0
    return np.where(some, 1 / np.where(some, model.b + chances - 1, 1.0), 0.0)


def evaluate_dropout(model: Dropout, cells: PurchaseCells) -> Peak:
    """Return the log-likelihood with its slopes and curvatures.

    Parameters
    ----------
    model
        The parameters.
    cells
        Histories and how many customers have each.

    Returns
    -------
    Peak
        Derivatives with respect to (r, alpha, a, b).
    """
    peak = _of_frequency(model, cells)
    columns = (cells.frequency, cells.recency, cells.age, cells.weight)
    for first in range(0, len(cells.weight), _BLOCK):
        part = _of_times(model, *(column[first : first + _BLOCK] for column in columns))
        peak = Peak(peak.value + part.value, peak.gradient + part.gradient, peak.hessian + part.hessian)
    return peak


def _of_frequency(model: Dropout, cells: PurchaseCells) -> Peak:
    r, alpha = model.r, model.alpha
    x, which = np.unique(cells.frequency, return_inverse=True)
    w, k = np.asarray(np.bincount(which, cells.weight), dtype=np.float64), x + model.extra
    n, log_alpha = float(np.sum(w)), float(np.log(alpha))
    rate, stay, both = _rise(r, x, w), _rise(model.b, k, w), _rise(model.a + model.b, k, w)
    gradient = np.array([rate.slope + n * log_alpha, n * r / alpha, -both.slope, stay.slope - both.slope])
    hessian = np.zeros((4, 4))
    hessian[0, 0] = rate.bend
    hessian[0, 1] = hessian[1, 0] = n / alpha
    hessian[1, 1] = -n * r / alpha**2
    hessian[2:, 2:] = -both.bend
    hessian[3, 3] += stay.bend
    return Peak(rate.value + stay.value - both.value + n * r * log_alpha, gradient, hessian)


@dataclass(frozen=True, slots=True)
class _Rise:
    """The weighted sum of log G(c + k) - log G(c), and its two derivatives in c."""

    value: float
    slope: float
    bend: float


def _rise(c: float, k: NDArray[np.float64], w: NDArray[np.float64]) -> _Rise:
    # Term by term: k is whole, and a difference of log-gammas loses its digits where c is large.
    steps = c + np.arange(k.max(initial=0.0))
    sums = [np.append(0.0, np.cumsum(part)) for part in (np.log(steps), 1 / steps, -1 / steps**2)]
    value, slope, bend = (float(np.sum(w * part[k.astype(np.int64)])) for part in sums)
    return _Rise(value, slope, bend)


def _of_times(
    model: Dropout,
    frequency: NDArray[np.float64],
    recency: NDArray[np.float64],
    age: NDArray[np.float64],
    w: NDArray[np.float64],
) -> Peak:
    c = model.r + frequency
    until_now, until_last = 1 / (model.alpha + age), 1 / (model.alpha + recency)
    log_now = -np.log(until_now)
    odds = dropout_log_odds(model, frequency, recency, age)
    gone = (1 + np.tanh(odds / 2)) / 2
    survived = _inverse_before(model, frequency)
    gap, slope = np.log1p((age - recency) * until_last), c * (until_now - until_last)
    value = float(np.sum(w * (np.logaddexp(0.0, odds) - c * log_now)))
    # The odds' own slopes in (r, alpha, a, b); 1/a is the same for all.
    slopes = (gap, slope, np.full(len(c), 1 / model.a), -survived)
    share, spread = w * gone, w * gone * (1 - gone)
    gradient = np.array([np.sum(share * part) for part in slopes])
    gradient[0] -= np.sum(w * log_now)
    gradient[1] -= np.sum(w * c * until_now)
    hessian = np.zeros((4, 4))
    for i, one in enumerate(slopes):
        weighted = spread * one
        for j, other in enumerate(slopes[: i + 1]):
            hessian[i, j] = hessian[j, i] = np.sum(weighted * other)
    cross = np.sum(share * (until_now - until_last)) - np.sum(w * until_now)
    hessian[0, 1] += cross
    hessian[1, 0] += cross
    hessian[1, 1] += np.sum(w * c * until_now**2) - np.sum(share * c * (until_now**2 - until_last**2))
    hessian[2, 2] -= np.sum(share) / model.a**2
    hessian[3, 3] += np.sum(share * survived**2)
    return Peak(value, gradient, hessian)
