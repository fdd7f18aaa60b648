"""Which categories units bought, order by order, and who came back for another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.data.engine import hash_text, micros
from uplift.data.facts import sum_by_code
from uplift.data.parse import parse_id, parse_number, parse_text, parse_time
from uplift.data.roles.role import to_micro
from uplift.data.window import DAY

if TYPE_CHECKING:
    from uplift.data.columns import Array
    from uplift.data.engine import Engine, Table
    from uplift.data.facts import Names, Span
    from uplift.data.roles.role import RoleTable

REPURCHASE_DAYS = 30
"""Days after an order within which the next one is a repurchase."""


@dataclass(frozen=True, slots=True)
class Baskets:
    """Categories of orders in the engine.

    Parameters
    ----------
    rows
        One row per order and category: ``code``, ``us`` of the order, ``oid`` (a number of the order),
        ``category`` (its place in ``names``) and ``amount`` in millionths as written under ``revenue``.
    names
        Categories in order of code points.
    """

    rows: Table
    names: tuple[str, ...]


def read_baskets(engine: Engine, role: RoleTable, index: Table, *, is_single: bool) -> Baskets:
    """Read the categories of the orders of known units; lines without a category are left out.

    The cells were checked when the orders were read, and ``is_single`` says whether each line is an order.
    """
    import pyarrow as pa

    raw, roles = role.raw, role.roles
    lines = role.table.select(
        unit_id=parse_id(raw, roles["id"]).value,
        oid=hash_text(parse_id(raw, roles["order_id"]).value),
        us=micros(parse_time(raw, roles["time"]).value),
        label=parse_text(raw, roles["category"]),
        amount=to_micro(parse_number(raw, roles["revenue"]).value),
    ).join(index, "unit_id")
    found = engine.fetch(lines.select("label").distinct())["label"].to_pylist()
    names = tuple(sorted(name for name in found if name is not None))
    shown = engine.put(pa.table({"label": pa.array(names, pa.string()), "category": range(len(names))}), "categories")
    known = lines.join(shown, "label").select("code", "oid", "category", "us", "amount")
    if not is_single:
        # An order is as old as its first line, whatever that line's category.
        times = lines.group_by("oid").aggregate(us=lines.us.min())
        known = known.drop("us").join(times, "oid")
        known = known.group_by(["code", "oid", "category"]).aggregate(
            us=known.us.min(), amount=known.amount.sum().cast("int64")
        )
    kept = engine.keep(known, "baskets")
    engine.forget(shown)
    return Baskets(kept, names)


def sum_baskets(engine: Engine, baskets: Table, span: Span, names: Names = None) -> dict[str, Array]:
    """Return by ``code`` whether a later order, within 30 days, holds a category that the earlier one lacks."""
    rows = cross_category(span.rows(baskets))
    return sum_by_code(engine, rows, {"cross_category_30d": rows.crosses.any().cast("int64")}, names)


def cross_category(rows: Table) -> Table:
    """Return the rows with ``crosses``: whether an order of the 30 days before lacks the row's category."""
    import ibis

    within = {"order_by": "us", "preceding": (REPURCHASE_DAYS * DAY, 1)}
    place = ibis.row_number().over(group_by=["code", "oid"], order_by="category")
    rows = rows.mutate(is_first=(place == 0).cast("int64"))
    earlier = rows.is_first.sum().over(ibis.range_window(group_by="code", **within))
    alike = rows.is_first.count().over(ibis.range_window(group_by=["code", "category"], **within))
    return rows.mutate(crosses=(earlier.fill_null(0) > alike.fill_null(0)))
