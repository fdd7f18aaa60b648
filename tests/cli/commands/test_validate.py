from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome


@pytest.fixture
def spec(invoke: Callable[..., Outcome], tmp_path: Path) -> Path:
    """Return a valid spec to spoil."""
    assert invoke("init", tmp_path / "spec.yaml").code == 0
    return tmp_path / "spec.yaml"


def test_valid(invoke: Callable[..., Outcome], spec: Path) -> None:
    done = invoke("validate", spec, "--json")
    assert (done.code, done.err) == (0, "")
    assert done.json() == {"valid": True, "experiment": "fresh_coupon", "arms": ["control", "small", "large"]}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("\ncampaign:", "\ncampain:", "did you mean 'campaign'?"),
        ("\nversion:", "\nversion：", "："),
        ("\nversion: 1", "\nversion: 1\nversion: 1", "version"),
    ],
)
def test_problems_have_a_place_and_a_way_out(
    invoke: Callable[..., Outcome], spec: Path, old: str, new: str, said: str
) -> None:
    text = spec.read_text(encoding="utf-8")
    assert old in text
    spec.write_text(text.replace(old, new, 1), encoding="utf-8")
    done = invoke("validate", spec)
    assert (done.code, done.out) == (3, "")
    assert f"{spec.name}:" in done.err
    assert "error[" in done.err
    assert said in done.err
    assert "Traceback" not in done.err


def test_problems_as_json(invoke: Callable[..., Outcome], spec: Path) -> None:
    text = spec.read_text(encoding="utf-8")
    spec.write_text(text.replace("\ncampaign:", "\ncampain:", 1), encoding="utf-8")
    done = invoke("validate", spec, "--json")
    assert done.code == 3
    found = done.json()
    assert found["valid"] is False
    first = found["problems"][0]
    assert (first["code"], first["path"], first["column"]) == ("unknown_key", "campain", 1)
    assert text.splitlines()[first["line"] - 1].startswith("campaign:")


def test_missing_file(invoke: Callable[..., Outcome], tmp_path: Path) -> None:
    done = invoke("validate", tmp_path / "none.yaml")
    assert done.code == 3
    assert "there is no such file" in done.err
