"""Service: tickets of customers, whether each complains, and how satisfied they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.data.engine import micros
from uplift.data.parse import parse_flag, parse_id, parse_number, parse_time
from uplift.data.roles.role import Field, RoleTable, check_fields, to_micro

if TYPE_CHECKING:
    from uplift.data.engine import Engine, Table


@dataclass(frozen=True, slots=True)
class ServiceRole:
    """Tickets in the engine.

    Parameters
    ----------
    tickets
        One row per ticket of a known unit: ``code``, ``us`` and, where the columns are named,
        ``complaint`` (flag) and ``rating`` in millionths, null where nobody rated.
    n_rows
        Rows read.
    n_unknown
        Rows of no unit, left out.
    """

    tickets: Table
    n_rows: int
    n_unknown: int


def read_service_role(engine: Engine, role: RoleTable, index: Table) -> ServiceRole:
    """Read tickets; one that does not say whether it complains does not.

    Raises
    ------
    DataError
        When a cell cannot be read, or a ticket has no time.
    """
    readers = {"id": parse_id, "time": parse_time, "complaint": parse_flag, "rating": parse_number}
    fields = {
        key: Field(key, role.roles[key], read(role.raw, role.roles[key]), is_required=key == "time")
        for key, read in readers.items()
        if key in role.roles
    }
    n_rows = check_fields(engine, role, list(fields.values()))
    values = {"unit_id": fields["id"].parsed.value, "us": micros(fields["time"].parsed.value)}
    if "complaint" in fields:
        values["complaint"] = fields["complaint"].parsed.value.fill_null(False)  # noqa: FBT003 - Ibis
    if "rating" in fields:
        values["rating"] = to_micro(fields["rating"].parsed.value)
    tickets = engine.keep(role.table.select(**values).join(index, "unit_id").drop("unit_id"), "tickets")
    n_known = engine.fetch(tickets.aggregate(n=tickets.count()))["n"][0].as_py()
    return ServiceRole(tickets, n_rows, n_rows - n_known)
