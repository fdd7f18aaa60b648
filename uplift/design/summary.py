"""What a design says before launch: split, smallest visible effects, provenance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.design.power import (
    DEFAULT_ALPHA,
    DEFAULT_POWER,
    minimum_detectable_effect,
    shrink_std_dev,
    std_dev_within,
    within_correlation,
)
from uplift.design.segments import names_of
from uplift.results import (
    ArmInfo,
    AxisInfo,
    DesignSummary,
    ExperimentInfo,
    MetricInfo,
    Provenance,
    SegmentInfo,
    StratumArms,
)
from uplift.results.analysis import SCHEMA_VERSION
from uplift.results.codec import digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from uplift.design.assignment import Assignment
    from uplift.design.plan import Plan, PlanAxis
    from uplift.spec import ExperimentSpec


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """The primary outcome of ``n`` eligible units in two consecutive windows before the draw.

    Parameters
    ----------
    last, earlier : ndarray of float, shape (n,)
        In the window before ``as_of``, and in the one before that.
    stratum : ndarray of int64, shape (n,)
        Codes of the plan's strata.
    """

    last: NDArray[np.float64]
    earlier: NDArray[np.float64]
    stratum: NDArray[np.int64]


def summarize_design(
    spec: ExperimentSpec, plan: Plan, assignment: Assignment, *, spread: Spread, inputs: Mapping[str, int]
) -> DesignSummary:
    """Return everything that a design page prints.

    Parameters
    ----------
    spec, plan, assignment
        The design.
    spread
        The primary outcome in the past.
    inputs
        Role to the number of rows that were read.

    Returns
    -------
    DesignSummary
        Smallest detectable effects on the primary at 80 % power and a two-sided 5 % level, by the variance
        and the window-to-window correlation of the past; None where the past says nothing.
    """
    from uplift import __version__

    provenance = Provenance(
        package_version=__version__,
        schema_version=SCHEMA_VERSION,
        spec_file="spec.yaml",
        spec_digest=digest(spec.text.encode()),
        lock_digest="",
        assignment_digest="",
        locked=False,
        seed=plan.seed,
        inputs=inputs,
    )
    visible = _Visible.of(plan, assignment, spread)
    return DesignSummary(
        experiment=_describe(spec, plan, assignment),
        provenance=provenance,
        strata=plan.strata,
        split=_split(plan, assignment, visible),
        metrics=_metrics(plan),
        mde=tuple(visible.overall(arm) for arm in range(1, len(plan.arms))),
        power=DEFAULT_POWER,
        alpha=DEFAULT_ALPHA,
        checks=(),
        notes=plan.notes,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Visible:
    """Closed-form smallest effects from counts and the past's spread."""

    counts: NDArray[np.int64]
    units: NDArray[np.float64]
    std_dev: NDArray[np.float64]
    correlation: float

    @classmethod
    def of(cls, plan: Plan, assignment: Assignment, spread: Spread) -> _Visible:
        n_strata = len(plan.strata)
        sizes = np.bincount(spread.stratum, minlength=n_strata)
        std_dev = shrink_std_dev(std_dev_within(spread.last, spread.stratum, n_strata), sizes)
        correlation = within_correlation(spread.last, spread.earlier, spread.stratum, n_strata)
        return cls(assignment.counts, sizes.astype(np.float64), std_dev, correlation)

    def overall(self, arm: int) -> float | None:
        return self._effect(np.arange(len(self.units)), arm)

    def in_stratum(self, stratum: int, arm: int) -> float | None:
        return self._effect(np.array([stratum]), arm)

    def _effect(self, rows: NDArray[np.intp], arm: int) -> float | None:
        treated, control = self.counts[rows, arm], self.counts[rows, 0]
        if min(treated.min(), control.min()) < 2 or not self.std_dev[rows].any():
            return None
        return minimum_detectable_effect(
            self.std_dev[rows],
            n_treated=treated,
            n_control=control,
            weights=self.units[rows],
            correlation=self.correlation,
        )


def _split(plan: Plan, assignment: Assignment, visible: _Visible) -> tuple[StratumArms, ...]:
    out = np.bincount(assignment.stratum[assignment.holdout], minlength=len(plan.strata)).tolist()
    return tuple(
        StratumArms(
            stratum=stratum.id,
            counts=tuple(visible.counts[s].tolist()),
            n_holdout=out[s],
            mde=tuple(visible.in_stratum(s, arm) for arm in range(1, len(plan.arms))),
        )
        for s, stratum in enumerate(plan.strata)
    )


def _metrics(plan: Plan) -> tuple[MetricInfo, ...]:
    measurement = plan.measurement
    first = measurement.primary
    primary = MetricInfo(first.id, first.measure, "primary", first.direction, measurement.cap, measurement.covariates)
    others = (
        MetricInfo(each.id, each.measure, "secondary", each.direction, None, measurement.covariates)
        for each in measurement.secondary
    )
    return (primary, *others)


def _describe(spec: ExperimentSpec, plan: Plan, assignment: Assignment) -> ExperimentInfo:
    measurement, campaign = plan.measurement, spec.campaign
    totals = assignment.counts.sum(axis=0).tolist()
    return ExperimentInfo(
        id=plan.experiment_id,
        title=names_of(spec.experiment.title),
        question=names_of(spec.experiment.question),
        currency=plan.currency,
        language=spec.experiment.language,
        timezone=plan.timezone,
        start=None if campaign.start is None else campaign.start.at.date().isoformat(),
        end=None if campaign.end is None else campaign.end.at.date().isoformat(),
        scheme=plan.scheme,
        n_eligible=plan.n_eligible,
        n_assigned=plan.n_assigned,
        n_holdout=plan.n_holdout,
        confidence_level=plan.confidence_level,
        window_days=measurement.window_days,
        horizon_days=measurement.counted_days,
        settle_days=measurement.settle_days,
        through=None,
        settled=False,
        annual_discount_rate=measurement.annual_discount_rate,
        primary=measurement.primary.id,
        margin_basis=measurement.margin_basis,
        arms=tuple(
            ArmInfo(arm.id, arm.name, arm.is_control, arm.share, n) for arm, n in zip(plan.arms, totals, strict=True)
        ),
        axes=tuple(_axis(axis) for axis in plan.axes),
        segments=tuple(
            SegmentInfo(each.id, each.name, each.n_units, each.strata, each.aligned, each.expected)
            for each in plan.segments
        ),
    )


def _axis(axis: PlanAxis) -> AxisInfo:
    names = {level: axis.names.get(level, {}) for level in axis.levels}
    return AxisInfo(axis.id, names, axis.drawn, axis.cut_points, axis.metric)
