"""Scenarios of their own law: what the campaign leaves behind, against the mean over futures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.simulate.test_truth import _compare, _outcomes
from uplift.simulate import Market, make_market
from uplift.simulate.campaign import NOT_TREATED, play
from uplift.simulate.lasting import chance_alive, rate_scale
from uplift.simulate.past import NO_COUPON
from uplift.simulate.scenario import PLAIN_KINDS, RETURN_LOSS, find_scenario
from uplift.simulate.truth import discount, mean_rate

if TYPE_CHECKING:
    from numpy.typing import NDArray

LAWFUL = ("bgnbd", "bgnbd_loyal", "bgnbd_raised", "pull_forward")


@pytest.mark.parametrize("scenario", LAWFUL)
def test_the_truth_is_the_mean_over_futures(scenario: str, seed: int) -> None:
    _compare(make_market(scenario, n_customers=600, seed=seed), 100)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", LAWFUL)
def test_the_truth_is_the_mean_over_many_futures(scenario: str, seed: int) -> None:
    _compare(make_market(scenario, n_customers=4_000, seed=seed), 400)


def _worth(market: Market, arm: int, draw: int, days: tuple[float, float]) -> NDArray[np.float64]:
    """Return each customer's discounted margin, net of returns, in a span of one future."""
    world = market.world
    codes = np.full(len(world.population), arm)
    orders = play(world, codes, follow_up_days=365, rng_key=draw).orders
    inside = (orders.day >= days[0]) & (orders.day < days[1])
    margin = mean_rate(world.population)[orders.customer] * orders.listed * discount(orders.day, 0.10)
    found = np.bincount(orders.customer, weights=inside * margin, minlength=len(codes))
    return np.asarray((1.0 - RETURN_LOSS) * found, dtype=np.float64)


@pytest.mark.parametrize("scenario", ["fresh_grocery", "bgnbd", "bgnbd_loyal"])
def test_the_value_of_each_arm_within_four_errors(scenario: str, seed: int) -> None:
    market = make_market(scenario, n_customers=400, seed=seed)
    truth = market.truth[market.truth["arm"] == "small"]
    columns = ((NOT_TREATED, "natural_residual", (90.0, 365.0)), (0, "residual_value", (90.0, 365.0)))
    for arm, name, days in (*columns, (NOT_TREATED, "year_value", (0.0, 365.0))):
        drawn = np.array([_worth(market, arm, draw, days) for draw in range(60)])
        gap = drawn.mean(axis=1) - truth[name].mean()
        assert abs(gap.mean()) <= 4.0 * gap.std(ddof=1) / np.sqrt(60)
        ten = np.argsort(np.argsort(truth[name].to_numpy())) * 10 // len(truth)
        for tenth in range(10):
            each = drawn[:, ten == tenth].mean(axis=1) - truth[name].to_numpy()[ten == tenth].mean()
            assert abs(each.mean()) <= 4.5 * each.std(ddof=1) / np.sqrt(60) + 0.02


def test_levels_and_effects_agree() -> None:
    truth = make_market("bgnbd_raised", n_customers=300, seed=2).truth
    np.testing.assert_allclose(truth["residual_value"] - truth["natural_residual"], truth["residual"])
    # a rate raised by .4 raises the value after the window by .4, and the margin in it
    np.testing.assert_allclose(truth["residual"], 0.4 * truth["natural_residual"])
    np.testing.assert_allclose(truth["gross_margin"], 0.4 * truth["natural_margin"])


def test_pulling_forward_changes_only_when_money_comes() -> None:
    free, costly = (make_market(name, n_customers=3_000, seed=1) for name in ("pull_forward", "pull_forward_costly"))
    truth = free.truth[free.truth["arm"] == "small"]
    np.testing.assert_allclose(truth["residual"], 0.0, atol=1e-9)
    assert (truth["orders"] == 0.0).all()
    # what is moved comes about a month sooner: .8 % of the margin that moves, and no cost
    moved = truth["redeemed_orders"].mean() * 22.0
    assert 0.0 < truth["incremental_clv"].mean() < 0.02 * moved
    assert truth["subsidy"].max() == truth["contact"].max() == 0.0
    assert costly.truth["incremental_clv"].mean() < -1.0
    played, control = (play(free.world, np.full(3_000, arm), follow_up_days=120) for arm in (0, NOT_TREATED))
    assert len(played.moved) > 300
    assert len(played.orders) == len(control.orders)
    assert sorted(played.orders.listed) == sorted(control.orders.listed)


