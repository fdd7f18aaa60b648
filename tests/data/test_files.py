from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest

from uplift.data import Columns, read_parquet, write_parquet
from uplift.data.engine import Engine
from uplift.data.files import read_table, write_csv, write_xlsx
from uplift.data.sources import Wanted, read_source
from uplift.errors import DataError, MissingFileError

if TYPE_CHECKING:
    from pathlib import Path

UNITS = Columns(
    np.array(["00123", "b"], object),
    {
        "money": np.array([1.5, np.nan]),
        "time": np.array(["2026-03-01T12:00:00", "NaT"], "datetime64[us]"),
        "level": np.array(["高频", None], object),
        "flag": np.array([True, False]),
        "count": np.array([1, 2]),
    },
)


def test_parquet_comes_back_as_it_was_with_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "x.parquet", tmp_path / "b.parquet"
    write_parquet(UNITS, first)
    write_parquet(UNITS, second)
    assert first.read_bytes() == second.read_bytes()
    back = read_parquet(first)
    assert back.unit_id.tolist() == ["00123", "b"]
    assert back.names == UNITS.names
    for name in UNITS.names:
        np.testing.assert_array_equal(back[name], UNITS[name])
        assert back[name].dtype == UNITS[name].dtype
    assert pq.read_schema(first).metadata is None


def test_files_that_cannot_be_written_or_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"column 'x' cannot be stored: .*give it one type"):
        write_parquet({"x": np.array([1, "a"], object)}, tmp_path / "x.parquet")
    with pytest.raises(DataError, match=r"columns of different lengths \[1, 2\]"):
        write_parquet({"x": np.zeros(1), "y": np.zeros(2)}, tmp_path / "x.parquet")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(MissingFileError, match=r"x\.parquet: no such file"):
        read_parquet(tmp_path / "x.parquet")
    write_parquet({"x": np.zeros(1)}, tmp_path / "x.parquet")
    with pytest.raises(DataError, match="has no column 'unit_id', columns: x"):
        read_parquet(tmp_path / "x.parquet")
    (tmp_path / "bad.parquet").write_bytes(b"no")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read_table(tmp_path / "bad.parquet")


@pytest.mark.parametrize(("name", "encoding"), [("x.csv", "utf-8-sig"), ("x.csv", "gb18030"), ("x.csv.gz", "utf-8")])
def test_csv_is_read_back_by_the_reader(tmp_path: Path, name: str, encoding: str) -> None:
    write_csv({"id": UNITS.unit_id, **UNITS.values}, tmp_path / name, encoding=encoding)
    first = (tmp_path / name).read_bytes()
    write_csv({"id": UNITS.unit_id, **UNITS.values}, tmp_path / name, encoding=encoding)
    assert (tmp_path / name).read_bytes() == first
    engine = Engine(threads=1)
    found = engine.fetch(read_source(engine, Wanted("data.units", (name,), tmp_path)).table).to_pylist()
    engine.close()
    names = ["id", "money", "time", "level", "flag", "count"]
    assert [list(row.values()) for row in found] == [
        ["00123", "1.5", "2026-03-01 12:00:00", "高频", "true", "1"],
        ["b", None, None, None, "false", "2"],
    ]
    assert list(found[0]) == names


def test_workbooks_have_the_same_bytes_and_keep_zeros(tmp_path: Path) -> None:
    columns = {"id": UNITS.unit_id, **UNITS.values}
    for name in ("a.xlsx", "b.xlsx"):
        write_xlsx(columns, tmp_path / name, sheet="会员", header_row=2)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert {part.date_time[0] for part in archive.infolist()} == {2000}
    engine = Engine(threads=1)
    wanted = Wanted("data.units", ("a.xlsx",), tmp_path, sheet="会员", header_row=2)
    found = engine.fetch(read_source(engine, wanted).table)
    engine.close()
    assert found["id"].to_pylist() == ["00123", "b"]
    assert found["money"].to_pylist() == [1.5, None]
    assert found["time"].to_pylist() == [UNITS["time"][0].item(), None]
    assert found["flag"].to_pylist() == [True, False]
