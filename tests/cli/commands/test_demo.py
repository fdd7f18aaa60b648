from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome


def _walk(invoke: Callable[..., Outcome], folder: Path) -> bytes:
    done = invoke("demo", "--out", folder, "--customers", "3000", "--json", "--lang", "en")
    assert done.code == 0
    assert done.json()["verdict"] in {"change", "keep"}
    assert done.json()["report"] == str(folder / "report.html")
    assert "campaign: orders, coupons, contacts and refunds arrive" in done.err
    return (folder / "report.html").read_bytes()


def test_the_whole_loop(invoke: Callable[..., Outcome], tmp_path: Path) -> None:
    assert b'lang="en"' in _walk(invoke, tmp_path / "demo")


@pytest.mark.slow
def test_a_second_demo_takes_the_place_of_the_first(invoke: Callable[..., Outcome], tmp_path: Path) -> None:
    assert _walk(invoke, tmp_path / "demo") == _walk(invoke, tmp_path / "demo")


def test_foreign_folders_are_left_alone(invoke: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    done = invoke("demo", "--out", tmp_path)
    assert done.code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
