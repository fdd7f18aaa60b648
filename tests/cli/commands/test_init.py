from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Outcome


@pytest.mark.parametrize("template", ["coupon", "minimal", "recorded"])
def test_templates_are_valid_as_they_stand(invoke: Callable[..., Outcome], tmp_path: Path, template: str) -> None:
    target = tmp_path / "new" / "spec.yaml"
    made = invoke("init", target, "--template", template, "--json")
    assert made.code == 0
    assert made.json() == {"spec": str(target), "schema": str(target.parent / "schema.json")}
    assert target.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=schema.json\n")
    assert json.loads((target.parent / "schema.json").read_text(encoding="utf-8"))["properties"]["experiment"]
    assert invoke("validate", target).code == 0


def test_nothing_is_overwritten(invoke: Callable[..., Outcome], tmp_path: Path) -> None:
    target = tmp_path / "spec.yaml"
    target.write_text("mine", encoding="utf-8")
    (tmp_path / "schema.json").write_text("mine too", encoding="utf-8")
    refused = invoke("init", target)
    assert (refused.code, refused.out) == (2, "")
    assert f"{target} exists and is left as it is" in refused.err
    assert target.read_text(encoding="utf-8") == "mine"
    assert invoke("init", tmp_path / "other.yaml").code == 0
    assert (tmp_path / "schema.json").read_text(encoding="utf-8") == "mine too"


def test_a_folder_gets_spec_yaml(invoke: Callable[..., Outcome], tmp_path: Path) -> None:
    assert invoke("init", tmp_path).code == 0
    assert (tmp_path / "spec.yaml").exists()
    assert invoke("init", tmp_path).code == 2


def test_unknown_template(invoke: Callable[..., Outcome], tmp_path: Path) -> None:
    refused = invoke("init", tmp_path / "spec.yaml", "--template", "magic")
    assert refused.code == 2
    assert "choose one of: coupon, minimal, recorded" in refused.err
    assert not (tmp_path / "spec.yaml").exists()
