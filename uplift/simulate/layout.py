"""The tables of a market under the names that a spec gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from uplift.errors import UsageError
from uplift.simulate.past import CATEGORIES
from uplift.simulate.population import PLATFORMS
from uplift.simulate.rates import margin_rates
from uplift.simulate.touchpoints import EVENTS
from uplift.spec.audience import StageColumn
from uplift.spec.condition import All, Among, Any_, Not, keys
from uplift.spec.metric import UnknownMetricError, resolve_metric
from uplift.spec.tables import MarginRate, RateTable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from numpy.typing import NDArray

    from uplift.simulate.tables import Column, Sheet
    from uplift.spec import ExperimentSpec
    from uplift.spec.condition import Node
    from uplift.spec.tables import (
        BehaviourTable,
        ContactsTable,
        CouponsTable,
        OrdersTable,
        RefundsTable,
        ServiceTable,
        UnitsTable,
    )

UNIT_COLUMNS = {"platform": "平台", "account": "账号类型", "registered": "注册时间", "city": "城市级别"}
ORDER_COLUMNS = {"category": "类目", "platform": "平台"}
_CANCELLED = "已取消"
_OTHER = "其他"
_APP = "App"
_ADMITTED, _EXCLUDED = 0.95, 0.03
_LEVELS = ("A", "B", "C")
_DRAWN_AXES = ("lifecycle", "value_tier", "frequency", "basket", "potential", "churn_reason")


def lay_out(role: str, sheet: Sheet, spec: ExperimentSpec, *, seed: int = 0) -> dict[str, Column]:
    """Return the columns of a role's table as ``spec`` names them.

    Parameters
    ----------
    role
        One of units, orders, refunds, coupons, contacts, service, behaviour; the spec must have it.
    sheet
        The rows under logical names.
    spec
        Whose names, conditions and money terms hold.
    seed
        For columns that the spec asks of units and the market does not know.

    Raises
    ------
    UsageError
        When a condition of the spec needs a column that cannot be made up.
    """
    data = spec.data
    if role == "units":
        return _units(sheet, data.units, spec, seed)
    table = getattr(data, role, None)
    if table is not None:
        return _LAYOUTS[role](sheet, table)
    message = f"data.{role}: the spec has no such table; add it, or leave it out of the tables to write"
    raise UsageError(message)


def rate_table(spec: ExperimentSpec) -> tuple[RateTable, dict[str, Column]] | None:
    """Return the spec's table of margin rates and its columns; None when it names none.

    Raises
    ------
    UsageError
        When it is looked up by something else than platform and category.
    """
    orders = spec.data.orders
    if orders is None or not isinstance(orders.margin, MarginRate) or not isinstance(orders.margin.rate, RateTable):
        return None
    table = orders.margin.rate
    platform, category = np.indices(margin_rates().shape).reshape(2, -1)
    platforms, categories = np.array(PLATFORMS, dtype=object)[platform], np.array(CATEGORIES, dtype=object)[category]
    words: dict[str, Column] = {
        orders.platform or ORDER_COLUMNS["platform"]: platforms,
        orders.category or ORDER_COLUMNS["category"]: categories,
        "platform": platforms,
        "category": categories,
    }
    unknown = [name for name in table.by if name not in words]
    if unknown:
        message = (
            f"data.orders.margin.rate.by: got {', '.join(unknown)}; "
            f"a simulated market has rates by {', '.join(words)}: name those"
        )
        raise UsageError(message)
    values = margin_rates().reshape(-1)
    columns = {name: words[name] for name in table.by}
    return table, _one_row_each(columns) | {table.value: _mean_by(columns, values)}


def _one_row_each(columns: Mapping[str, Column]) -> dict[str, Column]:
    _, first = np.unique(_joined(columns), return_index=True)
    return {name: column[first] for name, column in columns.items()}


def _mean_by(columns: Mapping[str, Column], values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, group = np.unique(_joined(columns), return_inverse=True)
    return np.round(np.bincount(group, weights=values) / np.bincount(group), 4)


def _joined(columns: Mapping[str, Column]) -> NDArray[np.str_]:
    return np.array(["|".join(row) for row in zip(*(column.tolist() for column in columns.values()), strict=True)])


def _units(sheet: Sheet, table: UnitsTable, spec: ExperimentSpec, seed: int) -> dict[str, Column]:
    rows = sheet.columns
    laid: dict[str, Column] = {} if table.id is None else {table.id: rows["id"]}
    laid |= {name: rows[logical] for logical, name in UNIT_COLUMNS.items()}
    if table.consent is not None:
        laid[table.consent] = rows["consent"]
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(4,)))
    return laid | fill_units(spec, len(sheet), rng, known=tuple(laid))


def fill_units(
    spec: ExperimentSpec, size: int, rng: np.random.Generator, *, known: tuple[str, ...]
) -> dict[str, Column]:
    """Return the unit columns that a spec reads and that are not known, with the levels that it names.

    Raises
    ------
    UsageError
        When a condition of the spec asks for a number that is no metric.
    """
    filled: dict[str, Column] = {}
    for name, levels, share in _wanted_of_units(spec):
        if name not in known and name not in filled:
            filled[name] = _made_up(size, levels, share, rng)
    present = (*known, *filled)
    return filled | _admitted(spec.data.units.where, present, ("id", "consent"), size)


def _wanted_of_units(spec: ExperimentSpec) -> list[tuple[str, tuple[str, ...], float]]:
    """Return the unit columns that the spec reads: name, levels, and the share of units that have one of them."""
    wanted: list[tuple[str, tuple[str, ...], float]] = [(name, _LEVELS, 1.0) for name in spec.strata.columns or ()]
    stage = spec.strata.lifecycle
    if isinstance(stage, StageColumn):
        wanted.append((stage.column, _LEVELS, 1.0))
    if spec.eligible.exclude is not None:
        wanted += _wanted_by(spec.eligible.exclude, _EXCLUDED, "eligible.exclude")
    if spec.eligible.where is not None:
        wanted += _wanted_by(spec.eligible.where, _ADMITTED, "eligible.where")
    for name, segment in spec.segments.items():
        wanted += _wanted_by(segment.where, 0.5, f"segments.{name}.where")
    return wanted


def _wanted_by(condition: Node, share: float, place: str) -> list[tuple[str, tuple[str, ...], float]]:
    levels = _levels_of(condition)
    unknown = [key for key in keys(condition) if not _is_computed(key)]
    for key in unknown:
        if key not in levels:
            message = f"{place}.{key}: a simulated market has no number '{key}'; name a metric, or levels of a column"
            raise UsageError(message)
    return [(key, levels[key], share) for key in unknown]


def _is_computed(key: str) -> bool:
    if key in _DRAWN_AXES or key in UNIT_COLUMNS.values():
        return True
    try:
        resolve_metric(key)
    except UnknownMetricError:
        return False
    return True


def _levels_of(condition: Node) -> dict[str, tuple[str, ...]]:
    match condition:
        case All(parts) | Any_(parts):
            merged: dict[str, tuple[str, ...]] = {}
            for part in parts:
                merged |= _levels_of(part)
            return merged
        case Not(part):
            return _levels_of(part)
        case Among(key, values):
            return {key: tuple(str(value) for value in values)}
    return {}


def _made_up(size: int, levels: tuple[str, ...], share: float, rng: np.random.Generator) -> NDArray[np.object_]:
    drawn = np.array(levels, dtype=object)[rng.integers(len(levels), size=size)]
    return np.where(rng.random(size) < share, drawn, _OTHER).astype(object)


def _orders(sheet: Sheet, table: OrdersTable) -> dict[str, Column]:
    cancelled = sheet.columns["cancelled"]
    shown = sheet if table.where is not None else sheet.take(~cancelled)
    rows = shown.columns
    laid: dict[str, Column] = {table.id: rows["id"], table.order_id: rows["order_id"], table.time: rows["time"]}
    laid[table.revenue] = rows["paid" if table.revenue_is == "paid" else "listed"]
    if isinstance(table.margin, str):
        laid[table.margin] = rows["margin" if table.margin_basis == "before_coupon" else "margin_after"]
    laid[table.category or ORDER_COLUMNS["category"]] = rows["category"]
    laid[table.platform or ORDER_COLUMNS["platform"]] = rows["platform"]
    extra = _admitted(table.where, laid, _ORDER_ROLES, len(shown))
    for name, column in extra.items():
        laid[name] = np.where(rows["cancelled"], _CANCELLED, column).astype(object)
    if extra or table.where is None:
        return laid
    return {name: column[~cancelled] for name, column in laid.items()}


_ORDER_ROLES = ("id", "order_id", "time", "revenue", "margin", "category", "platform")


def _admitted(where: Node | None, laid: Collection[str], roles: tuple[str, ...], size: int) -> dict[str, Column]:
    """Return the columns that only a table's ``where`` reads, all with its first level."""
    if where is None:
        return {}
    levels = _levels_of(where)
    missing = [key for key in keys(where) if key not in laid and key not in roles]
    for key in missing:
        if key not in levels:
            message = f"where.{key}: a simulated market has no such number; name a role, or levels of a column"
            raise UsageError(message)
    return {key: np.full(size, levels[key][-1], dtype=object) for key in missing}


