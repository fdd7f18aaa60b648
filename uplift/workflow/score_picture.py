"""Who the customers are at a moment: stages, tiers and labels, all from what was known before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.customers import (
    Axis,
    BehaviourIndex,
    History,
    basket_axis,
    choose_spenders,
    classify_churn,
    classify_lifecycle,
    classify_potential,
    classify_preference,
    classify_risk,
    classify_value,
    column_axis,
    fit_customers,
    frequency_axis,
    make_wide_table,
)
from uplift.customers.axes import NONE_LEVEL
from uplift.customers.lifecycle import settle_rule
from uplift.data import FactWindow, metric_column
from uplift.data.columns import positions
from uplift.design.audience import HIDDEN_METRICS, build_axis
from uplift.design.classify import SAMPLE_SEED, lifecycle_rule
from uplift.design.reason import bad_experience, missing_facts, tell_reason
from uplift.results import Note
from uplift.spec.audience import StageColumn, StageRule
from uplift.spec.condition import keys

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from uplift.customers import CustomerModel, LifecycleRule, WideTable
    from uplift.data import Columns, Warehouse
    from uplift.spec import ExperimentSpec

DAYS = 365
"""Days before the moment that the wide table covers."""
VALUE_METRIC = "gross_margin_365d"


@dataclass(frozen=True, slots=True, eq=False)
class Staged:
    """Stages of ``n`` customers at a moment.

    Parameters
    ----------
    history
        Orders before it; ids sorted.
    rule
        Thresholds, settled.
    model
        What the lifetime model says.
    by_rule
        Stages by the rule.
    stage
        The same, or the column of the company's own.
    """

    history: History
    rule: LifecycleRule
    model: CustomerModel
    by_rule: Axis
    stage: Axis

    @property
    def alive(self) -> NDArray[np.float64] | None:
        """Chance to be there still, shape (n,); None without a model."""
        return None if self.model.purchase is None else self.model.alive


def stage_customers(spec: ExperimentSpec, warehouse: Warehouse, moment: datetime, *, own: bool = True) -> Staged:
    """Tell the stages of all customers that consented, as the design does.

    Parameters
    ----------
    spec
        ``strata.lifecycle`` says by which rule.
    warehouse
        The tables.
    moment
        Naive local time; only orders before it are known.
    own
        Whether a column of the company's own may be the stage: it holds today's.

    Returns
    -------
    Staged
    """
    columns = warehouse.history(moment)
    history = History.from_columns(columns)
    written = spec.strata.stage_rule or StageRule()
    rule = settle_rule(history, lifecycle_rule(written))
    spenders = warehouse.purchases(moment, ids=choose_spenders(columns, seed=SAMPLE_SEED))
    model = fit_customers(columns, spend=spenders, rule=rule)
    alive = None if model.purchase is None else model.alive
    by_rule = classify_lifecycle(history, rule=rule, method=written.rule, alive=alive)
    stage = by_rule
    if own and isinstance(spec.strata.lifecycle, StageColumn):
        name = spec.strata.lifecycle.column
        units = warehouse.units((name,))
        stage = column_axis(units[name][positions(history.unit_id, units.unit_id)], axis_id="lifecycle")
    return Staged(history, rule, model, by_rule, stage)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """All that is told of ``n`` customers as of a moment.

    Parameters
    ----------
    staged
        Their stages.
    wide
        The wide table, of the same customers in the same order.
    historic, predicted : ndarray of float64, shape (n,)
        Margin of as many days before as the horizon has, and predicted value over it, in the currency; 0 without
        an order.
    axes
        ``lifecycle``, ``lifecycle_rule`` (beside a column of the company's own), ``lifecycle_model`` (with a model),
        ``value_tier``, ``potential``, ``frequency``, ``basket``,
        ``preference``, ``risk``, ``churn`` and ``churn_reason`` (where the data tell one).
    notes
        What could not be told.
    """

    staged: Staged
    wide: WideTable
    historic: NDArray[np.float64]
    predicted: NDArray[np.float64]
    axes: Mapping[str, Axis]
    notes: tuple[Note, ...]

    def known(self, name: str) -> NDArray[np.float64]:
        """Return a column of the wide table with 0 where it is not known, shape (n,)."""
        return np.nan_to_num(self.wide.columns[name].astype(np.float64))


def draw_picture(
    spec: ExperimentSpec,
    warehouse: Warehouse,
    staged: Staged,
    predicted: NDArray[np.float64],
    *,
    moment: datetime,
    horizon_days: int,
) -> Picture:
    """Classify customers on every axis.

    Parameters
    ----------
    spec
        Its ``strata`` say where tiers are cut; what it does not cut is cut by default.
    warehouse
        The tables.
    staged
        Stages at ``moment``.
    predicted : ndarray of float64, shape (n,)
        Predicted value of the same customers.
    moment
        Naive local time.
    horizon_days
        Days that are predicted.

    Returns
    -------
    Picture
    """
    wide = make_wide_table(warehouse, moment, days=DAYS)
    reason, notes = _reason(spec, warehouse, staged, moment)
    axes = {"lifecycle": staged.stage}
    axes |= {} if staged.stage is staged.by_rule else {"lifecycle_rule": staged.by_rule}
    axes |= {} if staged.model.by_model is None else {"lifecycle_model": staged.model.by_model}
    axes |= _tiers(spec, warehouse, staged.history.unit_id, moment)
    axes["potential"] = _potential(spec, predicted, wide.columns)
    axes["preference"] = _preference(wide.columns)
    alive = np.full(len(predicted), np.nan) if staged.alive is None else staged.alive
    complaints = wide.columns["complaints"].astype(np.float64) if "complaints" in wide.columns else None
    axes["risk"] = classify_risk(alive, complaints=complaints)
    axes["churn"] = classify_churn(staged.history, rule=staged.rule, alive=staged.alive)
    axes |= {} if reason is None else {"churn_reason": reason}
    before = FactWindow(moment, -horizon_days, 0, through=moment)
    historic = warehouse.facts(staged.history.unit_id, before, names=("gross_margin",))["gross_margin"]
    return Picture(staged, wide, historic, predicted, axes, (*staged.model.notes, *notes))


def _tiers(spec: ExperimentSpec, warehouse: Warehouse, ids: NDArray[np.object_], moment: datetime) -> dict[str, Axis]:
    rules = spec.strata.axes
    by = {"value_tier": VALUE_METRIC, **HIDDEN_METRICS} | {name: rule.by for name, rule in rules.items()}
    found = warehouse.metrics(ids, [metric_column(text) for text in dict.fromkeys(by.values())], as_of=moment)
    values = {name: found[text].astype(np.float64) for name, text in by.items()}
    plain = {
        "value_tier": lambda: classify_value(np.nan_to_num(values["value_tier"])),
        "frequency": lambda: frequency_axis(values["frequency"]),
        "basket": lambda: basket_axis(values["basket"]),
    }
    return {name: build_axis(name, rules[name], values[name]) if name in rules else plain[name]() for name in by}


def _potential(spec: ExperimentSpec, predicted: NDArray[np.float64], wide: Columns) -> Axis:
    rule = spec.strata.potential
    if rule is None:
        return classify_potential(predicted)
    shares = None if rule.quantiles is None else tuple(float(share) for share in rule.quantiles)
    behaviour = None
    if rule.behaviour:
        index = BehaviourIndex({name: float(weight) for name, weight in rule.behaviour.items()})
        behaviour = index.worth({name: wide[name] for name in index.weights})
    return classify_potential(predicted, behaviour=behaviour, cuts=rule.cuts, quantiles=shares, names=rule.levels)


def _preference(wide: Columns) -> Axis:
    def column(name: str) -> NDArray[np.float64] | None:
        return wide[name].astype(np.float64) if name in wide else None

    category = wide.values.get("favourite_category")
    price, content = column("price_sensitivity"), column("content_engagement")
    if category is None and price is None and content is None:
        price = np.full(len(wide), np.nan)
    axis = classify_preference(price_sensitivity=price, content_engagement=content, category=category)
    return axis if axis.levels else Axis("preference", (NONE_LEVEL,), {}, np.zeros(len(wide), np.int64))


def _reason(
    spec: ExperimentSpec, warehouse: Warehouse, staged: Staged, moment: datetime
) -> tuple[Axis | None, tuple[Note, ...]]:
    """Return why the silent and lost stopped; None and a note where neither service nor refunds tell."""
    written = spec.strata.churn_reason
    experience = None if written is None else written.experience
    if experience is None and spec.data.service is None and spec.data.refunds is None:
        return None, (Note("customers.no_reason"),)
    condition = bad_experience(spec) if experience is None else experience
    named = set(keys(condition))
    known = warehouse.units([name for name in warehouse.unit_column_names if name in named])
    reason = tell_reason(
        warehouse, staged.history, staged.by_rule, condition=condition, as_of=moment, rule=staged.rule, known=known
    )
    missing = missing_facts(spec)
    return reason, (Note("churn_reason.unknown", {"facts": missing}),) if missing else ()
