from __future__ import annotations

from typing import TYPE_CHECKING

from uplift.simulate.blueprint import scenario_spec, spec_mapping
from uplift.simulate.yaml_text import yaml_text
from uplift.spec import load_spec

if TYPE_CHECKING:
    from pathlib import Path


def test_short_things_stand_on_one_line() -> None:
    data = {"version": 1, "arms": [{"id": "a", "share": 0.5}], "eligible": {"平台": "京东", "x": None}, "on": True}
    assert yaml_text(data) == 'version: 1\narms: [{id: a, share: 0.5}]\neligible: {平台: 京东, x: null}\n"on": true\n'


def test_long_things_become_blocks() -> None:
    words = [f"word number {number}" for number in range(9)]
    text = yaml_text({"deep": {"list": words, "rows": [{"a": words[:5], "b": words[5:]}, 1]}})
    assert text.startswith('deep:\n  list:\n    - "word number 0"\n')
    assert '  rows:\n    - a: ["word number 0",' in text
    assert text.endswith("\n    - 1\n")


def test_text_that_looks_like_something_else_is_quoted() -> None:
    assert yaml_text({"a": "yes", "b": "1e3", "c": "2026-03-02", "d": "x: y"}) == (
        'a: "yes"\nb: "1e3"\nc: 2026-03-02\nd: "x: y"\n'
    )


def test_the_spec_of_a_scenario_reads_back_from_its_text(tmp_path: Path) -> None:
    for scenario in ("fresh_grocery", "null", "null_costly"):
        spec = scenario_spec(scenario)
        path = tmp_path / "spec.yaml"
        path.write_text(spec.text, encoding="utf-8")
        assert load_spec(path) == spec
        assert spec.text == yaml_text(spec_mapping(scenario))


def test_only_the_null_world_plans_no_cost() -> None:
    for scenario, cost in (("fresh_grocery", 20.0), ("null_costly", 20.0), ("null", 0.0)):
        large = scenario_spec(scenario).treatment_arms[1]
        assert (large.plan_cost.redemption, large.offer.face if large.offer else None) == (cost, cost)