def _refunds(sheet: Sheet, table: RefundsTable) -> dict[str, Column]:
    rows = sheet.columns
    laid = {table.order_id: rows["order_id"], table.time: rows["time"], table.amount: rows["amount"]}
    if table.id is not None:
        laid[table.id] = rows["id"]
    return laid | _admitted(table.where, laid, ("id", "order_id", "time", "amount"), len(sheet))


def _coupons(sheet: Sheet, table: CouponsTable) -> dict[str, Column]:
    rows = sheet.columns
    laid = {table.id: rows["id"], table.campaign: rows["campaign"]}
    laid |= {name: rows[role] for role, name in (("tier", table.tier), ("issued", table.issued)) if name is not None}
    laid |= {table.redeemed: rows["redeemed"], table.order_id: rows["order_id"], table.face: rows["face"]}
    if table.our_share is not None:
        laid[table.our_share] = rows["our_share"]
    return laid | _admitted(table.where, laid, tuple(rows), len(sheet))


def _contacts(sheet: Sheet, table: ContactsTable) -> dict[str, Column]:
    rows = sheet.columns
    laid = {table.id: rows["id"], table.campaign: rows["campaign"], table.time: rows["time"]}
    named = (("channel", table.channel), ("cost", table.cost), ("unsubscribed", table.unsubscribed))
    laid |= {name: rows[role] for role, name in named if name is not None}
    if table.delivered is not None:
        laid[table.delivered] = np.ones(len(sheet), dtype=np.bool_)
    return laid | _admitted(table.where, laid, (*rows, "delivered"), len(sheet))


