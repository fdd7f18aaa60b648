from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
import typer

from uplift.cli.commands.alerts import parse_midnight
from uplift.cli.steps import WORDS
from uplift.results.alerts import AlertReport
from uplift.workflow.alert_model import REFIT_DAYS
from uplift.workflow.alerts import STEPS, WEEKS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Loop, Outcome


def test_a_run_and_the_next_one_on_its_model(invoke: Callable[..., Outcome], loop: Loop, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    words = ("--weeks", "6", "--json", "--lang", "en")
    done = invoke("alerts", loop.spec, "--out", first, "--as-of", "2026-02-16", *words)
    assert done.code == 0
    found = AlertReport.load(first)
    told = done.json()
    assert (told["as_of"], told["judged"], told["at_risk"]) == ("2026-02-16", found.total.n_judged, found.total.at_risk)
    assert sum(told["strata"].values()) == len(found.groups)
    assert {path.name for path in first.iterdir()} == {"alerts.html", "alerts.json", "alerts.parquet", "run.json"}
    assert 'lang="en"' in (first / "alerts.html").read_text(encoding="utf-8")
    assert json.loads((first / "run.json").read_text(encoding="utf-8"))["command"] == "alerts"
    again = invoke("alerts", loop.spec, "--out", second, "--as-of", "2026-02-23", "--model", first, *words)
    assert (again.code, again.json()["model_reused"]) == (0, True)
    assert AlertReport.load(second).index[0] == found.index[0]
    assert "whom an offer would keep, an experiment tells" in again.err


def test_what_cannot_run(invoke: Callable[..., Outcome], loop: Loop, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for words, code, text in (
        (("--as-of", "yesterday"), 2, "'yesterday' is not a local date; write it as 2026-08-01"),
        (("--weeks", "0"), 2, "--weeks"),
        (("--model", tmp_path / "none.json"), 4, "none.json: no such file"),
        (("--as-of", "2001-01-01"), 4, "nobody who consented ordered before 2001-01-01"),
    ):
        done = invoke("alerts", loop.spec, "--out", out, *words)
        assert (done.code, done.out) == (code, "")
        assert text in done.err
    assert not out.exists()


def test_an_as_of_is_a_midnight() -> None:
    assert parse_midnight("2026-08-01") == datetime(2026, 8, 1)
    assert parse_midnight(None) is None
    for text in ("2026-08-01T06:00", "2026-08-01T00:00+08:00", "08/01"):
        with pytest.raises(typer.BadParameter, match="is not a local date"):
            parse_midnight(text)


def test_the_defaults_and_the_steps_are_those_of_the_workflow() -> None:
    from uplift.cli.commands import alerts

    assert (alerts.WEEKS, alerts.FRESH_DAYS) == (WEEKS, REFIT_DAYS)
    assert set(STEPS) <= set(WORDS)
