from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Loop, Outcome


def test_beside_the_analysis(invoke: Callable[..., Outcome], loop: Loop) -> None:
    page = loop.analysis / "report.html"
    before = page.read_bytes()
    done = invoke("report", loop.analysis / "analysis.json")
    assert (done.code, done.out, done.err) == (0, f"report: {page}\n", "")
    assert page.read_bytes() == before
    assert 'lang="zh' in before.decode()


def test_in_another_language_and_place(invoke: Callable[..., Outcome], loop: Loop, tmp_path: Path) -> None:
    done = invoke("report", loop.analysis, "--lang", "en", "--out", tmp_path / "page.html", "--json")
    assert done.json() == {"report": str(tmp_path / "page.html")}
    assert 'lang="en"' in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_nothing_to_report(invoke: Callable[..., Outcome], tmp_path: Path) -> None:
    done = invoke("report", tmp_path)
    assert (done.code, done.out) == (4, "")
    assert str(tmp_path / "analysis.json") in done.err


def test_no_analysis(invoke: Callable[..., Outcome], tmp_path: Path) -> None:
    (tmp_path / "analysis.json").write_text("{}", encoding="utf-8")
    done = invoke("report", tmp_path)
    assert done.code == 4
    assert "schema_version" in done.err
    assert not (tmp_path / "report.html").exists()