def _service(sheet: Sheet, table: ServiceTable) -> dict[str, Column]:
    rows = sheet.columns
    laid = {table.id: rows["id"], table.time: rows["time"]}
    named = ("complaint", "rating", "reason", "resolved")
    laid |= {name: rows[role] for role in named if (name := getattr(table, role)) is not None}
    return laid | _admitted(table.where, laid, tuple(rows), len(sheet))


def _behaviour(sheet: Sheet, table: BehaviourTable) -> dict[str, Column]:
    """Return the events; a table that names no kind has the visits alone."""
    shown = sheet if table.kind is not None else sheet.take(sheet.columns["kind"] == EVENTS[0])
    rows = shown.columns
    laid = {table.id: rows["id"], table.time: rows["time"]}
    known = {
        "kind": rows["kind"],
        "count": np.ones(len(shown), dtype=np.int64),
        "value": rows["value"],
        "channel": np.full(len(shown), _APP, dtype=object),
    }
    laid |= {name: column for role, column in known.items() if (name := getattr(table, role)) is not None}
    return laid | _admitted(table.where, laid, ("id", "time", *known), len(shown))


_LAYOUTS: Mapping[str, Callable[[Sheet, Any], dict[str, Column]]] = {
    "orders": _orders,
    "refunds": _refunds,
    "coupons": _coupons,
    "contacts": _contacts,
    "service": _service,
    "behaviour": _behaviour,
}
