from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from uplift.spec import parse_spec
from uplift.spec.audience import DEFAULT_STRATA, Axis, StageColumn, StageRule

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.errors import Problem

    Problems = Callable[[object], list[Problem]]


def test_strata_by_default(minimal: dict[str, Any], recorded: dict[str, Any]) -> None:
    strata = parse_spec(minimal).strata
    assert strata == DEFAULT_STRATA
    assert strata.axis_names == ("lifecycle", "value_tier")
    tier = strata.axes["value_tier"]
    assert (tier.by, tier.quantiles, tier.n_levels) == ("gross_margin_365d", (Fraction(1, 3), Fraction(2, 3)), 3)
    assert strata.min_cell == 50
    assert parse_spec(recorded).strata.axis_names == ()


def test_axis() -> None:
    axis = Axis.model_validate(
        {"by": "orders_90d", "cuts": [3, 9], "names": ["低频", {"zh": "中频", "en": "mid"}, "高频"]}
    )
    assert (axis.n_levels, axis.metric.metric.id, axis.metric.days) == (3, "orders", 90)
    assert axis.levels == {
        "低频": {"zh": "低频", "en": "低频"},
        "mid": {"zh": "中频", "en": "mid"},
        "高频": {"zh": "高频", "en": "高频"},
    }
    assert Axis.model_validate({"by": "trailing_margin", "quantiles": ["1/2"]}).levels is None
    assert Axis.model_validate({"by": "orders_90d"}).n_levels == 1


def test_sample_is_a_count_or_a_share(minimal: dict[str, Any]) -> None:
    for written, sample in ((120000, 120000), (0.25, Fraction(1, 4)), ("1/3", Fraction(1, 3)), (1.0, Fraction(1))):
        minimal["eligible"] = {"sample": written}
        got = parse_spec(minimal).eligible.sample
        assert (type(got), got) == (type(sample), sample)


def test_stage_from_a_column(minimal: dict[str, Any]) -> None:
    minimal["strata"] = {"lifecycle": {"column": "阶段"}, "columns": "城市"}
    strata = parse_spec(minimal).strata
    assert strata.lifecycle == StageColumn(column="阶段")
    assert strata.axis_names == ("lifecycle", "城市")


def test_stages_with_thresholds_of_their_own(minimal: dict[str, Any]) -> None:
    assert parse_spec(minimal).strata.stage_rule == StageRule()
    minimal["strata"] = {"lifecycle": "six_stage"}
    assert parse_spec(minimal).strata.stage_rule == StageRule(rule="six_stage")
    minimal["strata"] = {"lifecycle": {"rule": "six_stage", "silent_days": 60, "lost_alive": 0.2}}
    strata = parse_spec(minimal).strata
    assert strata.stage_rule is not None
    assert strata.stage_rule.thresholds == {"silent_days": 60.0, "lost_alive": 0.2}
    assert strata.axis_names == ("lifecycle",)
    minimal["strata"] = {"lifecycle": {"column": "阶段"}}
    assert parse_spec(minimal).strata.stage_rule is None


def test_reason_and_potential_are_axes(minimal: dict[str, Any]) -> None:
    minimal["data"]["refunds"] = {"table": "r.csv", "order_id": "o", "time": "t", "amount": "a"}
    minimal["strata"] = {"churn_reason": {}, "potential": {"behaviour": {"visits": 0.05}}, "columns": ["城市"]}
    strata = parse_spec(minimal).strata
    assert strata.axis_names == ("churn_reason", "potential", "城市")
    assert list(strata.classes) == ["potential"]
    assert strata.potential is not None
    assert (strata.potential.n_levels, strata.potential.levels) == (3, None)
    minimal["segments"] = {"hurt": {"where": {"churn_reason": "体验受损", "potential": "高潜力"}}}
    assert parse_spec(minimal).segments["hurt"]


@pytest.mark.parametrize(
    ("block", "written", "code", "path", "message"),
    [
        ("eligible", {"sample": 0}, "out_of_range", "sample", "got 0; a count of units is at least 1"),
        ("eligible", {"sample": 1.5}, "out_of_range", "sample", "got 1.5; a share lies above 0 and at most 1"),
        ("eligible", {"sample": True}, "wrong_type", "sample", "got true; a number is needed"),
        (
            "strata",
            {"lifecycle": "5_stage"},
            "bad_value",
            "lifecycle",
            "got '5_stage'; did you mean 'six_stage'? allowed",
        ),
        ("strata", {"churn_reason": {"interest": 3}}, "bad_value", "churn_reason.interest", "got 3; allowed: 'other"),
        ("strata", {"churn_reason": {"price": 3}}, "unknown_key", "churn_reason.price", "'price' is no key of this"),
        ("strata", {"lifecycle": {"silent_alive": 1.5}}, "out_of_range", "lifecycle.silent_alive", "got 1.5; it must"),
        ("strata", {"lifecycle": {"silent": 1}}, "unknown_key", "lifecycle.silent", "'silent' is no key of this block"),
        ("strata", {"frequncy": {}}, "unknown_key", "frequncy", "'frequncy' is no key of this block; did you mean"),
        ("strata", {"frequency": 3}, "wrong_type", "frequency", "got 3; a mapping is needed"),
        ("strata", {"min_cell": 0}, "out_of_range", "min_cell", "got 0; it must be at least 1"),
        ("strata", {"min_cell": 2.5}, "wrong_type", "min_cell", "got 2.5; a whole number is needed"),
        ("strata", {"basket": {"by": "basket_365d"}}, "unknown_metric", "basket.by", "got 'basket_365d', which is no"),
        ("strata", {"basket": {"by": "revenue"}}, "no_window", "basket.by", "got 'revenue'; an axis looks back"),
        ("segments", {"a": {"name": "x"}}, "missing_key", "a.where", "'where' is missing; this block needs: where"),
        ("segments", {"a b": {"where": {}}}, "bad_id", "a b", "got 'a b'; an id starts with"),
        ("segments", [1], "wrong_type", "", "got a list; a mapping is needed"),
    ],
)
def test_refusals(
    minimal: dict[str, Any], problems: Problems, block: str, written: object, code: str, path: str, message: str
) -> None:
    minimal[block] = written
    (problem,) = problems(minimal)
    assert (problem.code, problem.path) == (code, f"{block}.{path}".removesuffix("."))
    assert problem.message.startswith(message)
