from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.design.conftest import mapping
from uplift.customers import Axis, frequency_axis
from uplift.data import Columns
from uplift.design.audience import Audience
from uplift.design.segments import flag_segments, plan_contrasts, plan_present, plan_segments
from uplift.design.strata import Strata
from uplift.results import Stratum
from uplift.spec import parse_spec

if TYPE_CHECKING:
    from uplift.spec import ExperimentSpec

ORDERS = np.array([0.0, 1, 3, 4, 9, 10])
CLUB = np.array(["gold", None, "gold", "base", "gold", "base"], dtype=object)
STRATA = Strata(
    (Stratum("low", {"frequency": "low"}, 2), Stratum("mid+high", {"frequency": "mid+high"}, 4)),
    np.array([0, 0, 1, 1, 1, 1]),
    (),
)


def audience() -> Audience:
    known = Columns(
        np.array([f"u{i}" for i in range(6)], dtype=object),
        {"orders_90d": ORDERS, "club": CLUB, "today": np.array(["5", "x", "5", "9", None, "small"], dtype=object)},
    )
    axes: dict[str, Axis] = {"frequency": frequency_axis(ORDERS)}
    return Audience(known, axes)


def spec(**changes: object) -> ExperimentSpec:
    arms = [
        {"id": "none", "control": True},
        {"id": "small", "share": 0.3, "value": 5, "expect": {"few": 2.5}},
        {"id": "large", "share": "1/5", "value": "9"},
    ]
    strata = {"frequency": {"by": "orders_90d", "cuts": [3, 9]}}
    segments = {
        "few": {"name": {"en": "Few"}, "where": {"frequency": "低频"}},
        "mid_gold": {"where": {"frequency": ["mid"], "club": "gold"}},
        "rest": {"where": {"not": {"frequency": "low"}}},
        "nobody": {"where": {"orders_90d": {"above": 99}}},
    }
    given: dict[str, Any] = {"arms": arms, "strata": strata, "segments": segments, "assignment": None} | changes
    return parse_spec(mapping(**given))


def test_segments_know_the_strata_inside_them() -> None:
    written = spec()
    flags = flag_segments(written, audience())
    got = {segment.id: segment for segment in plan_segments(written, flags, STRATA)}
    assert flags["mid_gold"].tolist() == [False, False, True, False, False, False]
    assert (got["few"].n_units, got["few"].strata, got["few"].aligned) == (2, ("low",), True)
    assert (got["mid_gold"].n_units, got["mid_gold"].strata, got["mid_gold"].aligned) == (1, (), False)
    assert (got["rest"].strata, got["rest"].aligned) == (("mid+high",), True)
    assert (got["nobody"].n_units, got["nobody"].aligned) == (0, False)
    assert got["few"].expected == {"small": 2.5}
    assert got["few"].name == {"en": "Few"}


def shares(written: ExperimentSpec) -> dict[tuple[str, str], float]:
    return {(one.stratum, one.arm): one.share for one in plan_present(written, audience(), STRATA)}


def test_the_present_plan_is_the_experiment_by_default() -> None:
    got = plan_present(spec(), audience(), STRATA)
    assert [(one.stratum, one.arm, one.n_units) for one in got] == [
        ("low", "small", 2), ("low", "large", 2), ("mid+high", "small", 4), ("mid+high", "large", 4),
    ]  # fmt: skip
    assert shares(spec()) == {
        ("low", "small"): 0.3, ("low", "large"): 0.2, ("mid+high", "small"): 0.3, ("mid+high", "large"): 0.2,
    }  # fmt: skip


def test_of_several_rules_the_first_match_wins() -> None:
    rules = [
        {"where": {"frequency": "high"}, "arm": "large", "coverage": 0.9},
        {"where": {"club": "gold"}, "arm": "small", "coverage": 0.5},
        {"where": {"frequency": "high"}, "arm": "small", "coverage": 1.0},
        {"where": {"club": "base"}, "arm": "none", "coverage": 1.0},
    ]
    # units: gold/low small .5; null; gold/mid small .5; base; gold/high large .9; base/high large .9
    got = shares(spec(budget={"current": rules}))
    assert got == pytest.approx(
        {("low", "small"): 0.25, ("low", "large"): 0, ("mid+high", "small"): 0.125, ("mid+high", "large"): 0.45}
    )


def test_a_column_may_hold_the_present_plan() -> None:
    # today: 5, x | 5, 9, null, small: an arm by its value or its id
    got = shares(spec(budget={"current": {"column": "today"}}))
    assert got == {
        ("low", "small"): 0.5, ("low", "large"): 0, ("mid+high", "small"): 0.5, ("mid+high", "large"): 0.25,
    }  # fmt: skip


def test_every_arm_is_held_against_the_control() -> None:
    plain = plan_contrasts(spec())
    assert [(one.arm, one.reference, one.segments, one.primary) for one in plain] == [
        ("small", "none", (), True),
        ("large", "none", (), True),
    ]
    added = plan_contrasts(
        spec(
            contrasts=[
                {"arms": ["large", "small"], "primary": True},
                {"arms": ["small", "none"], "segments": ["few"]},
                {"arms": ["large", "none"]},
            ]
        )
    )
    assert [(one.arm, one.reference, one.segments, one.primary) for one in added] == [
        ("small", "none", (), False),
        ("large", "none", (), False),
        ("large", "small", (), True),
        ("small", "none", ("few",), False),
    ]
