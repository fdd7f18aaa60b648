from __future__ import annotations

import time
from typing import TYPE_CHECKING

from uplift.cli import progress as progress_module
from uplift.cli.progress import Meter, metered
from uplift.cli.settings import Settings

if TYPE_CHECKING:
    import pytest


def test_short_work_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with metered(Settings()) as meter:
        meter("read", 0, 2)
        meter("measure", 1, 2)
    written = capsys.readouterr()
    assert (written.out, written.err) == ("", "")


def test_long_work_tells_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with metered(Settings(), patience=0.01) as meter:
        meter("read", 0, 2)
        deadline = time.monotonic() + 5
        while not meter._shown and time.monotonic() < deadline:
            time.sleep(0.01)
        meter("measure", 1, 2)
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.splitlines() == ["[0/2] reading tables", "[1/2] measuring outcomes"]


def test_quiet_work_never_speaks(capsys: pytest.CaptureFixture[str]) -> None:
    with metered(Settings(quiet=True), patience=0.0) as meter:
        time.sleep(0.05)
        meter("read", 0, 2)
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar_that_goes_away(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_module, "has_terminal", lambda settings: not settings.quiet)
    meter = Meter(Settings(color=False))
    meter("read", 0, 2)
    meter.show()
    meter("measure", 1, 2)
    assert meter._bar is not None
    assert meter._bar.tasks[0].completed == 1
    assert meter._bar.tasks[0].description == "measuring outcomes"
    meter.close()
    assert meter._bar.finished is False
    assert capsys.readouterr().out == ""


def test_nothing_to_say_before_the_first_step(capsys: pytest.CaptureFixture[str]) -> None:
    meter = Meter(Settings())
    meter.show()
    meter.close()
    assert capsys.readouterr().err == ""
