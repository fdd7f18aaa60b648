"""What units did in a window: sums per unit, one query per source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from uplift.data.arrow import to_numpy
from uplift.data.engine import to_whole
from uplift.data.window import DAY, MICRO, FactWindow, discount_factors, to_micros

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from uplift.data.columns import Array
    from uplift.data.engine import Engine, Expression, Table

LAST_DAYS = 30
"""Days before the end of the window in which an order means that the unit is still there."""

OF_REFUNDS = frozenset({"refunded", "returned_margin", "refunded_orders"})
OF_SUBSIDIES = frozenset({"subsidy"})
OF_CONTACTS = frozenset({"contacts", "contact_cost", "unsubscribed"})
OF_SERVICE = frozenset({"tickets", "complaints", "ratings", "rating_sum"})
OF_RATINGS = frozenset({"rating_last"})
OF_EVENTS = frozenset({"events", "visits", "content_events", "shares", "referrals"})
OF_BEHAVIOUR = OF_EVENTS | {"content_value", "referral_value"}
OF_BASKETS = frozenset({"cross_category_30d"})
OF_OTHERS = OF_REFUNDS | OF_SUBSIDIES | OF_CONTACTS | OF_SERVICE | OF_RATINGS | OF_BEHAVIOUR | OF_BASKETS
"""Facts that come from a table of their own; all others come from the orders."""

OF_ALL = OF_REFUNDS | OF_SUBSIDIES | OF_CONTACTS
"""Facts of their own tables that are summed when nothing is named; tickets, events and categories are not."""

Names: TypeAlias = frozenset[str] | None
"""Which facts are wanted; None means those of orders, refunds, coupons and contacts."""

STEPPED = frozenset(
    {
        *("orders", "couponed_orders", "redeemed_orders", "revenue", "list_value", "redeemed_revenue"),
        *("gross_margin", "organic_margin", "couponed_margin", "redeemed_margin"),
        *("refunded", "returned_margin", "subsidy", "contacts", "contact_cost", "other_platform_margin"),
        *OF_SERVICE,
        *OF_BEHAVIOUR,
    }
)
"""Facts that are sums over rows, so that those of the steps of a window add up to that of the window."""

_COUNTS = OF_EVENTS | {
    *("orders", "couponed_orders", "redeemed_orders", "orders_last_30", "contacts", "unsubscribed"),
    *("tickets", "complaints", "ratings", "cross_category_30d", "refunded_orders"),
}


@dataclass(frozen=True, slots=True)
class Span:
    """A window in the engine.

    Parameters
    ----------
    window
        As it was asked for.
    moments
        ``code`` and ``t0`` in microseconds per unit; None when all share ``t0``.
    t0
        The shared moment in microseconds; 0 when each unit has its own.
    factors
        ``day`` and ``factor``; None without discounting.
    step_days
        Sums are by unit and by steps of so many days from the window's start; None means one sum a unit.
    """

    window: FactWindow
    moments: Table | None
    t0: int
    factors: Table | None
    step_days: int | None = None

    def rows(self, table: Table, time: str = "us") -> Table:
        """Return the rows inside the window, with ``t0``, ``factor`` and, where there are steps, ``step``."""
        import ibis

        if self.moments is not None:
            table = table.join(self.moments, "code")
        else:
            table = table.mutate(t0=ibis.literal(self.t0).cast("int64"))
        t0 = table.t0 if self.moments is not None else self.t0
        inside = [table[time] >= t0 + self.window.start_day * DAY, table[time] < t0 + self.window.end_day * DAY]
        if self.window.through is not None:
            inside.append(table[time] < to_micros(self.window.through))
        table = table.filter(*inside)
        first = self.window.start_day
        if self.step_days is not None:
            table = table.mutate(step=(table[time] - table.t0 - first * DAY) // (self.step_days * DAY))
        if self.factors is None:
            return table.mutate(factor=1.0)
        day = ((table[time] - table.t0 - first * DAY) // DAY).cast("int64") + first
        return table.mutate(day=day).join(self.factors, "day").drop("day")

    def forget(self, engine: Engine) -> None:
        """Take the tables of the span out of the engine."""
        for table in (self.moments, self.factors):
            if table is not None:
                engine.forget(table)

    def money(self, table: Table, amount: Expression) -> Expression:
        """Return an amount in whole millionths, discounted row by row."""
        if self.factors is None:
            return amount
        return to_whole(amount.cast("float64") * table.factor)


def make_span(engine: Engine, window: FactWindow, codes: NDArray[np.intp], *, step_days: int | None = None) -> Span:
    """Bring a window into the engine; ``codes`` are those of the ids that ``window.t0`` is aligned with."""
    import pyarrow as pa

    factors = None
    if window.annual_discount_rate > 0:
        factor = discount_factors(window.annual_discount_rate, window.start_day, window.end_day)
        days = np.arange(window.start_day, window.end_day)
        factors = engine.put(pa.table({"day": days, "factor": factor}), "factors")
    if not isinstance(window.t0, np.ndarray):
        return Span(window, None, to_micros(window.t0), factors, step_days)
    t0 = window.t0.astype("datetime64[us]").astype(np.int64)
    if len(t0) and bool(np.all(t0 == t0[0])):
        return Span(window, None, int(t0[0]), factors, step_days)
    moments = engine.put(pa.table({"code": codes.astype(np.int32), "t0": t0}), "moments")
    return Span(window, moments, 0, factors, step_days)


def sum_orders(engine: Engine, orders: Table, span: Span, names: Names = None) -> dict[str, Array]:
    """Return sums of orders by ``code``; days since the last order are in microseconds."""
    rows = span.rows(orders)
    end = rows.t0 + span.window.end_day * DAY
    sums = {
        "orders": rows.count(),
        "revenue": span.money(rows, rows.paid).sum(),
        "list_value": span.money(rows, rows.list_value).sum(),
        "orders_last_30": rows.count(where=rows.us >= end - LAST_DAYS * DAY),
        "last_order_days": (end - rows.us).min(),
    }
    if "couponed" in rows.columns:
        sums["couponed_orders"] = rows.count(where=rows.couponed)
        sums["redeemed_orders"] = rows.count(where=rows.redeemed)
        sums["redeemed_revenue"] = span.money(rows, rows.paid).sum(where=rows.redeemed)
    if "gross" in rows.columns:
        gross = span.money(rows, rows.gross)
        sums["gross_margin"] = gross.sum()
        if "couponed" in rows.columns:
            sums["organic_margin"] = gross.sum(where=~rows.couponed)
            sums["couponed_margin"] = gross.sum(where=rows.couponed)
            sums["redeemed_margin"] = gross.sum(where=rows.redeemed)
        if "elsewhere" in rows.columns:
            sums["other_platform_margin"] = gross.sum(where=rows.elsewhere)
    return sum_by_code(engine, rows, sums, names)


def sum_refunds(engine: Engine, refunds: Table, span: Span, names: Names = None) -> dict[str, Array]:
    """Return by ``code`` what was refunded of the window's orders, and the margin lost with it."""
    rows = span.rows(refunds)
    window = span.window
    known = rows.refund_us < rows.t0 + (window.end_day + window.settle_days) * DAY
    if window.through is not None:
        known &= rows.refund_us < to_micros(window.through)
    rows = rows.filter(known)
    firsts = {name: rows[name].min() for name in ("code", "step", "paid", "gross", "factor") if name in rows.columns}
    orders = rows.group_by("order_id").aggregate(amount=rows.amount.sum().cast("int64"), **firsts)
    sums = {"refunded": span.money(orders, orders.amount).sum()}
    if "gross" in firsts:
        part = (orders.amount < orders.paid).ifelse(orders.amount.cast("float64") / orders.paid.cast("float64"), 1.0)
        part = (orders.amount == 0).ifelse(0.0, part)
        sums["returned_margin"] = to_whole(orders.gross.cast("float64") * part * orders.factor).sum()
    if names is not None:
        sums["refunded_orders"] = orders.count()
    return sum_by_code(engine, orders, sums, names)


