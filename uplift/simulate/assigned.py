"""Who was assigned to what, from whatever holds it."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from uplift.data.files import read_table
from uplift.errors import DataError, MissingColumnError, MissingFileError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHOWN = 3


def read_assignment(assignment: object, ids: NDArray[np.object_], arms: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the code of each unit's offer.

    Parameters
    ----------
    assignment
        Unit id to arm, or a table (mapping of columns, pandas, polars, Arrow) with ``unit_id`` and ``arm``.
    ids
        Units of the market, shape (n,).
    arms
        The control, then the treatment arms.

    Returns
    -------
    NDArray[np.int64]
        Shape (n,): 0 for the first treatment arm, -1 for the control and for units without an arm.

    Raises
    ------
    DataError
        When it is of another form, or names unknown units or arms, or a unit twice.
    """
    units, names = _pairs(assignment)
    row_of = {unit: row for row, unit in enumerate(ids.tolist())}
    _refuse({str(unit) for unit in units if unit not in row_of}, "unknown unit", "the ids of this market's customers")
    _refuse({unit for unit, count in Counter(units).items() if count > 1}, "more than once", "one row per unit")
    code_of = {name: code for code, name in enumerate(arms, start=-1)}
    given = [_arm_name(name) for name in names]
    _refuse({name for name in given if name is not None and name not in code_of}, "unknown arm", ", ".join(arms))
    codes = np.full(len(ids), -1, dtype=np.int64)
    codes[[row_of[unit] for unit in units]] = [-1 if name is None else code_of[name] for name in given]
    return codes


def load_assignment(path: str | Path) -> dict[str, list[Any]]:
    """Read the assignment of a Parquet or CSV file, or of a folder of Parquet files.

    Raises
    ------
    MissingFileError
        When there is nothing.
    DataError
        When it has no columns ``unit_id`` and ``arm``.
    """
    place = Path(path)
    files = sorted(place.rglob("part-*.parquet")) if place.is_dir() else [place]
    if not files or not files[0].exists():
        message = f"{place}: no assignment there; name the file of a design, as DIR/assignment/part-000.parquet"
        raise MissingFileError(message)
    parts = [_read_csv(one) if one.suffix.lower() == ".csv" else _read_parquet(one) for one in files]
    return {name: [value for part in parts for value in part[name]] for name in ("unit_id", "arm")}


def _read_parquet(path: Path) -> dict[str, list[Any]]:
    table = read_table(path)
    return {name: _column(table, name) for name in ("unit_id", "arm")}


def _read_csv(path: Path) -> dict[str, list[Any]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.DictReader(stream)
        columns = rows.fieldnames or []
        for name in ("unit_id", "arm"):
            if name not in columns:
                raise MissingColumnError.among(name, path.name, columns)
        read = [(row["unit_id"], row["arm"] or None) for row in rows]
    return {"unit_id": [unit for unit, _ in read], "arm": [arm for _, arm in read]}


def _pairs(assignment: object) -> tuple[list[Any], list[Any]]:
    if isinstance(assignment, Mapping) and not {"unit_id", "arm"} <= set(assignment):
        return list(assignment.keys()), list(assignment.values())
    return _column(assignment, "unit_id"), _column(assignment, "arm")


def _column(table: object, name: str) -> list[Any]:
    if not hasattr(table, "__getitem__"):
        message = (
            f"assignment: got {type(table).__name__}; give unit id to arm, or a table with the columns unit_id and arm"
        )
        raise DataError(message)
    try:
        column = table[name]
    except (KeyError, IndexError, TypeError):
        names = getattr(table, "column_names", getattr(table, "columns", ()))
        raise MissingColumnError.among(name, "the assignment", names) from None
    for plain in ("to_pylist", "tolist", "to_list"):
        if hasattr(column, plain):
            return list(getattr(column, plain)())
    return list(column)


def _arm_name(value: object) -> str | None:
    if value is None or value != value:  # noqa: PLR0124 - NaN alone differs from itself
        return None
    return str(value)


def _refuse(names: set[str], what: str, allowed: str) -> None:
    if names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        message = f"assignment: {what}: {', '.join(sorted(names)[:_SHOWN])}{more}; allowed: {allowed}"
        raise DataError(message)
