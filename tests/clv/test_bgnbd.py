from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.clv.histories import simulate
from uplift.clv import BGNBD
from uplift.clv.dropout import Dropout
from uplift.errors import EstimationError

if TYPE_CHECKING:
    from tests.clv.histories import Summary

TRUTH = Dropout(0.6, 40, 0.8, 2.4, 0)


@pytest.fixture(scope="module")
def fitted(cdnow: Summary) -> BGNBD:
    return BGNBD().fit(cdnow.frequency, cdnow.recency, cdnow.age)


def test_cdnow_to_the_printed_digits(fitted: BGNBD) -> None:
    # Fader, Hardie and Lee (2005), table 2: .243 4.414 .793 2.426, log-likelihood -9582.4
    np.testing.assert_allclose(
        [fitted.r_, fitted.alpha_, fitted.a_, fitted.b_], [0.242593, 4.413532, 0.792886, 2.425754], atol=1e-6
    )
    assert fitted.log_likelihood_ == pytest.approx(-9582.4256, abs=5e-5)
    np.testing.assert_allclose(fitted.std_errors_, [0.01256, 0.37822, 0.18572, 0.70534], atol=1e-5)
    assert fitted.parameters_.n_units == 2357


def test_cdnow_predictions(fitted: BGNBD) -> None:
    # the customer of the paper's section 5: 1.226 orders in the next 39 weeks
    model = fitted.parameters_
    assert model.expected_orders(2, 30.43, 38.86, horizon=39) == pytest.approx(1.22591, abs=5e-6)
    assert model.alive(2, 30.43, 38.86) == pytest.approx(0.72661, abs=5e-6)
    assert model.alive(0, 0, 38.86) == 1


def test_orders_of_the_cohort_are_those_seen(fitted: BGNBD, cdnow: Summary) -> None:
    # a new customer's expected orders up to age T, summed over customers, against the orders that came
    whole = sum(float(fitted.parameters_.expected_orders(0, 0, 0, horizon=age)) for age in np.unique(cdnow.age)[::12])
    seen = sum(cdnow.frequency[cdnow.age == age].mean() for age in np.unique(cdnow.age)[::12])
    assert whole == pytest.approx(seen, rel=0.15)


def test_time_scales(fitted: BGNBD, cdnow: Summary) -> None:
    days = BGNBD().fit(cdnow.frequency, 7 * cdnow.recency, 7 * cdnow.age)
    np.testing.assert_allclose(
        [days.r_, days.alpha_ / 7, days.a_, days.b_], [fitted.r_, fitted.alpha_, fitted.a_, fitted.b_], rtol=1e-6
    )
    # a density of x times in days is 7^-x that of weeks
    want = fitted.log_likelihood_ - cdnow.frequency.sum() * np.log(7)
    assert days.log_likelihood_ == pytest.approx(want, rel=1e-12)


def test_rows_in_any_order_and_weights_for_copies(cdnow: Summary, rng: np.random.Generator) -> None:
    copies = rng.integers(0, 4, len(cdnow.age))
    columns = (cdnow.frequency, cdnow.recency, cdnow.age)
    weighted = BGNBD().fit(*columns, weights=copies).parameters_
    rows = rng.permutation(np.repeat(np.arange(len(copies)), copies))
    assert BGNBD().fit(*(column[rows] for column in columns)).parameters_ == weighted


def test_known_customers_are_recovered(rng: np.random.Generator) -> None:
    found = simulate(TRUTH, rng.uniform(0, 900, 40_000), rng=rng)
    model = BGNBD().fit(found.frequency, found.recency, found.age)
    error = np.array([model.r_ - 0.6, model.alpha_ - 40, model.a_ - 0.8, model.b_ - 2.4]) / model.std_errors_
    assert (np.abs(error) < 3.5).all()
    alive = model.parameters_.alive(found.frequency, found.recency, found.age)
    for low in (0, 0.25, 0.5, 0.75):
        rows = (alive >= low) & (alive < low + 0.25)
        spread = np.sqrt(np.sum(alive[rows] * (1 - alive[rows]))) / rows.sum()
        assert abs(found.alive[rows].mean() - alive[rows].mean()) < 4 * spread


def cover(n_worlds: int, rng: np.random.Generator) -> np.ndarray:
    inside = np.zeros(4)
    for _ in range(n_worlds):
        found = simulate(TRUTH, rng.uniform(0, 900, 1500), rng=rng)
        model = BGNBD().fit(found.frequency, found.recency, found.age).parameters_
        error = np.log([model.r / 0.6, model.alpha / 40, model.a / 0.8, model.b / 2.4])
        inside += np.abs(error) <= 1.96 * np.sqrt(np.diag(model.covariance))
    return inside / n_worlds


def test_intervals_cover_in_a_few_worlds(rng: np.random.Generator) -> None:
    # binomial 99.9 % band of .95 over 40, for four parameters: at least 32
    assert (cover(40, rng) >= 32 / 40).all()


@pytest.mark.slow
def test_intervals_cover(rng: np.random.Generator) -> None:
    # .95 within three Monte Carlo errors of 600 worlds, and .01 for the curvature of 1,500 customers
    assert (np.abs(cover(600, rng) - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 600) + 0.01).all()


@pytest.mark.slow
def test_a_million_customers_are_recovered(rng: np.random.Generator) -> None:
    found = simulate(TRUTH, rng.uniform(0, 900, 1_000_000), rng=rng)
    day = np.floor(rng.random(1_000_000) + found.recency)
    recency = np.where(found.frequency > 0, np.minimum(day, np.floor(found.age)), 0)
    model = BGNBD().fit(found.frequency, recency, np.floor(found.age + 0.5).clip(min=recency))
    error = np.array([model.r_ - 0.6, model.alpha_ - 40, model.a_ - 0.8, model.b_ - 2.4]) / model.std_errors_
    assert (np.abs(error) < 4).all()


def test_customers_who_do_not_tell_are_refused() -> None:
    with pytest.raises(EstimationError, match="BG/NBD: nobody ordered again"):
        BGNBD().fit([0, 0], [0, 0], [3, 4])
    with pytest.raises(EstimationError, match="BG/NBD: the likelihood"):
        BGNBD().fit([2, 2, 2], [8, 8, 8], [10, 10, 10])
    with pytest.raises(EstimationError, match="recency: 1 of 1 rows exceed their age"):
        BGNBD().fit([2], [11], [10])
