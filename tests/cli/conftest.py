"""The command line inside the test's own process, and one whole loop that several tests look at."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from uplift.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left on its three ways out."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """Return the standard output as data."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@pytest.fixture
def invoke(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Return the runner of one command line."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)

    def call(*words: str | Path) -> Outcome:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run([str(word) for word in words])
        written = capsys.readouterr()
        code = ended.value.code
        return Outcome(code if isinstance(code, int) else 0, written.out, written.err)

    return call


@dataclass(frozen=True, slots=True)
class Loop:
    """Folders of a loop that ran from market to report."""

    market: Path
    design: Path
    analysis: Path

    @property
    def spec(self) -> Path:
        """The spec of the market."""
        return self.market / "spec.yaml"


@pytest.fixture(scope="session")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Loop:
    """Return a loop over 4,000 customers, made by the commands alone."""
    base = tmp_path_factory.mktemp("loop")
    made = Loop(base / "market", base / "design", base / "analysis")
    lines = (
        ("simulate", "--out", made.market, "--customers", 4_000, "--seed", 5),
        ("design", made.spec, "--out", made.design),
        ("simulate", made.market, "--assignment", made.design / "assignment"),
        ("analyze", made.spec, "--design", made.design, "--out", made.analysis),
        ("report", made.analysis),
    )
    for words in lines:
        with pytest.raises(SystemExit) as ended:
            run([str(word) for word in (*words, "-q")])
        assert ended.value.code == 0, words
    return made
