"""What runs of the contract's specs, and what is refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from uplift.errors import SpecError
from uplift.spec import load_spec, parse_spec
from uplift.spec.compose import compose

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from uplift.errors import Problem

    Problems = Callable[[object], list[Problem]]

REFUSED = {
    *("data.units.cluster", "data.links", "data.ledger", "labels", "privacy"),
    *("analysis", "enrol", "buckets", "caps", "capacity", "arms[1].steps"),
    *("arms[1].channel", "arms[2].grid", "arms[2].except", "contrasts[0].where", "outcomes.missing"),
    *("outcomes.read_at", "outcomes.panel", "outcomes.guardrails", "budget.exploration"),
    *("budget.caps", "budget.floors"),
}
FRESH_GROCERY = {
    *("data.ledger", "labels", "outcomes.read_at"),
    *("outcomes.guardrails", "privacy"),
}


def test_every_block_to_come_is_refused_by_name_at_once(whole: str, problems: Problems) -> None:
    found = problems(whole)
    assert {problem.code for problem in found} == {"not_built"}
    assert {problem.path for problem in found} == REFUSED
    assert len(found) == len(REFUSED)
    for problem in found:
        name = problem.path.split(".")[-1].split("[")[0]
        assert f"'{name}' is not built yet in this release" in problem.message
        assert problem.line > 0


def test_the_rest_of_it_runs(whole: str) -> None:
    spec = parse_spec(_stripped(compose(whole).data, REFUSED))
    assert (spec.control_arm.id, spec.treatment_arms[0].spelling) == ("none", "1")
    assert spec.exact_shares["none"] == spec.exact_shares["a"]
    assert str(spec.campaign.expiry_at) == "2026-02-02 00:00:00"
    assert spec.codes_by_arm == {"a": ("W-1", "W-2"), "b": ("W-1", "W-2")}
    assert spec.data.coupons is not None
    assert spec.data.coupons.table == ("券1.csv", "券2.csv")


def _stripped(data: object, paths: set[str]) -> dict[str, Any]:
    blocks = cast("dict[str, Any]", data)
    for path in sorted(paths, reverse=True):
        *parents, last = path.replace("[", ".").replace("]", "").split(".")
        at: Any = blocks
        for parent in parents:
            at = at[int(parent)] if isinstance(at, list) else at[parent]
        del at[int(last) if isinstance(at, list) else last]
    return blocks


def test_minimal_runs_unchanged(shared_spec: Callable[[str], Path]) -> None:
    spec = load_spec(shared_spec("minimal"))
    assert spec.shares == {"control": 0.2, "coupon": 0.8}
    assert spec.zone.key == "Asia/Shanghai"


def test_fresh_grocery_names_exactly_what_does_not_run(shared_spec: Callable[[str], Path]) -> None:
    with pytest.raises(SpecError) as error:
        load_spec(shared_spec("fresh_grocery"))
    found = error.value.problems
    assert {problem.code for problem in found} == {"not_built"}
    assert sorted(problem.path for problem in found) == sorted(FRESH_GROCERY)


def test_fresh_grocery_runs_without_them(shared_spec: Callable[[str], Path]) -> None:
    text = shared_spec("fresh_grocery").read_text(encoding="utf-8")
    spec = parse_spec(_stripped(compose(text).data, FRESH_GROCERY))
    assert spec.outcomes.secondary == (
        *("repurchase_count", "repurchase_rate", "retention", "return_rate", "full_price_margin"),
        "other_platform_margin",
    )
    assert spec.home_platforms == ("京东",)
    assert [str(days.name.zh) for days in spec.calendar.extra] == ["店庆"]
    assert spec.eligible.sample == 120000
    name = spec.segments["growing_target"].name
    assert name is not None
    assert name.in_language("en") == "Growing, mid-frequency, low basket"


@pytest.mark.parametrize("name", ["win_back", "past_campaign", "bandit_grid"])
def test_other_specs_of_the_contract_name_what_is_to_come(name: str, shared_spec: Callable[[str], Path]) -> None:
    with pytest.raises(SpecError) as error:
        load_spec(shared_spec(name))
    assert "not_built" in {problem.code for problem in error.value.problems}
    assert all(problem.line for problem in error.value.problems)
