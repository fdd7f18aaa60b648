"""Outcomes of units over periods, and the sums that difference-in-differences needs of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.stats.moments import triangle_index

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from uplift.stats.moments import Moments

NEVER = np.iinfo(np.int64).max
"""Cohort of units that were never treated: after every period."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """A balanced panel: every unit in every period.

    Parameters
    ----------
    unit_id : ndarray of object (str), shape (n,)
        Ids.
    periods : ndarray of int64, shape (T,)
        Ascending.
    outcome : ndarray of float64, shape (n, T)
        One column per period.
    cohort : ndarray of int64, shape (n,)
        First treated period; ``NEVER`` for those never treated.
    covariates
        Name to values known before the first period, shape (n,).
    cluster : ndarray of int64, shape (n,), optional
        Codes of the clusters within which errors are correlated.

    Raises
    ------
    EstimationError
        When shapes differ, periods do not ascend, or a value is not finite.
    """

    unit_id: NDArray[np.object_]
    periods: NDArray[np.int64]
    outcome: NDArray[np.float64]
    cohort: NDArray[np.int64]
    covariates: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    cluster: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        n, t = len(self.unit_id), len(self.periods)
        if self.outcome.shape != (n, t) or self.cohort.shape != (n,):
            message = (
                f"panel: outcome has the shape {self.outcome.shape} and cohort {self.cohort.shape}, must be ({n}, {t}) "
                f"and ({n},): every unit in every period"
            )
            raise EstimationError(message)
        if t < 2 or np.any(np.diff(self.periods) <= 0):
            message = f"panel: periods {self.periods.tolist()} must be two or more, ascending"
            raise EstimationError(message)
        missing = int((~np.isfinite(self.outcome)).sum())
        if missing:
            message = f"panel: {missing} outcomes are missing or infinite; a unit that bought nothing has the outcome 0"
            raise EstimationError(message)

    def __len__(self) -> int:
        return len(self.unit_id)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Panel:
        """Return some of the units."""
        return Panel(
            self.unit_id[rows],
            self.periods,
            self.outcome[rows],
            self.cohort[rows],
            {name: column[rows] for name, column in self.covariates.items()},
            None if self.cluster is None else self.cluster[rows],
        )


@dataclass(frozen=True, slots=True, eq=False)
class CohortSums:
    """Means and scatter of the outcome path of every cohort.

    Parameters
    ----------
    periods : ndarray of int64, shape (T,)
        Ascending.
    cohorts : ndarray of int64, shape (G,)
        First treated periods, ascending; ``NEVER`` last where there are such units.
    n : ndarray of int64, shape (G,)
        Units.
    mean : ndarray of float64, shape (G, T)
        Mean outcome.
    scatter : ndarray of float64, shape (G, T, T)
        Sums of products of deviations from the cohort's mean: a unit's covariance with itself over time is kept.
    """

    periods: NDArray[np.int64]
    cohorts: NDArray[np.int64]
    n: NDArray[np.int64]
    mean: NDArray[np.float64]
    scatter: NDArray[np.float64]


def sum_cohorts(panel: Panel) -> CohortSums:
    """Return the sums of a panel; clusters are not known to them."""
    cohorts, code = np.unique(panel.cohort, return_inverse=True)
    n = np.bincount(code, minlength=len(cohorts))
    mean = np.stack([panel.outcome[code == g].mean(axis=0) for g in range(len(cohorts))])
    left = panel.outcome - mean[code]
    scatter = np.stack([left[code == g].T @ left[code == g] for g in range(len(cohorts))])
    return CohortSums(panel.periods, cohorts, n, mean, scatter)


def read_cohorts(
    moments: Moments,
    *,
    periods: Sequence[int],
    outcomes: Sequence[str],
    cohorts: Sequence[int],
    block: str | None = None,
) -> CohortSums:
    """Return the sums of cohorts that moments hold, with periods as columns.

    Parameters
    ----------
    moments
        Sums per cell; the stratum of a cell is its cohort.
    periods
        Ascending, one per outcome.
    outcomes
        Columns that hold the outcome of each period.
    cohorts
        First treated period of each stratum, ``NEVER`` for the never treated.
    block
        Which block (default the first).

    Returns
    -------
    CohortSums

    Raises
    ------
    EstimationError
        When the numbers of periods and outcomes, or of cohorts and strata, differ.
    """
    if len(periods) != len(outcomes) or len(cohorts) != len(moments.strata):
        message = (
            f"got {len(periods)} periods for {len(outcomes)} outcomes and {len(cohorts)} cohorts for "
            f"{len(moments.strata)} strata; each needs one of the other"
        )
        raise EstimationError(message)
    merged, chosen = moments.merge_folds(), moments.block(block).name
    sums = merged.block(chosen)
    place = [[column.name for column in sums.columns].index(name) for name in outcomes]
    grid = np.array([sums.columns[j].grid for j in place])
    known = np.asarray(cohorts, np.int64)[merged.cells[:, 0]]
    distinct, code = np.unique(known, return_inverse=True)
    by_cohort = sums.grouped(code.reshape(-1), len(distinct))
    n = by_cohort.total[:, 0]
    total = by_cohort.total[:, place]
    cross = by_cohort.cross[:, triangle_index(len(sums.columns))][:, place][:, :, place]
    # Subtracted in integers, so that nothing cancels.
    scatter = (cross * n[:, None, None] - total[:, :, None] * total[:, None, :]).astype(np.float64)
    size = n.astype(np.float64)
    return CohortSums(
        periods=np.asarray(periods, np.int64),
        cohorts=distinct,
        n=n.astype(np.int64),
        mean=total.astype(np.float64) / size[:, None] * grid,
        scatter=scatter / size[:, None, None] * grid[:, None] * grid[None, :],
    )
