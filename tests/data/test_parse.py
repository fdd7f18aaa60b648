from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from uplift.data.engine import Engine
from uplift.data.parse import Parsed, parse_flag, parse_id, parse_number, parse_text, parse_time
from uplift.data.sources import RawTable, read_frame
from uplift.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Reader = "Callable[[RawTable, str], Parsed]"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine(zone="Asia/Shanghai", threads=1)
    yield engine
    engine.close()


def read(engine: Engine, reader: Callable[[RawTable, str], Parsed], cells: object) -> list[Any]:
    """Return values; the written text in a list where a cell is bad."""
    raw = read_frame(engine, pa.table({"c": cells}), "data.orders")
    parsed = reader(raw, "c")
    rows = engine.fetch(raw.table.select(value=parsed.value, bad=parsed.bad, written=parsed.written)).to_pylist()
    return [[row["written"]] if row["bad"] else row["value"] for row in rows]


def test_ids_are_text(engine: Engine) -> None:
    assert read(engine, parse_id, ["00123", "a", "", None]) == ["00123", "a", None, None]
    assert read(engine, parse_id, [7, 10**17, None]) == ["7", str(10**17), None]
    assert read(engine, parse_id, pa.array([Decimal(12)], pa.decimal128(10, 0))) == ["12"]
    assert read(engine, parse_id, ["1.23E+18", "1e+18", "10001.0", "12e5"]) == [
        ["1.23E+18"],
        ["1e+18"],
        ["10001.0"],
        "12e5",
    ]
    unique = UUID(int=5)
    assert read(engine, parse_id, pa.array([str(unique)])) == [str(unique)]
    others: list[tuple[object, str]] = [([1.0], "floats"), ([True], "flags"), ([date(2026, 1, 1)], "dates or times")]
    for cells, holds in others:
        with pytest.raises(DataError, match=f"data.orders: the id column 'c' holds {holds}.*keep ids as text"):
            read(engine, parse_id, cells)


def test_spreadsheet_ids_are_trusted_below_sixteen_digits(engine: Engine) -> None:
    raw = read_frame(engine, pa.table({"c": [10001.0, 1e15 - 1, 1e15, 1.5, None]}), "data.units")
    sheet = RawTable(raw.table, raw.name, is_text=True, is_spreadsheet=True)
    parsed = parse_id(sheet, "c")
    rows = engine.fetch(raw.table.select(value=parsed.value, bad=parsed.bad)).to_pylist()
    assert [row["value"] for row in rows] == ["10001", "999999999999999", None, None, None]
    assert [row["bad"] for row in rows] == [False, False, True, True, False]


def test_numbers_are_read_as_people_write_them(engine: Engine) -> None:
    cells = [
        "1.2万",
        "¥1,234.00",
        "1,234",
        "12%",
        "12\uff05",
        "-¥5",
        "￥-5元",
        "1e3",
        " 7 ",
        "3.5亿",
        ".5",
        "NULL",
        "",
        None,
    ]
    assert read(engine, parse_number, cells) == [
        12000.0,
        1234.0,
        1234.0,
        0.12,
        0.12,
        -5.0,
        -5.0,
        1000.0,
        7.0,
        3.5e8,
        0.5,
        None,
        None,
        None,
    ]
    odd = ["1,23", "abc", "(5)", "1.2.3", "inf", "12 34"]
    assert read(engine, parse_number, odd) == [[cell] for cell in odd]
    assert read(engine, parse_number, [1, None]) == [1.0, None]
    assert read(engine, parse_number, [np.nan, 2.5, np.inf]) == [None, 2.5, ["inf"]]
    others: list[tuple[object, str]] = [([True], "flags"), ([date(2026, 1, 1)], "dates or times")]
    for other, holds in others:
        with pytest.raises(DataError, match=f"'c' holds {holds}.*must hold numbers; write 1234.5"):
            read(engine, parse_number, other)


def test_times_are_local_however_they_are_written(engine: Engine) -> None:
    noon, day = datetime(2026, 3, 1, 12), datetime(2026, 3, 1)
    noons = ["2026-03-01 12:00:00", "2026-03-01T12:00:00+08:00", "2026-03-01 04:00Z", "2026/3/1 12:00"]
    assert read(engine, parse_time, noons) == [noon] * len(noons)
    days = ["2026-03-01", "2026-3-1", "2026/3/1", "2026.03.01", "2026年3月1日", "20260301"]
    assert read(engine, parse_time, days) == [day] * len(days)
    clocks = ["2026年3月1日 12时03分05秒", "2026年3月1日12时03分"]
    assert read(engine, parse_time, clocks) == [datetime(2026, 3, 1, 12, 3, 5), datetime(2026, 3, 1, 12, 3)]
    odd = ["昨天", "2026-13-01", "45000", "01/03/2026", "infinity"]
    assert read(engine, parse_time, [*odd, None]) == [*([cell] for cell in odd), None]
    assert read(engine, parse_time, [date(2026, 3, 1)]) == [day]
    nanos = pd.to_datetime(["2026-03-01 04:00:00"], utc=True).as_unit("ns")
    assert read(engine, parse_time, pa.array(nanos)) == [noon]
    assert read(engine, parse_time, pa.array(nanos.tz_localize(None))) == [datetime(2026, 3, 1, 4)]
    with pytest.raises(DataError, match="holds numbers, must hold times; write 2026-03-01 12:00:00"):
        read(engine, parse_time, [45000])


def test_flags_are_read_in_both_languages(engine: Engine) -> None:
    assert read(engine, parse_flag, ["是", "TRUE", "1", "否", "no", "", None]) == [
        True,
        True,
        True,
        False,
        False,
        None,
        None,
    ]
    assert read(engine, parse_flag, ["maybe"]) == [["maybe"]]
    assert read(engine, parse_flag, [1, 0]) == [True, False]
    assert read(engine, parse_flag, [2]) == [["2"]]
    assert read(engine, parse_flag, [True, None]) == [True, None]
    with pytest.raises(DataError, match="holds dates or times, must hold yes or no"):
        read(engine, parse_flag, [date(2026, 1, 1)])


def test_levels_are_text_without_decimal_points(engine: Engine) -> None:
    for cells, levels in (
        ([1.0, 2.5, None], ["1", "2.5", None]),
        ([3], ["3"]),
        ([True], ["true"]),
        (["北京"], ["北京"]),
        (pa.array([Decimal("4.00")], pa.decimal128(6, 2)), ["4"]),
    ):
        raw = read_frame(engine, pa.table({"c": cells}), "x")
        assert engine.fetch(raw.table.select(v=parse_text(raw, "c")))["v"].to_pylist() == levels
