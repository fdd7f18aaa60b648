"""Parquet files, read lazily by the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uplift.data.engine import Engine, Table, translated
from uplift.data.sources.place import RawTable, Wanted
from uplift.errors import DataError, EngineError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def read_parquet_files(engine: Engine, paths: Sequence[Path], wanted: Wanted) -> RawTable:
    """Return the rows of all files; the files must have the same columns.

    Raises
    ------
    DataError
        When a file is not Parquet, or the files differ.
    """
    return RawTable(scan_parquet(engine, paths, wanted), str(wanted))


def scan_parquet(engine: Engine, paths: Sequence[Path], wanted: Wanted) -> Table:
    """Return a lazy view of Parquet files."""
    try:
        with translated():
            return engine.backend.read_parquet([str(path) for path in paths], table_name=engine.name("parquet"))
    except (DataError, EngineError) as error:
        message = f"{wanted}: cannot be read as Parquet: {error}"
        raise DataError(message) from error
