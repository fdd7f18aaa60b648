"""Orders: lines added up to orders, with what was paid, the list value and the margin before subsidy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.data.engine import micros
from uplift.data.parse import parse_id, parse_number, parse_text, parse_time
from uplift.data.roles.rates import check_pairs, read_rates
from uplift.data.roles.role import Field, RoleTable, check_fields, to_micro
from uplift.errors import DataError
from uplift.spec.tables import MarginRate, RateTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uplift.data.engine import Engine, Expression, Table
    from uplift.data.roles.coupons import CouponsRole
    from uplift.data.sources import RawTable
    from uplift.spec.tables import OrdersTable


@dataclass(frozen=True, slots=True)
class OrdersRole:
    """Orders in the engine.

    Parameters
    ----------
    orders
        One row per order of a known unit: ``order_id``, ``code``, ``us`` (microseconds of the local
        time), and in millionths ``paid``, ``list_value`` and, where a margin is named, ``gross``;
        with coupons also ``couponed`` and ``redeemed`` (a coupon of this campaign).
    n_rows
        Lines read.
    n_unknown
        Lines without an id or with one that is no unit's, left out.
    has_margin
        Whether ``gross`` is there.
    """

    orders: Table
    n_rows: int
    n_unknown: int
    has_margin: bool


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
    coupons
        Redemptions, where there are any.
    """

    role: RoleTable
    form: OrdersTable
    rates: RawTable | None
    index: Table
    coupons: CouponsRole | None


def read_orders_role(engine: Engine, source: OrderSource) -> OrdersRole:
    """Read orders; all of the money terms are settled here, in whole millionths.

    Raises
    ------
    DataError
        When a time, an amount or a rate is missing or cannot be read, an order has two units, or
        no line belongs to a unit.
    """
    lines, n_rows, n_known = _lines(engine, source)
    whole = _add_up(engine, lines, source)
    orders = engine.keep(_with_money(whole, source), "orders")
    engine.drop(lines)
    return OrdersRole(orders, n_rows, n_rows - n_known, source.form.margin is not None)


def _lines(engine: Engine, source: OrderSource) -> tuple[Table, int, int]:
    role, form = source.role, source.form
    fields = _fields(role)
    rate_keys = _rate_keys(form)
    values: dict[str, Expression] = {
        "unit_id": fields["id"].parsed.value,
        "order_id": fields["order_id"].parsed.value,
        "us": micros(fields["time"].parsed.value),
        "revenue": fields["revenue"].parsed.value,
    }
    if "margin" in fields:
        values["margin"] = fields["margin"].parsed.value
    for place, key in enumerate(rate_keys):
        values[f"key_{place}"] = parse_text(role.raw, role.roles.get(key, key))
    table = role.table.select(**values).join(source.index, "unit_id").drop("unit_id")
    if rate_keys:
        table = _with_rates(engine, table, source, rate_keys)
    lines = engine.keep(table, "lines")
    needed = [name for name in ("order_id", "us", "revenue", "margin") if name in lines.columns]
    blanks = {name: lines[name].isnull().sum() for name in needed}
    counts = engine.fetch(lines.aggregate(n=lines.count(), **blanks)).to_pylist()[0]
    if role.raw.is_text or any(counts[name] for name in needed):
        check_fields(engine, role, [field for key, field in fields.items() if key != "id"])
    if rate_keys:
        check_pairs(engine, lines, rate_keys, role.raw.name)
    n_rows = engine.fetch(role.table.aggregate(n=role.table.count()))["n"][0].as_py()
    if n_rows and not counts["n"]:
        raise DataError(_strangers(engine, source, fields["id"]))
    return lines, n_rows, counts["n"]


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


def _add_up(engine: Engine, lines: Table, source: OrderSource) -> Table:
    form = source.form
    values: dict[str, Expression] = {"code": lines.code, "us": lines.us, "amount": to_micro(lines.revenue)}
    rate = _line_rate(form, lines)
    if rate is not None:
        values["margin"] = to_micro(rate * lines.revenue)
        values["rate"] = to_micro(rate)
    elif form.margin is not None:
        values["margin"] = to_micro(lines.margin)
    each = lines.select("order_id", **values)
    counted = engine.fetch(lines.aggregate(n=lines.count(), n_orders=lines.order_id.hash().nunique())).to_pylist()[0]
    # Equal ids have equal hashes: as many hashes as lines means that every order has one line.
    if counted["n"] == counted["n_orders"]:
        return each.mutate(n_lines=1)
    sums = {name: each[name].sum().cast("int64") for name in ("amount", "margin", "rate") if name in values}
    whole = each.group_by("order_id").aggregate(
        code=each.code.min(), last_code=each.code.max(), us=each.us.min(), n_lines=each.count(), **sums
    )
    kept = engine.keep(whole, "whole_orders")
    _check_owners(engine, kept, source)
    return kept


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

    form, coupons = source.form, source.coupons
    zero = ibis.literal(0).cast("int64")
    face, ours = zero, zero
    extra: dict[str, Expression] = {}
    if coupons is not None:
        orders = orders.left_join(coupons.by_order, "order_id").drop("order_id_right")
        face, ours = orders.face.fill_null(0), orders.ours.fill_null(0)
        extra = {"couponed": orders.own.notnull(), "redeemed": orders.own.fill_null(False)}  # noqa: FBT003 - Ibis
    is_paid = form.revenue_is == "paid"
    if form.margin is not None:
        extra["gross"] = _gross(orders, form, face, ours)
    return orders.select(
        "order_id",
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
    on_face = (face > 0).ifelse((face.cast("float64") * rate).round().cast("int64"), 0)
    if form.margin_basis == "before_coupon":
        return orders.margin + on_face if is_paid else orders.margin
    return (orders.margin if is_paid else orders.margin - on_face) + ours
