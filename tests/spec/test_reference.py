from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from uplift.spec import parse_spec
from uplift.spec.reference import unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.errors import Problem

    Problems = Callable[[object], list[Problem]]

FREQUENCY = {"by": "orders_90d", "cuts": [3, 9], "names": [{"zh": "低频", "en": "low"}, "中频", "高频"]}


def test_unknown_says_the_nearest_and_all() -> None:
    assert unknown("cupon", "arm", ["control", "coupon"]) == (
        "'cupon' is no arm; did you mean 'coupon'? there are: control, coupon"
    )
    assert unknown("x", "arm", []) == "'x' is no arm; there are: none"


@pytest.mark.parametrize(
    ("where", "code", "message"),
    [
        ({"lifecyle": "新客"}, "unknown_axis", "'lifecyle' is no axis; did you mean 'lifecycle'?"),
        (
            {"basket": "低"},
            "unknown_axis",
            "'basket' is no axis of strata; there are: lifecycle, frequency; add strata.",
        ),
        (
            {"lifecycle": "成长"},
            "unknown_level",
            "'成长' is no level of lifecycle; did you mean '成长客'? there are: new",
        ),
        ({"lifecycle": {"min": 3}}, "wrong_type", "'lifecycle' has levels, not numbers; name one or a list of them"),
        (
            {"frequency": "中频客"},
            "unknown_level",
            "'中频客' is no level of frequency; did you mean '中频'? there are: 低频, low",
        ),
        (
            {"frequency": ["高频", "x"]},
            "unknown_level",
            "'x' is no level of frequency; there are: 低频, low, 中频, 高频",
        ),
    ],
)
def test_axes_and_levels(
    minimal: dict[str, Any], problems: Problems, where: dict[str, object], code: str, message: str
) -> None:
    minimal["strata"] = {"lifecycle": "five_stage", "frequency": FREQUENCY}
    minimal["segments"] = {"s": {"where": where}}
    (problem,) = problems(minimal)
    assert (problem.code, problem.path) == (code, f"segments.s.where.{next(iter(where))}")
    assert problem.message.startswith(message)


def test_every_condition_is_read_in_every_depth(minimal: dict[str, Any], problems: Problems) -> None:
    bad = {"basket": "x"}
    minimal["eligible"] = {"where": {"any_of": [{"city": "沪"}, bad]}, "exclude": {"not": bad}}
    minimal["segments"] = {"s": {"where": {"city": "沪", **bad}}}
    minimal["budget"] = {"current": [{"where": bad, "arm": "coupon", "coverage": 1}]}
    assert [problem.path for problem in problems(minimal)] == [
        "eligible.where.any_of[1].basket",
        "eligible.exclude.not.basket",
        "segments.s.where.basket",
        "budget.current[0].where.basket",
    ]


def test_levels_that_nobody_named_are_left_to_the_data(minimal: dict[str, Any]) -> None:
    minimal["strata"] = {
        "lifecycle": {"column": "阶段"},
        "frequency": {"by": "orders_90d", "cuts": [3]},
        "basket": {"by": "average_basket_365d", "cuts": [50], "names": ["低客单", "高客单"]},
    }
    where = {"lifecycle": "甲", "frequency": "high", "basket": "none", "any_column": 1, "orders_30d": {"min": 4}}
    minimal["segments"] = {"s": {"where": where}, "t": {"where": {"lifecycle": "x", "basket": "低客单"}}}
    assert len(parse_spec(minimal).segments) == 2


def test_column_may_be_called_nearly_as_an_axis_when_it_is_drawn(minimal: dict[str, Any]) -> None:
    minimal["strata"] = {"columns": ["baskets"]}
    minimal["segments"] = {"s": {"where": {"baskets": "x"}}}
    assert parse_spec(minimal).strata.axis_names == ("baskets",)


def test_metrics_name_the_tables_that_they_need(minimal: dict[str, Any], problems: Problems) -> None:
    minimal["outcomes"] = {"secondary": ["return_rate", "full_price_margin"]}
    assert [(p.code, p.path, p.message.split(",")[0]) for p in problems(minimal)] == [
        ("needs_table", "outcomes.secondary[0]", "return_rate needs data.refunds"),
        ("needs_table", "outcomes.secondary[1]", "full_price_margin needs data.coupons"),
    ]


def test_metrics_name_the_columns_that_they_need(minimal: dict[str, Any], problems: Problems) -> None:
    del minimal["data"]["orders"]["margin"]
    assert [(p.code, p.path) for p in problems(minimal)] == [
        ("needs_column", "outcomes.primary"),
        ("needs_column", "strata.value_tier.by"),
    ]


