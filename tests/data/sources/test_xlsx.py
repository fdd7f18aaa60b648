from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import openpyxl  # type: ignore[import-untyped]
import pytest

from uplift.data.engine import Engine
from uplift.data.sources import RawTable, Wanted, read_source
from uplift.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(threads=1)
    yield engine
    engine.close()


def write(path: Path, rows: list[list[object]], sheet: str = "会员") -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = sheet
    for row in rows:
        page.append(row)
    book.save(path)


def read(engine: Engine, folder: Path, pattern: str, *, sheet: str | None = None, header_row: int = 1) -> RawTable:
    return read_source(engine, Wanted("data.units", (pattern,), folder, sheet=sheet, header_row=header_row))


def test_columns_take_the_type_that_all_cells_share(engine: Engine, tmp_path: Path) -> None:
    header: list[object] = ["id", "n", "flag", "day", "mixed", "empty", None]
    rows: list[list[object]] = [
        ["report"],
        header,
        ["00123", 1, True, datetime(2026, 3, 1, 12), 7, None, None],
        [None, None, None, None, None, None, None],
        ["0456", 2.5, None, datetime(2026, 3, 2), " x ", None, None],
        ["0789", None, False, None, 1234567890123456789, None, None],
        ["0", 1, True, None, 2.5, None, None],
        ["1", 1, True, None, True, None, None],
    ]
    write(tmp_path / "a.xlsx", rows)
    raw = read(engine, tmp_path, "a.xlsx", header_row=2)
    assert raw.is_spreadsheet
    table = engine.fetch(raw.table)
    assert table.column_names == header[:-1]
    assert [str(field.type) for field in table.schema] == [
        "string",
        "double",
        "bool",
        "timestamp[us]",
        "string",
        "string",
    ]
    assert table["id"].to_pylist() == ["00123", "0456", "0789", "0", "1"]
    assert table["day"].to_pylist()[:2] == [datetime(2026, 3, 1, 12), datetime(2026, 3, 2)]
    # A number of 19 digits in a column of text must look damaged.
    assert table["mixed"].to_pylist() == ["7", "x", "1.23457E+18", "2.5", "true"]


def test_workbooks_of_a_pattern_are_one_table(engine: Engine, tmp_path: Path) -> None:
    write(tmp_path / "m1.xlsx", [["id", "x"], ["a", 1]])
    write(tmp_path / "m2.xlsx", [["x", "id"], ["n/a", "b"]])
    table = engine.fetch(read(engine, tmp_path, "m*.xlsx").table)
    assert table.to_pylist() == [{"id": "a", "x": "1"}, {"id": "b", "x": "n/a"}]
    write(tmp_path / "m3.xlsx", [["id"], ["c"]])
    with pytest.raises(DataError, match=r"'m3\.xlsx' and 'm1\.xlsx' differ in the column 'x'"):
        read(engine, tmp_path, "m*.xlsx")


def test_workbooks_that_cannot_be_read_are_refused(engine: Engine, tmp_path: Path) -> None:
    write(tmp_path / "a.xlsx", [["id"], ["x"]])
    with pytest.raises(DataError, match=r"'a\.xlsx' has no sheet '订单'; it has: 会员"):
        read(engine, tmp_path, "a.xlsx", sheet="订单")
    with pytest.raises(DataError, match=r"'a\.xlsx' has 2 rows, and header_row is 9"):
        read(engine, tmp_path, "a.xlsx", header_row=9)
    (tmp_path / "b.xlsx").write_bytes(b"no workbook")
    with pytest.raises(DataError, match=r"'b\.xlsx' cannot be read as a workbook"):
        read(engine, tmp_path, "b.xlsx")
