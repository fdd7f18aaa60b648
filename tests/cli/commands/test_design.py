from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Loop, Outcome


def test_what_a_design_leaves(loop: Loop) -> None:
    names = {path.name for path in loop.design.iterdir()}
    assert {"spec.yaml", "plan.json", "assignment", "design.json", "lock.json", "design.html", "run.json"} <= names
    assert json.loads((loop.design / "run.json").read_text(encoding="utf-8"))["command"] == "design"


def test_figures(invoke: Callable[..., Outcome], loop: Loop, tmp_path: Path) -> None:
    before = tmp_path / "market"
    assert invoke("simulate", "--out", before, "--customers", 4_000, "--seed", 5, "-q").code == 0
    done = invoke("design", before / "spec.yaml", "--out", tmp_path / "design", "--json", "--lang", "en")
    assert done.code == 0
    found = done.json()
    assert sum(found["arms"].values()) == found["assigned"] == found["eligible"] - found["holdout"]
    assert 'lang="en"' in (tmp_path / "design" / "design.html").read_text(encoding="utf-8")
    for name in ("lock.json", "plan.json", "assignment/part-000.parquet"):
        assert (tmp_path / "design" / name).read_bytes() == (loop.design / name).read_bytes()


def test_a_lock_is_never_rewritten(invoke: Callable[..., Outcome], loop: Loop) -> None:
    before = (loop.design / "lock.json").read_bytes()
    done = invoke("design", loop.spec, "--out", loop.design)
    assert (done.code, done.out) == (4, "")
    assert "holds a locked design" in done.err
    assert (loop.design / "lock.json").read_bytes() == before


def test_missing_table_leaves_nothing(invoke: Callable[..., Outcome], tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    assert invoke("init", spec).code == 0
    done = invoke("design", spec, "--out", tmp_path / "design")
    assert done.code == 4
    assert "Traceback" not in done.err
    assert not (tmp_path / "design").exists()


def test_missing_column_leaves_nothing(invoke: Callable[..., Outcome], loop: Loop, tmp_path: Path) -> None:
    text = loop.spec.read_text(encoding="utf-8")
    assert "实付金额" in text
    spec = loop.market / "misspelt.yaml"
    spec.write_text(text.replace("实付金额", "实付金客"), encoding="utf-8")
    done = invoke("design", spec, "--out", tmp_path / "design")
    spec.unlink()
    assert done.code in {3, 4}
    assert "实付金额" in done.err
    assert not (tmp_path / "design").exists()
