"""Intention to treat: what assignment to an arm did, by stratum and overall."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from uplift.errors import EstimationError
from uplift.results.effect import Effect, Effects
from uplift.results.measure import Measure
from uplift.stats.cells import evaluate
from uplift.stats.intervals import fieller, t_intervals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.results.evidence import Evidence
    from uplift.stats.cells import CellMeans, Estimates
    from uplift.stats.intervals import FiellerSet, Intervals

By = Literal["overall", "stratum"]


@dataclass(frozen=True, slots=True)
class Reading:
    """How effects are labelled and how wide their intervals are.

    Parameters
    ----------
    measure
        Unit of the outcome.
    confidence_level
        Two-sided.
    evidence
        Grade of the effects.
    confirmatory
        Whether the lock verified and the contrasts were declared.
    group
        ``(by, level)`` of an overall effect, for example ``("segment", "frequent")``.
    """

    measure: Measure = field(default_factory=lambda: Measure("score"))
    confidence_level: float = 0.95
    evidence: Evidence = "A"
    confirmatory: bool = False
    group: tuple[str, str] = ("overall", "")


@dataclass(frozen=True, slots=True)
class Contrast:
    """``arm`` minus ``reference``."""

    arm: str
    reference: str


def estimate_itt(
    means: CellMeans,
    *,
    outcome: str,
    denominator: str | None = None,
    contrasts: Sequence[Contrast] | None = None,
    by: By = "overall",
    reading: Reading | None = None,
) -> Effects:
    """Estimate the effect of assignment.

    Parameters
    ----------
    means
        Adjusted cell means.
    outcome
        Outcome of ``means``; the numerator when ``denominator`` is given.
    denominator
        Makes the outcome a ratio of sums, for example refunded over revenue.
    contrasts
        Which arms against which (default each arm against the control).
    by
        One effect over all strata, or one per stratum.
    reading
        Labels and confidence level.

    Returns
    -------
    Effects
        Ordered by stratum, then contrast, with their joint covariance.

    Raises
    ------
    EstimationError
        When an arm or outcome is unknown, no stratum offers both arms, or a ratio has no denominator.

    Notes
    -----
    *Estimand*: ``sum_s w_s (E[Y(a) | s] - E[Y(b) | s])``, w_s the stratum's share of the population; for a ratio
    the difference of ``sum_s w_s N_s / sum_s w_s M_s`` of each arm. *Assumptions*: arms drawn at random within strata,
    no interference. Shares may differ between strata: strata are contrasted first and weighted after, never
    by a regression on stratum dummies, whose weights are not the population's.
    """
    chosen = means.only([outcome] if denominator is None else [outcome, denominator])
    pairs = tuple(contrasts) if contrasts is not None else default_contrasts(means)
    rows = [
        (level, pair, *arm_weights(chosen, pair, groups))
        for level, groups in levels_of(chosen, by, reading or Reading())
        for pair in pairs
    ]
    rows = [row for row in rows if row[2] is not None]
    if not rows:
        message = f"no stratum has units of both arms of {pairs[0].arm} against {pairs[0].reference}"
        raise EstimationError(message)
    estimates = _evaluate_pairs(chosen, [row[2] for row in rows], [row[3] for row in rows])
    return _to_effects(chosen, outcome, [(row[0], row[1]) for row in rows], estimates, reading or Reading())


def default_contrasts(means: CellMeans) -> tuple[Contrast, ...]:
    """Return each arm against the control."""
    return tuple(Contrast(arm, means.arms[0]) for arm in means.arms[1:])


def levels_of(means: CellMeans, by: By, reading: Reading) -> list[tuple[tuple[str, str], NDArray[np.bool_]]]:
    """Return each ``(by, level)`` to read with its groups, a mask of shape (G,)."""
    if by == "overall":
        return [(reading.group, np.ones(len(means.weight), bool))]
    return [(("stratum", label), means.stratum == code) for code, label in enumerate(means.strata)]


def arm_weights(
    means: CellMeans, pair: Contrast, groups: NDArray[np.bool_]
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Return the weights (G, A) of the arm's mean and of the reference's over groups that have both."""
    arm, reference = means.arm(pair.arm), means.arm(pair.reference)
    both = groups & (means.n[:, arm] > 0) & (means.n[:, reference] > 0)
    if not both.any():
        return None, None
    share = np.where(both, means.weight, 0.0)
    share = share / share.sum()
    treated, control = np.zeros(means.n.shape), np.zeros(means.n.shape)
    treated[:, arm], control[:, reference] = share, share
    return treated, control


