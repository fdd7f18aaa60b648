"""What an analysis says about itself: the experiment, its outcomes, and what the numbers were made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uplift
from uplift.design.design import ASSIGNMENT_FILE, SPEC_FILE
from uplift.results import ArmInfo, AxisInfo, ExperimentInfo, MetricInfo, Provenance
from uplift.results.analysis import SCHEMA_VERSION
from uplift.results.codec import digest
from uplift.workflow.readings import primary_outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from uplift.data import Warehouse
    from uplift.design import Design
    from uplift.design.plan import PlanAxis
    from uplift.spec import ExperimentSpec


def describe_experiment(
    spec: ExperimentSpec, design: Design, *, through: datetime | None, settled: bool, counts: Mapping[str, int]
) -> ExperimentInfo:
    """Return what was tried, on whom, when, and how it is measured.

    Parameters
    ----------
    spec, design
        The spec (names, language) and the design (plan).
    through, settled
        Up to which moment data were read, and whether the window is settled.
    counts
        Units analysed per arm.
    """
    plan = design.plan
    measurement = plan.measurement
    start, end = spec.campaign.start, spec.campaign.end
    return ExperimentInfo(
        id=plan.experiment_id,
        title=_name(spec.experiment.title),
        question=_name(spec.experiment.question),
        currency=plan.currency,
        language=spec.experiment.language,
        timezone=plan.timezone,
        start=None if start is None else start.at.date().isoformat(),
        end=None if end is None else end.at.date().isoformat(),
        scheme=plan.scheme,
        n_eligible=plan.n_eligible,
        n_assigned=sum(counts.values()),
        n_holdout=plan.n_holdout,
        confidence_level=plan.confidence_level,
        window_days=measurement.window_days,
        horizon_days=measurement.counted_days,
        settle_days=measurement.settle_days,
        through=None if through is None else through.isoformat(),
        settled=settled,
        annual_discount_rate=measurement.annual_discount_rate,
        primary=measurement.primary.id,
        margin_basis=measurement.margin_basis,
        arms=tuple(ArmInfo(arm.id, arm.name, arm.is_control, arm.share, counts[arm.id]) for arm in plan.arms),
        axes=tuple(_axis(axis) for axis in plan.axes),
        segments=plan.segments,
    )


def _axis(axis: PlanAxis) -> AxisInfo:
    names = {level: axis.names.get(level, {}) for level in axis.levels}
    return AxisInfo(axis.id, names, axis.drawn, axis.cut_points, axis.metric)


def _name(name: object) -> dict[str, str]:
    """Return the languages that a name was given in."""
    found = {language: getattr(name, language, None) for language in ("zh", "en")}
    return {language: text for language, text in found.items() if text}


def describe_metrics(design: Design) -> tuple[MetricInfo, ...]:
    """Return how the primary and the secondary outcomes were counted."""
    measurement = design.plan.measurement
    primary = MetricInfo(
        id=measurement.primary.id,
        measure=primary_outcome(design.plan).measure,
        role="primary",
        direction=measurement.primary.direction,
        cap=measurement.cap,
        covariates=measurement.covariates,
    )
    others = tuple(
        MetricInfo(one.id, one.measure, "secondary", one.direction, None, measurement.covariates)
        for one in measurement.secondary
    )
    return (primary, *others)


def describe_provenance(design: Design, warehouse: Warehouse) -> Provenance:
    """Return what the numbers were made from."""
    return Provenance(
        package_version=uplift.__version__,
        schema_version=SCHEMA_VERSION,
        spec_file=SPEC_FILE,
        spec_digest=digest(design.spec_text.encode()),
        lock_digest=design.lock_digest,
        assignment_digest="" if design.lock is None else design.lock.of(ASSIGNMENT_FILE).digest,
        locked=design.locked,
        seed=design.plan.seed,
        inputs=dict(sorted(warehouse.row_counts.items())),
    )
