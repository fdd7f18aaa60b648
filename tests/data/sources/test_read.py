from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from uplift.data.engine import Engine
from uplift.data.sources import Wanted, read_frame, read_source
from uplift.errors import DataError, EngineError, MissingColumnError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(threads=1)
    yield engine
    engine.close()


def test_tables_of_a_database_file(engine: Engine, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as database:
        database.execute("create table orders as select '007' as id, 5 as paid")
    raw = read_source(engine, Wanted("data.orders", ("shop.duckdb",), tmp_path))
    assert engine.fetch(raw.table).to_pylist() == [{"id": "007", "paid": 5}]
    with duckdb.connect(str(tmp_path / "two.db")) as database:
        database.execute("create table a as select 1 as x; create table b as select 2 as x")
    chosen = read_source(engine, Wanted("data.orders", ("two.db",), tmp_path, sheet="b"))
    assert engine.fetch(chosen.table)["x"].to_pylist() == [2]
    for sheet, text in ((None, "several tables and no choice"), ("c", "no table 'c'")):
        with pytest.raises(DataError, match=f"{text}; write sheet: TABLE with one of: a, b"):
            read_source(engine, Wanted("data.orders", ("two.db",), tmp_path, sheet=sheet))
    with pytest.raises(DataError, match="2 database files; a table comes from one"):
        read_source(engine, Wanted("data.orders", ("two.db", "shop.duckdb"), tmp_path))
    (tmp_path / "bad.db").write_bytes(b"x" * 9000)
    with pytest.raises(DataError, match="cannot be opened as a DuckDB file"):
        read_source(engine, Wanted("data.orders", ("bad.db",), tmp_path))


def test_parquet_files_with_zoned_nanoseconds(engine: Engine, tmp_path: Path) -> None:
    moment = pd.to_datetime(["2026-01-01T00:00:00Z"]).as_unit("ns")
    pd.DataFrame({"id": ["a"], "t": moment}).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"id": ["b"], "t": moment}).to_parquet(tmp_path / "b.parquet")
    raw = read_source(engine, Wanted("data.orders", ("*.parquet",), tmp_path))
    assert raw.table.t.type().is_timestamp()
    assert engine.fetch(raw.table)["id"].to_pylist() == ["a", "b"]
    with pytest.raises(MissingColumnError, match=r"column 'tt' is not in data\.orders \(\*\.parquet\)"):
        raw.require(["tt"])
    (tmp_path / "c.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read_source(engine, Wanted("data.orders", ("c.parquet",), tmp_path))


def test_frames_that_mix_types_or_names_are_refused(engine: Engine) -> None:
    with pytest.raises(DataError, match=r"column 'x' mixes types: .*give it one type"):
        read_frame(engine, pd.DataFrame({"x": [1, "a"]}), "data.units")
    twice = pd.DataFrame([[1, 2]], columns=["x", "x"])
    with pytest.raises(DataError, match="a column name stands twice"):
        read_frame(engine, twice, "data.units")
    both = pa.table([pa.array([1]), pa.array([2])], names=["x", "x"])
    with pytest.raises(DataError, match="the column name 'x' stands twice"):
        read_frame(engine, both, "data.units")
    for odd in (pd.Timestamp("2026-01-01"), object(), duckdb):
        with pytest.raises(DataError, match="must be a pandas or polars frame"):
            read_frame(engine, odd, "data.units")


def test_dictionaries_and_nothing_become_text(engine: Engine) -> None:
    frame = pd.DataFrame({"level": pd.Categorical(["a", None]), "nothing": [None, None]})
    raw = read_frame(engine, frame, "data.units")
    assert engine.fetch(raw.table).to_pylist() == [{"level": "a", "nothing": None}, {"level": None, "nothing": None}]
    assert all(kind.is_string() for kind in raw.table.schema().values())


def test_failures_of_the_engine_are_errors_for_a_user(engine: Engine) -> None:
    table = engine.put(pa.table({"x": ["a"], "t": [datetime(2026, 1, 1)]}), "rows")
    with pytest.raises(DataError, match=r"a value cannot be read or does not fit: .*Could not convert"):
        engine.fetch(table.x.cast("int64"))
    engine.forget(table)
    with pytest.raises(EngineError, match="the engine failed"):
        engine.fetch(table)
