"""Who takes part: conditions on columns of units, metrics and axes, and the axes themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.customers import Axis, basket_axis, classify_potential, classify_value, column_axis, frequency_axis
from uplift.errors import DesignError
from uplift.spec.audience import StageColumn
from uplift.spec.condition import evaluate, keys, with_levels
from uplift.spec.metric import UnknownMetricError, resolve_metric

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from uplift.clv import LifetimeModel
    from uplift.customers import CustomerModel
    from uplift.data import Columns
    from uplift.spec import ExperimentSpec
    from uplift.spec.audience import Axis as AxisRule
    from uplift.spec.audience import Potential
    from uplift.spec.condition import Node

HIDDEN_METRICS = {"frequency": "orders_90d", "basket": "average_basket_365d"}
"""Axes that every analysis reads, drawn or not, and what they cut by default."""

POTENTIAL = "potential:predicted"
"""Column of the value that is still to come; no column of units can have its name."""
RULED = ("lifecycle", "churn_reason")
"""Axes that are made by a rule before the others are cut."""


@dataclass(frozen=True, slots=True, eq=False)
class Audience:
    """What is known of ``n`` units before the draw.

    Parameters
    ----------
    known
        Columns of units and metrics by the name that the spec uses.
    axes
        Axes by id, each over the same ``n`` units.
    customers
        What the lifetime model says of the same units; None without orders.
    """

    known: Columns
    axes: Mapping[str, Axis]
    customers: CustomerModel | None = None

    @property
    def lifetime(self) -> LifetimeModel | None:
        """The lifetime model; None where there is none."""
        return None if self.customers is None else self.customers.lifetime

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Audience:
        """Return some of the units."""
        axes = {name: replace(axis, codes=axis.codes[rows]) for name, axis in self.axes.items()}
        return Audience(self.known.take(rows), axes, None if self.customers is None else self.customers.take(rows))

    def match(self, condition: Node) -> NDArray[np.bool_]:
        """Tell which units meet a condition, shape (n,).

        Raises
        ------
        DataError
            When a key is no column, axis or metric.
        """
        wanted = keys(condition)
        labels = {name: axis.labels for name, axis in self.axes.items() if name in wanted}
        spelt = with_levels(condition, {name: self.axes[name].level_of for name in labels})
        return evaluate(spelt, {**self.known.values, **labels})


def conditions(spec: ExperimentSpec) -> tuple[Node, ...]:
    """Return every condition on units that the spec writes."""
    current = spec.budget.current
    written = [spec.eligible.where, spec.eligible.exclude]
    written += [segment.where for segment in spec.segments.values()]
    written += [rule.where for rule in current] if isinstance(current, tuple) else []
    return tuple(condition for condition in written if condition is not None)


def metric_names(spec: ExperimentSpec, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the metrics that axes and conditions read, as written, in code point order.

    Parameters
    ----------
    spec
        The spec.
    columns
        Columns of units; they come before metrics of the same name.
    """
    if spec.data.orders is None:
        return ()
    found = {axis.by for axis in spec.strata.axes.values()} | {HIDDEN_METRICS["frequency"]}
    found |= {HIDDEN_METRICS["basket"]}
    taken = {*columns, *spec.strata.axis_names}
    found |= {key for each in conditions(spec) for key in keys(each) if key not in taken and _is_metric(key)}
    return tuple(sorted(found))


def _is_metric(key: str) -> bool:
    try:
        return resolve_metric(key).days is not None
    except UnknownMetricError:
        return False


def build_axis(axis_id: str, rule: AxisRule, values: NDArray[np.float64]) -> Axis:
    """Return a metric axis as the spec cuts it.

    Parameters
    ----------
    axis_id
        ``value_tier``, ``frequency`` or ``basket``.
    rule
        Cuts or quantiles, and names.
    values : ndarray of float, shape (n,)
        The metric; NaN where a ratio has no denominator.

    Returns
    -------
    Axis
    """
    shares = None if rule.quantiles is None else tuple(float(share) for share in rule.quantiles)
    make = {"frequency": frequency_axis, "basket": basket_axis}.get(axis_id)
    if make is None:
        filled = np.nan_to_num(values)
        return classify_value(filled, cuts=rule.cuts, quantiles=shares, names=rule.levels, metric=rule.by)
    return make(values, cuts=rule.cuts, quantiles=shares, names=rule.levels, metric=rule.by)


def build_axes(
    spec: ExperimentSpec, known: Columns, ruled: Mapping[str, Axis], *, only: Iterable[str]
) -> dict[str, Axis]:
    """Return the axes that are drawn, over the given units.

    Parameters
    ----------
    spec
        The spec.
    known
        Columns and metrics of the units.
    ruled
        Lifecycle and churn reason of the same units by rule; empty without orders.
    only
        Which axes.

    Returns
    -------
    dict
        Axis by id, in the order of the spec.
    """
    axes: dict[str, Axis] = {}
    for name in (each for each in spec.strata.axis_names if each in set(only)):
        if name == "lifecycle":
            axes[name] = _stage_axis(spec, known, ruled)
        elif name in ruled:
            axes[name] = ruled[name]
        elif name == "potential" and spec.strata.potential is not None:
            axes[name] = _potential_axis(spec.strata.potential, known)
        elif name in spec.strata.axes:
            rule = spec.strata.axes[name]
            axes[name] = build_axis(name, rule, known[rule.by].astype(np.float64))
        else:
            axes[name] = column_axis(known[name], axis_id=name)
    return axes


def _stage_axis(spec: ExperimentSpec, known: Columns, ruled: Mapping[str, Axis]) -> Axis:
    written, rule = spec.strata.lifecycle, spec.strata.stage_rule
    if isinstance(written, StageColumn):
        return column_axis(known[written.column], axis_id="lifecycle")
    if "lifecycle" not in ruled:
        name = "five_stage" if rule is None else rule.rule
        message = f"strata.lifecycle: {name} reads orders, and data.orders is missing; add it or name a column"
        raise DesignError(message)
    return ruled["lifecycle"]


def _potential_axis(rule: Potential, known: Columns) -> Axis:
    shares = None if rule.quantiles is None else tuple(float(share) for share in rule.quantiles)
    return classify_potential(known[POTENTIAL].astype(np.float64), cuts=rule.cuts, quantiles=shares, names=rule.levels)


def hidden_axes(known: Columns) -> dict[str, Axis]:
    """Return frequency and basket with default cuts, to be read where they are not drawn."""
    return {
        "frequency": frequency_axis(known[HIDDEN_METRICS["frequency"]].astype(np.float64)),
        "basket": basket_axis(known[HIDDEN_METRICS["basket"]].astype(np.float64)),
    }


def select_eligible(spec: ExperimentSpec, audience: Audience) -> NDArray[np.bool_]:
    """Tell who takes part, shape (n,); consent is filtered before.

    Raises
    ------
    DesignError
        When nobody is left; says how many each condition left.
    """
    n = len(audience.known)
    wanted = np.ones(n, dtype=np.bool_) if spec.eligible.where is None else audience.match(spec.eligible.where)
    barred = np.zeros(n, dtype=np.bool_) if spec.eligible.exclude is None else audience.match(spec.eligible.exclude)
    kept: NDArray[np.bool_] = wanted & ~barred
    if not kept.any():
        message = (
            f"eligible: nobody is left of {n} units: {int(wanted.sum())} meet eligible.where and {int(barred.sum())} "
            "are barred by eligible.exclude; check the values that the conditions name"
        )
        raise DesignError(message)
    return kept
