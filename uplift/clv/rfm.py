"""Cold start: a weighted score of recency, frequency and monetary value, and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from uplift.clv.isotonic import pool_violators
from uplift.clv.snapshot import PurchaseHistory, check_purchases
from uplift.errors import EstimationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.clv.snapshot import Snapshot

Basis = Literal["cells", "heuristic"]
QUANTILES = (0.2, 0.4, 0.6, 0.8)
LEAST_UNITS = 30
YEAR_DAYS = 365.0


@dataclass(frozen=True, slots=True)
class RfmRule:
    """How the three scores are weighted, and how a lone history is read.

    Parameters
    ----------
    recency, frequency, monetary
        Weights of the three scores from 1 to 5; only their ratios count. By convention the last purchase says
        most about the next one and its amount least (Hughes 1994 ranks them so); where an outcome is known
        it is what gives each score its value.
    gaps_to_half
        For the heuristic: after this many of the customer's expected gaps without an order, the chance that
        the customer is still there is a half.
    """

    recency: float = 0.5
    frequency: float = 0.3
    monetary: float = 0.2
    gaps_to_half: float = 3.0


@dataclass(frozen=True, slots=True)
class RfmScale:
    """Frozen cuts of the three scores.

    Parameters
    ----------
    recency_cuts
        Days since the last purchase: quintiles of the cohort of the fit; fewer days, a higher score.
    frequency_cuts, monetary_cuts
        Purchase days after the first, and margin of those days in the currency: quintiles.
    rule
        Weights.
    """

    recency_cuts: tuple[float, ...]
    frequency_cuts: tuple[float, ...]
    monetary_cuts: tuple[float, ...]
    rule: RfmRule

    def score(self, history: PurchaseHistory) -> NDArray[np.float64]:
        """Return the weighted score.

        Parameters
        ----------
        history
            Of n units.

        Returns
        -------
        ndarray of float64, shape (n,)
            From 1 to 5; 0 without an order.
        """
        known = check_purchases(history)
        parts = (
            (self.rule.recency, 6.0 - _band(known.age - known.recency, self.recency_cuts)),
            (self.rule.frequency, _band(known.frequency, self.frequency_cuts)),
            (self.rule.monetary, _band(known.frequency * known.mean_value, self.monetary_cuts)),
        )
        whole = sum(weight for weight, _ in parts)
        score = sum((weight / whole * part for weight, part in parts), np.zeros(len(known)))
        return np.where(known.bought, np.round(score, 9), 0.0)


@dataclass(frozen=True, slots=True)
class RfmModel:
    """What a score is worth over the next horizon.

    Parameters
    ----------
    scale
        Cuts and weights.
    basis
        ``cells``: means of what units of the same score brought over a past horizon; ``heuristic``: rate x
        basket x survival, fitted to nothing, only to be read until an outcome is known.
    scores, values
        For ``cells``: lowest score of each band, and its mean value; currency units per unit.
    no_order
        For ``cells``: mean value of those without an order.
    order_rate, basket
        For ``heuristic``: repeat purchase days per day, and mean margin of one, over all units.
    horizon_days, annual_discount_rate
        What is valued, and how it is discounted.
    """

    scale: RfmScale
    basis: Basis
    scores: tuple[float, ...]
    values: tuple[float, ...]
    no_order: float
    order_rate: float
    basket: float
    horizon_days: int
    annual_discount_rate: float

    def predict(self, history: PurchaseHistory) -> NDArray[np.float64]:
        """Return the expected value over the horizon.

        Parameters
        ----------
        history
            Of n units, as of now.

        Returns
        -------
        ndarray of float64, shape (n,)
            Currency units per unit, discounted to now.
        """
        if self.basis == "heuristic":
            return self._guess(check_purchases(history))
        score = self.scale.score(history)
        band = np.maximum(np.searchsorted(self.scores, score, side="right") - 1, 0)
        return np.where(history.bought, np.asarray(self.values)[band], self.no_order)

    def _guess(self, known: PurchaseHistory) -> NDArray[np.float64]:
        """Return rate x basket x survival; both means are pulled to all units' by the weight of one purchase."""
        age = np.where(known.bought, known.age, 0.0)
        silent = age - np.where(known.bought, known.recency, 0.0)
        rate = (1.0 + known.frequency) / (1.0 / self.order_rate + age)
        basket = (self.basket + known.frequency * known.mean_value) / (1.0 + known.frequency)
        survival = 0.5 ** (silent * rate / self.scale.rule.gaps_to_half)
        value = rate * basket * survival * discounted_days(self.horizon_days, self.annual_discount_rate)
        return np.where(known.bought, value, 0.0)


