"""Columns to a file of the kind that its name says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.data.files import write_parquet, write_xlsx
from uplift.errors import UsageError
from uplift.results.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from uplift.simulate.tables import Column
    from uplift.spec.tables import Source

_PARQUET, _CSV, _XLSX = (".parquet", ".pq"), (".csv", ".txt", ".tsv", ".csv.gz", ".txt.gz", ".tsv.gz"), (".xlsx",)
_SHEET_ROWS = 1_048_576
_NEWLINE = b"\n"


@dataclass(frozen=True, slots=True)
class Place:
    """A file and how it is to be read: sheet of a workbook, row of the names, encoding of text."""

    path: Path
    sheet: str | None = None
    header_row: int = 1
    encoding: str | None = None


def write_table(
    columns: Mapping[str, Column], source: Source, base: Path, *, split_by: str | None = None
) -> tuple[Path, ...]:
    """Write a table where a spec has it, below ``base``.

    Parameters
    ----------
    columns
        Name to array, each of shape (rows,).
    source
        The table as the spec names it: a ``*`` becomes the year of ``split_by`` and several names
        share the rows.
    base
        Folder to which names are relative.
    split_by
        Column of times.

    Returns
    -------
    tuple of Path
        The files.

    Raises
    ------
    UsageError
        When the file's kind is not written here, or the name leads out of ``base``.
    """
    files: list[Path] = []
    for name, rows in _parts(columns, source, split_by):
        path = _below(base, name)
        store(
            {one: column[rows] for one, column in columns.items()},
            Place(path, source.sheet, source.header_row, source.encoding),
        )
        files.append(path)
    return tuple(files)


def store(columns: Mapping[str, Column], place: Place) -> None:
    """Write columns to a file, atomically; the same columns give the same bytes.

    Raises
    ------
    UsageError
        When the kind of file is not written here, or a sheet cannot hold the rows.
    """
    name = place.path.name.lower()
    if name.endswith(_PARQUET):
        write_parquet(columns, place.path)
    elif name.endswith(_CSV):
        write_atomic(place.path, _csv_bytes(columns, place))
    elif name.endswith(_XLSX):
        _refuse_long(columns, place)
        write_xlsx(columns, place.path, sheet=place.sheet or "Sheet1", header_row=place.header_row)
    else:
        kinds = ", ".join((*_PARQUET, *_CSV, *_XLSX))
        message = f"{place.path.name}: a simulated market is not written to this kind of file; name one of {kinds}"
        raise UsageError(message)


def _parts(
    columns: Mapping[str, Column], source: Source, split_by: str | None
) -> list[tuple[str, np.ndarray[tuple[int], np.dtype[np.intp]]]]:
    """Return the files of a table, each with its rows."""
    size = len(next(iter(columns.values())))
    parts = []
    for name, rows in zip(source.table, np.array_split(np.arange(size), len(source.table)), strict=True):
        if "*" not in name:
            parts.append((name, rows))
            continue
        years = columns[split_by][rows].astype("datetime64[Y]") if split_by else np.full(len(rows), "1", dtype=object)
        parts += [(name.replace("*", str(year), 1).replace("*", ""), rows[years == year]) for year in np.unique(years)]
    return parts


def _below(base: Path, name: str) -> Path:
    path = base / name
    if not path.resolve().is_relative_to(base.resolve()):
        message = f"{name}: leads out of {base}; name tables relative to the spec, inside its folder"
        raise UsageError(message)
    return path


def _csv_bytes(columns: Mapping[str, Column], place: Place) -> bytes:
    import gzip

    import pyarrow as pa
    import pyarrow.csv as pc

    name = place.path.name.lower()
    table = pa.table({one: _arrow(column) for one, column in columns.items()})
    sink = pa.BufferOutputStream()
    options = pc.WriteOptions(quoting_style="needed", delimiter="\t" if ".tsv" in name else ",")
    pc.write_csv(table, sink, options)
    data = _NEWLINE * (place.header_row - 1) + sink.getvalue().to_pybytes()
    if place.encoding not in {None, "utf-8"}:
        data = data.decode().encode(place.encoding)
    return gzip.compress(data, mtime=0) if name.endswith(".gz") else data


def _arrow(column: Column) -> object:
    import pyarrow as pa

    if column.dtype.kind == "M":
        return pa.array(column.astype("datetime64[s]"))
    return pa.array(column, from_pandas=column.dtype.kind == "O")


def _refuse_long(columns: Mapping[str, Column], place: Place) -> None:
    rows = len(next(iter(columns.values()))) + place.header_row
    if rows > _SHEET_ROWS:
        message = (
            f"{place.path.name}: {rows} rows do not fit a sheet of {_SHEET_ROWS}; "
            "take fewer customers, or name a Parquet or CSV file in the spec"
        )
        raise UsageError(message)
