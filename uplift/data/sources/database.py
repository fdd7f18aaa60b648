"""A table of a DuckDB file, read in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uplift.data.engine import Engine, translated
from uplift.data.sources.place import RawTable, Wanted
from uplift.errors import DataError, EngineError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def read_database(engine: Engine, paths: Sequence[Path], wanted: Wanted) -> RawTable:
    """Return the table that ``sheet`` names, or the only one of the file.

    Raises
    ------
    DataError
        When the file cannot be opened, is one of several, or does not say which table.
    """
    if len(paths) > 1:
        message = f"{wanted}: {len(paths)} database files; a table comes from one"
        raise DataError(message)
    catalog = _attach(engine, paths[0], wanted)
    found = engine.backend.con.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = ?", [catalog])
    names = sorted(row[0] for row in found.fetchall())
    name = wanted.sheet or (names[0] if len(names) == 1 else None)
    if name not in names:
        asked = f"no table '{name}'" if name else "several tables and no choice"
        message = f"{wanted}: {asked}; write sheet: TABLE with one of: {', '.join(names) or 'none'}"
        raise DataError(message)
    return RawTable(engine.backend.table(name, database=(catalog, "main")), str(wanted))


def _attach(engine: Engine, path: Path, wanted: Wanted) -> str:
    catalog = engine.name("database")
    try:
        with translated():
            engine.backend.attach(str(path), name=catalog, read_only=True)
    except (DataError, EngineError) as error:
        message = f"{wanted}: cannot be opened as a DuckDB file: {error}"
        raise DataError(message) from error
    return catalog
