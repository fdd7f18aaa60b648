"""Residual value by every back-end, side by side, from one set of adjusted means."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.estimate import Contrast, Reading, adjust_means, estimate_itt
from uplift.outcomes.later import (
    BGNBD_MECHANICAL,
    BGNBD_ORGANIC,
    EARLY_GAP,
    HOLDOUT,
    RESIDUALS,
    SURROGATE,
)
from uplift.outcomes.measure import SURROGATE_BLOCK
from uplift.outcomes.residual import mean_slopes
from uplift.results import Measure
from uplift.results.clv import Calibration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.design import Plan
    from uplift.outcomes import Measurement
    from uplift.outcomes.residual import Kappa, ResidualBounds
    from uplift.results import Effect
    from uplift.results.measure import Basis
    from uplift.stats.cells import CellMeans
    from uplift.stats.moments import CellKeys, Moments

Terms = dict[str, dict[str, float]]
PARAMETERS = 7


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What the errors of the value models are spread over.

    Parameters
    ----------
    keys
        Cells of the n analysed units.
    bounds
        Residual value by the purchase model, with derivatives; None without a model.
    rows : ndarray of bool, shape (n,), optional
        Units of the population; None means all.
    """

    keys: CellKeys
    bounds: ResidualBounds | None
    rows: NDArray[np.bool_] | None = None


def residual_means(beside: Moments, money: Moments, measurement: Measurement, source: Source) -> CellMeans:
    """Return adjusted means of the residual block with the errors of every value model in them.

    Parameters
    ----------
    beside
        Sums of the residual block of one population.
    money
        Sums of the same population that hold the surrogates.
    measurement
        The plan of the outcomes, with the models.
    source
        Where the derivatives of the purchase model are.

    Returns
    -------
    CellMeans
        The surrogate index's coefficients, those of the days after the window, and the purchase model's parameters
        are estimates of the past; their errors are common to all cells. The three are taken as independent of
        each other, and are never added up.
    """
    means = adjust_means(beside, block=RESIDUALS)
    parts = []
    indices = {SURROGATE: measurement.residual, EARLY_GAP: measurement.early}
    wanted = {name: model for name, model in indices.items() if model is not None and name in means.outcomes}
    if wanted:
        features = adjust_means(money, block=SURROGATE_BLOCK)
        constant = np.ones((*features.mean.shape[:2], 1))
        for name, model in wanted.items():
            used = [features.outcome(f"surrogate.{feature}") for feature in model.features]
            mean = np.concatenate([constant, features.mean[..., used]], axis=2)
            parts.append(_spread(means, np.einsum("rj,gaj->rga", model.loadings(), mean), name))
    if source.bounds is not None and measurement.lifetime is not None:
        loadings = measurement.lifetime.loadings()
        slopes = {BGNBD_ORGANIC: source.bounds.organic_slopes, BGNBD_MECHANICAL: source.bounds.mechanical_slopes}
        both = [
            _spread(means, np.einsum("rj,gaj->rga", loadings, _cell_slopes(means, source, slope)), name)
            for name, slope in slopes.items()
            if name in means.outcomes
        ]
        parts.append(np.sum(both, axis=0))
    return means.with_shared(np.concatenate(parts), np.inf) if parts else means


