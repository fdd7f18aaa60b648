"""Which effects an analysis reads, in which families."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.estimate import adjust_means
from uplift.outcomes.measurement import PRIMARY_TERMS
from uplift.results import CheckResult, Effects, Measure
from uplift.workflow.families import (
    Outcome,
    Style,
    adjust_family,
    overall_family,
    segments_family,
    strata_family,
)
from uplift.workflow.means import eligible_weights, money_means
from uplift.workflow.tally import SEGMENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uplift.design import Design, Plan
    from uplift.results.measure import Basis
    from uplift.stats.cells import CellMeans
    from uplift.stats.moments import Moments
    from uplift.workflow.tally import Tally


def read_effects(
    design: Design, tally: Tally, moments: Moments, segments: Mapping[str, Moments], *, confirmatory: bool
) -> tuple[Effects, tuple[CheckResult, ...]]:
    """Return all effects, and a red check for every secondary outcome that could not be read.

    Families: the primary over all units, the primary by stratum, the primary by segment, the secondary outcomes; the
    components of the primary are read beside it and belong to none.

    Parameters
    ----------
    design, tally
        The design and the measured units.
    moments, segments
        Sums of all units, and of every segment.
    confirmatory
        Whether the lock verified.
    """
    plan = design.plan
    style = Style(plan.confidence_level, confirmatory)
    correction = {family.id: family.correction for family in plan.families}
    units, assigned = stratum_units(plan, tally)
    means = eligible_weights(money_means(moments, plan.measurement), units, assigned)
    primary = primary_outcome(plan)
    by_segment = {
        name: eligible_weights(money_means(part, plan.measurement), units, assigned) for name, part in segments.items()
    }
    parts = [
        overall_family(means, [primary], plan.contrasts, style=style, correction=correction["primary"]),
        strata_family(means, primary, plan.contrasts, style=style, correction=correction["strata"]),
        segments_family(by_segment, [primary], plan.contrasts, style=style, correction=correction["segments"]),
    ]
    if plan.measurement.from_orders:
        combined = means.combined(component_sums(means))
        outcomes = [component_outcome(plan, name) for name in combined.outcomes]
        parts.append(overall_family(combined, outcomes, plan.contrasts, style=style, correction="none"))
    secondary, broken = _secondary(plan, moments, (units, assigned), style)
    return Effects.join([*parts, secondary]), broken


def stratum_units(plan: Plan, tally: Tally) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Return the eligible and the analysed units of every stratum."""
    units = {stratum.id: float(stratum.n_units) for stratum in plan.strata}
    return units, dict(zip(tally.keys.strata, tally.analysed.sum(axis=1).tolist(), strict=True))


def segment_moments(tally: Tally, *, blocks: int | None = None) -> Mapping[str, Moments]:
    """Return the sums of every segment that has a usable contrast."""
    names = [name for name in tally.past.values if name.startswith(SEGMENT)]
    found = {
        name.removeprefix(SEGMENT): tally.population(
            tally.past[name].astype(bool), name=name.removeprefix(SEGMENT), blocks=blocks
        )
        for name in names
        if tally.past[name].any()
    }
    usable = {name: part.usable() for name, part in found.items()}
    return {name: part for name, part in usable.items() if len(part.cells)}


def primary_outcome(plan: Plan) -> Outcome:
    """Return the primary outcome as it stands among the money means."""
    primary, measurement = plan.measurement.primary, plan.measurement
    if not measurement.from_orders:
        return Outcome(primary.id, primary.measure, primary.id)
    if primary.id not in PRIMARY_TERMS:
        return Outcome(primary.id, primary.measure, "primary_capped")
    basis: Basis = "mixed" if measurement.residual is not None and primary.id == "incremental_clv" else "observed"
    days = measurement.counted_days if primary.id == "incremental_clv" else measurement.window_days
    return Outcome(primary.id, Measure("money", plan.currency, "assigned", days, basis), "primary_capped")


OBSERVED = ("gross_margin", "subsidy", "contact", "fulfilment", "returned_value")
"""Components of net value inside the window."""


def component_sums(means: CellMeans) -> dict[str, dict[str, float]]:
    """Return the observed and the predicted part of net value, and its components, as sums of outcomes."""
    present = [name for name in OBSERVED if name in means.outcomes]
    observed = {name: 1.0 if name == "gross_margin" else -1.0 for name in present}
    sums = {"net_observed": observed}
    if "residual" in means.outcomes:
        sums["residual"] = {"residual": 1.0}
    return sums | {name: {name: 1.0} for name in present}


def component_outcome(plan: Plan, name: str) -> Outcome:
    """Return a component as an outcome with its unit."""
    measurement = plan.measurement
    if name == "residual":
        return Outcome(name, Measure("money", plan.currency, "assigned", measurement.horizon_days, "predicted"), name)
    return Outcome(name, Measure("money", plan.currency, "assigned", measurement.window_days), name)


def _secondary(
    plan: Plan,
    moments: Moments,
    weights: tuple[Mapping[str, float], Mapping[str, float]],
    style: Style,
) -> tuple[Effects, tuple[CheckResult, ...]]:
    parts, broken = [], []
    for one in plan.measurement.secondary:
        numerator, denominator = (f"{one.id}.numerator", f"{one.id}.denominator") if one.ratio else (one.id, None)
        outcome = Outcome(one.id, one.measure, numerator, denominator)
        try:
            means = eligible_weights(adjust_means(moments, block=one.id), *weights)
            parts.append(overall_family(means, [outcome], plan.contrasts, style=style, correction="none"))
        except EstimationError as error:
            broken.append(CheckResult("outcome", "fail", facts={"outcome": one.id, "reason": str(error)}, level=one.id))
    joined = Effects.join(parts) if parts else Effects((), np.zeros((0, 0)))
    exploratory = Effects(tuple(replace(item, confirmatory=False) for item in joined), joined.covariance)
    correction = next(family.correction for family in plan.families if family.id == "secondary")
    return adjust_family(exploratory, correction), tuple(broken)
