from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from uplift.data.condition import compile_condition
from uplift.data.engine import Engine
from uplift.data.sources import RawTable, read_frame
from uplift.errors import DataError, MissingColumnError
from uplift.spec.condition import evaluate, parse_condition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FRAME = pd.DataFrame(
    {
        "row": range(5),
        "状态": ["完成", "取消", None, "完成", "1"],
        "n": [1.0, 2.0, np.nan, 4.0, 1.0],
        "flag": [True, False, True, None, False],
        "amount": ["1,200", "5", None, "1.2万", "7%"],
    }
)


@pytest.fixture(scope="module")
def raw() -> Iterator[tuple[Engine, RawTable]]:
    engine = Engine(threads=1)
    yield engine, read_frame(engine, FRAME, "data.orders")
    engine.close()


CASES = [
    ({"状态": "完成"}, [0, 3]),
    ({"状态": ["完成", "取消"]}, [0, 1, 3]),
    ({"状态": 1}, [4]),
    ({"n": 1}, [0, 4]),
    ({"n": "1"}, [0, 4]),
    ({"n": [2.0, 4]}, [1, 3]),
    ({"flag": True}, [0, 2]),
    ({"flag": "false"}, [1, 4]),
    ({"not": {"状态": "完成"}}, [1, 2, 4]),
    ({"n": {"min": 2}}, [1, 3]),
    ({"n": {"above": 1, "max": 2}}, [1]),
    ({"n": {"below": 2}}, [0, 4]),
    ({"not": {"n": {"below": 2}}}, [1, 2, 3]),
    ({"any_of": [{"n": 2}, {"状态": "完成", "n": 4}]}, [1, 3]),
    ({"status": "取消", "flag": False}, [1]),
    ({}, [0, 1, 2, 3, 4]),
]


@pytest.mark.parametrize(("written", "rows"), CASES)
def test_conditions_keep_the_rows_that_numpy_keeps(
    raw: tuple[Engine, RawTable], written: Mapping[str, object], rows: list[int]
) -> None:
    engine, table = raw
    condition = parse_condition(written)
    predicate = compile_condition(condition, table, {"status": "状态"})
    found = engine.fetch(table.table.filter(predicate).select("row"))["row"].to_pylist()
    assert sorted(found) == rows
    columns = {"row": FRAME["row"].to_numpy(), **{name: FRAME[name].to_numpy() for name in ("状态", "n", "flag")}}
    columns["status"] = columns["状态"]
    assert np.flatnonzero(evaluate(condition, columns)).tolist() == rows


def test_a_range_reads_numbers_written_as_text(raw: tuple[Engine, RawTable]) -> None:
    engine, table = raw
    predicate = compile_condition(parse_condition({"amount": {"min": 1000}}), table, {})
    assert engine.fetch(table.table.filter(predicate).select("row"))["row"].to_pylist() == [0, 3]


def test_a_key_that_is_no_column_and_a_range_of_flags_are_refused(raw: tuple[Engine, RawTable]) -> None:
    with pytest.raises(MissingColumnError, match=r"'flags' is not in data\.orders, named by a condition; did you mean"):
        compile_condition(parse_condition({"flags": True}), raw[1], {})
    with pytest.raises(DataError, match="the range asked of column 'flag' needs numbers"):
        compile_condition(parse_condition({"flag": {"min": 1}}), raw[1], {})
