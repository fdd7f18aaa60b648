"""Metrics of the dictionary over days before a moment, built on facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from uplift.data.columns import Columns


@dataclass(frozen=True, slots=True)
class MetricColumn:
    """A metric over the days before a moment.

    Parameters
    ----------
    name
        Name of the column, for example ``orders_90d``.
    metric
        Id in the dictionary.
    days
        Length of the window.
    """

    name: str
    metric: str
    days: int


def metric_column(text: str) -> MetricColumn:
    """Return the column that a text such as ``orders_90d`` or ``trailing_margin`` names.

    Raises
    ------
    DataError
        When it is no metric, or says no days.
    """
    from uplift.spec.metric import UnknownMetricError, resolve_metric

    try:
        window = resolve_metric(text)
    except UnknownMetricError as error:
        raise DataError(str(error)) from None
    if window.days is None:
        message = f"metric == '{text}', must say its days, for example {text}_90d"
        raise DataError(message)
    return MetricColumn(text, window.metric.id, window.days)


def compute_metric(facts: Columns, metric: str) -> NDArray[np.float64]:
    """Return a metric per unit from the facts of its window.

    Parameters
    ----------
    facts
        Sums per unit.
    metric
        Id in the dictionary. A ratio is NaN where its denominator is 0.

    Returns
    -------
    ndarray of float64, shape (n,)

    Raises
    ------
    DataError
        When the metric cannot be computed per unit, or its table is absent.
    """
    return _formula(metric).compute(facts).astype(np.float64)


def metric_facts(metric: str) -> tuple[str, ...]:
    """Return the facts that a metric is computed from.

    Raises
    ------
    DataError
        When the metric cannot be computed per unit.
    """
    return _formula(metric).needs


@dataclass(frozen=True, slots=True)
class _Formula:
    needs: tuple[str, ...]
    compute: Callable[[Columns], NDArray[np.float64]]


def _formula(metric: str) -> _Formula:
    if metric not in _FORMULAS:
        message = f"metric == '{metric}', must be one of: {', '.join(_FORMULAS)}"
        raise DataError(message)
    return _FORMULAS[metric]


_COSTS = ("subsidy", "contact_cost", "returned_margin")


def _net_margin(facts: Columns) -> NDArray[np.float64]:
    net: NDArray[np.float64] = facts["gross_margin"].copy()
    for cost in _COSTS:
        if cost in facts:
            net -= facts[cost]
    return net


def _ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    out = np.full(len(denominator), np.nan)
    np.divide(numerator, denominator, out=out, where=denominator != 0)
    return out


def _plain(name: str) -> _Formula:
    return _Formula((name,), lambda facts: facts[name])


_NET = _Formula(("gross_margin", *_COSTS), _net_margin)

_FORMULAS: dict[str, _Formula] = {
    "incremental_clv": _NET,
    "net_margin": _NET,
    "gross_margin": _plain("gross_margin"),
    "revenue": _plain("revenue"),
    "orders": _plain("orders"),
    "redeemed_orders": _plain("redeemed_orders"),
    "repurchase_count": _Formula(("orders",), lambda facts: np.maximum(facts["orders"] - 1, 0)),
    "repurchase_rate": _Formula(("orders",), lambda facts: (facts["orders"] >= 2).astype(np.float64)),
    "retention": _Formula(("orders_last_30",), lambda facts: (facts["orders_last_30"] >= 1).astype(np.float64)),
    "return_rate": _Formula(("refunded", "revenue"), lambda facts: _ratio(facts["refunded"], facts["revenue"])),
    "full_price_margin": _plain("organic_margin"),
    "other_platform_margin": _plain("other_platform_margin"),
    "cross_category_repurchase_30d": _plain("cross_category_30d"),
    "unsubscribe_rate": _plain("unsubscribed"),
    "complaint_rate": _Formula(("complaints", "orders"), lambda facts: _ratio(facts["complaints"], facts["orders"])),
    "average_basket": _Formula(("revenue", "orders"), lambda facts: _ratio(facts["revenue"], facts["orders"])),
}
