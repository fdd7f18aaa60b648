"""How an effect that was not randomised is labelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.estimate.itt import Reading
from uplift.results.effect import Effect, Effects
from uplift.stats.intervals import t_intervals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.results.evidence import Evidence
    from uplift.stats.frame import UnitFrame


@dataclass(frozen=True, slots=True)
class Labels:
    """What an effect is of, and who is behind it.

    Parameters
    ----------
    outcome
        Its id.
    estimator, estimand
        The rule and the quantity.
    arm, reference_arm
        The effect is ``arm`` minus ``reference_arm``.
    n_obs, n_reference
        Units of each.
    """

    outcome: str
    estimator: str
    estimand: str
    arm: str
    reference_arm: str
    n_obs: int
    n_reference: int


def label_effect(
    estimate: float,
    std_error: float,
    df: float = np.inf,
    *,
    labels: Labels,
    reading: Reading | None,
    evidence: Evidence = "D",
    reference_mean: float = np.nan,
) -> Effects:
    """Return one estimate as an effect with its t interval.

    Parameters
    ----------
    estimate, std_error, df
        In the unit of the outcome.
    labels
        What it is of.
    reading
        Measure, confidence level and group.
    evidence
        Grade.
    reference_mean
        What the arm's units would have had in the reference arm.
    """
    told = reading or Reading()
    limits = t_intervals(
        np.array([estimate]), np.array([std_error]), np.array([df]), confidence_level=told.confidence_level
    )
    known = np.isfinite(reference_mean) and reference_mean != 0
    effect = Effect(
        outcome=labels.outcome,
        measure=told.measure,
        estimator=labels.estimator,
        estimand=labels.estimand,
        arm=labels.arm,
        reference_arm=labels.reference_arm,
        by=told.group[0],
        level=told.group[1],
        estimate=float(estimate),
        std_error=float(std_error),
        df=float(df),
        ci_lower=float(limits.lower[0]),
        ci_upper=float(limits.upper[0]),
        p_value=float(limits.p_value[0]),
        p_adjusted=None,
        reference_mean=float(reference_mean),
        rel_effect=float(estimate / reference_mean) if known else None,
        rel_ci_lower=None,
        rel_ci_upper=None,
        n_obs=labels.n_obs,
        n_reference=labels.n_reference,
        evidence=evidence,
        confirmatory=False,
    )
    return Effects((effect,), np.array([[float(std_error) ** 2]]))


def outcome_column(frame: UnitFrame, outcome: str) -> NDArray[np.float64]:
    """Return an outcome of the frame, shape (n,).

    Raises
    ------
    EstimationError
        When it is not there or not finite.
    """
    if outcome not in frame.columns:
        message = f"outcome '{outcome}' is not in the frame; its columns: {', '.join(frame.columns)}"
        raise EstimationError(message)
    values = np.asarray(frame.columns[outcome], dtype=np.float64)
    missing = int((~np.isfinite(values)).sum())
    if missing:
        message = (
            f"outcome '{outcome}' has {missing} missing or infinite values; no unit is dropped in silence: fill them in"
        )
        raise EstimationError(message)
    return values
