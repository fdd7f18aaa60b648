from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
import typer

from uplift.cli.commands.analyze import parse_moment, refuse_invalid
from uplift.errors import EstimationError, LockError, SampleRatioError, UpliftError
from uplift.results import Analysis, CheckResult

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Loop, Outcome


def test_what_an_analysis_leaves(loop: Loop) -> None:
    found = Analysis.load(loop.analysis)
    assert found.provenance.locked
    assert found.verdict.decision in {"change", "keep"}
    assert json.loads((loop.analysis / "run.json").read_text(encoding="utf-8"))["command"] == "analyze"


def test_a_second_run_gives_the_same_bytes(invoke: Callable[..., Outcome], loop: Loop, tmp_path: Path) -> None:
    done = invoke("analyze", loop.spec, "--design", loop.design, "--out", tmp_path, "--json", "--lang", "en")
    assert done.code == 0
    assert done.json()["verdict"] == Analysis.load(loop.analysis).verdict.decision
    assert done.json()["headline"].isascii() or "−" in done.json()["headline"]
    assert (tmp_path / "analysis.json").read_bytes() == (loop.analysis / "analysis.json").read_bytes()


def test_an_early_reading_is_no_verdict(invoke: Callable[..., Outcome], loop: Loop, tmp_path: Path) -> None:
    words = ("--design", loop.design, "--out", tmp_path, "--through", "2026-06-05")
    done = invoke("analyze", loop.spec, *words, "--json")
    assert (done.code, done.json()["verdict"]) == (0, "keep")
    assert Analysis.load(tmp_path).verdict.note.code == "verdict.unsettled"


def test_without_its_design(invoke: Callable[..., Outcome], loop: Loop, tmp_path: Path) -> None:
    done = invoke("analyze", loop.spec, "--out", tmp_path / "a")
    assert (done.code, done.out) == (5, "")
    assert "--design DIR" in done.err
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("file", ["plan.json", "assignment/part-000.parquet"])
def test_changed_design_files(invoke: Callable[..., Outcome], loop: Loop, tmp_path: Path, file: str) -> None:
    shutil.copytree(loop.design, tmp_path / "design")
    target = tmp_path / "design" / file
    content = target.read_bytes()
    target.write_bytes(content[:-9] + b" " + content[-9:])
    done = invoke("analyze", loop.spec, "--design", tmp_path / "design", "--out", tmp_path / "a")
    assert (done.code, done.out) == (5, "")
    assert file.partition("/")[0].partition(".")[0] in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "a").exists()


def test_changed_protocol(invoke: Callable[..., Outcome], loop: Loop, tmp_path: Path) -> None:
    text = loop.spec.read_text(encoding="utf-8")
    assert "window_days: 90" in text
    spec = loop.market / "changed.yaml"
    spec.write_text(text.replace("window_days: 90", "window_days: 60"), encoding="utf-8")
    done = invoke("analyze", spec, "--design", loop.design, "--out", tmp_path / "a")
    spec.unlink()
    assert (done.code, done.out) == (5, "")
    assert "outcomes" in done.err
    assert not (tmp_path / "a").exists()


def test_no_design_there(invoke: Callable[..., Outcome], loop: Loop, tmp_path: Path) -> None:
    done = invoke("analyze", loop.spec, "--design", tmp_path, "--out", tmp_path / "a")
    assert done.code in {4, 5}
    assert str(tmp_path) in done.err


@pytest.mark.parametrize(
    ("failed", "kind"),
    [
        (("srm.loss", "balance"), SampleRatioError),
        (("assignment.lock",), LockError),
        (("overlap",), EstimationError),
    ],
)
def test_invalid_ends_with_5(loop: Loop, failed: tuple[str, ...], kind: type[UpliftError]) -> None:
    found = Analysis.load(loop.analysis)
    refuse_invalid(found)
    checks = tuple(CheckResult(name, "fail") for name in failed)
    spoilt = replace(found, checks=checks, verdict=replace(found.verdict, decision="invalid"))
    with pytest.raises(kind, match=f"these checks failed: {', '.join(sorted(failed))}") as raised:
        refuse_invalid(spoilt)
    assert raised.value.exit_code == 5


def test_moments() -> None:
    assert parse_moment(None) is None
    assert parse_moment("2026-08-01") == datetime(2026, 8, 1)
    assert parse_moment("2026-08-01T06:30") == datetime(2026, 8, 1, 6, 30)


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2026-08-01T00:00+08:00"])
def test_no_moments(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a local date or moment; write it as 2026-08-01"):
        parse_moment(text)
