"""Behaviour: visits, content, shares, referrals and whatever else customers do besides buying."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.data.engine import micros, to_whole
from uplift.data.parse import parse_id, parse_number, parse_text, parse_time
from uplift.data.roles.role import Field, RoleTable, check_fields, to_micro
from uplift.errors import DataError

if TYPE_CHECKING:
    from uplift.data.engine import Engine, Expression, Table
    from uplift.spec.tables import BehaviourTable


@dataclass(frozen=True, slots=True)
class BehaviourRole:
    """Events in the engine.

    Parameters
    ----------
    events
        One row per event, or run of equal events, of a known unit: ``code``, ``us``, ``kind`` as
        :data:`uplift.spec.tables.EventKind` names it, ``n`` and, where the column is named, ``value`` in
        millionths.
    n_rows
        Rows read.
    n_unknown
        Rows of no unit, left out.
    n_other
        Rows of known units whose kind has no meaning; they are events and nothing more.
    """

    events: Table
    n_rows: int
    n_unknown: int
    n_other: int


def read_behaviour_role(engine: Engine, role: RoleTable, form: BehaviourTable, index: Table) -> BehaviourRole:
    """Read events.

    Raises
    ------
    DataError
        When a cell cannot be read, an event has no time, or a count is below 0 or not whole.
    """
    readers = {"id": parse_id, "time": parse_time, "count": parse_number, "value": parse_number}
    fields = {
        key: Field(key, role.roles[key], read(role.raw, role.roles[key]), is_required=key in {"time", "count"})
        for key, read in readers.items()
        if key in role.roles
    }
    n_rows = check_fields(engine, role, list(fields.values()))
    values = {"unit_id": fields["id"].parsed.value, "us": micros(fields["time"].parsed.value)}
    values["kind"] = _kind(role, form)
    values["count"] = fields["count"].parsed.value if "count" in fields else 1.0
    if "value" in fields:
        values["value"] = to_micro(fields["value"].parsed.value.fill_null(0.0))
    known = role.table.select(**values).join(index, "unit_id").drop("unit_id")
    events = engine.keep(
        known.mutate(n=to_whole(known["count"]), is_odd=_is_odd(known["count"])).drop("count"), "events"
    )
    sums = {"n": events.count(), "n_odd": events.is_odd.sum(), "n_other": events.count(where=events.kind == "other")}
    found = engine.fetch(events.aggregate(**sums)).to_pylist()[0]
    if found["n_odd"]:
        message = (
            f"data.behaviour.count (column '{form.count}' of {role.raw.name}): {found['n_odd']} of {found['n']} rows "
            "are below 0 or not whole; a count is a number of events"
        )
        raise DataError(message)
    return BehaviourRole(events.drop("is_odd"), n_rows, n_rows - found["n"], found["n_other"])


def _is_odd(count: Expression) -> Expression:
    return (count < 0) | (count != count.floor())


def _kind(role: RoleTable, form: BehaviourTable) -> Expression:
    import ibis

    if "kind" not in role.roles:
        return ibis.literal("visit")
    written = parse_text(role.raw, role.roles["kind"]).lower()
    meanings = {name.lower(): kind for name, kind in form.kind_names.items()}
    return written.cases(*meanings.items(), else_="other")
