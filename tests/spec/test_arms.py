from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

from uplift.spec import parse_spec
from uplift.spec.arms import PlanCost

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.errors import Problem

    Problems = Callable[[object], list[Problem]]


def test_defaults(minimal: dict[str, Any]) -> None:
    arm = parse_spec(minimal).arms[1]
    assert (arm.offer, arm.touches, arm.expect, arm.plan_cost) == (None, None, {}, PlanCost())
    assert (arm.plan_cost.contact, arm.plan_cost.redemption, arm.plan_cost.fulfilment) == (0, 0, 0)


def test_spelling_in_the_table(recorded: dict[str, Any]) -> None:
    recorded["arms"] = [{"id": "control", "value": 0}, {"id": "a", "value": "Mens E-Mail"}, {"id": "b"}]
    assert [arm.spelling for arm in parse_spec(recorded).arms] == ["0", "Mens E-Mail", "b"]


def test_offer_and_expectation(minimal: dict[str, Any]) -> None:
    minimal["segments"] = {"x": {"where": {"city": "沪"}}}
    minimal["arms"][1] |= {"offer": {"face": 8, "minimum": 59}, "touches": 2, "expect": {"x": -1.5}}
    arm = parse_spec(minimal).arms[1]
    assert arm.offer is not None
    assert (arm.offer.face, arm.offer.minimum, arm.touches, arm.expect) == (8, 59, 2, {"x": -1.5})


def test_shares_are_exact(minimal: dict[str, Any]) -> None:
    minimal["arms"] = [{"id": "control", "share": 0.1}, {"id": "a"}, {"id": "b"}, {"id": "c", "share": "1/3"}]
    spec = parse_spec(minimal)
    # left: 1 - 1/10 - 1/3 = 17/30, half of it each
    assert spec.exact_shares == {
        "control": Fraction(1, 10),
        "a": Fraction(17, 60),
        "b": Fraction(17, 60),
        "c": Fraction(1, 3),
    }
    assert sum(spec.exact_shares.values()) == 1
    assert spec.shares["a"] == pytest.approx(17 / 60)


@pytest.mark.parametrize(
    ("written", "code", "path", "message"),
    [
        ({"share": "40%"}, "wrong_type", "share", "got '40%'; a number is needed; write 0.4"),
        ({"share": 1.2}, "out_of_range", "share", "got 1.2; a share lies above 0 and below 1"),
        ({"touches": -1}, "out_of_range", "touches", "got -1; it must be at least 0"),
        ({"control": "yes"}, "wrong_type", "control", "got 'yes'; true or false is needed"),
        ({"plan_cost": {"contact": -0.1}}, "out_of_range", "plan_cost.contact", "got -0.1; it must be at least 0"),
        ({"plan_cost": {"sms": 1}}, "unknown_key", "plan_cost.sms", "'sms' is no key of this block; allowed: contact"),
        ({"offer": {"minimum": 5}}, "missing_key", "offer.face", "'face' is missing; this block needs: face"),
        ({"steps": []}, "not_built", "steps", "'steps' is not built yet in this release; remove it"),
        ({"value": True}, "wrong_type", "value", "got true; a text is needed"),
    ],
)
def test_refusals(
    minimal: dict[str, Any], problems: Problems, written: dict[str, object], code: str, path: str, message: str
) -> None:
    minimal["arms"][1] |= written
    (problem,) = problems(minimal)
    assert (problem.code, problem.path) == (code, f"arms[1].{path}")
    assert problem.message.startswith(message)


def test_contrast_takes_two_arms(minimal: dict[str, Any], problems: Problems) -> None:
    minimal["contrasts"] = [{"arms": ["coupon"]}, {"arms": ["coupon", "control", "coupon"]}, {"arms": "coupon"}]
    assert [(p.path, p.message) for p in problems(minimal)] == [
        ("contrasts[0].arms", "got 1 entries; at least 2 are needed"),
        ("contrasts[1].arms", "got 3 entries; at most 2 are needed"),
        ("contrasts[2].arms", "got 'coupon'; a list is needed"),
    ]


def test_one_arm_is_too_few_but_a_broken_one_is_not_counted(minimal: dict[str, Any], problems: Problems) -> None:
    minimal["arms"] = [{"id": "control"}]
    assert [p.message for p in problems(minimal)] == ["got 1 entries; at least 2 are needed"]
    minimal["arms"] = [{"id": "control"}, {"id": "a b"}]
    assert [p.code for p in problems(minimal)] == ["bad_id"]