def sum_subsidies(engine: Engine, subsidies: Table, span: Span, names: Names = None) -> dict[str, Array]:
    """Return by ``code`` our part of the face of this campaign's redemptions."""
    rows = span.rows(subsidies)
    return sum_by_code(engine, rows, {"subsidy": span.money(rows, rows.ours).sum()}, names)


def sum_by_code(engine: Engine, rows: Table, sums: Mapping[str, Expression], names: Names) -> dict[str, Array]:
    """Return the sums that are wanted by ``code`` and, where there are steps, by ``step``, as integers."""
    wide = {name: value.fill_null(0).cast("int64") for name, value in sums.items() if names is None or name in names}
    if not wide:
        return {}
    keys = [key for key in ("code", "step") if key in rows.columns]
    found = engine.fetch(rows.group_by(keys).aggregate(**wide))
    return {name: to_numpy(found[name]) for name in found.column_names}


def place_facts(found: Mapping[str, Array], codes: NDArray[np.intp], n_units: int) -> dict[str, Array]:
    """Return sums by code as columns of the ids asked for: money in currency units, counts as integers.

    Parameters
    ----------
    found
        ``code`` and sums, each of shape (m,).
    codes : ndarray of intp, shape (n,)
        Codes of the ids.
    n_units
        Number of codes.
    """
    placed: dict[str, Array] = {}
    for name, values in found.items():
        if name == "code":
            continue
        whole = np.zeros(n_units, np.int64)
        whole[found["code"]] = values
        if name == "last_order_days":
            seen = np.zeros(n_units, bool)
            seen[found["code"]] = True
            placed[name] = np.where(seen, whole / DAY, np.nan)[codes]
        else:
            placed[name] = whole[codes] if name in _COUNTS else whole[codes] / MICRO
    return placed


def place_steps(found: Mapping[str, Array], name: str, codes: NDArray[np.intp], shape: tuple[int, int]) -> Array:
    """Return one fact by code and step as float64 of the ids asked for, shape (n, n_steps).

    Parameters
    ----------
    found
        ``code``, ``step`` and the fact, each of shape (m,).
    name
        The fact; money is in currency units.
    codes : ndarray of intp, shape (n,)
        Codes of the ids.
    shape
        Number of codes, and of steps.
    """
    whole = np.zeros(shape, np.int64)
    if found:
        whole[found["code"], found["step"]] = found[name]
    return whole[codes] / (1 if name in _COUNTS else MICRO)
