"""Workbooks, read by python-calamine; each column takes the type that all its cells share."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from uplift.data.sources.csv import unique_names
from uplift.data.sources.place import RawTable, Wanted
from uplift.errors import DataError, MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pyarrow as pa

    from uplift.data.engine import Engine

TRUSTED = 10**15
"""Numbers from here on may have lost digits in a spreadsheet."""

Cell = Any


def read_workbooks(engine: Engine, paths: Sequence[Path], wanted: Wanted) -> RawTable:
    """Return the rows of one sheet of each workbook.

    Raises
    ------
    DataError
        When a workbook or sheet cannot be read, or the workbooks differ in columns.
    """
    import pyarrow as pa

    tables = [_read(path, wanted) for path in paths]
    for path, table in zip(paths, tables, strict=True):
        odd = sorted(set(table.column_names) ^ set(tables[0].column_names))
        if odd:
            message = f"{wanted}: '{path.name}' and '{paths[0].name}' differ in the column '{odd[0]}'"
            raise DataError(message)
    whole = tables[0] if len(tables) == 1 else pa.concat_tables(_same_types(tables))
    return RawTable(engine.put(whole, "sheet"), str(wanted), is_text=True, is_spreadsheet=True)


def _same_types(tables: Sequence[pa.Table]) -> list[pa.Table]:
    import pyarrow as pa

    fields = []
    for name in tables[0].column_names:
        kinds = {table.schema.field(name).type for table in tables}
        fields.append((name, kinds.pop() if len(kinds) == 1 else pa.string()))
    schema = pa.schema(fields)
    return [table.select(schema.names).cast(schema) for table in tables]


def _read(path: Path, wanted: Wanted) -> pa.Table:
    import pyarrow as pa

    rows = _rows(path, wanted)
    if len(rows) < wanted.header_row:
        message = f"{wanted}: '{path.name}' has {len(rows)} rows, and header_row is {wanted.header_row}"
        raise DataError(message)
    header = rows[wanted.header_row - 1]
    while header and header[-1] in {"", None}:
        header = header[:-1]
    names = unique_names(header, f"{wanted}: '{path.name}'", wanted.header_row)
    body = [row for row in rows[wanted.header_row :] if any(cell not in {"", None} for cell in row)]
    return pa.table({name: _column([row[place] for row in body]) for place, name in enumerate(names)})


def _rows(path: Path, wanted: Wanted) -> list[list[Cell]]:
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError as error:
        raise MissingDependencyError.of("python-calamine", f"reading '{path.name}'") from error
    try:
        book = CalamineWorkbook.from_path(str(path))
        names = list(book.sheet_names)
        name = wanted.sheet or names[0]
        if name not in names:
            message = f"{wanted}: '{path.name}' has no sheet '{name}'; it has: {', '.join(names)}"
            raise DataError(message)
        rows: list[list[Cell]] = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except (CalamineError, OSError) as error:
        message = f"{wanted}: '{path.name}' cannot be read as a workbook: {error}"
        raise DataError(message) from error
    return rows


def _column(cells: list[Cell]) -> pa.Array:
    import pyarrow as pa

    kept = [None if isinstance(cell, str) and not cell.strip() else cell for cell in cells]
    kinds = {_kind(cell) for cell in kept if cell is not None}
    if kinds == {"number"}:
        return pa.array([None if cell is None else float(cell) for cell in kept], pa.float64())
    if kinds == {"flag"}:
        return pa.array(kept, pa.bool_())
    if kinds == {"time"}:
        return pa.array([None if cell is None else _moment(cell) for cell in kept], pa.timestamp("us"))
    return pa.array([None if cell is None else _text(cell) for cell in kept], pa.string())


def _kind(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "flag"
    if isinstance(cell, (int, float)):
        return "number"
    return "time" if isinstance(cell, (date, datetime)) else "text"


def _moment(cell: date) -> datetime:
    return cell if isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day)


def _text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, (int, float)):
        # A rounded id must look like one, so that it is refused and never matched.
        whole = float(cell).is_integer()
        return f"{cell:.5E}" if abs(cell) >= TRUSTED else str(int(cell)) if whole else repr(cell)
    return cell.isoformat(sep=" ") if isinstance(cell, datetime) else str(cell).strip()
