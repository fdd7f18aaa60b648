from __future__ import annotations

from datetime import datetime
from itertools import product
from math import exp, factorial
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.simulate import Market, make_market
from uplift.simulate.campaign import NOT_TREATED, play
from uplift.simulate.launch import Launch, Offer
from uplift.simulate.scenario import RETURN_LOSS, Habit
from uplift.simulate.truth import Claims, _expected_uses, _residual, discount, foresee, mean_discount, mean_rate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.simulate.past import Orders

START = datetime(2026, 3, 2)


def test_discount_is_by_whole_days() -> None:
    np.testing.assert_allclose(discount(np.array([0.0, 0.9, 365.0, 365.7]), 0.10), [1.0, 1.0, 1 / 1.1, 1 / 1.1])
    # half a day at factor 1 and a day at factor 1.1^(-1/365)
    assert np.isclose(mean_discount(0.5, 2.0, 0.10), (0.5 * 1.0 + 1.0 * 1.1 ** (-1 / 365)) / 1.5)


def test_expected_uses_by_enumeration() -> None:
    for coupons, chance, claims in product((1, 2, 3), (0.0, 0.3), (0.0, 0.7, 4.0)):
        total = 0.0
        for made in range(coupons + 1):
            ways = factorial(coupons) / (factorial(made) * factorial(coupons - made))
            weight = ways * chance**made * (1 - chance) ** (coupons - made)
            uses = sum(min(coupons - made, k) * exp(-claims) * claims**k / factorial(k) for k in range(60))
            total += weight * uses
        found = _expected_uses(np.array([coupons]), np.array([chance]), np.array([claims]))
        assert np.isclose(found[0], total), (coupons, chance, claims)


def test_the_law_counts_orders_and_margin_apart() -> None:
    # 0.5 orders made and 0.2 organic ones turned, of 20 each; 0.1 organic orders of 15 lost; habit 1, -5, .4, .6:
    # organic: 1·(-.1-.2) + .4·(-1.5-4) = -2.5; couponed: .7·(-5 + .6·20) = 4.9
    claims = Claims(np.array([0.5]), np.array([0.2]), np.array([0.0]), np.array([20.0]))
    future = _Future(np.array([15.0]))
    law = _residual(claims, np.array([0.1]), future, Habit(1.0, -5.0, 0.4, 0.6))  # type: ignore[arg-type]
    assert np.isclose(law[0], 2.4)


class _Future:
    def __init__(self, margin: NDArray[np.float64]) -> None:
        self.margin = margin


def test_those_who_left_have_no_future(market: Market) -> None:
    world = market.world
    future = foresee(world.population, world.past.there, world.launch)
    gone = ~world.past.there
    for part in (future.promo, future.echo, future.window, future.residual):
        assert np.all(part[gone] == 0.0)
        assert np.all(part[~gone] > 0.0)


def test_effects_add_up_and_scale_with_the_contacts(market: Market) -> None:
    truth = market.truth
    total = truth["gross_margin"] - truth["subsidy"] - truth["contact"] - truth["returned"] + truth["residual"]
    np.testing.assert_allclose(truth["incremental_clv"], total)
    np.testing.assert_allclose(truth["returned"], RETURN_LOSS * truth["gross_margin"])
    np.testing.assert_allclose(truth["contact"], 0.05 * (1 + 1.1 ** (-14 / 365)))


def test_a_horizon_at_the_window_leaves_no_residual(market: Market) -> None:
    from uplift.simulate.truth import true_effects

    world = market.world
    short = Launch(START, 37.0, 90, 90, 0.10, "control", world.launch.offers)
    future = foresee(world.population, world.past.there, short)
    offer: Offer = short.offers[0]
    effects = true_effects(world.population, future, world.responses[0], (offer, short), world.scenario.habit)
    assert np.all(effects.residual == 0.0)


def _outcomes(market: Market, arm: int, draw: int) -> NDArray[np.float64]:
    """Mean per customer and group: window orders, redeemed orders, margin, subsidy, later margin net of returns."""
    world = market.world
    codes = np.full(len(world.population), arm)
    orders: Orders = play(world, codes, follow_up_days=365, rng_key=draw).orders
    factor = discount(orders.day, 0.10)
    margin = mean_rate(world.population)[orders.customer] * orders.listed * factor
    window = orders.day < 90
    weights = (window, orders.coupon >= 0, window * margin, orders.face * factor, ~window * margin * (1 - RETURN_LOSS))
    n = len(world.population)
    each = np.stack([np.bincount(orders.customer, weights=weight.astype(float), minlength=n) for weight in weights])
    return _by_group(market, np.asarray(each, dtype=np.float64))


def _by_group(market: Market, each: NDArray[np.float64]) -> NDArray[np.float64]:
    group = market.world.group
    sums = np.stack([np.bincount(group, weights=row, minlength=9) for row in each])
    return np.asarray(sums / np.maximum(np.bincount(group, minlength=9), 1))


def _compare(market: Market, n_draws: int) -> None:
    """Hold the closed form against the mean over futures, by arm, group and outcome."""
    control = np.array([_outcomes(market, NOT_TREATED, draw) for draw in range(n_draws)])
    shares = np.bincount(market.world.group, minlength=9) / len(market.world.group)
    for arm, effects in enumerate(market.world.effects):
        draws = np.array([_outcomes(market, arm, draw) for draw in range(n_draws)]) - control
        parts = (effects.orders, effects.redeemed_orders, effects.gross_margin, effects.subsidy, effects.residual)
        gap = draws.mean(axis=0) - _by_group(market, np.stack(parts))
        error = draws.std(axis=0, ddof=1) / np.sqrt(n_draws)
        assert np.all(np.abs(gap) <= 4.5 * error + 0.02)
        total_error = (draws @ shares).std(axis=0, ddof=1) / np.sqrt(n_draws)
        assert np.all(np.abs(gap @ shares) <= 3.5 * total_error + 1e-9)


def test_the_truth_is_the_mean_over_200_futures() -> None:
    _compare(make_market(n_customers=400, seed=11), 200)


@pytest.mark.slow
def test_the_truth_is_the_mean_over_many_futures_of_many_customers(market: Market) -> None:
    _compare(market, 400)
