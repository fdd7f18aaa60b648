from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.errors import UsageError
from uplift.simulate.store import Place, store, write_table
from uplift.spec.tables import Source

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = {
    "id": np.array(["007", "a,b", None], dtype=object),
    "t": np.array(["2025-12-31T23:59:59", "2026-01-01T00:00:00", "NaT"], dtype="datetime64[us]"),
    "x": np.array([1.5, 2.0, np.nan]),
    "f": np.array([True, False, True]),
}


def test_text_stays_text_and_nothing_is_blank(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    store(COLUMNS, Place(path))
    head, first, second, third = path.read_text(encoding="utf-8").splitlines()
    assert head == '"id","t","x","f"'
    assert first.replace('"', "") == "007,2025-12-31 23:59:59,1.5,true"
    assert second == '"a,b",2026-01-01 00:00:00,2,false'
    assert third.startswith(",,")


def test_encodings_header_rows_and_tabs(tmp_path: Path) -> None:
    columns = {"列": np.array(["一"], dtype=object)}
    store(columns, Place(tmp_path / "a.tsv", header_row=3, encoding="gb18030"))
    assert (tmp_path / "a.tsv").read_bytes().decode("gb18030").splitlines()[:3] == ["", "", '"列"']
    store(columns, Place(tmp_path / "b.csv", encoding="utf-8-sig"))
    assert (tmp_path / "b.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_a_star_becomes_the_year_and_names_share_the_rows(tmp_path: Path) -> None:
    rows = {name: column[:2] for name, column in COLUMNS.items()}
    files = write_table(rows, Source(table=("o/*.parquet",)), tmp_path, split_by="t")
    assert [path.name for path in files] == ["2025.parquet", "2026.parquet"]
    files = write_table(rows, Source(table=("*.csv",)), tmp_path)
    assert [path.name for path in files] == ["1.csv"]
    files = write_table(COLUMNS, Source(table=("a.csv", "b.csv")), tmp_path)
    assert [len(path.read_text(encoding="utf-8").splitlines()) for path in files] == [3, 2]


def test_a_sheet_holds_so_many_rows(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"1048577 rows do not fit a sheet of 1048576; take fewer customers"):
        store({"x": np.zeros(1_048_576)}, Place(tmp_path / "a.xlsx"))
