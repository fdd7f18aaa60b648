from __future__ import annotations

import numpy as np
import pytest

from uplift.clv import PurchaseHistory, RfmModel, RfmRule, RfmScale, Snapshot, fit_rfm
from uplift.clv.rfm import discounted_days
from uplift.errors import EstimationError
from uplift.results.codec import decode, encode


def shop(seed: int = 6, n: int = 4000) -> tuple[PurchaseHistory, np.ndarray]:
    """Histories of a year; the recent and frequent bring more in the next one; a tenth has no order."""
    rng = np.random.default_rng(seed)
    age = np.where(rng.random(n) < 0.1, np.nan, rng.uniform(1, 365, n))
    frequency = np.where(np.isnan(age), 0.0, rng.poisson(2.0, n))
    recency = np.where(frequency > 0, age * rng.uniform(0, 1, n), np.where(np.isnan(age), np.nan, 0.0))
    value = np.where(frequency > 0, rng.gamma(4, 10, n), 0.0)
    fresh = np.exp(-(np.nan_to_num(age) - np.nan_to_num(recency)) / 100)
    outcome = np.where(np.isnan(age), 3.0, 40 * (1 + frequency) * fresh) * rng.poisson(1.0, n)
    return PurchaseHistory(frequency, recency, age, value), outcome


def test_scores_by_hand() -> None:
    scale = RfmScale((10.0, 20, 30, 40), (0.0, 0, 1, 3), (0.0, 0, 50, 100), RfmRule(0.5, 0.3, 0.2))
    history = PurchaseHistory(
        np.array([4.0, 0, 0]), np.array([95.0, 0, np.nan]), np.array([100.0, 25, np.nan]), np.array([20.0, 0, 0])
    )
    # first: silent 5 days -> 5, more than 3 repeats -> 5, 80 in margin -> 4: .5*5 + .3*5 + .2*4
    # second: silent 25 days -> 3, no repeat -> 1, no margin of repeats -> 1: .5*3 + .3 + .2
    np.testing.assert_allclose(scale.score(history), [4.8, 2.0, 0.0])
    doubled = RfmScale(scale.recency_cuts, scale.frequency_cuts, scale.monetary_cuts, RfmRule(1.0, 0.6, 0.4))
    np.testing.assert_allclose(doubled.score(history), scale.score(history))


def test_cells_are_the_means_of_their_scores() -> None:
    history, outcome = shop()
    model = fit_rfm(history, horizon_days=365, past=Snapshot(outcome, history=history))
    predicted = model.predict(history)
    assert model.basis == "cells"
    # in its own cohort each band's mean is what it predicts, so totals are equal
    assert predicted.sum() == pytest.approx(outcome.sum())
    score = model.scale.score(history)
    band = (score >= model.scores[-1]) & history.bought
    assert model.values[-1] == pytest.approx(outcome[band].mean())
    assert predicted[~history.bought][0] == pytest.approx(outcome[~history.bought].mean())
    assert (np.diff(model.values) > 0).all()
    assert (np.diff(model.scores) > 0).all()


def test_a_past_cohort_values_another_one() -> None:
    history, outcome = shop()
    other, later = shop(seed=7)
    model = fit_rfm(other, horizon_days=365, past=Snapshot(outcome, history=history))
    predicted = model.predict(other)
    # four standard errors of the difference of two means
    error = 4 * (outcome.std() ** 2 + later.std() ** 2) ** 0.5 / 4000**0.5
    assert predicted.mean() == pytest.approx(later.mean(), abs=error)
    assert np.corrcoef(predicted, later)[0, 1] > 0.2


def test_a_guess_by_hand() -> None:
    history = PurchaseHistory(np.array([3.0, 0]), np.array([90.0, 0]), np.array([100.0, 50]), np.array([20.0, 0]))
    model = fit_rfm(history, horizon_days=100, annual_discount_rate=0.0)
    assert model.basis == "heuristic"
    # all units: 3 repeats in 150 days, one every 50 days; their mean margin is 20
    assert (model.order_rate, model.basket) == (0.02, 20.0)
    # first: rate 4 / (50 + 100), silent 10 days = .2667 gaps; second: rate 1 / (50 + 50), silent 50 days = .5 gaps
    first = 4 / 150 * 20 * 0.5 ** (10 * 4 / 150 / 3) * 100
    second = 1 / 100 * 20 * 0.5 ** (0.5 / 3) * 100
    np.testing.assert_allclose(model.predict(history), [first, second])


def test_a_guess_orders_customers_and_gives_nothing_to_those_without_an_order() -> None:
    history, outcome = shop()
    predicted = fit_rfm(history, horizon_days=365).predict(history)
    assert (predicted[~history.bought] == 0).all()
    here = history.bought
    assert np.corrcoef(predicted[here].argsort().argsort(), outcome[here].argsort().argsort())[0, 1] > 0.1


def test_days_are_discounted() -> None:
    assert discounted_days(365, 0.0) == 365
    # the integral of 1.1^(-t/365) over a year: 365 (1 - 1/1.1) / ln 1.1
    assert discounted_days(365, 0.1) == pytest.approx(365 * (1 - 1 / 1.1) / np.log(1.1))


def test_rows_and_money_may_be_turned() -> None:
    history, outcome = shop()
    turn = np.random.default_rng(2).permutation(len(history))
    turned = PurchaseHistory(
        history.frequency[turn], history.recency[turn], history.age[turn], 100 * history.mean_value[turn]
    )
    one = fit_rfm(history, horizon_days=365, past=Snapshot(outcome, history=history)).predict(history)
    other = fit_rfm(turned, horizon_days=365, past=Snapshot(100 * outcome[turn], history=turned)).predict(turned)
    np.testing.assert_allclose(other, 100 * one[turn])


def test_few_units_make_one_band() -> None:
    history, outcome = shop(n=20)
    model = fit_rfm(history, horizon_days=365, past=Snapshot(outcome, history=history))
    assert len(model.scores) == 1
    # 40 units of one score and 10 of a better one: the thin group joins
    history = PurchaseHistory(np.repeat([0.0, 9], [40, 10]), np.zeros(50), np.full(50, 9.0), np.ones(50))
    joined = fit_rfm(history, horizon_days=9, past=Snapshot(np.r_[np.ones(40), np.full(10, 6.0)], history=history))
    assert joined.values == (2.0,)
    everyone = PurchaseHistory(np.ones(5), np.ones(5), np.full(5, 9.0), np.ones(5))
    assert fit_rfm(everyone, horizon_days=9, past=Snapshot(np.ones(5), history=everyone)).no_order == 0


def test_it_goes_to_json_and_back() -> None:
    history, outcome = shop()
    model = fit_rfm(history, horizon_days=365, past=Snapshot(outcome, history=history))
    assert decode(RfmModel, encode(model)) == model


def test_refusals() -> None:
    nobody = PurchaseHistory(np.zeros(2), np.full(2, np.nan), np.full(2, np.nan), np.zeros(2))
    with pytest.raises(EstimationError, match="history: no unit has an order"):
        fit_rfm(nobody, horizon_days=365)
    once = PurchaseHistory(np.zeros(2), np.zeros(2), np.full(2, 9.0), np.zeros(2))
    with pytest.raises(EstimationError, match="nobody bought on a second day"):
        fit_rfm(once, horizon_days=365)
