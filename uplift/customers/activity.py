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
    recent_weeks
        Weeks whose count is held against the baseline.
    baseline_weeks
        Weeks before those from which the baseline is taken; half of them must be known.
    level
        Falling when the count lies below this quantile of the Poisson distribution of the baseline.
    """

    fast_weeks: int = 2
    slow_weeks: int = 8
    fall: float = 0.8
    recent_weeks: int = 2
    baseline_weeks: int = 8
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
    recent : ndarray of float, shape (n,)
        Count of the last weeks, those of the rule.
    baseline : ndarray of float, shape (n,)
        What that count would be at the baseline's rate; NaN where the baseline is too short.
    """

    falling: NDArray[np.bool_]
    fast: NDArray[np.float64]
    slow: NDArray[np.float64]
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
    The Poisson rule takes the baseline's rate for known. Where activity is rare its quantile is 0 and no count lies
    below it: then the means alone decide.
    """
    from scipy.special import pdtr

    chosen = rule or ActivityRule()
    n, n_weeks = counts.shape
    falling = np.zeros((n, n_weeks), np.bool_)
    fast, slow = _Mean.start(n, chosen.fast_weeks), _Mean.start(n, chosen.slow_weeks)
    recent, baseline = np.zeros(n), np.full(n, np.nan)
    for week in range(n_weeks):
        fast, slow = (mean.step(counts[:, week], known[:, week]) for mean in (fast, slow))
        recent, baseline = _recent(counts, known, week, chosen)
        rare = pdtr(recent, np.nan_to_num(baseline)) < chosen.level
        falling[:, week] = known[:, week] & ((fast.value < chosen.fall * slow.value) | rare)
    return Activity(falling, fast.value, slow.value, recent, baseline)


@dataclass(frozen=True, slots=True, eq=False)
class _Mean:
    """A mean with weights (1 - w) ** age over the known weeks, w = 2 / (span + 1)."""

    weight: float
    total: NDArray[np.float64]
    mass: NDArray[np.float64]

    @classmethod
    def start(cls, n: int, span: int) -> _Mean:
        return cls(2.0 / (span + 1), np.zeros(n), np.zeros(n))

    def step(self, counts: NDArray[np.float64], known: NDArray[np.bool_]) -> _Mean:
        keep = 1 - self.weight
        total = keep * self.total + self.weight * np.where(known, counts, 0.0)
        return _Mean(self.weight, total, keep * self.mass + self.weight * known)

    @property
    def value(self) -> NDArray[np.float64]:
        mean = np.full(len(self.total), np.nan)
        np.divide(self.total, self.mass, out=mean, where=self.mass > 0)
        return mean


def _recent(
    counts: NDArray[np.float64], known: NDArray[np.bool_], week: int, rule: ActivityRule
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the count of the last weeks and what the weeks before them would make it."""
    cut = max(week + 1 - rule.recent_weeks, 0)
    late, early = slice(cut, week + 1), slice(max(cut - rule.baseline_weeks, 0), cut)
    recent = np.where(known[:, late], counts[:, late], 0.0).sum(axis=1)
    total = np.where(known[:, early], counts[:, early], 0.0).sum(axis=1)
    n_known = known[:, early].sum(axis=1)
    baseline = np.full(len(counts), np.nan)
    np.divide(total * rule.recent_weeks, n_known, out=baseline, where=2 * n_known >= rule.baseline_weeks)
    return recent, baseline
