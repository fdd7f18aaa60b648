from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from uplift.cli.runlog import logged, peak_memory

if TYPE_CHECKING:
    from pathlib import Path


def test_a_run_that_ends_well_is_logged(tmp_path: Path) -> None:
    with logged(tmp_path / "new", "design"):
        pass
    body = json.loads((tmp_path / "new" / "run.json").read_text(encoding="utf-8"))
    assert sorted(body) == ["command", "machine", "peak_memory_bytes", "python", "seconds", "started"]
    assert (body["command"], body["started"][-6:]) == ("design", "+00:00")
    assert body["peak_memory_bytes"] > 10_000_000


def test_a_run_that_fails_writes_nothing(tmp_path: Path) -> None:
    message = "no rows"
    with pytest.raises(ValueError, match=message), logged(tmp_path / "new", "design"):
        raise ValueError(message)
    assert not (tmp_path / "new").exists()


def test_where_memory_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert peak_memory() is None


def test_mac_counts_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    linux = peak_memory() or 0
    monkeypatch.setattr(sys, "platform", "darwin")
    assert (peak_memory() or 0) < linux
