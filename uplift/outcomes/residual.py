"""Residual value by the purchase model: with couponed orders left out, with them, and in between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from uplift.outcomes.purchases import PurchaseState, SeenPurchases, advance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.clv import SurrogateModel

DEFAULT_KAPPA = 0.5
LARGEST_KAPPA_ERROR = 0.25
LEAST_T = 3.0
ORGANIC, COUPONED = "organic_margin", "couponed_margin"


class ValueModel(Protocol):
    """What values a future; a :class:`uplift.clv.LifetimeModel`."""

    def residual_value(
        self,
        frequency: NDArray[np.float64],
        recency: NDArray[np.float64],
        age: NDArray[np.float64],
        mean_value: NDArray[np.float64],
        *,
        start_days: float,
        end_days: float,
        annual_discount_rate: float,
    ) -> NDArray[np.float64]:
        """Return the discounted expected margin of the orders in (start_days, end_days] from now, shape (n,)."""
        ...

    def residual_gradient(
        self,
        frequency: NDArray[np.float64],
        recency: NDArray[np.float64],
        age: NDArray[np.float64],
        mean_value: NDArray[np.float64],
        *,
        start_days: float,
        end_days: float,
        annual_discount_rate: float,
    ) -> NDArray[np.float64]:
        """Return its derivative by the logarithms of the parameters, shape (n, 7)."""
        ...


@dataclass(frozen=True, slots=True)
class Kappa:
    """How much a couponed order says about the future, as a share of an organic one.

    Parameters
    ----------
    value
        In [0, 1].
    std_error
        None where it is the default.
    source
        ``past`` or ``default``.
    """

    value: float
    std_error: float | None = None
    source: Literal["past", "default"] = "default"


def calibrate_kappa(index: SurrogateModel | None) -> Kappa:
    """Read the weight of couponed orders from the past, where the past can tell.

    Parameters
    ----------
    index
        Later value regressed on organic and couponed margin of a past window, and what was known before it.

    Returns
    -------
    Kappa
        The ratio of the two slopes, clipped to [0, 1]; the default of 0.5 where the past lacks either kind of order,
        the organic slope is not three standard errors above 0, or the ratio's standard error exceeds 0.25.

    Notes
    -----
    *Assumption*: given what was known before, who used a coupon in the past differs from who did not only through
    what coupons do. Both bounds, 0 and 1, are always computed beside it.
    """
    if index is None or not {ORGANIC, COUPONED} <= set(index.features):
        return Kappa(DEFAULT_KAPPA)
    organic, couponed = (1 + index.features.index(name) for name in (ORGANIC, COUPONED))
    slope, other = index.coefficients[organic], index.coefficients[couponed]
    covariance = np.asarray(index.covariance)
    if slope <= LEAST_T * np.sqrt(covariance[organic, organic]):
        return Kappa(DEFAULT_KAPPA)
    ratio = other / slope
    spread = covariance[couponed, couponed] - 2 * ratio * covariance[organic, couponed]
    error = float(np.sqrt(max(spread + ratio**2 * covariance[organic, organic], 0.0)) / slope)
    if error > LARGEST_KAPPA_ERROR:
        return Kappa(DEFAULT_KAPPA)
    return Kappa(min(max(ratio, 0.0), 1.0), error, "past")


@dataclass(frozen=True, slots=True)
class Ahead:
    """Which future is valued, and how.

    Parameters
    ----------
    elapsed_days
        Days from day 0 to the moment of the state.
    start_days, end_days
        Days from day 0 between which orders count.
    annual_discount_rate
        Of money, from day 0.
    kept_share
        Share of the margin that returns leave.
    """

    elapsed_days: int
    start_days: int
    end_days: int
    annual_discount_rate: float
    kept_share: float = 1.0

    @property
    def factor(self) -> float:
        """What turns margin discounted to the moment of the state into net value at day 0."""
        return float(self.kept_share * (1.0 + self.annual_discount_rate) ** (-self.elapsed_days / 365))


def predict_value(model: ValueModel, state: PurchaseState, ahead: Ahead) -> NDArray[np.float64]:
    """Return the expected discounted margin, net of returns, of each unit's future orders.

    Parameters
    ----------
    model
        Fitted before day 0, arms pooled.
    state
        History of n units.
    ahead
        Which orders count.

    Returns
    -------
    ndarray of float, shape (n,)
        Currency units at day 0; 0 for units that never ordered.
    """
    values = np.zeros(len(state))
    rows = np.flatnonzero(state.known)
    if len(rows):
        one = state.take(rows)
        values[rows] = ahead.factor * model.residual_value(
            one.frequency,
            one.recency,
            one.age,
            one.mean_value,
            start_days=ahead.start_days - ahead.elapsed_days,
            end_days=ahead.end_days - ahead.elapsed_days,
            annual_discount_rate=ahead.annual_discount_rate,
        )
    return values


def predict_gradient(model: ValueModel, state: PurchaseState, ahead: Ahead) -> NDArray[np.float64]:
    """Return the derivative of :func:`predict_value` by the logarithms of the model's parameters, shape (n, 7)."""
    slopes = np.zeros((len(state), 7))
    rows = np.flatnonzero(state.known)
    if len(rows):
        one = state.take(rows)
        slopes[rows] = ahead.factor * model.residual_gradient(
            one.frequency,
            one.recency,
            one.age,
            one.mean_value,
            start_days=ahead.start_days - ahead.elapsed_days,
            end_days=ahead.end_days - ahead.elapsed_days,
            annual_discount_rate=ahead.annual_discount_rate,
        )
    return slopes


