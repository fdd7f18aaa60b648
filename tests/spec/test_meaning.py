from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from uplift.spec import parse_spec

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.errors import Problem

    Problems = Callable[[object], list[Problem]]

CONTROL = {"id": "control"}


@pytest.mark.parametrize(
    ("block", "written", "code", "path", "message"),
    [
        ("arms", [CONTROL, {"id": "a"}, {"id": "a"}], "duplicate_arm", "arms[2].id", "'a' is there twice; every arm"),
        ("arms", [CONTROL, {"id": "a", "value": "control"}], "duplicate_value", "arms[1].value", "'control' is there"),
        ("arms", [{"id": "a"}, {"id": "b"}], "no_control", "arms", "no arm is the control; write control: true on one"),
        (
            "arms",
            [{"id": "a", "control": True}, {"id": "b", "control": True}],
            "two_controls",
            "arms[1].control",
            "'a' is the control already; exactly one arm can be",
        ),
        (
            "arms",
            [{"id": "control", "share": 0.3333}, {"id": "a", "share": 0.3333}, {"id": "b", "share": 0.3333}],
            "share_sum",
            "arms",
            "the shares add to 0.9999; they must add to 1 exactly (write thirds as '1/3', or omit one)",
        ),
        (
            "arms",
            [{"id": "control", "share": 0.5}, {"id": "a", "share": 0.5}, {"id": "b"}],
            "share_sum",
            "arms",
            "the given shares add to 1; nothing is left for b",
        ),
        (
            "arms",
            [CONTROL, {"id": "a", "expect": {"x": 1}}],
            "unknown_segment",
            "arms[1].expect.x",
            "'x' is no segment; there are: none",
        ),
        (
            "contrasts",
            [{"arms": ["cupon", "control"]}],
            "unknown_arm",
            "contrasts[0].arms[0]",
            "'cupon' is no arm; did",
        ),
        ("contrasts", [{"arms": ["coupon", "coupon"]}], "same_arm", "contrasts[0].arms", "'coupon' is set against"),
        (
            "contrasts",
            [{"arms": ["coupon", "control"], "segments": "x"}],
            "unknown_segment",
            "contrasts[0].segments[0]",
            "'x' is no segment",
        ),
        (
            "budget",
            {"current": [{"where": {"city": "沪"}, "arm": "cupon", "coverage": 1}]},
            "unknown_arm",
            "budget.current[0].arm",
            "'cupon' is no arm; did you mean 'coupon'? there are: control, coupon",
        ),
        ("outcomes", {"horizon_days": 60}, "bad_order", "outcomes.horizon_days", "got 60, less than window_days 90"),
        (
            "outcomes",
            {"secondary": ["revenue", "revenue"]},
            "duplicate_outcome",
            "outcomes.secondary[1]",
            "'revenue' is there twice",
        ),
        (
            "outcomes",
            {"primary": "revenue", "secondary": ["orders", "revenue"]},
            "duplicate_outcome",
            "outcomes.secondary[1]",
            "'revenue' is the primary outcome already",
        ),
        ("assignment", {"arm": "x"}, "contradiction", "assignment.arm", "arm names the column of a recorded trial"),
    ],
)
def test_contradictions(
    minimal: dict[str, Any], problems: Problems, block: str, written: object, code: str, path: str, message: str
) -> None:
    minimal[block] = written
    (problem,) = problems(minimal)
    assert (problem.code, problem.path) == (code, path)
    assert problem.message.startswith(message)


@pytest.mark.parametrize(
    ("written", "code", "path", "message"),
    [
        ({"start": None}, "missing_key", "start", "'start' is missing; it is day 0 of every window"),
        ({"end": "2026-03-01"}, "bad_order", "end", "got 2026-03-01, before the start 2026-03-02"),
        ({"as_of": "2026-03-03"}, "bad_order", "as_of", "got 2026-03-03, after the start 2026-03-02; design may"),
        ({"coupon_expiry": "2026-03-01"}, "bad_order", "coupon_expiry", "got 2026-03-01, before the start"),
        (
            {"coupon_expiry": "2026-04-01", "coupon_valid_days": 3},
            "contradiction",
            "coupon_valid_days",
            "coupon_expiry",
        ),
        ({"codes": {"cupon": ["X"]}}, "unknown_arm", "codes.cupon", "'cupon' is no arm; did you mean 'coupon'?"),
    ],
)
def test_dates_and_codes(
    minimal: dict[str, Any], problems: Problems, written: dict[str, object], code: str, path: str, message: str
) -> None:
    minimal["campaign"] |= written
    (problem,) = problems(minimal)
    assert (problem.code, problem.path) == (code, f"campaign.{path}")
    assert problem.message.startswith(message)


