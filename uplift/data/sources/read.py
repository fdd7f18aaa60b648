"""One door for every kind of source."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from uplift.data.sources.csv import read_text_files
from uplift.data.sources.database import read_database
from uplift.data.sources.memory import read_memory
from uplift.data.sources.parquet import read_parquet_files
from uplift.data.sources.place import RawTable, Wanted, resolve
from uplift.data.sources.xlsx import read_workbooks

if TYPE_CHECKING:
    from uplift.data.engine import Engine

_READERS = {
    "parquet": read_parquet_files,
    "csv": read_text_files,
    "xlsx": read_workbooks,
    "duckdb": read_database,
}


def read_source(engine: Engine, wanted: Wanted) -> RawTable:
    """Return the raw rows of the files that a table names.

    Raises
    ------
    DataError
        When a file is missing, unreadable or of no known kind.
    """
    paths, kind = resolve(wanted)
    return _known_types(_READERS[kind](engine, paths, wanted))


def read_frame(engine: Engine, frame: object, place: str) -> RawTable:
    """Return the raw rows of a frame in memory, or of the file at a path."""
    if isinstance(frame, (str, Path)):
        return read_source(engine, Wanted(place, (str(frame),), Path()))
    return _known_types(read_memory(engine, frame, place))


def _known_types(raw: RawTable) -> RawTable:
    # Ibis has no name for DuckDB's zoned nanoseconds, which is what pandas writes.
    zoned = [name for name, kind in raw.table.schema().items() if "TIMESTAMPTZ_NS" in str(kind)]
    if not zoned:
        return raw
    return replace(raw, table=raw.table.mutate(**{name: raw.table[name].cast("timestamp('UTC')") for name in zoned}))
