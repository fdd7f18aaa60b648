"""The dictionary of metrics: what each id means, per what, and which tables it needs."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["money", "rate", "count", "days", "score"]
Direction = Literal["up", "down"]
_WINDOW = re.compile(r"(?P<id>[a-z][a-z0-9_]*?)_(?P<days>[1-9]\d{0,4})d")
ALIASES: Mapping[str, str] = MappingProxyType(
    {"trailing_margin": "gross_margin_365d", "average_basket": "average_basket_365d"}
)
"""Short names of a metric with its window."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One entry of the dictionary.

    Parameters
    ----------
    id
        Name in the spec and in every result.
    kind
        What the number means; money is in the experiment's currency.
    per
        ``unit``, or ``order`` / ``revenue`` for a ratio of sums.
    direction
        Which way is good.
    ratio
        Numerator and denominator columns of a ratio of sums; None for a mean per unit.
    needs_roles
        Tables without which it cannot be computed.
    needs_columns
        Roles of columns, as ``table.role``, without which it cannot be computed.
    """

    id: str
    kind: Kind
    per: Literal["unit", "order", "revenue"] = "unit"
    direction: Direction = "up"
    ratio: tuple[str, str] | None = None
    needs_roles: tuple[str, ...] = ("orders",)
    needs_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MetricWindow:
    """A metric and its window before the moment of reading; ``days`` is None when none was written."""

    metric: Metric
    days: int | None = None


class UnknownMetricError(LookupError):
    """An id that is not in the dictionary; its text names the nearest ids."""


_MARGIN = ("orders.margin",)
_ENTRIES = (
    Metric("incremental_clv", "money", needs_columns=_MARGIN),
    Metric("net_margin", "money", needs_columns=_MARGIN),
    Metric("gross_margin", "money", needs_columns=_MARGIN),
    Metric("revenue", "money"),
    Metric("orders", "count"),
    Metric("redeemed_orders", "count", needs_roles=("orders", "coupons")),
    Metric("repurchase_count", "count"),
    Metric("repurchase_rate", "rate"),
    Metric("return_rate", "rate", "revenue", "down", ("refunded", "revenue"), ("orders", "refunds")),
    Metric("full_price_margin", "money", needs_roles=("orders", "coupons"), needs_columns=_MARGIN),
    Metric("average_basket", "money", "order", "up", ("revenue", "orders")),
    Metric("cross_category_repurchase_30d", "rate", needs_columns=("orders.category",)),
    Metric("retention", "rate"),
    Metric("other_platform_margin", "money", needs_columns=(*_MARGIN, "orders.platform")),
    Metric(
        *("unsubscribe_rate", "rate", "unit", "down"),
        needs_roles=("contacts",),
        needs_columns=("contacts.unsubscribed",),
    ),
    Metric(
        *("complaint_rate", "rate", "order", "down", ("complaints", "orders")),
        needs_roles=("orders", "service"),
        needs_columns=("service.complaint",),
    ),
)
METRICS: Mapping[str, Metric] = MappingProxyType({entry.id: entry for entry in _ENTRIES})
"""Every metric of the contract by id."""


def resolve_metric(text: str) -> MetricWindow:
    """Return the metric, and the days before the moment, that a text names.

    Parameters
    ----------
    text
        An id, an alias, or ``<id>_<N>d`` for the N days before the moment.

    Returns
    -------
    MetricWindow
        ``days`` is None when the text names no window.

    Raises
    ------
    UnknownMetricError
        When no metric is meant; the text says the nearest one.
    """
    text = ALIASES.get(text, text)
    if text in METRICS:
        return MetricWindow(METRICS[text])
    found = _WINDOW.fullmatch(text)
    if found and found["id"] in METRICS:
        return MetricWindow(METRICS[found["id"]], int(found["days"]))
    told = f"got '{text}', which is no metric{_hint(text)} there are: {', '.join(METRICS)}"
    raise UnknownMetricError(told)


def _hint(text: str) -> str:
    near = difflib.get_close_matches(text, [*METRICS, *ALIASES], n=1)
    return f"; did you mean '{near[0]}'?" if near else ";"
