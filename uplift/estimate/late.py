"""Local average treatment effect: what receiving did to those who received because they were assigned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.estimate.itt import (
    By,
    Contrast,
    Reading,
    arm_weights,
    count_units,
    default_contrasts,
    estimate_itt,
    levels_of,
)
from uplift.results.effect import Effect, Effects
from uplift.results.facts import CheckResult, Facts, Status
from uplift.stats.cells import evaluate
from uplift.stats.intervals import fieller, t_intervals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.results.measure import Measure
    from uplift.stats.cells import CellMeans
    from uplift.stats.intervals import FiellerSet

WEAK_F = 10.0
"""First-stage F below which a Wald interval means nothing and only the Anderson-Rubin set is valid."""


def estimate_late(
    means: CellMeans,
    *,
    outcome: str,
    exposure: str,
    contrasts: Sequence[Contrast] | None = None,
    by: By = "overall",
    reading: Reading | None = None,
) -> Effects:
    """Estimate the effect of receiving among those whom assignment made receive.

    Parameters
    ----------
    means
        Adjusted cell means of both outcomes.
    outcome, exposure
        The outcome, and a 0/1 column of receipt: a message delivered or opened. Redemption is no exposure where the
        message itself may sell.
    contrasts
        Which arms against which (default each arm against the control).
    by
        One effect over all strata, or one per stratum.
    reading
        Labels and confidence level.

    Returns
    -------
    Effects
        Estimator ``wald``, estimand ``late``. Intervals are Anderson-Rubin sets, exact in level whatever the strength
        of the first stage; both limits are infinite where the set is no interval (:func:`find_late_set` has its
        shape). The p-value is that of no effect: of the effect of assignment on the outcome. Standard errors are by
        the delta method.

    Raises
    ------
    EstimationError
        When an arm or outcome is unknown, no stratum offers both arms, or assignment moved nobody's exposure at all.

    Notes
    -----
    *Estimand*: E[Y(1) - Y(0) | compliers], as the ratio of two stratum-weighted effects of assignment; never a mean of
    ratios, and never receivers against others. Where the control cannot receive it is the effect on the receivers.
    *Assumptions*: arms drawn at random; assignment acts through the exposure only (exclusion); nobody receives because
    of having been assigned not to (monotonicity).

    References
    ----------
    Imbens and Angrist (1994), Econometrica 62(2). Anderson and Rubin (1949), Ann. Math. Stat. 20(1).
    """
    settled = replace(reading or Reading(), evidence="B")
    found = _evaluate(means.only([outcome, exposure]), contrasts, by, settled)
    return _to_effects(means, outcome, exposure, found, settled)


def find_late_set(
    means: CellMeans, *, outcome: str, exposure: str, contrast: Contrast, confidence_level: float = 0.95
) -> FiellerSet:
    """Return the Anderson-Rubin confidence set of an overall effect on compliers.

    Parameters
    ----------
    means
        Adjusted cell means of both outcomes.
    outcome, exposure
        As in :func:`estimate_late`.
    contrast
        Arm and reference.
    confidence_level
        Two-sided.

    Returns
    -------
    FiellerSet
        An interval, two rays (the exposure hardly moved), or every number.

    Raises
    ------
    EstimationError
        As :func:`estimate_late`.
    """
    found = _evaluate(means.only([outcome, exposure]), [contrast], "overall", Reading())
    return found.rows[0].set_at(confidence_level)


def check_first_stage(
    means: CellMeans,
    *,
    exposure: str,
    contrasts: Sequence[Contrast] | None = None,
    exclusion_justification: str = "",
) -> tuple[CheckResult, ...]:
    """Check that assignment moved exposure, and that somebody says why it acts through nothing else.

    Parameters
    ----------
    means
        Adjusted cell means.
    exposure
        0/1 column of receipt.
    contrasts
        Which arms against which (default each arm against the control).
    exclusion_justification
        Why assignment can only act through the exposure, in words; without it the check warns.

    Returns
    -------
    tuple of CheckResult
        ``late.first_stage`` per contrast: the F statistic of one moment; below 10 it fails.

    Raises
    ------
    EstimationError
        When an arm or the exposure is unknown, or no stratum offers both arms.
    """
    found = []
    for effect in estimate_itt(means, outcome=exposure, contrasts=contrasts):
        strength = np.inf if effect.std_error == 0 else (effect.estimate / effect.std_error) ** 2
        status: Status = "fail" if strength < WEAK_F else "pass" if exclusion_justification else "warn"
        facts: Facts = {
            "f": float(strength),
            "complier_share": effect.estimate,
            "n_obs": effect.n_obs,
            "justification": exclusion_justification,
        }
        found.append(CheckResult("late.first_stage", status, statistic=float(strength), facts=facts, level=effect.arm))
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """Of one contrast: effect on the outcome, effect on the exposure, mean outcome of the reference, in this order."""

    by: str
    level: str
    pair: Contrast
    value: NDArray[np.float64]
    covariance: NDArray[np.float64]
    df: float

    def set_at(self, confidence_level: float) -> FiellerSet:
        return fieller(
            float(self.value[0]),
            float(self.value[1]),
            self.covariance[:2, :2],
            df=self.df,
            confidence_level=confidence_level,
        )

    @property
    def gradient(self) -> NDArray[np.float64]:
        """Derivative of the ratio of the two effects with respect to ``value``."""
        gradient: NDArray[np.float64] = np.array([1.0, -self.value[0] / self.value[1], 0.0]) / self.value[1]
        return gradient


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    rows: tuple[_Row, ...]
    covariance: NDArray[np.float64]


def _evaluate(means: CellMeans, contrasts: Sequence[Contrast] | None, by: By, reading: Reading) -> _Rows:
    pairs = tuple(contrasts) if contrasts is not None else default_contrasts(means)
    keys, weights = [], []
    for (kind, level), groups in levels_of(means, by, reading):
        for pair in pairs:
            treated, control = arm_weights(means, pair, groups)
            if treated is not None and control is not None:
                keys.append((kind, level, pair))
                weights.append(_functionals(treated, control))
    if not keys:
        message = f"no stratum has units of both arms of {pairs[0].arm} against {pairs[0].reference}"
        raise EstimationError(message)
    found = evaluate(means, np.concatenate(weights))
    parts = [slice(3 * i, 3 * i + 3) for i in range(len(keys))]
    rows = [
        _Row(*key, found.value[part], found.covariance[part, part], float(found.df[part][0]))
        for key, part in zip(keys, parts, strict=True)
    ]
    return _Rows(tuple(rows), found.covariance)


def _functionals(treated: NDArray[np.float64], control: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights (3, G, A, 2) of both effects and of the reference's mean outcome."""
    of_outcome, of_exposure = np.eye(2)
    weights: NDArray[np.float64] = np.stack(
        [
            np.einsum("ga,m->gam", treated - control, of_outcome),
            np.einsum("ga,m->gam", treated - control, of_exposure),
            np.einsum("ga,m->gam", control, of_outcome),
        ]
    )
    return weights


