"""Who can take part: one row per unit, with a code that follows the order of the ids."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.data.arrow import to_numpy
from uplift.data.attributes import type_text
from uplift.data.columns import Array, Columns
from uplift.data.parse import Parsed, parse_flag, parse_id
from uplift.data.roles.role import Field, RoleTable, check_fields
from uplift.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.data.engine import Engine, Table

_ID, _CONSENT = "unit id of the toolkit", "consent of the toolkit"


@dataclass(frozen=True, slots=True, eq=False)
class UnitsRole:
    """The units.

    Parameters
    ----------
    ids : ndarray of object (str), shape (n,)
        All ids, sorted by code point; a unit's code is its position.
    consented : ndarray of bool, shape (n,)
        Who may be contacted; everybody where no consent column is named.
    index
        In the engine: ``unit_id``, ``code``.
    role
        The rows, with free columns typed.
    """

    ids: NDArray[np.object_]
    consented: NDArray[np.bool_]
    index: Table
    role: RoleTable

    @property
    def attribute_names(self) -> tuple[str, ...]:
        """Free columns."""
        hidden = {_ID, _CONSENT, self.role.roles.get("id")}
        return tuple(name for name in self.role.raw.columns if name not in hidden)


def read_units_role(engine: Engine, role: RoleTable) -> UnitsRole:
    """Read ids and consent, and number the units in the order of their ids.

    Raises
    ------
    DataError
        When ids are missing, rounded or not unique, or consent cannot be read.
    """
    import ibis
    import pyarrow as pa

    fields = _fields(role)
    check_fields(engine, role, fields)
    values = {_ID if field.role == "id" else _CONSENT: field.parsed.value for field in fields}
    if "id" not in role.roles:
        values[_ID] = (ibis.row_number() + 1).cast("string")
    table = role.table.mutate(**values)
    shown = table.select(_ID, *([_CONSENT] if _CONSENT in values else [])).order_by(_ID)
    found = engine.fetch(shown)
    ids = to_numpy(found[_ID])
    _check_unique(ids, role)
    consented = np.ones(len(ids), bool)
    if _CONSENT in values:
        consented = np.array(found[_CONSENT].fill_null(False).to_numpy(), bool)  # noqa: FBT003 - Arrow
    rows = pa.table({"unit_id": found[_ID], "code": np.arange(len(ids), dtype=np.int32)})
    typed = type_text(engine, replace(role.raw, table=table), keep=(_ID, role.roles.get("id", _ID)))
    return UnitsRole(ids, consented, engine.put(rows, "units"), replace(role, raw=typed))


def fetch_attributes(engine: Engine, units: UnitsRole, names: Sequence[str]) -> Columns:
    """Return free columns of the units that consented, sorted by id.

    Raises
    ------
    MissingColumnError
        When a column is not there.
    """
    units.role.raw.require(names)
    table = units.role.table
    values: dict[str, Array] = {}
    if names:
        numbered = {f"column_{place}": table[name] for place, name in enumerate(names)}
        found = engine.fetch(table.select(table[_ID], **numbered).order_by(_ID).drop(_ID))
        values = {name: to_numpy(found[f"column_{place}"]) for place, name in enumerate(names)}
    return Columns(units.ids, values).take(units.consented)


def _fields(role: RoleTable) -> list[Field]:
    fields: list[Field] = []
    readers = {"id": parse_id, "consent": parse_flag}
    for key, read in readers.items():
        if key in role.roles:
            parsed: Parsed = read(role.raw, role.roles[key])
            fields.append(Field(key, role.roles[key], parsed, is_required=key == "id"))
    return fields


def _check_unique(ids: NDArray[np.object_], role: RoleTable) -> None:
    twice = np.flatnonzero(ids[1:] == ids[:-1])
    if len(twice):
        message = (
            f"data.units.id (column '{role.roles.get('id')}' of {role.raw.name}): {len(twice)} rows repeat an id, "
            f"first: '{ids[twice[0]]}'; keep one row a unit"
        )
        raise DataError(message)
