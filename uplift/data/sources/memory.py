"""Frames in memory: pandas, polars, Arrow, a DuckDB relation or an Ibis table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uplift.data.sources.place import RawTable
from uplift.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from uplift.data.engine import Engine

_ALLOWED = "a pandas or polars frame, an Arrow table, a DuckDB relation, an Ibis table or a path"


def read_memory(engine: Engine, frame: object, place: str) -> RawTable:
    """Return the rows of a frame; the frame is never changed.

    Raises
    ------
    DataError
        When it is of no known kind, has a name twice, or a column that mixes types.
    """
    table = to_arrow(frame, place)
    twice = sorted({name for name in table.column_names if table.column_names.count(name) > 1})
    if twice:
        message = f"{place}: the column name '{twice[0]}' stands twice; rename one"
        raise DataError(message)
    return RawTable(engine.put(_plain(table), "frame"), place)


def to_arrow(frame: object, place: str) -> pa.Table:
    """Return a frame as an Arrow table.

    Raises
    ------
    DataError
        When it is of no known kind, or a column mixes types.
    """
    import pyarrow as pa

    if isinstance(frame, pa.Table):
        return frame
    convert = _CONVERTERS.get(type(frame).__module__.split(".")[0].lstrip("_"))
    table = convert(frame) if convert else None
    if table is None:
        message = f"{place}: got a {type(frame).__name__}, must be {_ALLOWED}"
        raise DataError(message)
    return table


def _from_pandas(frame: Any) -> pa.Table | None:  # noqa: ANN401 - a frame of a package that need not be there
    import pyarrow as pa

    if not hasattr(frame, "columns"):
        return None
    columns = {}
    for place, name in enumerate(frame.columns):
        try:
            columns[str(name)] = pa.Array.from_pandas(frame.iloc[:, place])
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            message = f"column '{name}' mixes types: {str(error).splitlines()[0]}; give it one type, for example text"
            raise DataError(message) from error
    if len(columns) < len(frame.columns):
        message = "a column name stands twice; rename one"
        raise DataError(message)
    return pa.table(columns)


def _from_polars(frame: Any) -> pa.Table | None:  # noqa: ANN401 - as above
    whole = frame.collect() if hasattr(frame, "collect") else frame
    return whole.to_arrow() if hasattr(whole, "columns") else None


def _from_arrow(frame: Any) -> pa.Table | None:  # noqa: ANN401 - as above
    import pyarrow as pa

    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    if isinstance(frame, pa.RecordBatchReader):
        return frame.read_all()
    return frame.to_table() if hasattr(frame, "to_table") else None


def _from_duckdb(frame: Any) -> pa.Table | None:  # noqa: ANN401 - as above
    return frame.to_arrow_table() if hasattr(frame, "to_arrow_table") else None


def _from_ibis(frame: Any) -> pa.Table | None:  # noqa: ANN401 - as above
    return frame.to_pyarrow() if hasattr(frame, "columns") else None


_CONVERTERS = {
    "pandas": _from_pandas,
    "polars": _from_polars,
    "pyarrow": _from_arrow,
    "duckdb": _from_duckdb,
    "ibis": _from_ibis,
}


def _plain(table: pa.Table) -> pa.Table:
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(place, field.name, table[field.name].cast(field.type.value_type))
        elif pa.types.is_null(field.type):
            table = table.set_column(place, field.name, table[field.name].cast(pa.string()))
    return table
