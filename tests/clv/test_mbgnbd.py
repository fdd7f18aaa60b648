from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.clv.histories import simulate
from uplift.clv import BGNBD, MBGNBD
from uplift.clv.dropout import Dropout
from uplift.errors import EstimationError

if TYPE_CHECKING:
    from tests.clv.histories import Summary

TRUTH = Dropout(0.6, 40, 0.8, 2.4, 1)


@pytest.fixture(scope="module")
def fitted(cdnow: Summary) -> MBGNBD:
    return MBGNBD().fit(cdnow.frequency, cdnow.recency, cdnow.age)


def test_cdnow_to_the_printed_digits(fitted: MBGNBD, cdnow: Summary) -> None:
    # BTYDplus (R) on the same sample: .525 6.183 .891 1.614; lifetimes 0.11.3 agrees to 6 digits
    np.testing.assert_allclose(
        [fitted.r_, fitted.alpha_, fitted.a_, fitted.b_], [0.525, 6.183, 0.891, 1.614], atol=5e-4
    )
    np.testing.assert_allclose(
        [fitted.r_, fitted.alpha_, fitted.a_, fitted.b_], [0.524838, 6.182988, 0.891356, 1.614], atol=1e-5
    )
    # lifetimes gives .2501474709870615 a customer in units of the longest age, 38.86 weeks, for 2,457 repeat orders
    want = -2357 * 0.2501474709870615 - cdnow.frequency.sum() * np.log(38.86)
    assert fitted.log_likelihood_ == pytest.approx(want, abs=5e-5)
    assert want == pytest.approx(-9582.1327, abs=5e-5)


def test_predictions_are_those_of_lifetimes(fitted: MBGNBD) -> None:
    # lifetimes 0.11.3, ModifiedBetaGeoFitter at the four printed parameters, 39 weeks ahead
    model = replace(fitted.parameters_, r=0.525, alpha=6.183, a=0.891, b=1.614)
    x, t, age = np.array([2, 0, 7, 1]), np.array([30.43, 0, 20, 38]), np.full(4, 38.86)
    np.testing.assert_allclose(model.alive(x, t, age), [0.70620227, 0.38973508, 0.14020753, 0.74017807], atol=5e-9)
    want = [1.2629606232673432, 0.15401274667514553, 0.7131853539246176, 0.8181663760807787]
    np.testing.assert_allclose(model.expected_orders(x, t, age, horizon=39), want, rtol=1e-8)


def test_known_customers_are_recovered(rng: np.random.Generator) -> None:
    found = simulate(TRUTH, rng.uniform(0, 900, 40_000), rng=rng, horizon=180)
    model = MBGNBD().fit(found.frequency, found.recency, found.age)
    error = np.array([model.r_ - 0.6, model.alpha_ - 40, model.a_ - 0.8, model.b_ - 2.4]) / model.std_errors_
    assert (np.abs(error) < 3.5).all()


@pytest.mark.parametrize("frequency", [0, 1, 3])
def test_simulated_customers_live_and_order_as_expected(frequency: int, rng: np.random.Generator) -> None:
    found = simulate(TRUTH, rng.uniform(0, 900, 200_000), rng=rng, horizon=180)
    model = MBGNBD().fit(found.frequency, found.recency, found.age).parameters_
    model = replace(model, r=TRUTH.r, alpha=TRUTH.alpha, a=TRUTH.a, b=TRUTH.b)
    rows = found.frequency == frequency
    history = (found.frequency[rows], found.recency[rows], found.age[rows])
    for got, seen in (
        (model.alive(*history), found.alive[rows]),
        (model.expected_orders(*history, horizon=180), found.later[rows]),
    ):
        error = seen - got
        assert abs(error.mean()) < 3.3 * error.std() / np.sqrt(rows.sum())


def test_a_first_order_may_be_the_last(fitted: MBGNBD, cdnow: Summary) -> None:
    alive = fitted.parameters_.alive(0, 0, np.array([0.0, 10, 38]))
    # at age 0: b / (a + b)
    assert alive[0] == pytest.approx(fitted.b_ / (fitted.a_ + fitted.b_))
    assert (np.diff(alive) < 0).all()
    assert BGNBD().fit(cdnow.frequency, cdnow.recency, cdnow.age).parameters_.alive(0, 0, 38) == 1


def test_nobody_again_is_refused() -> None:
    with pytest.raises(EstimationError, match="MBG/NBD: nobody ordered again"):
        MBGNBD().fit([0, 0], [0, 0], [3, 4])
