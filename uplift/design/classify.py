"""Who the customers are before anybody is drawn: columns, metrics, stages and what the lifetime model says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.customers import (
    BehaviourIndex,
    CustomerModel,
    History,
    LifecycleRule,
    choose_spenders,
    classify_lifecycle,
    fit_customers,
    predict_residual,
)
from uplift.customers.lifecycle import settle_rule
from uplift.data import metric_column
from uplift.design.audience import POTENTIAL, Audience, build_axes, conditions, metric_names, select_eligible
from uplift.design.cohort import BEFORE
from uplift.design.past import ORDERS_BEFORE
from uplift.design.reason import classify_reason
from uplift.errors import DesignError
from uplift.spec.audience import StageColumn, StageRule
from uplift.spec.condition import keys

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from uplift.data import Columns, Warehouse
    from uplift.spec import ExperimentSpec

SAMPLE_SEED = 0
"""Of the units whose orders stand for all in the model of what an order is worth: the same in every design."""


def classify_audience(spec: ExperimentSpec, warehouse: Warehouse) -> Audience:
    """Return the eligible units with their columns, metrics and axes.

    Parameters
    ----------
    spec
        The spec.
    warehouse
        Its tables.

    Returns
    -------
    Audience
        With the lifetime model where there are orders; it is fitted once, to all units that consented.

    Raises
    ------
    DesignError
        When nobody is eligible, or an axis needs a model that could not be fitted.
    """
    as_of = spec.campaign.as_of_at
    known = warehouse.units(_columns_read(spec, warehouse))
    names = metric_names(spec, warehouse.unit_column_names) if as_of is not None else ()
    everybody = Audience(known, {})
    if names and as_of is not None:
        everybody = _from_orders(spec, warehouse, known, as_of=as_of, names=names)
    written = [spec.eligible.where, spec.eligible.exclude]
    first = {key for each in written if each is not None for key in keys(each)} | set(everybody.axes) | {"lifecycle"}
    built = build_axes(spec, everybody.known, everybody.axes, only=first)
    everybody = Audience(everybody.known, built, everybody.customers)
    eligible = everybody.take(select_eligible(spec, everybody))
    rest = build_axes(spec, eligible.known, {}, only={*spec.strata.axis_names} - first)
    merged = {**eligible.axes, **rest}
    ordered = {name: merged[name] for name in spec.strata.axis_names}
    return Audience(eligible.known, ordered, eligible.customers)


def _from_orders(
    spec: ExperimentSpec, warehouse: Warehouse, known: Columns, *, as_of: datetime, names: tuple[str, ...]
) -> Audience:
    """Return all units with what their orders before ``as_of`` say, and the axes made by a rule."""
    columns = warehouse.history(as_of)
    history = History.from_columns(columns)
    written = spec.strata.stage_rule or StageRule()
    rule = settle_rule(history, lifecycle_rule(written))
    customers = _fit(spec, warehouse, columns, rule, as_of=as_of)
    alive = None if customers.purchase is None else customers.alive
    stage = classify_lifecycle(history, rule=rule, method=written.rule, alive=alive)
    axes = {"lifecycle": stage}
    values = _metrics(spec, warehouse, history, names)
    if spec.strata.churn_reason is not None:
        axes["churn_reason"] = classify_reason(spec, warehouse, history, stage, rule=rule, known=known)
    if spec.strata.potential is not None:
        values[POTENTIAL] = _potential(spec, warehouse, customers, as_of=as_of)
    return Audience(known.with_values(values), axes, customers)


def lifecycle_rule(written: StageRule) -> LifecycleRule:
    """Return the rule of the stages with the thresholds that the spec writes."""
    return LifecycleRule(**written.thresholds)  # type: ignore[arg-type]


def _fit(
    spec: ExperimentSpec, warehouse: Warehouse, columns: Columns, rule: LifecycleRule, *, as_of: datetime
) -> CustomerModel:
    orders = spec.data.orders
    spend = None
    if orders is not None and orders.margin is not None:
        spend = warehouse.purchases(as_of, ids=choose_spenders(columns, seed=SAMPLE_SEED))
    return fit_customers(columns, spend=spend, rule=rule)


def _potential(
    spec: ExperimentSpec, warehouse: Warehouse, customers: CustomerModel, *, as_of: datetime
) -> NDArray[np.float64]:
    """Return the predicted value of each unit, with the declared worth of its behaviour."""
    axis, outcomes = spec.strata.potential, spec.outcomes
    if customers.lifetime is None:
        reason = customers.notes[0].code if customers.notes else "lifetime.no_fit"
        message = (
            f"strata.potential: there is no lifetime model to predict by ({reason}); "
            "remove the axis, or give a longer past of orders"
        )
        raise DesignError(message)
    value = predict_residual(
        customers.lifetime,
        warehouse.purchases(as_of),
        horizon_days=outcomes.horizon_days,
        annual_discount_rate=float(outcomes.annual_discount_rate),
    )
    if axis is None or not axis.behaviour:
        return value
    wide = warehouse.wide(as_of)
    index = BehaviourIndex({name: float(weight) for name, weight in axis.behaviour.items()})
    return value + index.worth({name: wide[name] for name in index.weights})


def _metrics(
    spec: ExperimentSpec, warehouse: Warehouse, history: History, names: tuple[str, ...]
) -> dict[str, NDArray[np.generic]]:
    """Return the metrics before ``as_of``; the history knows the orders of 90 days without another query."""
    as_of, orders = spec.campaign.as_of_at, spec.data.orders
    features = BEFORE if orders is not None and orders.margin is not None else ()
    wanted = [metric_column(name) for name in dict.fromkeys((*names, *features)) if name != ORDERS_BEFORE]
    found = {} if as_of is None else dict(warehouse.metrics(history.unit_id, wanted, as_of=as_of).values)
    return {**found, ORDERS_BEFORE: history.orders_90d.astype(np.float64)}


def _columns_read(spec: ExperimentSpec, warehouse: Warehouse) -> tuple[str, ...]:
    stage, reason = spec.strata.lifecycle, spec.strata.churn_reason
    wanted = {key for each in conditions(spec) for key in keys(each)} | set(spec.strata.columns or ())
    wanted |= {stage.column} if isinstance(stage, StageColumn) else set()
    wanted |= set(keys(reason.experience)) if reason is not None and reason.experience is not None else set()
    wanted |= {spec.assignment.arm} if spec.assignment.arm else set()
    current = spec.budget.current
    wanted |= set() if isinstance(current, str | tuple) else {current.column}
    outcomes = (spec.outcomes.primary, *spec.outcomes.secondary)
    wanted |= {each.column for each in outcomes if not isinstance(each, str)}
    return tuple(name for name in warehouse.unit_column_names if name in wanted)
