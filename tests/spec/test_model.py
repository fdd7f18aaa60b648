from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from uplift.spec import load_spec, parse_spec, read_template

if TYPE_CHECKING:
    from pathlib import Path


def test_control_is_marked_or_named(minimal: dict[str, Any]) -> None:
    assert parse_spec(minimal).control_arm.id == "control"
    minimal["arms"] = [{"id": "control"}, {"id": "none", "control": True}, {"id": "b"}]
    spec = parse_spec(minimal)
    assert spec.control_arm.id == "none"
    assert [arm.id for arm in spec.treatment_arms] == ["control", "b"]


def test_origin_does_not_make_specs_unequal(tmp_path: Path) -> None:
    text = read_template("coupon")
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "b.yaml").write_text("# another file\n" + text, encoding="utf-8")
    first, second = load_spec(tmp_path / "a.yaml"), load_spec(tmp_path / "b.yaml")
    assert first == second
    assert first.text != second.text
    changed = text.replace("window_days: 90", "window_days: 60")
    (tmp_path / "b.yaml").write_text(changed, encoding="utf-8")
    assert load_spec(tmp_path / "b.yaml") != first


def test_spec_is_frozen(minimal: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        parse_spec(minimal).version = 1  # type: ignore[misc]


def test_coupon_story(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(read_template("coupon"), encoding="utf-8")
    spec = load_spec(tmp_path / "s.yaml")
    assert spec.shares == {"control": 0.2, "small": 0.4, "large": 0.4}
    assert spec.campaign_codes == ("FG-59-8", "FG-129-20")
    assert spec.codes_by_arm["large"] == ("FG-129-20",)
    assert spec.strata.axis_names == ("lifecycle", "value_tier", "frequency", "basket")
    target = spec.segments["growing_target"].name
    assert target is not None
    assert target.in_language("en") == "Growing, mid-frequency, low basket"