def _to_effects(means: CellMeans, outcome: str, exposure: str, found: _Rows, reading: Reading) -> Effects:
    for row in found.rows:
        if row.value[1] == 0:
            message = (
                f"exposure '{exposure}': assignment to {row.pair.arm} moved nobody's exposure against "
                f"{row.pair.reference}; there are no compliers to have an effect on: read the effect of assignment"
            )
            raise EstimationError(message)
    items = tuple(_effect(means, outcome, row, reading) for row in found.rows)
    gradients = np.zeros((len(items), 3 * len(items)))
    for i, row in enumerate(found.rows):
        gradients[i, 3 * i : 3 * i + 3] = row.gradient
    return Effects(items, gradients @ found.covariance @ gradients.T)


def _effect(means: CellMeans, outcome: str, row: _Row, reading: Reading) -> Effect:
    variance = float(row.gradient @ row.covariance @ row.gradient)
    held = row.set_at(reading.confidence_level)
    bounded = held.kind == "interval"
    error = np.sqrt(np.clip(np.diag(row.covariance)[:1], 0.0, None))
    null = t_intervals(row.value[:1], error, np.array([row.df]))
    return Effect(
        outcome=outcome,
        measure=_per_complier(reading.measure),
        estimator="wald",
        estimand="late",
        arm=row.pair.arm,
        reference_arm=row.pair.reference,
        by=row.by,
        level=row.level,
        estimate=float(row.value[0] / row.value[1]),
        std_error=float(np.sqrt(max(variance, 0.0))),
        df=row.df,
        ci_lower=held.lower if bounded else -np.inf,
        ci_upper=held.upper if bounded else np.inf,
        p_value=float(null.p_value[0]),
        p_adjusted=None,
        reference_mean=float(row.value[2]),
        rel_effect=None,
        rel_ci_lower=None,
        rel_ci_upper=None,
        n_obs=count_units(means, row.by, row.level, row.pair.arm),
        n_reference=count_units(means, row.by, row.level, row.pair.reference),
        evidence=reading.evidence,
        confirmatory=reading.confirmatory,
    )


def _per_complier(measure: Measure) -> Measure:
    return replace(measure, per="complier") if measure.per else measure
