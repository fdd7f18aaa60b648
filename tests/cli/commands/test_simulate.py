from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Loop, Outcome


def test_a_new_market(invoke: Callable[..., Outcome], tmp_path: Path) -> None:
    done = invoke("simulate", "--out", tmp_path / "m", "--customers", "300", "--seed", "3", "--json")
    assert done.code == 0
    files = done.json()["files"]
    assert str(tmp_path / "m" / "spec.yaml") == files[0]
    assert json.loads((tmp_path / "m" / "market.json").read_text(encoding="utf-8"))["n_customers"] == 300
    assert "next: uplift design" in done.err
    assert invoke("validate", files[0]).code == 0


def test_the_same_seed_gives_the_same_bytes(invoke: Callable[..., Outcome], tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert invoke("simulate", "--out", tmp_path / name, "--customers", "300", "--seed", seed, "-q").code == 0
    contents = {
        name: [path.read_bytes() for path in sorted((tmp_path / name).glob("*.parquet"))] for name in ("a", "b", "c")
    }
    assert contents["a"] == contents["b"]
    assert contents["a"] != contents["c"]


def test_a_market_like_a_spec(invoke: Callable[..., Outcome], tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    assert invoke("init", spec, "--template", "minimal").code == 0
    done = invoke("simulate", "--like", spec, "--out", tmp_path / "m", "--customers", "300")
    assert done.code == 0
    assert (tmp_path / "m" / "spec.yaml").read_text(encoding="utf-8") == spec.read_text(encoding="utf-8")


def test_a_campaign_adds_rows(loop: Loop) -> None:
    orders = pq.read_table(loop.market / "订单.parquet")
    times = orders.column("支付时间").to_pandas()
    assert times.max().isoformat() > "2026-06-01"


def test_foreign_folders_are_left_alone(invoke: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "订单.parquet").write_text("mine", encoding="utf-8")
    done = invoke("simulate", "--out", tmp_path, "--customers", "300")
    assert done.code == 2
    assert "is not empty and was not made by this command" in done.err
    assert (tmp_path / "订单.parquet").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    "words",
    [(), ("folder",), ("--assignment", "file"), ("folder", "--out", "x"), ("--out", "x", "--assignment", "file")],
)
def test_one_of_two_forms(invoke: Callable[..., Outcome], words: tuple[str, ...]) -> None:
    done = invoke("simulate", *words)
    assert done.code == 2
    assert "give one of the two" in done.err


def test_refusals(invoke: Callable[..., Outcome], tmp_path: Path) -> None:
    unknown = invoke("simulate", "--out", tmp_path / "m", "--scenario", "moon")
    assert unknown.code == 2
    assert "there is no 'moon'" in unknown.err
    absent = invoke("simulate", tmp_path, "--assignment", tmp_path)
    assert absent.code == 4
    assert "make the market first" in absent.err
