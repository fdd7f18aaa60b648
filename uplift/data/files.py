"""Tables as files: written whole or not at all, the same bytes for the same values."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from uplift.data.arrow import to_numpy
from uplift.data.columns import Array, Columns
from uplift.errors import DataError, MissingFileError
from uplift.results.files import replacing, write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

UNIT_ID = "unit_id"

_EPOCH = datetime(2000, 1, 1)
_ZIP_STAMP = (2000, 1, 1, 0, 0, 0)


def write_parquet(columns: Columns | Mapping[str, Array], path: Path | str) -> None:
    """Write columns as one Parquet file, atomically; the same columns give the same bytes.

    Parameters
    ----------
    columns
        Columns of units (``unit_id`` comes first), or name to array, each of shape (n,).
    path
        Where to write.

    Raises
    ------
    DataError
        When a column has a type that Parquet has not, or the file cannot be written.
    """
    import pyarrow.parquet as pq

    values = {UNIT_ID: columns.unit_id, **columns.values} if isinstance(columns, Columns) else columns
    table = _to_table(values, Path(path))
    with replacing(Path(path)) as temporary:
        pq.write_table(table, temporary, compression="zstd", store_schema=False, row_group_size=1 << 20)


def read_parquet(path: Path | str) -> Columns:
    """Read a Parquet file that :func:`write_parquet` wrote from :class:`Columns`.

    Raises
    ------
    MissingFileError
        When there is no such file.
    DataError
        When it is not Parquet or has no column ``unit_id``.
    """
    table = read_table(path)
    if UNIT_ID not in table.column_names:
        message = f"{path}: has no column '{UNIT_ID}', columns: {', '.join(table.column_names)}"
        raise DataError(message)
    values = {name: to_numpy(table[name]) for name in table.column_names}
    return Columns(values.pop(UNIT_ID), values)


def read_table(path: Path | str) -> pa.Table:
    """Read a Parquet file as an Arrow table.

    Raises
    ------
    MissingFileError
        When there is no such file.
    DataError
        When it is not Parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path).read()
    except FileNotFoundError as error:
        message = f"{path}: no such file"
        raise MissingFileError(message) from error
    except (pa.ArrowException, OSError) as error:
        message = f"{path}: cannot be read as Parquet: {error}"
        raise DataError(message) from error


def _to_table(values: Mapping[str, Array], path: Path) -> pa.Table:
    import pyarrow as pa

    arrays = {}
    for name, column in values.items():
        try:
            arrays[name] = pa.array(column, from_pandas=column.dtype.kind == "O")
        except (pa.ArrowException, TypeError) as error:
            message = f"{path}: column '{name}' cannot be stored: {str(error).splitlines()[0]}; give it one type"
            raise DataError(message) from error
    lengths = {len(column) for column in arrays.values()}
    if len(lengths) > 1:
        message = f"{path}: columns of different lengths {sorted(lengths)}; all need one entry per row"
        raise DataError(message)
    return pa.table(arrays)


def write_csv(columns: Mapping[str, Array], path: Path | str, *, encoding: str = "utf-8-sig") -> None:
    """Write columns as CSV, atomically: nothing for a missing value, times as ``2026-03-01 12:00:00``.

    Parameters
    ----------
    columns
        Name to array, each of shape (n,).
    path
        Where to write; a name that ends in ``.gz`` is compressed.
    encoding
        ``utf-8-sig`` (opens well in a spreadsheet), ``utf-8`` or ``gb18030``.
    """
    import gzip

    texts = [_texts(column) for column in columns.values()]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*texts, strict=True))
    data = stream.getvalue().encode(encoding)
    write_atomic(path, gzip.compress(data, mtime=0) if str(path).endswith(".gz") else data)


def _texts(column: Array) -> list[str]:
    if column.dtype.kind == "M":
        seconds = np.datetime_as_string(column, unit="s")
        return ["" if text == "NaT" else text.replace("T", " ") for text in seconds.tolist()]
    if column.dtype.kind == "b":
        return ["true" if flag else "false" for flag in column.tolist()]
    return ["" if _is_missing(value) else _text(value) for value in column.tolist()]


def _is_missing(value: object) -> bool:
    return value is None or value != value  # noqa: PLR0124 - NaN and NaT alone differ from themselves


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def write_xlsx(columns: Mapping[str, Array], path: Path | str, *, sheet: str = "Sheet1", header_row: int = 1) -> None:
    """Write columns as a sheet of a workbook, atomically; the same columns give the same bytes.

    Parameters
    ----------
    columns
        Name to array, each of shape (n,); text stays text, so that ids keep their zeros.
    path
        Where to write.
    sheet
        Name of the sheet.
    header_row
        Row of the column names, from 1; the rows above it stay blank.
    """
    from openpyxl import Workbook  # type: ignore[import-untyped]

    book = Workbook(write_only=True)
    page = book.create_sheet(sheet)
    for _ in range(header_row - 1):
        page.append([])
    page.append(list(columns))
    for row in zip(*(_cells(column) for column in columns.values()), strict=True):
        page.append(row)
    book.properties.created = _EPOCH
    book.properties.modified = _EPOCH
    stream = io.BytesIO()
    book.save(stream)
    write_atomic(path, _fixed_stamps(stream.getvalue()))


def _cells(column: Array) -> Sequence[Any]:
    if column.dtype.kind == "M":
        return [None if _is_missing(value) else value for value in column.astype("datetime64[us]").tolist()]
    return [None if _is_missing(value) else _cell(value) for value in column.tolist()]


def _cell(value: object) -> object:
    return value if isinstance(value, (bool, int, float, date)) else str(value)


def _fixed_stamps(data: bytes) -> bytes:
    # openpyxl stamps the clock on the parts of the archive and on the document's core properties.
    import re

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in sorted(old.namelist()):
            body = old.read(part)
            if part == "docProps/core.xml":
                body = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2000-01-01T00:00:00Z", body)
            new.writestr(zipfile.ZipInfo(part, _ZIP_STAMP), body, zipfile.ZIP_DEFLATED)
    return out.getvalue()
