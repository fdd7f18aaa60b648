from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from uplift.data.files import write_parquet
from uplift.errors import DataError, MissingColumnError, MissingFileError
from uplift.simulate.assigned import load_assignment, read_assignment

if TYPE_CHECKING:
    from pathlib import Path

IDS = np.array(["01", "02", "03"], dtype=object)
ARMS = ("control", "small", "large")
ROWS = {"unit_id": ["03", "01"], "arm": ["large", "control"]}


@pytest.mark.parametrize(
    "given",
    [{"03": "large", "01": "control"}, ROWS, pd.DataFrame(ROWS), pl.DataFrame(ROWS), pa.table(ROWS)],
    ids=["mapping", "columns", "pandas", "polars", "arrow"],
)
def test_every_form_gives_the_same_codes(given: object) -> None:
    np.testing.assert_array_equal(read_assignment(given, IDS, ARMS), [-1, -1, 1])


def test_a_missing_arm_is_no_treatment() -> None:
    frame = pd.DataFrame({"unit_id": ["01", "02"], "arm": [float("nan"), "small"]})
    np.testing.assert_array_equal(read_assignment(frame, IDS, ARMS), [-1, 0, -1])


def test_a_unit_may_stand_once() -> None:
    frame = pd.DataFrame({"unit_id": ["01", "01"], "arm": ["small", "large"]})
    with pytest.raises(DataError, match="assignment: more than once: 01; allowed: one row per unit"):
        read_assignment(frame, IDS, ARMS)


def test_many_names_are_shortened() -> None:
    with pytest.raises(DataError, match="unknown unit: a, b, c and 1 more"):
        read_assignment(dict.fromkeys("abcd", "small"), IDS, ARMS)


@pytest.mark.parametrize("given", [pd.DataFrame({"unit_id": ["01"], "arms": ["x"]}), pa.table({"unit_id": ["01"]})])
def test_a_table_needs_its_columns(given: object) -> None:
    with pytest.raises(MissingColumnError, match="column 'arm' is not in the assignment"):
        read_assignment(given, IDS, ARMS)


def test_other_things_are_refused() -> None:
    with pytest.raises(DataError, match="assignment: got int; give unit id to arm"):
        read_assignment(3, IDS, ARMS)


def test_files_and_folders_are_read(tmp_path: Path) -> None:
    columns = {name: np.array(values, dtype=object) for name, values in ROWS.items()}
    write_parquet({**columns, "fold": np.array([1, 2])}, tmp_path / "assignment" / "part-000.parquet")
    more = {"unit_id": np.array(["02"], dtype=object), "arm": np.array([None], dtype=object)}
    write_parquet(more, tmp_path / "assignment" / "part-001.parquet")
    csv = tmp_path / "assignment.csv"
    csv.write_text("unit_id,arm\n03,large\n01,control\n02,\n", encoding="utf-8-sig")
    whole = {"unit_id": ["03", "01", "02"], "arm": ["large", "control", None]}
    assert load_assignment(tmp_path) == load_assignment(csv) == whole
    assert load_assignment(tmp_path / "assignment" / "part-000.parquet") == ROWS


def test_missing_files_and_columns_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="no assignment there"):
        load_assignment(tmp_path)
    with pytest.raises(MissingFileError, match="no assignment there"):
        load_assignment(tmp_path / "none.parquet")
    csv = tmp_path / "a.csv"
    csv.write_text("unit,arm\n", encoding="utf-8")
    with pytest.raises(MissingColumnError, match=r"column 'unit_id' is not in a\.csv; did you mean 'unit'"):
        load_assignment(csv)
