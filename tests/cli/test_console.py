from __future__ import annotations

import json
import sys

import pytest
import typer

from uplift.cli.console import door, emit, has_color, has_terminal, say
from uplift.cli.settings import Settings
from uplift.errors import (
    DataError,
    DesignError,
    EngineError,
    EstimationError,
    LockError,
    Problem,
    SampleRatioError,
    SpecError,
    UpliftError,
    UsageError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UpliftError("x"), 1),
        (UsageError("x"), 2),
        (SpecError([Problem("c", "p", "x")]), 3),
        (DataError("x"), 4),
        (DesignError("x"), 4),
        (LockError("x"), 5),
        (EstimationError("x"), 5),
        (SampleRatioError("x"), 5),
        (EngineError("x"), 6),
    ],
)
def test_each_error_has_its_exit_code(error: UpliftError, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, door(Settings()):
        raise error
    assert ended.value.exit_code == code
    written = capsys.readouterr()
    assert written.out == ""
    assert "Traceback" not in written.err
    assert written.err.count("error") == 1


def test_verbose_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    error = DataError("no rows")
    with pytest.raises(typer.Exit), door(Settings(verbose=True)):
        raise error
    assert "Traceback" in capsys.readouterr().err


def test_interrupt(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, door(Settings()):
        raise KeyboardInterrupt
    assert ended.value.exit_code == 130
    assert capsys.readouterr().err.startswith("interrupted")


def test_our_own_mistakes_pass_the_door() -> None:
    with pytest.raises(ZeroDivisionError), door(Settings()):
        _ = 1 / 0


def test_data_as_lines_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    emit(Settings(), {"verdict": "keep", "n": 3, "empty": "", "none": None, "list": [1], "ok": True})
    assert capsys.readouterr().out == "verdict: keep\nn: 3\nok: true\n"
    emit(Settings(as_json=True), {"标题": "保持", "list": [1]})
    written = capsys.readouterr().out
    assert json.loads(written) == {"标题": "保持", "list": [1]}
    assert "保持" in written


def test_quiet_keeps_words_back(capsys: pytest.CaptureFixture[str]) -> None:
    say(Settings(quiet=True), "next")
    say(Settings(), "then")
    written = capsys.readouterr()
    assert (written.out, written.err) == ("", "then\n")


@pytest.mark.parametrize(
    ("names", "settings", "expected"),
    [
        ({}, Settings(), True),
        ({"NO_COLOR": "1"}, Settings(), False),
        ({"TERM": "dumb"}, Settings(), False),
        ({}, Settings(color=False), False),
    ],
)
def test_colour(monkeypatch: pytest.MonkeyPatch, names: dict[str, str], settings: Settings, *, expected: bool) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    assert bool(has_color(settings)) is expected


def test_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert has_terminal(Settings())
    assert not has_terminal(Settings(quiet=True))
    monkeypatch.setenv("TERM", "dumb")
    assert not has_terminal(Settings())
