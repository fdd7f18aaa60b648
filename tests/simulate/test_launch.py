from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.errors import UsageError
from uplift.simulate.launch import Launch, launch_of
from uplift.simulate.scenario import SCENARIOS, find_scenario
from uplift.spec import parse_spec

if TYPE_CHECKING:
    from collections.abc import Mapping


def _launch(
    arms: list[Mapping[str, object]], scenario: str = "fresh_grocery", blocks: Mapping[str, object] | None = None
) -> Launch:
    spec: dict[str, object] = {
        "version": 1,
        "experiment": {"id": "x", "currency": "CNY"},
        "campaign": {"start": "2026-03-02", "end": "2026-03-31"},
        "data": {
            "units": {"table": "u.csv", "id": "id"},
            "orders": {"table": "o.csv", "id": "id", "order_id": "o", "time": "t", "revenue": "r", "margin": "m"},
        },
        "arms": [{"id": "control"}, *arms],
    }
    return launch_of(parse_spec({**spec, **(blocks or {})}), find_scenario(scenario))


def test_an_arm_without_an_offer_takes_its_planned_cost() -> None:
    launch = _launch([{"id": "coupon", "plan_cost": {"contact": 0.05, "redemption": 20}}, {"id": "plain"}])
    coupon, plain = launch.offers
    assert (coupon.face, coupon.minimum, coupon.touches, coupon.touch_cost, coupon.code) == (20.0, 129.0, 1, 0.05, "x")
    assert (plain.face, plain.minimum, plain.touch_cost) == (8.0, 59.0, 0.0)
    assert coupon.is_large
    assert not plain.is_large
    assert (launch.valid_days, launch.window_days, launch.horizon_days) == (30.0, 90, 365)


def test_touches_are_spread_inside_the_validity() -> None:
    offer = _launch([{"id": "a", "touches": 2}]).offers[0]
    np.testing.assert_array_equal(offer.touch_days(30.0), [0.0, 14.0])
    np.testing.assert_array_equal(offer.touch_days(10.0), [0.0, 5.0])
    assert len(_launch([{"id": "a", "touches": 0}]).offers[0].touch_days(30.0)) == 0


def test_in_the_null_world_nothing_costs() -> None:
    offer = _launch([{"id": "a", "offer": {"face": 20, "minimum": 99}, "plan_cost": {"contact": 1}}], "null").offers[0]
    assert (offer.face, offer.minimum, offer.touch_cost) == (0.0, 99.0, 0.0)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"campaign": {"start": "2026-03-02"}}, r"campaign\.start and campaign\.end: got none"),
        ({"assignment": {"method": "recorded", "arm": "arm"}}, r"assignment\.method: got recorded"),
        ({"outcomes": {"window_days": 30}}, r"window_days: got 30; a simulated campaign needs 58, 28 days after"),
    ],
    ids=["dates", "recorded", "short window"],
)
def test_a_campaign_that_cannot_be_run_is_refused(changed: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        _launch([{"id": "a"}], blocks=changed)


def test_scenarios_are_found_by_name() -> None:
    assert [find_scenario(name).name for name in SCENARIOS] == list(SCENARIOS)
    assert list(SCENARIOS)[:3] == ["fresh_grocery", "null", "null_costly"]
    assert find_scenario("null").free
    assert all(group.small.incremental == 0.0 for group in find_scenario("null_costly").groups)
