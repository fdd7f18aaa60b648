"""Residual value by a purchase model: bounds, derivatives, and the weight of couponed orders."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from uplift.clv import SurrogateModel
from uplift.outcomes.purchases import PurchaseState, SeenPurchases
from uplift.outcomes.residual import (
    Ahead,
    bound_residual,
    calibrate_kappa,
    mean_slopes,
    predict_gradient,
    predict_value,
)

AHEAD = Ahead(elapsed_days=90, start_days=90, end_days=365, annual_discount_rate=0.1, kept_share=0.9)


@dataclass(frozen=True)
class Simple:
    """Orders come at frequency / age for ever, worth the mean value; derivatives are the value times 0 to 6."""

    def residual_value(
        self,
        frequency: np.ndarray,
        recency: np.ndarray,
        age: np.ndarray,
        mean_value: np.ndarray,
        *,
        start_days: float,
        end_days: float,
        annual_discount_rate: float,
    ) -> np.ndarray:
        del recency, annual_discount_rate
        return np.asarray(frequency / age * (end_days - start_days) * mean_value)

    def residual_gradient(
        self,
        frequency: np.ndarray,
        recency: np.ndarray,
        age: np.ndarray,
        mean_value: np.ndarray,
        *,
        start_days: float,
        end_days: float,
        annual_discount_rate: float,
    ) -> np.ndarray:
        value = self.residual_value(
            frequency,
            recency,
            age,
            mean_value,
            start_days=start_days,
            end_days=end_days,
            annual_discount_rate=annual_discount_rate,
        )
        return np.asarray(value[:, None] * np.arange(7.0))


def array(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


BEFORE = PurchaseState(array(2, 1, 0), array(60, 9, np.nan), array(110, 60, np.nan), array(10, 5, 0), array(2, 1, 0))
EVERY = SeenPurchases(array(3, 1, 2), array(30, 5, 9), array(30, 5, 9), array(3, 1, 2))
ORGANIC = SeenPurchases(array(1, 1, 0), array(10, 5, 0), array(10, 5, 0), array(1, 1, 0))


def test_bounds_by_hand() -> None:
    found = bound_residual(Simple(), BEFORE, organic=ORGANIC, every=EVERY, ahead=AHEAD, sample=np.array([1, 0]))
    factor = 0.9 * 1.1 ** (-90 / 365)
    # unit 0: all orders: 5 / 200 x 275 x (20 + 30) / 5; organic only: 3 / 200 x 275 x (20 + 10) / 3
    assert found.mechanical[0] == pytest.approx(factor * 5 / 200 * 275 * 10)
    assert found.organic[0] == pytest.approx(factor * 3 / 200 * 275 * 10)
    # unit 1 used no coupon; unit 2 had not ordered before day 0 and is left at 0
    assert found.mechanical[1] == found.organic[1] == pytest.approx(factor * 2 / 150 * 275 * 5)
    assert found.mechanical[2] == found.organic[2] == 0.0
    np.testing.assert_allclose(found.mechanical_slopes[:, 1], found.mechanical[[1, 0]])
    np.testing.assert_allclose(found.organic_slopes[:, 6], 6 * found.organic[[1, 0]])


def test_nobody_known_is_worth_nothing() -> None:
    nobody = BEFORE.take(np.array([2]))
    assert predict_value(Simple(), nobody, AHEAD).tolist() == [0.0]
    assert predict_gradient(Simple(), nobody, AHEAD).tolist() == [[0.0] * 7]


def test_the_order_of_units_does_not_matter() -> None:
    turned = np.array([2, 1, 0])
    one = bound_residual(Simple(), BEFORE, organic=ORGANIC, every=EVERY, ahead=AHEAD, sample=turned)

    def turn(seen: SeenPurchases) -> SeenPurchases:
        return SeenPurchases(seen.days[turned], seen.last_day[turned], seen.value[turned], seen.n_positive[turned])

    other = bound_residual(
        Simple(), BEFORE.take(turned), organic=turn(ORGANIC), every=turn(EVERY), ahead=AHEAD, sample=np.arange(3)
    )
    assert np.array_equal(one.organic[turned], other.organic)
    assert np.array_equal(one.organic_slopes, other.organic_slopes)


def test_mean_slopes_are_exact_in_any_order() -> None:
    slopes = np.array([[1.004, 2.0], [3.0, 4.0], [5.0, 6.006]])
    found = mean_slopes(slopes, np.array([0, 2, 0]), 3)
    # rounded to cents: 1.00, 5.00 and 6.01
    np.testing.assert_allclose(found, [[3.0, 4.005], [0.0, 0.0], [3.0, 4.0]])
    assert np.array_equal(found, mean_slopes(slopes[::-1], np.array([0, 2, 0])[::-1], 3))


def index(organic: float, couponed: float, variance: float) -> SurrogateModel:
    covariance = tuple(tuple(variance * (i == j) for j in range(3)) for i in range(3))
    return SurrogateModel(
        ("organic_margin", "couponed_margin"), (1.0, organic, couponed), covariance, (), 100, 103, 0.5
    )


def test_kappa_is_the_ratio_of_the_slopes() -> None:
    found = calibrate_kappa(index(0.8, 0.2, 0.0004))
    assert (found.value, found.source) == (0.25, "past")
    # delta method: sqrt((.0004 + .25² x .0004)) / .8
    assert found.std_error == pytest.approx(np.sqrt(0.0004 * 1.0625) / 0.8)
    assert calibrate_kappa(index(0.8, 1.0, 0.0004)).value == 1.0
    assert calibrate_kappa(index(0.8, -0.1, 0.0004)).value == 0.0


@pytest.mark.parametrize(
    "past",
    [
        None,
        replace(index(0.8, 0.2, 0.0004), features=("gross_margin", "orders")),
        index(0.05, 0.2, 0.0004),  # the organic slope is 2.5 errors above 0
        index(0.8, 0.2, 0.06),  # the ratio's error exceeds .25
    ],
)
def test_a_past_that_cannot_tell_gives_the_default(past: SurrogateModel | None) -> None:
    found = calibrate_kappa(past)
    assert (found.value, found.std_error, found.source) == (0.5, None, "default")
