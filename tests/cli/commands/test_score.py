from __future__ import annotations

import json
from typing import TYPE_CHECKING, get_args

from uplift.cli.steps import WORDS
from uplift.results.customers import CustomerReport
from uplift.workflow.score import HORIZON_DAYS, STEPS, Method

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Loop, Outcome


def test_a_run_on_a_spec(invoke: Callable[..., Outcome], loop: Loop, tmp_path: Path) -> None:
    words = ("--as-of", "2026-02-16", "--horizon", "90", "--method", "bgnbd", "--json", "--lang", "en")
    done = invoke("score", loop.spec, "--out", tmp_path, *words)
    assert done.code == 0
    found, told = CustomerReport.load(tmp_path), done.json()
    assert (told["as_of"], told["horizon_days"], told["method"]) == ("2026-02-16", 90, "bgnbd")
    assert (told["predicted"], told["n_units"]) == (found.total.predicted_total, found.info.n_units)
    assert sum(told["stages"].values()) == found.info.n_units
    assert told["tested"] in {"pass", "warn"}
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {"customers.html", "customers.json", "customers.parquet", "run.json"}
    assert 'lang="en"' in (tmp_path / "customers.html").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["command"] == "score"
    assert "whom an offer would move, an experiment tells" in done.err


def test_a_design_is_scored_as_of_its_draw(invoke: Callable[..., Outcome], loop: Loop, tmp_path: Path) -> None:
    words = ("--data", loop.market, "--horizon", "60", "--method", "rfm", "--json", "-q")
    done = invoke("score", loop.design, "--out", tmp_path, *words)
    assert (done.code, done.err) == (0, "")
    plan = json.loads((loop.design / "plan.json").read_text(encoding="utf-8"))
    assert CustomerReport.load(tmp_path).info.as_of == plan["as_of"]


def test_what_cannot_run(invoke: Callable[..., Outcome], loop: Loop, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for words, code, text in (
        (("--as-of", "yesterday"), 2, "'yesterday' is not a local date; write it as 2026-08-01"),
        (("--horizon", "0"), 2, "--horizon"),
        (("--method", "magic"), 2, "method: 'magic', must be one of auto, bgnbd, mbgnbd, boosted, rfm"),
        (("--as-of", "2001-01-01"), 4, "nobody who consented ordered before 2001-01-01"),
        (("--data", tmp_path), 4, "no file '会员.parquet'"),
    ):
        done = invoke("score", loop.spec, "--out", out, *words)
        assert (done.code, done.out) == (code, "")
        assert text in done.err
    assert not out.exists()


def test_the_defaults_and_the_steps_are_those_of_the_workflow() -> None:
    from uplift.cli.commands import score

    assert score.HORIZON_DAYS == HORIZON_DAYS
    assert set(STEPS) <= set(WORDS)
    assert set(get_args(Method)) == {"auto", "bgnbd", "mbgnbd", "boosted", "rfm"}