def _evaluate_pairs(
    means: CellMeans, treated: list[NDArray[np.float64] | None], control: list[NDArray[np.float64] | None]
) -> Estimates:
    """Evaluate differences first, then reference means: 2 Q functionals."""
    arms = np.array([*treated, *control], dtype=np.float64)
    weights = np.einsum("qga,m->qgam", arms, np.eye(len(means.outcomes))[0])
    if len(means.outcomes) == 2:
        weights = _ratio_gradients(means, arms)
    half = len(treated)
    weights[:half] -= weights[half:]
    estimates = evaluate(means, weights)
    if len(means.outcomes) == 1:
        return estimates
    ratio = _ratios(means, arms)
    return type(estimates)(
        np.concatenate([ratio[:half] - ratio[half:], ratio[half:]]), estimates.covariance, estimates.df
    )


def _ratios(means: CellMeans, arms: NDArray[np.float64]) -> NDArray[np.float64]:
    sums = np.einsum("qga,gam->qm", arms, means.mean)
    if not np.all(sums[:, 1]):
        message = f"the ratio {means.outcomes[0]} / {means.outcomes[1]} has a zero denominator in an arm"
        raise EstimationError(message)
    ratio: NDArray[np.float64] = sums[:, 0] / sums[:, 1]
    return ratio


def _ratio_gradients(means: CellMeans, arms: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio = _ratios(means, arms)
    below = np.einsum("qga,ga->q", arms, means.mean[..., 1])
    direction = np.stack([1.0 / below, -ratio / below], axis=1)
    gradients: NDArray[np.float64] = np.einsum("qga,qm->qgam", arms, direction)
    return gradients


def _to_effects(
    means: CellMeans,
    outcome: str,
    rows: list[tuple[tuple[str, str], Contrast]],
    estimates: Estimates,
    reading: Reading,
) -> Effects:
    half = len(rows)
    error = estimates.std_error
    limits = t_intervals(
        estimates.value[:half], error[:half], estimates.df[:half], confidence_level=reading.confidence_level
    )
    found = _Found(means, outcome, estimates, limits, reading)
    items = tuple(found.effect(i, half + i, by, level, pair) for i, ((by, level), pair) in enumerate(rows))
    return Effects(items, estimates.covariance[:half, :half])


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    means: CellMeans
    outcome: str
    estimates: Estimates
    limits: Intervals
    reading: Reading

    def relative(self, i: int, reference: int) -> FiellerSet:
        joint = self.estimates.covariance[np.ix_([i, reference], [i, reference])]
        value, df = self.estimates.value, float(self.estimates.df[i])
        level = self.reading.confidence_level
        return fieller(float(value[i]), float(value[reference]), joint, df=df, confidence_level=level)

    def effect(self, i: int, reference: int, by: str, level: str, pair: Contrast) -> Effect:
        """Return the effect in place ``i``, whose reference mean stands in place ``reference``."""
        relative = self.relative(i, reference)
        bounded = relative.kind == "interval"
        return Effect(
            outcome=self.outcome,
            measure=self.reading.measure,
            estimator="lin" if self.means.covariates else "difference",
            estimand="itt",
            arm=pair.arm,
            reference_arm=pair.reference,
            by=by,
            level=level,
            estimate=float(self.estimates.value[i]),
            std_error=float(self.estimates.std_error[i]),
            df=float(self.estimates.df[i]),
            ci_lower=float(self.limits.lower[i]),
            ci_upper=float(self.limits.upper[i]),
            p_value=float(self.limits.p_value[i]),
            p_adjusted=None,
            reference_mean=float(self.estimates.value[reference]),
            rel_effect=relative.estimate if np.isfinite(relative.estimate) else None,
            rel_ci_lower=relative.lower if bounded else None,
            rel_ci_upper=relative.upper if bounded else None,
            n_obs=count_units(self.means, by, level, pair.arm),
            n_reference=count_units(self.means, by, level, pair.reference),
            evidence=self.reading.evidence,
            confirmatory=self.reading.confirmatory,
        )


def count_units(means: CellMeans, by: str, level: str, arm: str) -> int:
    """Return the units of an arm, over all strata or in the one that ``level`` names."""
    sizes = means.size[:, means.arm(arm)]
    if by == "stratum":
        sizes = sizes[means.stratum == means.strata.index(level)]
    return round(float(sizes.sum()))