def test_metrics_of_service_and_platforms_name_what_they_need(minimal: dict[str, Any], problems: Problems) -> None:
    minimal["outcomes"] = {
        "secondary": ["complaint_rate", "unsubscribe_rate", "cross_category_repurchase_30d", "other_platform_margin"]
    }
    assert [(p.code, p.path, p.message.split(",")[0]) for p in problems(minimal)] == [
        ("needs_table", "outcomes.secondary[0]", "complaint_rate needs data.service"),
        ("needs_table", "outcomes.secondary[1]", "unsubscribe_rate needs data.contacts"),
        ("needs_column", "outcomes.secondary[2]", "cross_category_repurchase_30d needs data.orders.category"),
        ("needs_column", "outcomes.secondary[3]", "other_platform_margin needs data.orders.platform"),
    ]
    minimal["data"]["orders"] |= {"platform": "平台", "category": "类目"}
    minimal["data"]["service"] = {"table": "s.csv", "id": "uid", "time": "t"}
    minimal["data"]["contacts"] = {"table": "c.csv", "id": "uid", "time": "t", "campaign": "k"}
    assert [(p.code, p.path, p.message.split("; ")[0]) for p in problems(minimal)] == [
        ("needs_column", "outcomes.secondary[0]", "complaint_rate needs data.service.complaint, which is missing"),
        (
            "needs_column",
            "outcomes.secondary[1]",
            "unsubscribe_rate needs data.contacts.unsubscribed, which is missing",
        ),
        ("needs_platform", "outcomes.secondary[3]", "other_platform_margin needs to know where the campaign runs"),
    ]
    minimal["data"]["service"]["complaint"] = "c"
    minimal["data"]["contacts"]["unsubscribed"] = "u"
    for where in ({"平台": "京东"}, {"platform": ["京东"], "城市": "沪"}):
        minimal["eligible"] = {"where": where}
        assert parse_spec(minimal).home_platforms == ("京东",)
    minimal["eligible"] = {"where": {"any_of": [{"平台": "京东"}, {"城市": "沪"}]}}
    assert [p.code for p in problems(minimal)] == ["needs_platform"]


def test_tables_that_hang_on_orders(recorded: dict[str, Any], problems: Problems) -> None:
    recorded["data"]["refunds"] = {"table": "r.csv", "order_id": "o", "time": "t", "amount": "a"}
    recorded["strata"] = {"lifecycle": "five_stage", "frequency": FREQUENCY}
    assert [(p.code, p.path) for p in problems(recorded)] == [
        ("needs_table", "strata.frequency.by"),
        ("needs_table", "strata.lifecycle"),
        ("needs_table", "data.refunds"),
    ]


SERVICE = {"table": "s.csv", "id": "uid", "time": "t", "complaint": "c"}
REASON = "strata.churn_reason"


@pytest.mark.parametrize(
    ("strata", "data", "code", "path", "message"),
    [
        ({"churn_reason": {}}, {}, "needs_table", REASON, "a bad experience shows in data.service or data.refunds"),
        (
            {"churn_reason": {"experience": {"refunds_60d": {"min": 1}}}},
            {"service": SERVICE},
            "needs_table",
            f"{REASON}.experience.refunds_60d",
            "refunds_60d needs data.refunds, which is missing",
        ),
        (
            {"churn_reason": {"experience": {"any_of": [{"refunds_9d": 1}, {"delivery_rating_last": {"below": 3}}]}}},
            {"service": SERVICE},
            "needs_table",
            f"{REASON}.experience.any_of[1].delivery_rating_last",
            "delivery_rating_last needs data.service.rating, which is missing",
        ),
        (
            {"churn_reason": {"experience": {"refund_60d": {"min": 1}}}},
            {"service": SERVICE},
            "unknown_key",
            f"{REASON}.experience.refund_60d",
            "'refund_60d' is no fact; did you mean 'refunds_60d'?",
        ),
        (
            {"potential": {}},
            {"orders": {"margin": None}},
            "needs_table",
            "strata.potential",
            "the potential is predicted",
        ),
    ],
)
def test_reason_and_potential_name_the_tables_that_they_need(
    minimal: dict[str, Any],
    problems: Problems,
    strata: dict[str, Any],
    data: dict[str, Any],
    code: str,
    path: str,
    message: str,
) -> None:
    minimal["strata"] = strata
    for role, table in data.items():
        minimal["data"][role] = {**minimal["data"].get(role, {}), **table}
    if "potential" in strata:
        minimal["outcomes"] = {"primary": "revenue"}
    (problem,) = [each for each in problems(minimal) if each.path == path]
    assert problem.code == code
    assert problem.message.startswith(message)


def test_a_column_of_units_may_tell_the_reason(minimal: dict[str, Any], problems: Problems) -> None:
    minimal["strata"] = {"churn_reason": {"experience": {"回访结果": "投诉"}}}
    assert problems(minimal) == []


def test_levels_of_the_reason_and_of_six_stages_are_known(minimal: dict[str, Any], problems: Problems) -> None:
    minimal["data"]["service"] = SERVICE
    minimal["strata"] = {"lifecycle": "six_stage", "churn_reason": {}}
    minimal["segments"] = {"a": {"where": {"lifecycle": "active"}}, "b": {"where": {"churn_reason": "experiance"}}}
    found = {problem.path: problem.message for problem in problems(minimal)}
    assert set(found) == {"segments.a.where.lifecycle", "segments.b.where.churn_reason"}
    assert "did you mean 'experience'" in found["segments.b.where.churn_reason"]
    assert "mature" in found["segments.a.where.lifecycle"]


def test_one_fact_that_the_data_hold_is_enough(minimal: dict[str, Any], problems: Problems) -> None:
    minimal["data"]["service"] = SERVICE
    told = [{"service_tickets_60d": {"min": 1}}, {"delivery_rating_last": {"below": 3}}, {"refunds_60d": {"min": 1}}]
    minimal["strata"] = {"churn_reason": {"experience": {"any_of": told}, "interest": "otherwise"}}
    assert problems(minimal) == []
