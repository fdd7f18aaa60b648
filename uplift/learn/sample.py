"""Outcomes, arms, propensities, weights and clusters, checked at the door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MIN_PER_ARM = 5
"""Fewest rows of an arm from which a forest can learn anything."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What a learner is fitted on, beside the features.

    Parameters
    ----------
    outcome : ndarray of float64, shape (n,)
    arm : ndarray of int64, shape (n,)
        0 for the control.
    n_arms
        Arms with the control.
    propensity : ndarray of float64, shape (n, n_arms), optional
        Known probabilities of the arms.
    weight : ndarray of float64, shape (n,), optional
        None where all rows weigh the same.
    cluster : ndarray of int32, shape (n,), optional
        Codes from 0; None where rows are independent.
    """

    outcome: NDArray[np.float64]
    arm: NDArray[np.int64]
    n_arms: int
    propensity: NDArray[np.float64] | None
    weight: NDArray[np.float64] | None
    cluster: NDArray[np.int32] | None

    @property
    def n_units(self) -> int:
        """Rows, or clusters where there are any."""
        return len(self.outcome) if self.cluster is None else int(self.cluster.max()) + 1


def check_sample(
    n_rows: int,
    y: ArrayLike,
    *,
    treatment: ArrayLike,
    propensity: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
) -> Sample:
    """Check what a learner is fitted on.

    Parameters
    ----------
    n_rows
        Rows of the features.
    y : array-like, shape (n,)
        Outcomes, finite.
    treatment : array-like of int, shape (n,)
        Arm of each row: 0 for the control, then 1 to the number of treatments.
    propensity : array-like, shape (n,) or (n, n_arms), optional
        Known probability of treatment 1, or of all arms.
    sample_weight : array-like, shape (n,), optional
        Not negative.
    cluster : array-like, shape (n,), optional
        Any labels; rows of one label are drawn together.

    Returns
    -------
    Sample

    Raises
    ------
    EstimationError
        When a length differs, a value is not allowed, or an arm has too few rows.
    """
    outcome = _column("y", y, n_rows)
    arm = _check_arm(_column("treatment", treatment, n_rows))
    n_arms = int(arm.max()) + 1
    weight = None if sample_weight is None else _check_weight(_column("sample_weight", sample_weight, n_rows))
    counts = np.bincount(arm if weight is None else arm[weight > 0], minlength=n_arms)
    if counts.min() < MIN_PER_ARM:
        message = (
            f"treatment {int(counts.argmin())} has {int(counts.min())} rows, must have at least {MIN_PER_ARM} "
            "(with weight): leave the arm out or learn from more rows"
        )
        raise EstimationError(message)
    known = None if propensity is None else _check_propensity(propensity, n_rows, n_arms)
    return Sample(outcome, arm, n_arms, known, weight, None if cluster is None else _check_cluster(cluster, n_rows))


def _column(name: str, values: ArrayLike, n_rows: int) -> NDArray[np.float64]:
    try:
        column = np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        message = f"{name} holds values that are no numbers ({error}); give numbers"
        raise EstimationError(message) from error
    if column.shape != (n_rows,):
        message = f"{name} has shape {column.shape}, must be ({n_rows},): one value per row of X"
        raise EstimationError(message)
    bad = int((~np.isfinite(column)).sum())
    if bad:
        message = f"{name} has {bad} missing or infinite values, must have none: drop these rows or fill them"
        raise EstimationError(message)
    return column


def _check_arm(column: NDArray[np.float64]) -> NDArray[np.int64]:
    arm = column.astype(np.int64)
    labels = np.unique(column)
    if len(labels) < 2 or not np.array_equal(labels, np.arange(len(labels))):
        shown = ", ".join(str(label) for label in labels[:5].tolist())
        message = (
            f"treatment has the values {shown or 'none'}, must be 0 for the control and 1, 2, … for the treatments, "
            "each with rows: recode the arms"
        )
        raise EstimationError(message)
    return arm


def _check_weight(weight: NDArray[np.float64]) -> NDArray[np.float64] | None:
    if weight.min() < 0 or weight.max() <= 0:
        message = f"sample_weight goes from {weight.min()} to {weight.max()}, must be 0 or above and not all 0"
        raise EstimationError(message)
    return None if weight.min() == weight.max() else weight / weight.mean()


def _check_propensity(values: ArrayLike, n_rows: int, n_arms: int) -> NDArray[np.float64]:
    known = np.asarray(values, np.float64)
    if known.ndim == 1 and n_arms == 2:
        known = np.stack([1.0 - known, known], axis=1)
    if known.shape != (n_rows, n_arms):
        message = f"propensity has shape {known.shape}, must be ({n_rows}, {n_arms}): the probability of every arm"
        raise EstimationError(message)
    if not np.isfinite(known).all() or np.abs(known.sum(axis=1) - 1.0).max() > 1e-6:
        message = "propensity has missing values or rows that do not sum to 1: give the probabilities of the design"
        raise EstimationError(message)
    outside = int(((known <= 0) | (known >= 1)).any(axis=1).sum())
    if outside:
        message = (
            f"propensity is 0 or 1 in {outside} rows, must lie between: where only one arm was possible there is "
            "nothing to compare; leave these rows out"
        )
        raise EstimationError(message)
    return known


def _check_cluster(values: ArrayLike, n_rows: int) -> NDArray[np.int32]:
    labels = np.asarray(values)
    if labels.shape != (n_rows,):
        message = f"cluster has shape {labels.shape}, must be ({n_rows},): one label per row of X"
        raise EstimationError(message)
    distinct, codes = np.unique(labels, return_inverse=True)
    if len(distinct) < 2 * MIN_PER_ARM:
        message = f"cluster has {len(distinct)} labels, must have at least {2 * MIN_PER_ARM}: trees draw whole clusters"
        raise EstimationError(message)
    return codes.astype(np.int32)
