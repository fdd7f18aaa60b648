"""Contacts: touches of this campaign, what each cost, and who unsubscribed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.data.engine import micros
from uplift.data.parse import parse_flag, parse_id, parse_number, parse_text, parse_time
from uplift.data.roles.role import Field, RoleTable, check_fields, to_micro

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uplift.data.engine import Engine, Table


@dataclass(frozen=True, slots=True)
class ContactsRole:
    """Contacts in the engine.

    Parameters
    ----------
    contacts
        One row per touch of this campaign to a known unit: ``code``, ``us``, and, where the columns
        are named, ``cost`` in millionths and ``unsubscribed``.
    n_rows
        Rows read, of every campaign.
    """

    contacts: Table
    n_rows: int


def read_contacts_role(engine: Engine, role: RoleTable, index: Table, codes: Sequence[str]) -> ContactsRole:
    """Read the touches of this campaign; one without a time was not sent and is left out.

    Raises
    ------
    DataError
        When a cell cannot be read.
    """
    readers = {"id": parse_id, "time": parse_time, "cost": parse_number, "unsubscribed": parse_flag}
    fields = {
        key: Field(key, role.roles[key], read(role.raw, role.roles[key]), is_required=False)
        for key, read in readers.items()
        if key in role.roles
    }
    n_rows = check_fields(engine, role, list(fields.values()))
    values = {"unit_id": fields["id"].parsed.value, "us": micros(fields["time"].parsed.value)}
    if "cost" in fields:
        values["cost"] = to_micro(fields["cost"].parsed.value.fill_null(0.0))
    if "unsubscribed" in fields:
        values["unsubscribed"] = fields["unsubscribed"].parsed.value.fill_null(False)  # noqa: FBT003 - Ibis
    own = role.table.filter(parse_text(role.raw, role.roles["campaign"]).isin(list(codes))).select(**values)
    known = own.filter(own.us.notnull()).join(index, "unit_id").drop("unit_id")
    return ContactsRole(engine.keep(known, "contacts"), n_rows)


def read_touches(role: RoleTable, index: Table) -> Table:
    """Return the touches of every campaign to known units: ``code``, ``us`` and, where named, ``unsubscribed``.

    The cells are read as :func:`read_contacts_role` reads and checks them.
    """
    values = {"unit_id": parse_id(role.raw, role.roles["id"]).value}
    values["us"] = micros(parse_time(role.raw, role.roles["time"]).value)
    if "unsubscribed" in role.roles:
        flag = parse_flag(role.raw, role.roles["unsubscribed"]).value
        values["unsubscribed"] = flag.fill_null(False)  # noqa: FBT003 - Ibis
    every = role.table.select(**values)
    return every.filter(every.us.notnull()).join(index, "unit_id").drop("unit_id")
