"""Intervals when trends part after treatment at most so many times as fast as they ever did before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from uplift.estimate.did.path import EventPath

_POINTS = 201
_ROUNDS = 4
_SAME = 1e-9
_FIRST_STAGE = 0.1


@dataclass(frozen=True, slots=True)
class Limits:
    """An interval, in the unit of the outcome."""

    lower: float
    upper: float


@dataclass(frozen=True, slots=True, eq=False)
class RelativeTest:
    """The hybrid test of one average effect, for one path.

    Parameters
    ----------
    path
        Effects by event time.
    weights : ndarray of float64, shape (K,)
        What is bounded is their weighted sum.
    draws : ndarray of float64, shape (S, K)
        Normal draws with the covariance of the path.
    alpha
        Level of the test.
    """

    path: EventPath
    weights: NDArray[np.float64]
    draws: NDArray[np.float64]
    alpha: float

    def interval(self, limit: float) -> Limits:
        """Return the interval for departures of at most ``limit`` times the largest step before treatment.

        Raises
        ------
        EstimationError
            When every effect is rejected, or a step has no variance.
        """
        sets = [found for moments in self._all(limit) if (found := _accepted(moments, self)) is not None]
        if not sets:
            message = f"limit {limit}: every effect is rejected; the covariance does not fit the estimates"
            raise EstimationError(message)
        return Limits(min(one.lower for one in sets), max(one.upper for one in sets))

    def accepts_zero(self, limit: float) -> bool:
        """Return whether an effect of 0 is compatible with departures of at most ``limit``."""
        for moments in self._all(limit):
            critical, level = _critical(moments, self)
            if not _rejected((moments.loading @ self.path.estimate)[None, :], moments, critical, level)[0]:
                return True
        return False

    def _all(self, limit: float) -> Iterator[_Moments]:
        """Yield the inequalities for every step before treatment that may have been the largest, up or down."""
        for step in range(self.path.n_before):
            for sign in (1.0, -1.0):
                yield _moments(self, limit, step, sign)


@dataclass(frozen=True, slots=True, eq=False)
class _Moments:
    """Statistics ``loading @ estimate - slope * effect``, none positive in the mean at the true effect.

    The bound is a set of linear inequalities in which all effects but the one asked for are free. Whatever these are,
    the largest scaled violation is the maximum over the vertices of a dual polytope; first differences make them few:
    the effect from above, from below, and for each period the pair of bounds that must not cross.
    """

    loading: NDArray[np.float64]
    slope: NDArray[np.float64]
    covariance: NDArray[np.float64]


def _moments(test: RelativeTest, limit: float, step: int, sign: float) -> _Moments:
    path = test.path
    after, before = slice(path.n_before, None), slice(0, path.n_before)
    differences = np.zeros((path.n_after, len(path.event_time)))
    differences[:, after] = np.eye(path.n_after) - np.eye(path.n_after, k=-1)
    largest = np.zeros(len(path.event_time))
    largest[before] = sign * (np.eye(path.n_before + 1, k=1) - np.eye(path.n_before + 1))[step, :-1]
    up, down = differences - limit * largest, -differences - limit * largest
    spread_up, spread_down = _spread(up, path), _spread(down, path)
    reach = np.cumsum(test.weights[after][::-1])[::-1]
    width = limit * np.abs(reach).sum() * largest
    norm_up = np.abs(reach) @ np.where(reach > 0, spread_up, spread_down)
    norm_down = np.abs(reach) @ np.where(reach > 0, spread_down, spread_up)
    pairs = -2.0 * limit * largest / (spread_up + spread_down)[:, None]
    loading = np.vstack([(test.weights - width) / norm_up, (-test.weights - width) / norm_down, pairs])
    slope = np.concatenate([[1.0 / norm_up, -1.0 / norm_down], np.zeros(path.n_after)])
    return _Moments(loading, slope, loading @ path.covariance @ loading.T)


def _spread(rows: NDArray[np.float64], path: EventPath) -> NDArray[np.float64]:
    variance = np.einsum("tk,kl,tl->t", rows, path.covariance, rows)
    if np.any(variance <= 0.0):
        message = "path: a step between two periods has no variance; leave out periods without outcomes"
        raise EstimationError(message)
    return np.asarray(np.sqrt(variance), dtype=np.float64)


def _accepted(moments: _Moments, test: RelativeTest) -> Limits | None:
    """Return the hull of the effects that are not rejected."""
    critical, level = _critical(moments, test)
    at_zero = moments.loading @ test.path.estimate
    if at_zero[2:].max() > critical:
        return None
    low, high = ((at_zero[:2] - critical) / moments.slope[:2]).tolist()
    return _hull(low, high, moments, at_zero, critical, level) if low <= high else None


def _critical(moments: _Moments, test: RelativeTest) -> tuple[float, float]:
    """Return the least favourable critical value of the first stage, and the level of the second."""
    first = _FIRST_STAGE * test.alpha
    critical = float(np.quantile((test.draws @ moments.loading.T).max(axis=1), 1.0 - first))
    return critical, (test.alpha - first) / (1.0 - first)


def _hull(
    low: float, high: float, moments: _Moments, at_zero: NDArray[np.float64], critical: float, level: float
) -> Limits | None:
    lower, upper = (low, high), (low, high)
    for turn in range(_ROUNDS):
        for side in ("lower", "upper") if turn else ("both",):
            bracket = upper if side == "upper" else lower
            grid = np.linspace(*bracket, _POINTS)
            kept = np.flatnonzero(~_rejected(at_zero - np.outer(grid, moments.slope), moments, critical, level))
            if not len(kept) and not turn:
                return None
            first, last = (int(kept[0]), int(kept[-1])) if len(kept) else (_POINTS - 1, 0)
            if side != "upper":
                lower = (float(grid[max(first - 1, 0)]), float(grid[first]))
            if side != "lower":
                upper = (float(grid[last]), float(grid[min(last + 1, _POINTS - 1)]))
    return Limits(lower[1], upper[0])


def _rejected(statistics: NDArray[np.float64], moments: _Moments, critical: float, level: float) -> NDArray[np.bool_]:
    """Test at each row of statistics, given which one is largest and what it is independent of."""
    rejected: NDArray[np.bool_] = statistics.max(axis=1) > critical
    largest = statistics.argmax(axis=1)
    for j in np.unique(largest):
        rows = np.flatnonzero(largest == j)
        own = statistics[rows, j]
        spread = float(np.sqrt(moments.covariance[j, j]))
        if spread <= _SAME:
            rejected[rows] |= own > _SAME
            continue
        ratio = moments.covariance[:, j] / spread**2
        rest = statistics[rows] - own[:, None] * ratio
        below, above = ratio < 1.0 - _SAME, ratio > 1.0 + _SAME
        low = (rest[:, below] / (1.0 - ratio[below])).max(axis=1, initial=-np.inf)
        high = (rest[:, above] / (1.0 - ratio[above])).min(axis=1, initial=critical)
        rejected[rows] |= (own > 0.0) & (_tail(own / spread, low / spread, high / spread) < level)
    return rejected


def _tail(value: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return P(Z > value) of a standard normal cut to [low, high], exact far out as well."""
    from scipy.special import log_ndtr

    def beyond(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(log_ndtr(-x), dtype=np.float64)

    inside = np.clip(value, low, high)
    left = beyond(inside) - beyond(low)
    part = -np.expm1(np.minimum(beyond(high) - beyond(inside), 0.0))
    whole = -np.expm1(np.minimum(beyond(high) - beyond(low), 0.0))
    return np.exp(left) * np.divide(part, whole, out=np.ones_like(part), where=whole > 0.0)
