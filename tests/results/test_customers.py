from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import pytest

from uplift.errors import DataError, MissingFileError
from uplift.results.customers import CustomerReport, CustomerRows

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_that_does_not_hold_customers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "customers.json"
    with pytest.raises(MissingFileError):
        CustomerReport.load(tmp_path)
    path.write_text('{"schema_version": 7}', encoding="utf-8")
    with pytest.raises(DataError, match="schema_version is 7, this release reads 1; score the customers again"):
        CustomerReport.load(path)
    path.write_text('{"schema_version": 1, "stagez": []}', encoding="utf-8")
    with pytest.raises(DataError, match="unknown field 'stagez'"):
        CustomerReport.load(path)


def test_what_is_not_known_is_null_in_the_rows(tmp_path: Path) -> None:
    rows = CustomerRows(
        {
            "unit_id": np.array(["a", "b"], dtype=object),
            "favourite_category": np.array([None, "tea"], dtype=object),
            "alive": np.array([np.nan, 0.5]),
        }
    )
    rows.write(tmp_path / "rows.parquet")
    assert len(rows) == 2
    assert pq.read_table(tmp_path / "rows.parquet").to_pylist() == [
        {"unit_id": "a", "favourite_category": None, "alive": None},
        {"unit_id": "b", "favourite_category": "tea", "alive": 0.5},
    ]
