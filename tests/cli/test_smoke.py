from __future__ import annotations

import pytest

from uplift.cli.smoke import run_smoke
from uplift.errors import EngineError


def test_known_effect(capsys: pytest.CaptureFixture[str]) -> None:
    run_smoke()
    assert capsys.readouterr().out == "20000 units summed, known effect found\n"


def test_another_effect_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven units: control 0, 1, 2, 3 has mean 1.5 and treated 2, 3, 4 mean 3, which is 1.5 apart."""
    monkeypatch.setattr("uplift.cli.smoke.N_UNITS", 7)
    with pytest.raises(EngineError, match="where 2 is true; do not use this installation"):
        run_smoke()
