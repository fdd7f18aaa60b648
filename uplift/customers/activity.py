"""Whether a customer does less than they used to: two moving averages, and a count against its own baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ActivityRule:
    """When activity counts as falling.

    Parameters
    ----------
    fast_weeks, slow_weeks
        Spans of the two exponentially weighted means; a span ``s`` has the weight 2 / (s + 1) on the last week.
    fall
        Falling when the fast mean is below this share of the slow one.
    windows
        Weeks whose count may be held against the baseline: the first of them in which the baseline expects enough
        for a count of 0 to be rare. The means speak only where that is the first one.
    baseline_weeks
        Weeks before those from which the baseline is taken.
    least_weeks
        Known weeks that a baseline takes.
    level
        Falling when the count lies below this quantile of the Poisson distribution of the baseline.
    """

    fast_weeks: int = 2
    slow_weeks: int = 8
    fall: float = 0.8
    windows: tuple[int, ...] = (2, 4, 8, 12)
    baseline_weeks: int = 26
    least_weeks: int = 4
    level: float = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Activity:
    """Activity of ``n`` customers over ``k`` weeks.

    Parameters
    ----------
    falling : ndarray of bool, shape (n, k)
        Whether activity falls.
    fast, slow : ndarray of float, shape (n,)
        Exponentially weighted means per week, in the last week; NaN without a known week.
    weeks : ndarray of int64, shape (n,)
        The window that was counted; 0 where activity is too rare, or too young, to tell.
    recent, baseline : ndarray of float, shape (n,)
        Count of the window, and what the baseline would make it; NaN where there is no window.
    """

    falling: NDArray[np.bool_]
    fast: NDArray[np.float64]
    slow: NDArray[np.float64]
    weeks: NDArray[np.int64]
    recent: NDArray[np.float64]
    baseline: NDArray[np.float64]


def read_activity(
    counts: NDArray[np.float64], known: NDArray[np.bool_], *, rule: ActivityRule | None = None
) -> Activity:
    """Tell in which weeks the activity of each customer falls.

    Parameters
    ----------
    counts : ndarray of float, shape (n, k)
        Events of each week; weeks that the calendar removes are left out before.
    known : ndarray of bool, shape (n, k)
        Whether the customer was one by the week's end; earlier weeks do not count.
    rule
        The thresholds.

    Returns
    -------
    Activity

    Notes
    -----
    Two weeks without an event say nothing of a customer who has one a month, however far the mean of two weeks lies
    below that of eight. So the window grows with the customer's own rhythm until no event in it would have a chance
    below ``level``. The baseline's rate is taken for known, which it is not: the true level is a little above.
    """
    from scipy.special import pdtr

    chosen = rule or ActivityRule()
    seen = np.where(known, counts, 0.0)
    falling = np.zeros(counts.shape, np.bool_)
    fast, slow = (_Mean.start(len(counts), span) for span in (chosen.fast_weeks, chosen.slow_weeks))
    window = _Window.none(len(counts))
    total, n_known = _running(seen), _running(known)
    for week in range(counts.shape[1]):
        fast, slow = (mean.step(seen[:, week], known[:, week]) for mean in (fast, slow))
        window = _window(total, n_known, week + 1, chosen)
        dense = window.weeks == chosen.windows[0]
        rare = (window.weeks > 0) & (pdtr(np.nan_to_num(window.recent), np.nan_to_num(window.baseline)) < chosen.level)
        falling[:, week] = known[:, week] & ((dense & (fast.value < chosen.fall * slow.value)) | rare)
    return Activity(falling, fast.value, slow.value, window.weeks, window.recent, window.baseline)


@dataclass(frozen=True, slots=True, eq=False)
class _Mean:
    """A mean with weights (1 - w) ** age over the known weeks, w = 2 / (span + 1)."""

    weight: float
    total: NDArray[np.float64]
    mass: NDArray[np.float64]

    @classmethod
    def start(cls, n: int, span: int) -> _Mean:
        return cls(2.0 / (span + 1), np.zeros(n), np.zeros(n))

    def step(self, seen: NDArray[np.float64], known: NDArray[np.bool_]) -> _Mean:
        keep = 1 - self.weight
        return _Mean(self.weight, keep * self.total + self.weight * seen, keep * self.mass + self.weight * known)

    @property
    def value(self) -> NDArray[np.float64]:
        mean = np.full(len(self.total), np.nan)
        np.divide(self.total, self.mass, out=mean, where=self.mass > 0)
        return mean


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
    """The count that is held against the baseline, each of shape (n,)."""

    weeks: NDArray[np.int64]
    recent: NDArray[np.float64]
    baseline: NDArray[np.float64]

    @classmethod
    def none(cls, n: int) -> _Window:
        return cls(np.zeros(n, np.int64), np.full(n, np.nan), np.full(n, np.nan))


def _running(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return the sum of the first 0, 1, ... weeks, shape (n, k + 1)."""
    total = np.zeros((len(values), values.shape[1] + 1))
    np.cumsum(values, axis=1, out=total[:, 1:])
    return total


def _window(total: NDArray[np.float64], n_known: NDArray[np.float64], end: int, rule: ActivityRule) -> _Window:
    """Return the shortest window up to the first ``end`` weeks in which a count of 0 would be rare."""
    found = _Window.none(len(total))
    for n_weeks in rule.windows:
        cut = end - n_weeks
        if cut < rule.least_weeks:
            break
        first = max(cut - rule.baseline_weeks, 0)
        weeks = n_known[:, cut] - n_known[:, first]
        usual = np.zeros(len(total))
        np.divide((total[:, cut] - total[:, first]) * n_weeks, weeks, out=usual, where=weeks >= rule.least_weeks)
        rows = (found.weeks == 0) & (usual > -np.log(rule.level))
        found.weeks[rows] = n_weeks
        found.recent[rows] = total[rows, end] - total[rows, cut]
        found.baseline[rows] = usual[rows]
    return found
