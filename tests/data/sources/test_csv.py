from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest

from uplift.data.engine import Engine
from uplift.data.sources import Wanted, read_source
from uplift.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT = "会员ID,城市,金额\n00123, 北京 ,1.5\n\n0456,,\n"


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(threads=1)
    yield engine
    engine.close()


def rows(
    engine: Engine, folder: Path, pattern: str, *, header_row: int = 1, encoding: str | None = None
) -> list[list[str | None]]:
    raw = read_source(engine, Wanted("data.units", (pattern,), folder, header_row=header_row, encoding=encoding))
    assert raw.is_text
    return [list(row.values()) for row in engine.fetch(raw.table).to_pylist()]


EXPECTED = [["00123", "北京", "1.5"], ["0456", None, None]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("declared", [True, False])
def test_encodings_are_declared_or_found(engine: Engine, tmp_path: Path, encoding: str, *, declared: bool) -> None:
    (tmp_path / "会员.csv").write_bytes(TEXT.encode(encoding))
    assert rows(engine, tmp_path, "会员.csv", encoding=encoding if declared else None) == EXPECTED


def test_gzip_tabs_headers_further_down_and_newlines_in_cells(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(TEXT.encode()))
    assert rows(engine, tmp_path, "a.csv.gz") == EXPECTED
    (tmp_path / "b.tsv").write_text("report of March\nid\tx,y\n1\t2\n", encoding="utf-8")
    assert rows(engine, tmp_path, "b.tsv", header_row=2) == [["1", "2"]]
    (tmp_path / "c.csv").write_bytes('\ufeffid,note,\r\n1,"a\nb",z\r\n'.encode())
    raw = read_source(engine, Wanted("data.units", ("c.csv",), tmp_path))
    assert raw.columns == ("id", "note", "column_3")
    assert engine.fetch(raw.table)["note"].to_pylist() == ["a\nb"]
    (tmp_path / "d.csv").write_text("id,x\n", encoding="utf-8")
    assert rows(engine, tmp_path, "d.csv") == []


def test_files_of_a_pattern_are_one_table_in_order_of_name(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "m2.csv").write_text("x,id\n2,b\n", encoding="utf-8")
    (tmp_path / "m1.csv").write_text("id,x\na,1\n", encoding="utf-8")
    assert rows(engine, tmp_path, "m*.csv") == [["a", "1"], ["b", "2"]]
    (tmp_path / "m3.csv").write_text("id,z\nc,3\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"'m3\.csv' and 'm1\.csv' differ in the column 'x'"):
        rows(engine, tmp_path, "m*.csv")


@pytest.mark.parametrize(
    ("data", "options", "text"),
    [
        (b"", {}, "row 1 holds no column names; say header_row: N"),
        (b"id,id\n1,2\n", {}, "the column name 'id' stands twice in row 1"),
        (b"id,x\n1\n", {}, r"'a\.csv' has a broken row: .*Expected 2 columns, got 1"),
        (b"id\n\xff\xff\xff\n", {}, "is not utf-8 or gb18030; say encoding"),
        ("id\n会\n".encode("gb18030"), {"encoding": "utf-8"}, "is not utf-8; say encoding"),
    ],
)
def test_broken_files_are_refused(
    engine: Engine, tmp_path: Path, data: bytes, options: dict[str, Any], text: str
) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    with pytest.raises(DataError, match=text):
        rows(engine, tmp_path, "a.csv", **options)


def test_a_broken_archive_is_refused(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(b"no archive")
    with pytest.raises(DataError, match=r"'a\.csv\.gz' cannot be read: Not a gzipped file"):
        rows(engine, tmp_path, "a.csv.gz")
