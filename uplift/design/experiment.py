"""From a spec and its tables to a design: classify, measure the past, cross, draw, lock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from uplift.customers import compare_stages
from uplift.data import Columns
from uplift.data.columns import positions
from uplift.design.assignment import Assignment
from uplift.design.audience import hidden_axes
from uplift.design.blocked import assign_blocked
from uplift.design.classify import classify_audience
from uplift.design.cohort import BEFORE
from uplift.design.design import ASSIGNMENT_FILE, Design, design_files, lock_files
from uplift.design.holdout import select_holdout
from uplift.design.metrics import PREDICTED_METRIC, plan_measurement
from uplift.design.past import ORDERS_BEFORE, PRIMARY_BEFORE, Past, learn_residual, measure_past
from uplift.design.plan import FAMILIES, Plan, PlanArm, PlanAxis, PlanStages
from uplift.design.reason import missing_facts
from uplift.design.recorded import assign_recorded, read_arms
from uplift.design.sample import sample_rate, select_sample
from uplift.design.segments import flag_segments, names_of, plan_contrasts, plan_present, plan_segments
from uplift.design.shares import exact_shares
from uplift.design.strata import Strata, ThinRule, build_strata
from uplift.design.summary import Spread, summarize_design
from uplift.results import Note
from uplift.results.progress import silent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from uplift.customers import Axis
    from uplift.data import Warehouse
    from uplift.design.audience import Audience
    from uplift.results import Progress
    from uplift.spec import ExperimentSpec

CONFIDENCE_LEVEL = 0.95
SEGMENT_FLAG = "segment:"
ALIVE, MODEL_STAGE = "model:alive", "model:lifecycle"
"""Columns of the past: the chance to be there still, and the stage by the lifetime model."""
STEPS = ("design.classify", "design.past", "design.strata", "design.draw", "design.lock")
"""Codes of the steps that progress names."""


@dataclass(frozen=True, slots=True, eq=False)
class _Crossed:
    """The eligible units in their strata."""

    audience: Audience
    strata: Strata
    holdout: NDArray[np.bool_]
    rate: Fraction


def plan_experiment(spec: ExperimentSpec, warehouse: Warehouse, *, progress: Progress | None = None) -> Design:
    """Settle everything about an experiment that can be settled before launch, and draw its arms.

    Parameters
    ----------
    spec
        The spec.
    warehouse
        Its tables, opened.
    progress
        Told of each step.

    Returns
    -------
    Design
        Locked when we draw; without a lock when another system did.

    Raises
    ------
    DesignError
        When nobody is eligible or the units cannot be split as the spec asks.
    DataError
        When a table does not hold what the spec says.
    """
    tell = progress or silent
    tell(STEPS[0], 0, len(STEPS))
    audience = classify_audience(spec, warehouse)
    tell(STEPS[1], 1, len(STEPS))
    past = _measure(spec, warehouse, audience)
    tell(STEPS[2], 2, len(STEPS))
    crossed = _cross(spec, audience, past)
    tell(STEPS[3], 3, len(STEPS))
    assignment = _assign(spec, crossed)
    tell(STEPS[4], 4, len(STEPS))
    return _settle(spec, warehouse, crossed, past, assignment)


def _measure(spec: ExperimentSpec, warehouse: Warehouse, audience: Audience) -> Past:
    """Measure the past of the eligible; without orders or a date there is none."""
    as_of, ids = spec.campaign.as_of_at, audience.known.unit_id
    measurement = plan_measurement(spec, None, audience.known.values)
    if as_of is None or not measurement.from_orders:
        return Past(np.zeros(len(ids)), np.zeros(len(ids)), measurement)
    if spec.outcomes.primary == PREDICTED_METRIC:
        first = warehouse.time_bounds["orders"].first
        everybody = warehouse.units(()).unit_id
        model = learn_residual(warehouse, everybody, measurement, as_of=as_of, first_order=first)
        measurement = plan_measurement(spec, model, audience.known.values)
    past = measure_past(warehouse, ids, measurement, as_of=as_of)
    return replace(past, measurement=replace(past.measurement, lifetime=audience.lifetime))


def _cross(spec: ExperimentSpec, audience: Audience, past: Past) -> _Crossed:
    ids = audience.known.unit_id
    recorded = spec.assignment.method == "recorded"
    share = Fraction(0) if recorded else spec.assignment.holdout_share
    holdout = select_holdout(ids, share, salt=spec.assignment.holdout_salt)
    rate = Fraction(1) if recorded else sample_rate(spec.eligible.sample, int((~holdout).sum()))
    rule = ThinRule(
        least_share=min(spec.exact_shares.values()),
        rate=rate,
        min_cell=spec.strata.min_cell,
        give_way=tuple(spec.strata.give_way or ()),
    )
    cents = np.rint(past.primary * 100).astype(np.int64)
    strata = build_strata(list(audience.axes.values()), outcome=cents, drawn=~holdout, rule=rule)
    return _Crossed(audience, strata, holdout, rate)


def _assign(spec: ExperimentSpec, crossed: _Crossed) -> Assignment:
    ids, codes = crossed.audience.known.unit_id, crossed.strata.codes
    labels = np.array(crossed.strata.ids, dtype=object)[codes]
    arms = [spec.control_arm, *spec.treatment_arms]
    shares = {arm.id: spec.exact_shares[arm.id] for arm in arms}
    start, experiment_id = spec.campaign.start_at, spec.experiment.id
    if spec.assignment.method == "recorded":
        column = spec.assignment.arm or ""
        arm = read_arms(crossed.audience.known[column], {arm.id: arm.spelling for arm in arms}, column=column)
        return assign_recorded(
            ids,
            arm,
            stratum=codes,
            strata=crossed.strata.ids,
            shares={name: float(share) for name, share in shares.items()},
            experiment_id=experiment_id,
            t0=start,
        )
    seed = spec.assignment.seed_value
    taken = crossed.holdout.copy()
    open_ = np.flatnonzero(~crossed.holdout)
    taken[open_] |= select_sample(ids[open_], codes[open_], crossed.rate, experiment_id=experiment_id, seed=seed)
    drawn = assign_blocked(
        ids[taken],
        labels[taken],
        exact_shares(shares),
        seed=seed,
        experiment_id=experiment_id,
        holdout=crossed.holdout[taken],
        t0=start,
    )
    return Assignment.from_values(drawn.unit_id, drawn.to_values(), strata=crossed.strata.ids, arms=drawn.arms)


def _settle(
    spec: ExperimentSpec, warehouse: Warehouse, crossed: _Crossed, past: Past, assignment: Assignment
) -> Design:
    audience = crossed.audience
    hidden = hidden_axes(audience.known) if ORDERS_BEFORE in audience.known else {}
    read = {name: axis for name, axis in hidden.items() if name not in audience.axes}
    flags = flag_segments(spec, audience)
    plan = _plan(spec, crossed, past, assignment, axes={**audience.axes, **read}, flags=flags)
    rows = positions(assignment.unit_id, audience.known.unit_id)
    columns = _past_columns(audience, {**audience.axes, **read}, past, flags)
    kept = Columns(assignment.unit_id, {name: values[rows] for name, values in columns.items()})
    files = design_files(plan, assignment, kept)
    lock = lock_files(spec, files, assignment) if plan.scheme == "blocked" else None
    spread = Spread(past.primary, past.earlier, crossed.strata.codes)
    summary = summarize_design(spec, plan, assignment, spread=spread, inputs=dict(sorted(warehouse.row_counts.items())))
    if lock is not None:
        origin = replace(
            summary.provenance,
            locked=True,
            lock_digest=lock.digest,
            assignment_digest=lock.of(ASSIGNMENT_FILE).digest,
        )
        summary = replace(summary, provenance=origin)
    return Design(plan, assignment, kept, summary, lock, spec.text, files)


def _past_columns(
    audience: Audience, axes: Mapping[str, Axis], past: Past, flags: Mapping[str, NDArray[np.bool_]]
) -> dict[str, NDArray[np.generic]]:
    known = audience.known
    columns: dict[str, NDArray[np.generic]] = {name: axis.labels for name, axis in axes.items()}
    columns |= {f"{SEGMENT_FLAG}{name}": mask for name, mask in flags.items()}
    if past.measurement.covariates:
        columns[PRIMARY_BEFORE] = past.primary
        columns |= {name: known[name].astype(np.float64) for name in (ORDERS_BEFORE, *BEFORE) if name in known}
    if audience.customers is not None and audience.customers.by_model is not None:
        columns |= {ALIVE: audience.customers.alive, MODEL_STAGE: audience.customers.by_model.labels}
    return columns


def _plan(
    spec: ExperimentSpec,
    crossed: _Crossed,
    past: Past,
    assignment: Assignment,
    *,
    axes: Mapping[str, Axis],
    flags: Mapping[str, NDArray[np.bool_]],
) -> Plan:
    recorded = spec.assignment.method == "recorded"
    return Plan(
        experiment_id=spec.experiment.id,
        scheme="recorded" if recorded else "blocked",
        seed=0 if recorded else spec.assignment.seed_value,
        currency=spec.experiment.currency,
        timezone=spec.zone.key,
        t0=_iso(spec.campaign.start_at),
        as_of=_iso(spec.campaign.as_of_at),
        arms=_arms(spec),
        axes=tuple(_axis(axis, drawn=name in crossed.audience.axes) for name, axis in axes.items()),
        strata=crossed.strata.strata,
        segments=plan_segments(spec, flags, crossed.strata),
        contrasts=plan_contrasts(spec),
        families=FAMILIES,
        present=plan_present(spec, crossed.audience, crossed.strata),
        measurement=past.measurement,
        confidence_level=CONFIDENCE_LEVEL,
        n_eligible=len(crossed.audience.known),
        n_assigned=int((~assignment.holdout).sum()),
        n_holdout=int(assignment.holdout.sum()),
        notes=(*_model_notes(crossed.audience), *_reason_notes(spec), *crossed.strata.notes),
        stages=_stages(crossed.audience),
    )


def _model_notes(audience: Audience) -> tuple[Note, ...]:
    return () if audience.customers is None else audience.customers.notes


def _reason_notes(spec: ExperimentSpec) -> tuple[Note, ...]:
    missing = missing_facts(spec)
    return (Note("churn_reason.unknown", {"facts": missing}),) if missing else ()


def _stages(audience: Audience) -> PlanStages | None:
    """Return the stages by the model beside those by rule; None where one of them is not there."""
    stage, customers = audience.axes.get("lifecycle"), audience.customers
    if stage is None or customers is None or customers.by_model is None:
        return None
    return PlanStages(customers.by_model.rule, compare_stages(stage, customers.by_model))


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _arms(spec: ExperimentSpec) -> tuple[PlanArm, ...]:
    control, codes = spec.control_arm.id, spec.codes_by_arm
    return tuple(
        PlanArm(
            id=arm.id,
            name=names_of(arm.name),
            share_text=str(spec.exact_shares[arm.id]),
            share=float(spec.exact_shares[arm.id]),
            is_control=arm.id == control,
            contact=float(arm.plan_cost.contact),
            redemption=float(arm.plan_cost.redemption),
            fulfilment=float(arm.plan_cost.fulfilment),
            codes=codes.get(arm.id, ()),
        )
        for arm in (spec.control_arm, *spec.treatment_arms)
    )


def _axis(axis: Axis, *, drawn: bool) -> PlanAxis:
    return PlanAxis(axis.id, drawn, axis.levels, axis.names, axis.cut_points, axis.metric, axis.rule)
