"""Orders: lines added up to orders, with what was paid, the list value and the margin before subsidy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.data.engine import hash_text, micros, to_whole
from uplift.data.parse import parse_id, parse_number, parse_text, parse_time
from uplift.data.roles.rates import check_pairs, read_rates
from uplift.data.roles.role import Field, RoleTable, check_fields, to_micro
from uplift.errors import DataError
from uplift.spec.tables import MarginRate, RateTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uplift.data.engine import Engine, Expression, Table
    from uplift.data.sources import RawTable
    from uplift.spec.tables import OrdersTable


@dataclass(frozen=True, slots=True)
class OrdersRole:
    """Orders in the engine.

    Parameters
    ----------
    orders
        One row per order of a known unit: ``code``, ``us`` (microseconds of the local time), and in
        millionths ``paid``, ``list_value`` and, where a margin is named, ``gross``; with coupons also
        ``couponed`` and ``redeemed`` (a coupon of this campaign), with marks ``mark``, and, where the
        campaign's platforms are known, ``elsewhere`` (bought on another one).
    n_rows
        Lines read.
    n_unknown
        Lines without an id or with one that is no unit's, left out.
    has_margin
        Whether ``gross`` is there.
    is_single
        Whether every line is an order of its own.
    """

    orders: Table
    n_rows: int
    n_unknown: int
    has_margin: bool
    is_single: bool


@dataclass(frozen=True, slots=True)
class OrderSource:
    """What orders are made from.

    Parameters
    ----------
    role
        The lines.
    form
        What the spec says of them.
    rates
        The table of rates, where the margin is looked up.
    index
        Codes of the units.
    marks
        Orders that refunds or coupons name: ``order_id``, ``mark`` and, with coupons, their ``face``,
        ``ours`` and ``own``; None without either. Only these keep their id, as text is most of an order.
    home
        Platforms on which the campaign runs; empty where nothing says so.
    """

    role: RoleTable
    form: OrdersTable
    rates: RawTable | None
    index: Table
    marks: Table | None
    home: tuple[str, ...] = ()


def read_orders_role(engine: Engine, source: OrderSource) -> OrdersRole:
    """Read orders; all of the money terms are settled here, in whole millionths.

    Raises
    ------
    DataError
        When a time, an amount or a rate is missing or cannot be read, an order has two units, or
        no line belongs to a unit.
    """
    fields = _fields(source.role)
    lines = _lines(engine, source, fields)
    ids = _IdCount.of(engine, source.role.table.select(h=hash_text(fields["order_id"].parsed.value)))
    if ids.is_distinct:
        orders = engine.keep(_with_money(_in_micros(lines, source).mutate(n_lines=1), source), "orders")
        n_known = _check_cells(engine, source, fields, orders, lines)
    else:
        kept = engine.keep(lines, "lines")
        n_known = _check_cells(engine, source, fields, kept, kept)
        whole = engine.keep(_add_up(_in_micros(kept, source)), "whole_orders")
        engine.drop(kept)
        _check_owners(engine, whole, source)
        orders = engine.keep(_with_money(whole, source), "orders")
        engine.drop(whole)
    if ids.n_rows and not n_known:
        raise DataError(_strangers(engine, source, fields["id"]))
    has_margin = source.form.margin is not None
    return OrdersRole(orders, ids.n_rows, ids.n_rows - n_known, has_margin, ids.is_distinct)


@dataclass(frozen=True, slots=True)
class _IdCount:
    """How many lines there are, and whether each is an order of its own."""

    n_rows: int
    is_distinct: bool

    @classmethod
    def of(cls, engine: Engine, hashes: Table) -> _IdCount:
        """Sort the hashes of order ids: equal ids have equal hashes, so that no two are equal only if no ids are."""
        found = engine.fetch(hashes)["h"]
        if found.null_count:
            return cls(len(found), is_distinct=False)
        ordered = np.sort(found.to_numpy())
        return cls(len(found), is_distinct=not bool(np.any(ordered[1:] == ordered[:-1])))


def _lines(engine: Engine, source: OrderSource, fields: Mapping[str, Field]) -> Table:
    role = source.role
    rate_keys = _rate_keys(source.form)
    values: dict[str, Expression] = {
        "unit_id": fields["id"].parsed.value,
        "order_id": fields["order_id"].parsed.value,
        "us": micros(fields["time"].parsed.value),
        "revenue": fields["revenue"].parsed.value,
    }
    if "margin" in fields:
        values["margin"] = fields["margin"].parsed.value
    if source.home and "platform" in role.roles:
        platform = parse_text(role.raw, role.roles["platform"])
        values["elsewhere"] = ~platform.isin(source.home).fill_null(True)  # noqa: FBT003 - Ibis
    for place, key in enumerate(rate_keys):
        values[f"key_{place}"] = parse_text(role.raw, role.roles.get(key, key))
    table = role.table.select(**values).join(source.index, "unit_id").drop("unit_id")
    return _with_rates(engine, table, source, rate_keys) if rate_keys else table


def _check_cells(engine: Engine, source: OrderSource, fields: Mapping[str, Field], found: Table, lines: Table) -> int:
    """Refuse cells that are missing or cannot be read, and return the number of rows in ``found``."""
    needed = [name for name in ("order_id", "us", "revenue", "margin", "paid", "gross") if name in found.columns]
    blanks = {name: found[name].isnull().sum() for name in needed}
    counts = engine.fetch(found.aggregate(n=found.count(), **blanks)).to_pylist()[0]
    if source.role.raw.is_text or any(counts[name] for name in needed):
        check_fields(engine, source.role, [field for key, field in fields.items() if key != "id"])
    rate_keys = _rate_keys(source.form)
    if rate_keys:
        check_pairs(engine, lines, rate_keys, source.role.raw.name)
    return int(counts["n"])


def _fields(role: RoleTable) -> Mapping[str, Field]:
    readers = {
        "id": parse_id,
        "order_id": parse_id,
        "time": parse_time,
        "revenue": parse_number,
        "margin": parse_number,
    }
    return {
        key: Field(key, role.roles[key], read(role.raw, role.roles[key]))
        for key, read in readers.items()
        if key in role.roles
    }


def _rate_keys(form: OrdersTable) -> tuple[str, ...]:
    rate = form.margin.rate if isinstance(form.margin, MarginRate) else None
    return rate.by if isinstance(rate, RateTable) else ()


def _with_rates(engine: Engine, table: Table, source: OrderSource, keys: tuple[str, ...]) -> Table:
    form, raw = source.form.margin, source.rates
    if not isinstance(form, MarginRate) or not isinstance(form.rate, RateTable) or raw is None:
        message = "data.orders.margin.rate: the table of rates was not read"
        raise DataError(message)
    choices = [tuple(dict.fromkeys((key, source.role.roles.get(key, key)))) for key in keys]
    rates = read_rates(engine, raw, choices, form.rate.value)
    return table.left_join(rates, [f"key_{place}" for place in range(len(keys))])


def _strangers(engine: Engine, source: OrderSource, field: Field) -> str:
    found = engine.fetch(source.role.table.aggregate(first=field.parsed.value.min()))["first"][0].as_py()
    unit = engine.fetch(source.index.aggregate(first=source.index.unit_id.min()))["first"][0].as_py()
    return (
        f"data.orders.id (column '{field.column}' of {source.role.raw.name}): no order belongs to a unit; "
        f"ids there are like '{found}', in units like '{unit}': name the column that holds the same ids"
    )


def _in_micros(lines: Table, source: OrderSource) -> Table:
    form = source.form
    values: dict[str, Expression] = {"code": lines.code, "us": lines.us, "amount": to_micro(lines.revenue)}
    rate = _line_rate(form, lines)
    if rate is not None:
        values["margin"] = to_micro(rate * lines.revenue)
        values["rate"] = to_micro(rate)
    elif form.margin is not None:
        values["margin"] = to_micro(lines.margin)
    if "elsewhere" in lines.columns:
        values["elsewhere"] = lines.elsewhere
    return lines.select("order_id", **values)


def _add_up(each: Table) -> Table:
    sums = {name: each[name].sum().cast("int64") for name in ("amount", "margin", "rate") if name in each.columns}
    if "elsewhere" in each.columns:
        sums["elsewhere"] = each.elsewhere.any()
    return each.group_by("order_id").aggregate(
        code=each.code.min(), last_code=each.code.max(), us=each.us.min(), n_lines=each.count(), **sums
    )


def _line_rate(form: OrdersTable, lines: Table) -> Expression | None:
    if not isinstance(form.margin, MarginRate):
        return None
    return lines.rate if isinstance(form.margin.rate, RateTable) else float(form.margin.rate) + 0.0 * lines.revenue


def _check_owners(engine: Engine, orders: Table, source: OrderSource) -> None:
    shared = orders.filter(orders.code != orders.last_code)
    found = engine.fetch(shared.aggregate(n=shared.count(), first=shared.order_id.min())).to_pylist()[0]
    if found["n"]:
        message = (
            f"data.orders.order_id (column '{source.form.order_id}' of {source.role.raw.name}): {found['n']} orders "
            f"have lines of two units, first: '{found['first']}'; make order ids unique, for example with the "
            "platform in front"
        )
        raise DataError(message)


def _with_money(orders: Table, source: OrderSource) -> Table:
    import ibis

    form, marks = source.form, source.marks
    zero = ibis.literal(0).cast("int64")
    face, ours = zero, zero
    extra: dict[str, Expression] = {}
    if marks is not None:
        orders = orders.left_join(marks, "order_id").drop("order_id_right")
        extra["mark"] = orders.mark
    if marks is not None and "own" in marks.columns:
        face, ours = orders.face.fill_null(0), orders.ours.fill_null(0)
        extra |= {"couponed": orders.own.notnull(), "redeemed": orders.own.fill_null(False)}  # noqa: FBT003 - Ibis
    if "elsewhere" in orders.columns:
        extra["elsewhere"] = orders.elsewhere
    is_paid = form.revenue_is == "paid"
    if form.margin is not None:
        extra["gross"] = _gross(orders, form, face, ours)
    return orders.select(
        "code",
        "us",
        paid=orders.amount if is_paid else orders.amount - face,
        list_value=orders.amount + face if is_paid else orders.amount,
        **extra,
    )


def _gross(orders: Table, form: OrdersTable, face: Expression, ours: Expression) -> Expression:
    """Return the margin before subsidy: on the list value, or after coupons with our part put back."""
    is_paid = form.revenue_is == "paid"
    if not isinstance(form.margin, MarginRate):
        return orders.margin if form.margin_basis == "before_coupon" else orders.margin + ours
    # The face takes the mean rate of what was paid, or of the lines where nothing was.
    mean = orders.rate.cast("float64") / 1e6 / orders.n_lines
    rate = (orders.amount > 0).ifelse(orders.margin.cast("float64") / orders.amount.cast("float64"), mean)
    on_face = (face > 0).ifelse(to_whole(face.cast("float64") * rate), 0)
    if form.margin_basis == "before_coupon":
        return orders.margin + on_face if is_paid else orders.margin
    return (orders.margin if is_paid else orders.margin - on_face) + ours
