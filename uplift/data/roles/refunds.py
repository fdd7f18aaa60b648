"""Refunds: what came back on an order, each at its own time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.data.engine import micros
from uplift.data.parse import parse_id, parse_number, parse_time
from uplift.data.roles.role import Field, RoleTable, check_fields, to_micro
from uplift.errors import DataError

if TYPE_CHECKING:
    from uplift.data.engine import Engine, Table


@dataclass(frozen=True, slots=True)
class RefundsRole:
    """Refunds in the engine.

    Parameters
    ----------
    refunds
        One row per refund of a known order: ``code``, ``order_id``, ``us`` of the order,
        ``refund_us``, ``amount``, and the order's ``paid`` and, where known, ``gross``.
    n_rows
        Rows read.
    n_unpaid
        Rows without a time: asked for and not paid back, left out.
    n_unknown
        Rows of orders that are not there, left out.
    """

    refunds: Table
    n_rows: int
    n_unpaid: int
    n_unknown: int


def refunded_orders(role: RoleTable) -> Table:
    """Return the ids of orders that refunds name, as ``order_id``."""
    return role.table.select(order_id=parse_id(role.raw, role.roles["order_id"]).value)


def read_refunds_role(engine: Engine, role: RoleTable, orders: Table) -> RefundsRole:
    """Read refunds and tie them to their orders, which need only be those that :func:`refunded_orders` names.

    Raises
    ------
    DataError
        When an amount is missing or below 0, or a time cannot be read.
    """
    readers = {"order_id": parse_id, "time": parse_time, "amount": parse_number}
    fields = {
        key: Field(key, role.roles[key], read(role.raw, role.roles[key]), is_required=key != "time")
        for key, read in readers.items()
    }
    n_rows = check_fields(engine, role, list(fields.values()))
    paid_back = role.table.select(
        order_id=fields["order_id"].parsed.value,
        refund_us=micros(fields["time"].parsed.value),
        amount=to_micro(fields["amount"].parsed.value),
    )
    paid_back = paid_back.filter(paid_back.refund_us.notnull())
    found = engine.fetch(paid_back.aggregate(n=paid_back.count(), least=paid_back.amount.min())).to_pylist()[0]
    if found["n"] and found["least"] < 0:
        message = (
            f"data.refunds.amount of {role.raw.name}: the least amount is {found['least'] / 1e6}, must be 0 or more"
        )
        raise DataError(message)
    wanted = [name for name in ("order_id", "code", "us", "paid", "gross") if name in orders.columns]
    known = engine.keep(paid_back.join(orders.select(*wanted), "order_id"), "refunds")
    n_known = engine.fetch(known.aggregate(n=known.count()))["n"][0].as_py()
    return RefundsRole(known, n_rows, n_rows - found["n"], found["n"] - n_known)
