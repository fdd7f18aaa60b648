"""From adjusted means to decomposition, plan, gate and verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.decide import (
    BudgetRules,
    Grounds,
    Limits,
    Priced,
    Terms,
    decompose,
    gate_plan,
    give_verdict,
    plan_budget,
    propose_plan,
    reason_to_hold,
    rows_by_segment,
    treated_groups,
)
from uplift.decide.decompose import NET, SPEND
from uplift.results import Measure, Note
from uplift.workflow.means import money_means

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uplift.decide import RowKey
    from uplift.design import Plan
    from uplift.results import BudgetPlan, CheckResult, Decomposition, Gate, SegmentInfo, Verdict
    from uplift.results.measure import Basis
    from uplift.spec import ExperimentSpec
    from uplift.stats.cells import CellMeans
    from uplift.stats.moments import Moments


@dataclass(frozen=True, slots=True)
class Ending:
    """The plan and the verdict of an analysis."""

    budget: BudgetPlan | None
    verdict: Verdict


def money_measure(plan: Plan, *, per: str = "treated") -> Measure:
    """Return the unit of net value: money per customer over the horizon (the window where nothing is predicted)."""
    basis: Basis = "mixed" if plan.measurement.residual is not None else "observed"
    return Measure("money", plan.currency, per, plan.measurement.counted_days, basis)


def decompose_all(plan: Plan, means: CellMeans, *, confidence_level: float) -> tuple[Decomposition, ...]:
    """Return the decomposition of every arm and of all treated customers."""
    gross = "gross_margin" if plan.measurement.from_orders else plan.measurement.primary.id
    return tuple(
        decompose(means, group, measure=money_measure(plan), confidence_level=confidence_level, gross=gross)
        for group in treated_groups(means)
    )


def end(
    spec: ExperimentSpec,
    plan: Plan,
    moments: Moments,
    *,
    checks: Sequence[CheckResult],
    stand_ins: Sequence[str],
    settled: bool,
    through: str | None,
) -> Ending:
    """Learn the plan, test it out of sample, and give the verdict.

    Parameters
    ----------
    spec, plan
        Money and its limits; strata, present plan and measurement.
    moments
        Sums of all units, folds apart.
    checks
        All checks.
    stand_ins
        Components without a table.
    settled, through
        Whether the window is settled, and up to which moment data were read.
    """
    is_money = plan.measurement.primary.measure.kind == "money"
    terms = _terms(plan, moments)
    priced_at_all = is_money and bool(terms.cost)
    grounds = Grounds(
        checks=checks,
        settled=settled,
        is_money=is_money,
        costs_known=priced_at_all,
        stand_in="subsidy" in stand_ins,
        through=through,
        gated=spec.budget.decision == "gated",
    )
    if not priced_at_all:
        return Ending(None, give_verdict(reason_to_hold(grounds, None), None))
    rules, limits = _rules(spec, plan), _limits(spec, plan)
    gate = _gate(plan, moments, limits, terms)
    hold = reason_to_hold(grounds, gate)
    means = money_means(moments, plan.measurement, target="population")
    priced = Priced(
        means=means,
        limits=limits,
        terms=terms,
        candidate=propose_plan(means, limits, terms),
        returned=_returned(plan, means),
        claim="redeemed_margin" if "redeemed_margin" in means.outcomes and "subsidy" not in stand_ins else None,
        gross="gross_margin" if plan.measurement.from_orders else plan.measurement.primary.id,
    )
    budget = plan_budget(
        priced, _rows(plan), rules=rules, gate=gate, moves=hold is None, notes=_notes(spec, plan, stand_ins)
    )
    return Ending(budget, give_verdict(hold, budget))


def _terms(plan: Plan, moments: Moments) -> Terms:
    outcomes = moments.block("money").names("outcome")
    cost = {name: value for name, value in SPEND.items() if name in outcomes}
    if not plan.measurement.from_orders:
        value = {plan.measurement.primary.id: 1.0} | dict.fromkeys(cost, -1.0)
    elif plan.measurement.primary.id in {"incremental_clv", "net_margin"}:
        value = {"primary_capped": 1.0}
    else:
        value = {name: sign for name, sign in NET.items() if name in outcomes}
    return Terms(value, cost)


def _returned(plan: Plan, means: CellMeans) -> dict[str, float]:
    if not plan.measurement.from_orders:
        return {plan.measurement.primary.id: 1.0}
    return {name: sign for name, sign in NET.items() if name in means.outcomes and name not in SPEND}


def _rules(spec: ExperimentSpec, plan: Plan) -> BudgetRules:
    total = None if spec.budget.total == "current" else float(spec.budget.total)
    return BudgetRules(spec.budget.period, plan.currency, total, float(spec.budget.reserve), plan.confidence_level)


def _limits(spec: ExperimentSpec, plan: Plan) -> Limits:
    strata = [stratum.id for stratum in plan.strata]
    arms = [arm.id for arm in plan.arms if not arm.is_control]
    present = np.zeros((len(strata), len(arms)))
    for one in plan.present:
        present[strata.index(one.stratum), arms.index(one.arm)] = one.share
    limit = spec.budget.change_limit
    return Limits(
        units=np.array([float(stratum.n_units) for stratum in plan.strata]),
        present=present,
        deployed=_rules(spec, plan).deployed,
        decrease=None if limit is None or limit.decrease is None else float(limit.decrease),
        cell_at_most=None if limit is None or limit.cell_at_most is None else float(limit.cell_at_most),
    )


def _gate(plan: Plan, moments: Moments, limits: Limits, terms: Terms) -> Gate:
    needed = tuple(name for name in moments.block("money").names("outcome") if name in {*terms.value, *terms.cost})
    return gate_plan(
        moments,
        lambda part: money_means(part, plan.measurement, target="population", outcomes=needed),
        limits=limits,
        terms=terms,
    )


MOSTLY = 0.8
"""A segment has a row of its own when the strata wholly inside it hold this share of its customers."""


def _rows(plan: Plan) -> tuple[RowKey, ...]:
    place = {stratum.id: position for position, stratum in enumerate(plan.strata)}
    inside = [
        (segment.id, frozenset(place[name] for name in segment.strata))
        for segment in plan.segments
        if _covered(plan, segment) >= MOSTLY
    ]
    axis = next((axis.id for axis in plan.axes if axis.drawn), "")
    return rows_by_segment([stratum.parts.get(axis, "") for stratum in plan.strata], inside, axis=axis)


def _covered(plan: Plan, segment: SegmentInfo) -> float:
    """Return the share of a segment's customers in strata that lie wholly in it."""
    held = sum(stratum.n_units for stratum in plan.strata if stratum.id in segment.strata)
    return held / segment.n_units if segment.n_units else 0.0


def _notes(spec: ExperimentSpec, plan: Plan, stand_ins: Sequence[str]) -> tuple[Note, ...]:
    notes = []
    if "subsidy" in stand_ins:
        notes.append(Note("budget.no_coupons"))
    if spec.budget.decision == "expected":
        notes.append(Note("budget.expected"))
    for segment in plan.segments:
        share = _covered(plan, segment)
        if share < MOSTLY:
            notes.append(Note("budget.rows_split", {"segment": segment.id}))
        elif not segment.aligned:
            notes.append(Note("budget.rows_partial", {"segment": segment.id, "share": share}))
    return tuple(notes)