def fit_rfm(
    history: PurchaseHistory,
    *,
    horizon_days: int,
    annual_discount_rate: float = 0.1,
    past: Snapshot | None = None,
    rule: RfmRule | None = None,
) -> RfmModel:
    """Cut the scores, and learn or guess what they are worth.

    Parameters
    ----------
    history
        Of n units, as of now; it gives the cuts where there is no past.
    horizon_days, annual_discount_rate
        What is valued.
    past
        Histories one horizon ago with what came after; it gives cuts and values.
    rule
        Weights.

    Returns
    -------
    RfmModel
        With basis ``heuristic`` where there is no past.

    Raises
    ------
    EstimationError
        When nobody has an order, or without a past nobody has a repeat order.
    UsageError
        When a history is none.

    Notes
    -----
    *Estimand*: with a past, E[value over the horizon | score], rising in the score (neighbouring scores of fewer
    than 30 units, or that do not rise, are pooled), taken to be the same now. Without one there is no
    estimand: the number is a guess that orders customers plausibly.

    References
    ----------
    Hughes, A. M. (1994). *Strategic Database Marketing*. Probus.
    """
    chosen = rule or RfmRule()
    if past is None or past.history is None:
        return _guess_values(check_purchases(history), horizon_days, annual_discount_rate, chosen)
    known = check_purchases(past.history)
    scale = _cut(known, chosen)
    value = np.asarray(past.value, dtype=np.float64)
    bought = known.bought
    bands = _bands(scale.score(known)[bought], value[bought])
    return RfmModel(
        scale=scale,
        basis="cells",
        scores=tuple(bands[0].tolist()),
        values=tuple(bands[1].tolist()),
        no_order=float(value[~bought].mean()) if not bought.all() else 0.0,
        order_rate=0.0,
        basket=0.0,
        horizon_days=horizon_days,
        annual_discount_rate=annual_discount_rate,
    )


def discounted_days(horizon_days: float, annual_discount_rate: float) -> float:
    """Return the days of a horizon, each counted (1 + rate)^(-t/365)."""
    force = float(np.log1p(annual_discount_rate)) / YEAR_DAYS
    return -float(np.expm1(-force * horizon_days)) / force if force else float(horizon_days)


def _guess_values(known: PurchaseHistory, horizon_days: int, rate: float, rule: RfmRule) -> RfmModel:
    scale = _cut(known, rule)
    repeats = float(known.frequency[known.bought].sum())
    days = float(known.age[known.bought].sum())
    if not repeats * days > 0:
        message = (
            "history: nobody bought on a second day, so neither a rate nor the value of an order is known; "
            "wait for repeat orders, or give a past outcome"
        )
        raise EstimationError(message)
    basket = float((known.frequency * known.mean_value)[known.bought].sum()) / repeats
    return RfmModel(scale, "heuristic", (), (), 0.0, repeats / days, basket, horizon_days, rate)


def _cut(known: PurchaseHistory, rule: RfmRule) -> RfmScale:
    if known.n_buyers == 0:
        message = (
            "history: no unit has an order, there is nothing to score; take an earlier or a wider source of orders"
        )
        raise EstimationError(message)
    buyers = known.of(known.bought)
    return RfmScale(
        recency_cuts=_quantiles(buyers.age - buyers.recency),
        frequency_cuts=_quantiles(buyers.frequency),
        monetary_cuts=_quantiles(buyers.frequency * buyers.mean_value),
        rule=rule,
    )


def _quantiles(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(cut) for cut in np.quantile(values, QUANTILES, method="inverted_cdf"))


def _band(values: NDArray[np.float64], cuts: tuple[float, ...]) -> NDArray[np.float64]:
    """Return 1 up to the first cut, 5 beyond the last."""
    return 1.0 + np.searchsorted(cuts, values, side="left").astype(np.float64)


def _bands(score: NDArray[np.float64], value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return lowest score and mean value of bands whose means rise, shape (2, m)."""
    levels, place, count = np.unique(score, return_inverse=True, return_counts=True)
    starts = _joined(count)
    sizes = np.add.reduceat(count, starts).astype(np.float64)
    sums = np.add.reduceat(np.bincount(place, weights=value), starts)
    pooled = pool_violators(levels[starts] * sizes, sums, sizes)
    first = np.searchsorted(np.r_[0.0, np.cumsum(sizes)], np.r_[0.0, np.cumsum(pooled[2])[:-1]])
    return np.stack([levels[starts][first], pooled[1]])


def _joined(count: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return where groups of at least thirty units start; a thin last group joins the one before."""
    starts, size = [0], 0
    for position, units in enumerate(count.tolist()):
        if size >= LEAST_UNITS:
            starts.append(position)
            size = 0
        size += units
    if size < LEAST_UNITS and len(starts) > 1:
        starts.pop()
    return np.array(starts, dtype=np.intp)
