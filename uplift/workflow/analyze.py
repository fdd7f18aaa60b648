"""After the campaign: one analysis from a spec, its design and the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uplift.data import check_codes, open_warehouse
from uplift.design import plan_experiment, verify_lock
from uplift.errors import LockError
from uplift.outcomes import Reading, read_window
from uplift.results import Analysis
from uplift.results.progress import silent
from uplift.workflow.boosted import read_boosted
from uplift.workflow.checks import run_checks
from uplift.workflow.describe import describe_experiment, describe_metrics, describe_provenance
from uplift.workflow.doubts import doubt_calendar
from uplift.workflow.means import money_means
from uplift.workflow.money import decompose_all, end
from uplift.workflow.readings import read_effects, segment_moments
from uplift.workflow.tally import tally_units
from uplift.workflow.value import read_value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from uplift.data import Warehouse
    from uplift.design import Design, Plan
    from uplift.results import Progress
    from uplift.spec import ExperimentSpec

STEPS = ("read", "measure", "adjust", "check", "decide", "done")
"""Codes of the steps that progress names."""


def analyze_experiment(
    spec: ExperimentSpec,
    design: Design | None = None,
    *,
    tables: Mapping[str, object] | None = None,
    through: datetime | None = None,
    progress: Progress | None = None,
) -> Analysis:
    """Estimate what a campaign added and how its money should move.

    Parameters
    ----------
    spec
        The spec.
    design
        The design that was made from it before the campaign. Without one, only a trial that another system drew
        (``assignment: recorded``) can be analysed, and every number is exploratory.
    tables
        Role to a table (pandas, polars, Arrow, DuckDB or Ibis) in place of the spec's locations.
    through
        Rows at or after this naive local moment are not known yet (default: the midnight after the last order, refund
        or coupon).
    progress
        Told of each step.

    Returns
    -------
    Analysis

    Raises
    ------
    LockError
        When the spec draws and there is no design, or the design's lock does not match.
    DataError
        When a table cannot be read or does not hold what the spec says.
    EstimationError
        When the primary effect cannot be computed.
    """
    tell = progress or silent
    if design is None and spec.assignment.method != "recorded":
        message = (
            "this spec draws its arms, so it can only be analysed with the design that drew them; "
            "give it with --design DIR (design=Design.load(DIR))"
        )
        raise LockError(message)
    tell(STEPS[0], 0, len(STEPS) - 1)
    with open_warehouse(spec, tables=tables) as warehouse:
        settled_design = design if design is not None else plan_experiment(spec, warehouse)
        if settled_design.lock is not None:
            verify_lock(settled_design.lock, spec)
        check_codes(warehouse)
        return _analyze(spec, settled_design, warehouse, through, tell)


def _analyze(
    spec: ExperimentSpec, design: Design, warehouse: Warehouse, through: datetime | None, tell: Progress
) -> Analysis:
    plan = design.plan
    known = _through(plan, warehouse, through)
    reading = _reading(plan, design, known)
    settled = reading is None or reading.is_settled
    tell(STEPS[1], 1, len(STEPS) - 1)
    tally = tally_units(spec, design, warehouse, through=known)
    moments = tally.population()
    tell(STEPS[2], 2, len(STEPS) - 1)
    segments = segment_moments(tally, blocks=2)
    effects, broken = read_effects(design, tally, moments, segments, confirmatory=design.locked)
    value = read_value(plan, tally, moments, segments, boosted=read_boosted(plan, tally, warehouse))
    means = money_means(moments, plan.measurement)
    decomposition = decompose_all(plan, means, confidence_level=plan.confidence_level)
    tell(STEPS[3], 3, len(STEPS) - 1)
    stamp = None if known is None else known.isoformat()
    checks = (*run_checks(design, tally, moments, reading=reading), *value.checks, *doubt_calendar(spec, plan), *broken)
    tell(STEPS[4], 4, len(STEPS) - 1)
    ending = end(spec, plan, moments, checks=checks, stand_ins=tally.measured.stand_ins, settled=settled, through=stamp)
    tell(STEPS[5], 5, len(STEPS) - 1)
    counts = dict(zip(tally.keys.arms, tally.analysed.sum(axis=0).tolist(), strict=True))
    return Analysis(
        experiment=describe_experiment(spec, design, through=known, settled=settled, counts=counts),
        provenance=describe_provenance(design, warehouse),
        verdict=ending.verdict,
        strata=plan.strata,
        metrics=describe_metrics(design),
        checks=checks,
        effects=effects,
        curves=value.curves,
        decomposition=decomposition,
        budget=ending.budget,
        deviations=(),
        clv=value.report,
    )


def _through(plan: Plan, warehouse: Warehouse, through: datetime | None) -> datetime | None:
    if not plan.measurement.from_orders:
        return None
    return through if through is not None else warehouse.last_moment()


def _reading(plan: Plan, design: Design, through: datetime | None) -> Reading | None:
    """Return what is known of the window of the unit that began last; None for outcomes without a time."""
    if through is None:
        return None
    last: datetime = design.assignment.t0.max().astype("datetime64[us]").item()
    measurement = plan.measurement
    return read_window(last, window_days=measurement.window_days, settle_days=measurement.settle_days, through=through)
