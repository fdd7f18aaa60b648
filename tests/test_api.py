"""The public names and their signatures are a promise."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

import uplift

ROOT = Path(__file__).resolve().parents[1]


def test_names_and_signatures_are_those_that_were_promised() -> None:
    api_text = runpy.run_path(str(ROOT / "docs" / "render.py"))["api_text"]
    golden = (ROOT / "tests" / "golden" / "api.txt").read_text(encoding="utf-8")
    assert api_text() == golden, "if this change is meant, run: python docs/render.py"


@pytest.mark.parametrize("name", uplift.__all__)
def test_every_name_of_the_package_loads(name: str) -> None:
    assert getattr(uplift, name) is not None
    assert name in dir(uplift)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'uplift' has no attribute 'desing'"):
        uplift.desing  # noqa: B018
