"""Each doubt about the predicted part warns when it should, and is silent when it should be."""

from __future__ import annotations

import numpy as np
import pytest

from uplift.checks import (
    FeatureRange,
    check_backends,
    check_comparability,
    check_kappa,
    check_lifetime,
    check_surrogacy,
)
from uplift.results import Effect, Measure

MONEY = Measure("money", "CNY", "assigned", 365, "predicted")


def effect(estimate: float, error: float = 1.0, *, estimator: str = "surrogate", arm: str = "coupon") -> Effect:
    return Effect(
        "residual", MONEY, estimator, "itt", arm, "control", "overall", "", estimate, error, np.inf,
        estimate - 2 * error, estimate + 2 * error, 0.5, None, 10.0, None, None, None, 50, 50, "A",
    )  # fmt: skip


def with_p(p_value: float, arm: str = "coupon") -> Effect:
    fields = {name: getattr(effect(1.0, arm=arm), name) for name in Effect.__slots__}
    return Effect(**{**fields, "p_value": p_value})


def test_intervals_that_exclude_each_other_are_named() -> None:
    # [-2, 2] and [3, 7] exclude each other; [1, 5] meets both
    found = check_backends([effect(0.0), effect(5.0, estimator="bgnbd"), effect(3.0, estimator="holdout")])
    assert [check.status for check in found] == ["warn"]
    assert found[0].facts == {
        "arm": "coupon", "first": "surrogate", "second": "bgnbd", "first_value": 0.0, "second_value": 5.0,
    }  # fmt: skip


def test_arms_are_not_held_against_each_other() -> None:
    (found,) = check_backends([effect(0.0), effect(9.0, estimator="bgnbd", arm="other")])
    assert (found.status, found.facts) == ("pass", {"n": 2})


def test_one_backend_has_nothing_to_agree_with() -> None:
    assert check_backends([effect(0.0), effect(9.0, arm="other")]) == ()


def test_a_gap_after_the_window_speaks_against_surrogacy() -> None:
    # Holm over two arms: .02 x 2 = .04 < .05, .03 x 2 = .06
    found = check_surrogacy([with_p(0.5), with_p(0.02, "large")], days=30)
    assert (found.status, found.facts["arm"], found.facts["days"], found.p_value) == ("warn", "large", 30, 0.04)
    assert check_surrogacy([with_p(0.5), with_p(0.03, "large")], days=30).status == "pass"
    assert check_surrogacy([], days=30).status == "skipped"


def test_the_weight_of_coupons_decides_when_bounds_part() -> None:
    # [-7, -3] and [3, 7]: opposite answers
    (found,) = check_kappa([effect(-5.0)], [effect(5.0)], kappa=0.5)
    assert (found.status, found.facts["lower"], found.facts["upper"]) == ("warn", -5.0, 5.0)
    (near,) = check_kappa([effect(2.0)], [effect(3.0)], kappa=0.5)
    assert (near.status, near.facts) == ("pass", {"kappa": 0.5})
    assert check_kappa([], [], kappa=0.5) == ()


@pytest.mark.parametrize(
    ("correlation", "realised", "error", "reason"),
    [
        (0.1, 100.0, 1.0, None),
        (0.31, 100.0, 1.0, "correlation"),
        (-0.31, 100.0, 1.0, "correlation"),
        (0.1, 70.0, 4.0, "stationarity"),  # 70 + 8 < 80
        (0.1, 70.0, 6.0, None),  # 70 + 12 > 80
        (0.1, 140.0, 7.0, "stationarity"),  # 140 - 14 > 125
    ],
)
def test_the_purchase_models_assumptions(correlation: float, realised: float, error: float, reason: str | None) -> None:
    found = check_lifetime(correlation=correlation, predicted=100.0, realised=realised, std_error=error)
    assert found.status == ("pass" if reason is None else "warn")
    assert found.facts.get("reason") == reason
    assert found.facts["ratio"] == realised / 100.0


def test_nothing_predicted_has_no_ratio() -> None:
    found = check_lifetime(correlation=0.0, predicted=0.0, realised=5.0, std_error=1.0)
    assert (found.status, found.facts["ratio"]) == ("warn", None)


RANGE = FeatureRange(means=(10.0, 5.0), deviations=(4.0, 0.0), lowest=(0.0, 5.0), highest=(20.0, 5.0))


BEFORE = ("margin", "constant")


def test_a_cohort_like_the_units_passes() -> None:
    units = {"margin": np.array([9.0, 12.0]), "constant": np.array([5.0, 5.0])}
    found = check_comparability(RANGE, units, before=BEFORE)
    # mean 10.5: an eighth of 4 away
    assert (found.status, found.facts) == ("pass", {"feature": "margin", "smd": 0.125, "share": 0.0})


def test_means_and_ranges_that_part_are_told() -> None:
    units = {"margin": np.array([12.0, 14.0]), "constant": np.array([5.0, 5.0])}
    far = check_comparability(RANGE, units, before=BEFORE)
    assert (far.status, far.facts["smd"]) == ("warn", 0.75)
    seen = check_comparability(RANGE, units, before=("constant",))
    assert (seen.status, seen.facts["feature"], seen.facts["smd"]) == ("pass", "constant", 0.0)
    values = np.full(40, 10.0)
    values[0] = 21.0
    outside = check_comparability(RANGE, {"margin": values, "constant": np.full(40, 5.0)}, before=())
    assert (outside.status, outside.facts["share"]) == ("warn", 0.025)
    assert check_comparability(RANGE, {"margin": np.zeros(0)}, before=()).status == "skipped"
