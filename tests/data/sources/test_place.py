from __future__ import annotations

from pathlib import Path

import pytest

from uplift.data.sources.place import Wanted, resolve
from uplift.errors import DataError, MissingFileError


def test_patterns_are_resolved_in_order_of_name_each_file_once(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "[x].csv", "~$a.csv", ".c.csv"):
        (tmp_path / name).touch()
    paths, kind = resolve(Wanted("data.orders", ("[x].csv", "*.csv"), tmp_path))
    assert [path.name for path in paths] == ["[x].csv", "a.csv", "b.csv"]
    assert kind == "csv"
    assert resolve(Wanted("data.orders", (str(tmp_path / "a.csv"),), Path("elsewhere")))[0] == (tmp_path / "a.csv",)


def test_a_missing_file_is_named_as_written_and_resolved(tmp_path: Path) -> None:
    def message(pattern: str) -> str:
        with pytest.raises(MissingFileError) as caught:
            resolve(Wanted("data.orders", (pattern,), tmp_path))
        return str(caught.value)

    assert message("订单.csv").endswith("the folder holds: no files")
    (tmp_path / "订单表.csv").touch()
    looked = f"data.orders: no file '订单.csv' (looked for {tmp_path / '订单.csv'})"
    assert message("订单.csv") == f"{looked}; did you mean '订单表.csv'?"
    assert message("x.parquet").endswith("the folder holds: 订单表.csv")
    assert message("lost/x.csv").endswith("does not exist: paths are relative to the spec")


def test_unknown_and_mixed_kinds_are_refused(tmp_path: Path) -> None:
    for name in ("a.csv", "a.json", "a.parquet"):
        (tmp_path / name).touch()
    with pytest.raises(DataError, match=r"'a\.json' is of no known kind; allowed are \.parquet, \.csv"):
        resolve(Wanted("data.orders", ("a.json",), tmp_path))
    with pytest.raises(DataError, match=r"files of several kinds \(csv, parquet\)"):
        resolve(Wanted("data.orders", ("a.csv", "a.parquet"), tmp_path))