def test_a_campaign_of_one_day_is_fine(minimal: dict[str, Any]) -> None:
    minimal["campaign"] = {"start": "2026-03-02", "end": "2026-03-02"}
    spec = parse_spec(minimal)
    assert spec.campaign.start_at is not None
    assert spec.campaign.end_at is not None
    assert (spec.campaign.end_at - spec.campaign.start_at).days == 1


@pytest.mark.parametrize(
    ("axis", "code", "key", "message"),
    [
        ({}, "contradiction", "", "an axis has either cuts or quantiles; write one of the two"),
        ({"cuts": [1], "quantiles": [0.5]}, "contradiction", "", "an axis has either cuts or quantiles"),
        ({"cuts": [3, 3]}, "not_rising", "", "cuts must rise; got 3.0, 3.0"),
        ({"quantiles": [0.5, "1/3"]}, "not_rising", "", "quantiles must rise; got 1/2, 1/3"),
        ({"quantiles": [0.5, 1]}, "out_of_range", "", "quantiles lie above 0 and below 1"),
        ({"cuts": [3, 9], "names": ["a", "b"]}, "wrong_length", ".names", "got 2 names for 3 classes; names has one"),
        ({"cuts": [3], "names": ["a", "a"]}, "duplicate_name", ".names", "'a' names 2 classes; each needs its own"),
        ({"cuts": [3], "names": ["低，高"]}, "wrong_length", ".names", "got 1 names for 2 classes"),
    ],
)
def test_axes(
    minimal: dict[str, Any], problems: Problems, axis: dict[str, object], code: str, key: str, message: str
) -> None:
    minimal["strata"] = {"frequency": {"by": "orders_90d", **axis}}
    (problem,) = problems(minimal)
    assert problem.code == code
    assert problem.path == f"strata.frequency{key or _points(axis, code)}"
    assert problem.message.startswith(message)


def _points(axis: dict[str, object], code: str) -> str:
    return "" if code == "contradiction" else f".{next(iter(axis))}"


def test_full_width_comma_between_names_is_told(minimal: dict[str, Any], problems: Problems) -> None:
    minimal["strata"] = {"frequency": {"by": "orders_90d", "cuts": [3], "names": ["低，高"]}}
    assert problems(minimal)[0].message.endswith("separate them by ', ', not by a full-width mark")


def test_lists_of_axes(minimal: dict[str, Any], problems: Problems) -> None:
    axis = {"by": "orders_90d", "cuts": [3]}
    minimal["strata"] = {
        "frequency": axis,
        "columns": ["city", "city", "frequency"],
        "give_way": ["frequncy", "city", "city", "basket"],
    }
    assert [(p.code, p.path) for p in problems(minimal)] == [
        ("duplicate_name", "strata.columns[1]"),
        ("duplicate_name", "strata.columns[2]"),
        ("duplicate_name", "strata.give_way[2]"),
        ("unknown_axis", "strata.give_way[0]"),
        ("unknown_axis", "strata.give_way[3]"),
    ]


def test_recorded_trial_draws_nothing(recorded: dict[str, Any], problems: Problems) -> None:
    recorded["assignment"] = {"method": "recorded", "seed": 1, "holdout": 0.1}
    recorded["eligible"] = {"sample": 100}
    assert [(p.code, p.path) for p in problems(recorded)] == [
        ("missing_key", "assignment.arm"),
        ("contradiction", "assignment.seed"),
        ("contradiction", "assignment.holdout"),
        ("contradiction", "eligible.sample"),
    ]


def test_start_may_be_left_out_without_orders_only(
    minimal: dict[str, Any], recorded: dict[str, Any], problems: Problems
) -> None:
    assert parse_spec(recorded).campaign.start_at is None
    recorded["data"]["orders"] = minimal["data"]["orders"]
    (problem,) = problems(recorded)
    assert (problem.path, problem.code) == ("campaign.start", "missing_key")
    assert "only unit-level outcomes do without" in problem.message
