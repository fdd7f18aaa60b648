"""The embedded engine: DuckDB through Ibis, with a folder of its own that goes when it closes."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from uplift.errors import DataError, EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

# Ibis builds its methods at run time; a checker sees nothing of a column's type.
Table: TypeAlias = Any
Expression: TypeAlias = Any


class Engine:
    """One DuckDB database in memory.

    Parameters
    ----------
    threads
        Threads of the engine; None takes all cores. No result depends on it.
    zone
        IANA name of the zone in which times with an offset become local.
    """

    def __init__(self, *, threads: int | None = None, zone: str = "UTC") -> None:
        import ibis

        folder = tempfile.mkdtemp(prefix="uplift-")
        self.folder = Path(folder)
        self.zone = zone
        self.backend: Any = ibis.duckdb.connect(threads=threads or os.cpu_count() or 1, temp_directory=folder)
        for setting in (f"TimeZone = '{zone}'", "enable_progress_bar = false", "autoinstall_known_extensions = false"):
            self.backend.raw_sql(f"SET {setting}")
        self._finalizer = weakref.finalize(self, _discard, self.backend, folder)
        self._n_tables = 0

    def close(self) -> None:
        """Close the database and remove the folder; may be called again."""
        self._finalizer()

    def name(self, stem: str) -> str:
        """Return a table name that was not given before."""
        self._n_tables += 1
        return f"{stem}_{self._n_tables}"

    def fetch(self, expression: Expression) -> pa.Table:
        """Run a query and return its rows as Arrow.

        Raises
        ------
        EngineError
            When the engine fails; :class:`DataError` when a value does not fit.
        """
        with translated():
            return self.backend.to_pyarrow(expression)

    def keep(self, expression: Expression, stem: str) -> Table:
        """Run a query, keep its rows in the engine and return them as a table."""
        with translated():
            return self.backend.create_table(self.name(stem), expression)

    def drop(self, table: Table) -> None:
        """Let go of rows that :meth:`keep` kept."""
        self.backend.drop_table(table.op().name)

    def put(self, rows: pa.Table, stem: str) -> Table:
        """Show an Arrow table to the engine without a copy."""
        name = self.name(stem)
        with translated():
            self.backend.con.register(name, rows)
        return self.backend.table(name)

    def forget(self, table: Table) -> None:
        """Take back what :meth:`put` showed."""
        self.backend.con.unregister(table.op().name)


def micros(moment: Expression) -> Expression:
    """Return a naive time as microseconds since 1970 (int64)."""
    import ibis

    def epoch_us(moment: Expression) -> Expression:
        """Name the engine's own function to Ibis."""

    return ibis.udf.scalar.builtin(epoch_us, signature=(("timestamp",), "int64"))(moment)


def to_whole(number: Expression) -> Expression:
    """Return the nearest whole number (int64), half away from zero."""
    import ibis

    def round(number: Expression) -> Expression:  # noqa: A001 - the engine's own function, without decimals
        """Name the engine's own function to Ibis."""

    return ibis.udf.scalar.builtin(round, signature=(("float64",), "float64"))(number).cast("int64")


def hash_text(text: Expression) -> Expression:
    """Return a hash of text (uint64), null for null; equal texts have equal hashes."""
    import ibis

    def hash(text: Expression) -> Expression:  # noqa: A001 - the engine's own function
        """Name the engine's own function to Ibis."""

    hashed = ibis.udf.scalar.builtin(hash, signature=(("string",), "uint64"))(text)
    return text.isnull().ifelse(None, hashed)


def at_least(value: Expression, key: Expression) -> Expression:
    """Return the value (int64) where a key (int64) is least, as an aggregate."""
    import ibis

    def arg_min(value: Expression, key: Expression) -> Expression:
        """Name the engine's own function to Ibis."""

    return ibis.udf.agg.builtin(arg_min, signature=(("int64", "int64"), "int64"))(value, key)


@contextmanager
def translated() -> Iterator[None]:
    """Turn failures of the engine into errors for a user."""
    import duckdb

    try:
        yield
    except (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException) as error:
        message = f"a value cannot be read or does not fit: {_first_line(error)}"
        raise DataError(message) from error
    except duckdb.Error as error:
        message = f"the engine failed: {_first_line(error)}"
        raise EngineError(message) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _discard(backend: Any, folder: str) -> None:  # noqa: ANN401 - an Ibis backend
    backend.disconnect()
    shutil.rmtree(folder, ignore_errors=True)
