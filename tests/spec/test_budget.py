from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from uplift.spec import parse_spec
from uplift.spec.budget import ChangeLimit, CurrentColumn

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.errors import Problem

    Problems = Callable[[object], list[Problem]]


def test_defaults(minimal: dict[str, Any]) -> None:
    budget = parse_spec(minimal).budget
    assert (budget.period, budget.total, budget.apply_to, budget.current) == (
        "window",
        "current",
        "eligible",
        "experiment",
    )
    assert (budget.reserve, budget.act_on, budget.decision) == (Fraction(1, 5), "A", "gated")
    assert budget.change_limit == ChangeLimit(decrease=Fraction(1, 2), cell_at_most=Fraction(2, 5))


def test_forms(minimal: dict[str, Any]) -> None:
    minimal["budget"] = {"total": 5000, "current": {"column": "现行"}, "change_limit": None, "reserve": 0}
    budget = parse_spec(minimal).budget
    assert (budget.total, budget.current, budget.change_limit) == (5000, CurrentColumn(column="现行"), None)
    assert budget.reserve == 0
    minimal["budget"] = {"change_limit": {"decrease": None}}
    limit = parse_spec(minimal).budget.change_limit
    assert limit == ChangeLimit(decrease=None, cell_at_most=Fraction(2, 5))


def test_rules_in_force(minimal: dict[str, Any]) -> None:
    minimal["budget"] = {"current": [{"where": {"lifecycle": "成长客"}, "arm": "coupon", "coverage": 0.15}]}
    current = parse_spec(minimal).budget.current
    assert isinstance(current, tuple)
    assert (current[0].arm, current[0].coverage) == ("coupon", Fraction(3, 20))


@pytest.mark.parametrize(
    ("written", "code", "path", "message"),
    [
        ({"reserve": 1}, "out_of_range", "reserve", "got 1; the reserve lies from 0 to below 1"),
        ({"reserve": "20%"}, "wrong_type", "reserve", "got '20%'; a number is needed; write 0.2"),
        ({"change_limit": {"decrease": 1.5}}, "out_of_range", "change_limit.decrease", "got 1.5; a share lies from 0"),
        ({"change_limit": 0.5}, "wrong_type", "change_limit", "got 0.5; a mapping is needed"),
        ({"total": "all"}, "wrong_type", "total", "got 'all'; a number is needed"),
        ({"total": "1.2万"}, "wrong_type", "total", "got '1.2万'; a number is needed; write 12000"),
        ({"total": -1}, "out_of_range", "total", "got -1; it must be at least 0"),
        ({"act_on": "E"}, "bad_value", "act_on", "got 'E'; allowed: 'A', 'B', 'C' or 'D'"),
        ({"current": "now"}, "bad_value", "current", "got 'now'; allowed: 'experiment'"),
        ({"current": []}, "wrong_length", "current", "got 0 entries; at least 1 are needed"),
        ({"floors": {}}, "not_built", "floors", "'floors' is not built yet in this release; remove it"),
    ],
)
def test_refusals(
    minimal: dict[str, Any], problems: Problems, written: dict[str, object], code: str, path: str, message: str
) -> None:
    minimal["budget"] = written
    (problem,) = problems(minimal)
    assert (problem.code, problem.path) == (code, f"budget.{path}")
    assert problem.message.startswith(message)