def _spread(means: CellMeans, errors: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """Return loadings (R, G, A, M) that only the outcome ``name`` has."""
    holds = np.array([float(outcome == name) for outcome in means.outcomes])
    spread: NDArray[np.float64] = (errors * (means.n > 0))[..., None] * holds
    return spread


def _cell_slopes(means: CellMeans, source: Source, slopes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean derivatives of the cells of ``means``, shape (G, A, 7)."""
    keys = source.keys
    if source.bounds is None:
        return np.zeros((*means.n.shape, PARAMETERS))
    rows = source.bounds.rows
    inside = np.ones(len(rows), bool) if source.rows is None else source.rows[rows]
    rows = rows[inside]
    shape = (len(keys.strata), len(keys.batches), len(keys.arms))
    cell = (keys.stratum[rows] * shape[1] + keys.batch[rows]) * shape[2] + keys.arm[rows]
    found = mean_slopes(slopes[inside], cell, shape[0] * shape[1] * shape[2])
    by_cell: NDArray[np.float64] = found.reshape(*shape, -1)[means.stratum, means.batch]
    return by_cell


def backend_terms(outcomes: Sequence[str], kappa: Kappa) -> Terms:
    """Return each back-end as a sum of outcomes of the residual block, in the order of a table."""
    terms: Terms = {}
    if SURROGATE in outcomes:
        terms["surrogate"] = {SURROGATE: 1.0}
    if BGNBD_ORGANIC in outcomes:
        terms["bgnbd_organic"] = {BGNBD_ORGANIC: 1.0}
        terms["bgnbd"] = {BGNBD_ORGANIC: 1.0 - kappa.value, BGNBD_MECHANICAL: kappa.value}
        terms["bgnbd_mechanical"] = {BGNBD_MECHANICAL: 1.0}
    elif BGNBD_MECHANICAL in outcomes:
        terms["bgnbd"] = {BGNBD_MECHANICAL: 1.0}
    if HOLDOUT in outcomes:
        terms["holdout"] = {HOLDOUT: 1.0}
    return terms


def backend_effects(
    means: CellMeans, plan: Plan, kappa: Kappa, *, contrasts: Sequence[Contrast], group: tuple[str, str]
) -> tuple[Effect, ...]:
    """Return the effect on residual value by every back-end, arm by arm.

    Parameters
    ----------
    means
        Means of the residual block of one population, weighted.
    plan
        Currency, horizon and confidence level.
    kappa
        Weight of couponed orders.
    contrasts
        Each arm against the control.
    group
        ``(by, level)`` of the population.
    """
    combined = means.combined(backend_terms(means.outcomes, kappa))
    found = []
    for name in combined.outcomes:
        basis: Basis = "observed" if name == "holdout" else "predicted"
        measure = Measure("money", plan.currency, "assigned", plan.measurement.horizon_days, basis)
        reading = Reading(measure, plan.confidence_level, group=group)
        effects = estimate_itt(combined, outcome=name, contrasts=contrasts, reading=reading)
        found += [replace(effect, outcome=SURROGATE, estimator=name) for effect in effects]
    return tuple(found)


def calibrate_backends(
    means: CellMeans, plan: Plan, kappa: Kappa, effects: Sequence[Effect], *, contrasts: Sequence[Contrast]
) -> tuple[Calibration, ...]:
    """Hold every prediction against the realised value; empty while it is not known."""
    if HOLDOUT not in means.outcomes:
        return ()
    terms = {name: {**sums, HOLDOUT: -1.0} for name, sums in backend_terms(means.outcomes, kappa).items()}
    terms.pop("holdout")
    if not terms:
        return ()
    gaps = means.combined(terms)
    reading = Reading(Measure("money", plan.currency), plan.confidence_level)
    at = {(effect.estimator, effect.arm): effect for effect in effects if effect.by == "overall"}
    rows = []
    for name in terms:
        for gap in estimate_itt(gaps, outcome=name, contrasts=contrasts, reading=reading):
            predicted, truth = at[name, gap.arm], at["holdout", gap.arm]
            rows.append(
                Calibration(
                    estimator=name,
                    arm=gap.arm,
                    estimate=predicted.estimate,
                    std_error=predicted.std_error,
                    truth=truth.estimate,
                    truth_error=truth.std_error,
                    z=gap.estimate / gap.std_error if gap.std_error > 0 else None,
                    covered=gap.ci_lower <= 0.0 <= gap.ci_upper,
                )
            )
    return tuple(rows)


def early_effects(means: CellMeans, plan: Plan, *, contrasts: Sequence[Contrast]) -> tuple[Effect, ...]:
    """Return the effect on realised minus predicted margin of the days after the window; empty while unknown."""
    if EARLY_GAP not in means.outcomes:
        return ()
    reading = Reading(Measure("money", plan.currency), plan.confidence_level)
    return tuple(estimate_itt(means, outcome=EARLY_GAP, contrasts=contrasts, reading=reading))
