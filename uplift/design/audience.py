"""Who takes part: conditions on columns of units, metrics and axes, and the axes themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.customers import Axis, basket_axis, classify_value, column_axis, frequency_axis
from uplift.errors import DesignError
from uplift.spec.condition import evaluate, keys, with_levels
from uplift.spec.metric import UnknownMetricError, resolve_metric

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from uplift.data import Columns
    from uplift.spec import ExperimentSpec
    from uplift.spec.audience import Axis as AxisRule
    from uplift.spec.condition import Node

HIDDEN_METRICS = {"frequency": "orders_90d", "basket": "average_basket_365d"}
"""Axes that every analysis reads, drawn or not, and what they cut by default."""


@dataclass(frozen=True, slots=True, eq=False)
class Audience:
    """What is known of ``n`` units before the draw.

    Parameters
    ----------
    known
        Columns of units and metrics by the name that the spec uses.
    axes
        Axes by id, each over the same ``n`` units.
    """

    known: Columns
    axes: Mapping[str, Axis]

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Audience:
        """Return some of the units."""
        axes = {name: replace(axis, codes=axis.codes[rows]) for name, axis in self.axes.items()}
        return Audience(self.known.take(rows), axes)

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


def build_axes(spec: ExperimentSpec, known: Columns, stage: Axis | None, *, only: Iterable[str]) -> dict[str, Axis]:
    """Return the axes that are drawn, over the given units.

    Parameters
    ----------
    spec
        The spec.
    known
        Columns and metrics of the units.
    stage
        Stage of the same units by rule; None without orders.
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
            axes[name] = _stage_axis(spec, known, stage)
        elif name in spec.strata.axes:
            rule = spec.strata.axes[name]
            axes[name] = build_axis(name, rule, known[rule.by].astype(np.float64))
        else:
            axes[name] = column_axis(known[name], axis_id=name)
    return axes


def _stage_axis(spec: ExperimentSpec, known: Columns, stage: Axis | None) -> Axis:
    rule = spec.strata.lifecycle
    if rule is not None and rule != "five_stage":
        return column_axis(known[rule.column], axis_id="lifecycle")
    if stage is None:
        message = "strata.lifecycle: five_stage reads orders, and data.orders is missing; add it or name a column"
        raise DesignError(message)
    return stage


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