@dataclass(frozen=True, slots=True, eq=False)
class ResidualBounds:
    """Both bounds of the residual value by the purchase model, n units.

    Parameters
    ----------
    organic, mechanical : ndarray of float, shape (n,)
        With the window's couponed orders left out of the history (kappa 0), and with all orders in it (kappa 1).
    organic_slopes, mechanical_slopes : ndarray of float, shape (m, 7)
        Derivatives for the units of ``rows``.
    rows : ndarray of intp, shape (m,)
        Units whose derivatives are known: all, or a sample by hash.
    """

    organic: NDArray[np.float64]
    mechanical: NDArray[np.float64]
    organic_slopes: NDArray[np.float64]
    mechanical_slopes: NDArray[np.float64]
    rows: NDArray[np.intp]


def bound_residual(
    model: ValueModel,
    before: PurchaseState,
    *,
    organic: SeenPurchases,
    every: SeenPurchases,
    ahead: Ahead,
    sample: NDArray[np.intp],
) -> ResidualBounds:
    """Value the time after the window by the purchase model, with and without the couponed orders of the window.

    The residual value at weight kappa is linear in kappa, so that its effects at 0 and 1 are exact bounds.

    Parameters
    ----------
    model
        Fitted before day 0, arms pooled.
    before
        History of n units at day 0.
    organic, every
        Purchases of the window without a coupon, and all.
    ahead
        Which orders count.
    sample : ndarray of intp, shape (m,)
        Units whose derivatives are wanted.

    Returns
    -------
    ResidualBounds
    """
    full = advance(before, every, days=ahead.elapsed_days)
    plain = advance(before, organic, days=ahead.elapsed_days)
    mechanical = predict_value(model, full, ahead)
    changed = np.flatnonzero(every.differs(organic))
    kept = mechanical.copy()
    kept[changed] = predict_value(model, plain.take(changed), ahead)
    slopes = predict_gradient(model, full.take(sample), ahead)
    differing = np.flatnonzero(every.differs(organic)[sample])
    plain_slopes = slopes.copy()
    plain_slopes[differing] = predict_gradient(model, plain.take(sample[differing]), ahead)
    return ResidualBounds(kept, mechanical, plain_slopes, slopes, sample)


def mean_slopes(
    slopes: NDArray[np.float64], cell: NDArray[np.int64], n_cells: int, *, grid: float = 0.01
) -> NDArray[np.float64]:
    """Return the mean derivative of every cell, shape (n_cells, p); 0 where a cell has no unit.

    Parameters
    ----------
    slopes : ndarray of float, shape (m, p)
        Derivatives per unit.
    cell : ndarray of int64, shape (m,)
        Cell of each.
    n_cells
        Number of cells.
    grid
        Step to which derivatives are rounded, so that sums are exact in any order.
    """
    n = np.bincount(cell, minlength=n_cells)
    steps = np.rint(slopes / grid)
    sums = np.stack([np.bincount(cell, column, minlength=n_cells) for column in steps.T], axis=1)
    return np.asarray(sums * grid / np.maximum(n, 1)[:, None])