def test_the_stationary_market_has_no_season_and_no_effect() -> None:
    market = make_market("stationary", n_customers=4_000, seed=3)
    assert np.all(market.truth[["orders", "incremental_clv", "residual"]] == 0.0)
    rhythm = market.world.population.rhythm
    assert np.all(rhythm.swing == 0.0)
    assert np.all(rhythm.floor == 1.0)
    assert np.all(market.world.past.orders.coupon == NO_COUPON)


def test_past_orders_are_those_of_the_model(seed: int) -> None:
    """Nobody leaves after the first order, and the chance to be there is calibrated."""
    market = make_market("bgnbd", n_customers=20_000, seed=seed)
    world = market.world
    past, people = world.past, world.population
    known = np.flatnonzero(past.n_orders > 0)
    repeats, age = past.n_orders[known] - 1, -people.first_order[known]
    alive = chance_alive(PLAIN_KINDS[0], repeats, past.last_order[known] - people.first_order[known], age)
    assert past.there[known][repeats == 0].all()
    assert np.all(alive[repeats == 0] == 1.0)
    for low in np.arange(0.0, 1.0, 0.2):
        inside = (alive >= low) & (alive < low + 0.2)
        error = np.sqrt((alive[inside] * (1 - alive[inside])).sum()) / inside.sum()
        assert abs(past.there[known][inside].mean() - alive[inside].mean()) < 4.0 * error
    assert np.isclose(rate_scale(PLAIN_KINDS[0]), 54.75)


def test_a_second_life_says_of_the_future_what_any_life_says(seed: int) -> None:
    """Given the orders up to the window's end, later orders are the same in expectation under every arm."""
    market = make_market("bgnbd_loyal", n_customers=40_000, seed=seed)
    world = market.world
    known = world.past.n_orders > 0
    later, expected = [], []
    for arm in (NOT_TREATED, 0):
        orders = play(world, np.full(len(known), arm), follow_up_days=365).orders
        window = orders.day < 90.0
        n = world.past.n_orders + np.bincount(orders.customer[window], minlength=len(known))
        last = world.past.last_order.copy()
        np.maximum.at(last, orders.customer[window], orders.day[window])
        first = world.population.first_order
        alive = chance_alive(PLAIN_KINDS[0], n[known] - 1, (last - first)[known], 90.0 - first[known])
        later.append(np.bincount(orders.customer[~window], minlength=len(known))[known])
        expected.append(alive * (1.5 + n[known] - 1) / (54.75 + 90.0 - first[known]) * 275.0)
    # the expectation here forgets who leaves later, so that the ratio is below one, and equal between arms
    ratios = [seen.sum() / value.sum() for seen, value in zip(later, expected, strict=True)]
    assert abs(ratios[0] - ratios[1]) < 0.02
    assert later[1].sum() > 1.02 * later[0].sum()


def test_a_longer_look_only_adds_where_customers_leave() -> None:
    world = make_market("bgnbd_loyal", n_customers=800, seed=3).world
    arm = np.full(len(world.population), 0)
    long = play(world, arm, follow_up_days=365).orders
    for days in (30, 90, 120):
        short = play(world, arm, follow_up_days=days).orders
        assert sorted(short.day) == sorted(long.day[long.day < days]), days


def test_a_second_chance_goes_only_to_those_who_stayed_away() -> None:
    world = make_market("bgnbd_loyal", n_customers=2_000, seed=3).world
    control, treated = (play(world, np.full(2_000, arm), follow_up_days=365) for arm in (NOT_TREATED, 0))
    came = set(control.orders.customer[control.orders.day < 90.0].tolist())
    assert not came & set(treated.lasting.customer.tolist())
    assert len(control.lasting) == 0
    never = np.flatnonzero(world.past.n_orders == 0)
    assert not np.isin(never, treated.lasting.customer).any()
    without = replace(world, second=None)
    assert len(play(without, np.full(2_000, 0), follow_up_days=365).lasting) == 0
    assert without.second_world is without


def test_raised_orders_are_as_many_as_the_truth_says() -> None:
    market = make_market("bgnbd_raised", n_customers=600, seed=5)
    assert find_scenario("bgnbd_raised").lift == 0.4
    assert _outcomes(market, 0, 0).shape == _outcomes(market, NOT_TREATED, 0).shape
