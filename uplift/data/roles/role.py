"""What the roles share: columns by their place in the spec, and one check of all cells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from uplift.data.condition import compile_condition
from uplift.data.engine import to_whole
from uplift.data.window import MICRO
from uplift.errors import DataError, MissingColumnError
from uplift.spec.condition import keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uplift.data.engine import Engine, Expression, Table
    from uplift.data.parse import Parsed
    from uplift.data.sources import RawTable
    from uplift.spec.condition import Node


@dataclass(frozen=True, slots=True)
class Field:
    """A column that plays a part.

    Parameters
    ----------
    role
        Key in the spec, for example ``time``.
    column
        Name in the table.
    parsed
        How it is read.
    is_required
        Whether a row without a value is refused.
    """

    role: str
    column: str
    parsed: Parsed
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class RoleTable:
    """The raw rows of a role, after its ``where``.

    Parameters
    ----------
    name
        ``units``, ``orders``, ...
    raw
        The rows.
    roles
        Key in the spec to name of the column.
    """

    name: str
    raw: RawTable
    roles: Mapping[str, str]

    @property
    def table(self) -> Table:
        """The engine's view of the rows."""
        return self.raw.table


def open_role(name: str, raw: RawTable, roles: Mapping[str, str | None], where: Node | None) -> RoleTable:
    """Check the columns of a role and keep the rows that its condition asks for.

    Raises
    ------
    MissingColumnError
        Naming every missing column by its place in the spec.
    """
    given = {role: column for role, column in roles.items() if column is not None}
    problems = [
        str(MissingColumnError.among(column, f"{raw.name}, named by data.{name}.{role}", raw.columns))
        for role, column in given.items()
        if column not in raw.columns
    ]
    for key in keys(where) if where is not None else ():
        if given.get(key, key) not in raw.columns:
            place = f"{raw.name}, named by data.{name}.where"
            problems.append(str(MissingColumnError.among(given.get(key, key), place, raw.columns)))
    if problems:
        raise MissingColumnError("\n".join(problems))
    if where is not None:
        raw = replace(raw, table=raw.table.filter(compile_condition(where, raw, given)))
    return RoleTable(name, raw, given)


def check_fields(engine: Engine, role: RoleTable, fields: Sequence[Field], *, rows: Expression = None) -> int:
    """Refuse cells that cannot be read or are missing, all in one query.

    Parameters
    ----------
    engine
        The engine that holds the table.
    role
        The table.
    fields
        What to check.
    rows
        Predicate of the rows that matter; None means all.

    Returns
    -------
    int
        Number of rows, whether they matter or not.

    Raises
    ------
    DataError
        Naming each column at fault, how many rows, and the first bad value.
    """
    sums = {"n": role.table.count()}
    for place, field in enumerate(fields):
        parsed = field.parsed
        bad = parsed.bad if rows is None else parsed.bad & rows
        blank = parsed.value.isnull() & ~parsed.bad
        sums[f"bad_{place}"] = bad.sum()
        # Cells are spelt out only where they are bad.
        sums[f"first_{place}"] = bad.ifelse(parsed.written, None).min()
        sums[f"blank_{place}"] = (blank if rows is None else blank & rows).sum()
    found = engine.fetch(role.table.aggregate(**sums)).to_pylist()[0]
    problems = []
    for place, field in enumerate(fields):
        where = f"data.{role.name}.{field.role} (column '{field.column}' of {role.raw.name})"
        if n_bad := found[f"bad_{place}"] or 0:
            first = found[f"first_{place}"]
            problems.append(
                f"{where}: {n_bad} of {found['n']} rows cannot be read, first: '{first}'; {field.parsed.remedy}"
            )
        if field.is_required and (n_blank := found[f"blank_{place}"] or 0):
            problems.append(
                f"{where}: {n_blank} of {found['n']} rows have no value; fill them, "
                f"or keep them out with data.{role.name}.where"
            )
    if problems:
        raise DataError("\n".join(problems))
    return int(found["n"])


def to_micro(amount: Expression) -> Expression:
    """Return money in integers of a millionth of the currency unit, half away from zero."""
    return to_whole(amount * float(MICRO))
