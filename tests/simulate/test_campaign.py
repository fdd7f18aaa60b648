from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.simulate.campaign import NOT_TREATED, Played, play
from uplift.simulate.past import NO_COUPON, Orders

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.simulate import Market

DAYS = 120


def _all(market: Market, arm: int, days: int = DAYS) -> Played:
    return play(market.world, np.full(len(market.world.population), arm), follow_up_days=days)


@pytest.mark.parametrize("arm", [0, 1])
def test_organic_made_and_moved_orders_are_all_that_is_observed(market: Market, arm: int) -> None:
    control, treated = _all(market, NOT_TREATED), _all(market, arm)
    assert len(control.orders) == len(control.organic)
    kept = len(treated.organic) + len(treated.redeemed) + len(treated.moved)
    assert kept + treated.n_lost == len(control.organic)
    assert len(treated.orders) == len(control.organic) - treated.n_lost + len(treated.made) + len(treated.later)
    assert len(treated.made) > 0
    assert len(treated.moved) > 0


def test_moved_orders_come_from_the_echo_and_keep_their_value(market: Market) -> None:
    control, treated = _all(market, NOT_TREATED), _all(market, 0)
    valid = market.world.launch.valid_days
    assert treated.moved.day.max() < valid
    echo = control.organic.take((control.organic.day >= valid) & (control.organic.day < valid + 28.0))
    left = {(customer, value) for customer, value in zip(echo.customer, echo.listed, strict=True)}
    assert all((c, v) in left for c, v in zip(treated.moved.customer, treated.moved.listed, strict=True))


def test_each_coupon_is_redeemed_at_most_once_above_its_minimum_and_in_time(market: Market) -> None:
    played = _all(market, 1)
    used = played.orders.take(played.orders.coupon != NO_COUPON)
    assert len(np.unique(used.coupon)) == len(used)
    owner = np.repeat(np.arange(len(played.issued)), played.issued)
    np.testing.assert_array_equal(owner[used.coupon], used.customer)
    assert np.all(used.listed >= 129.0)
    assert np.all(used.face == 20.0)
    assert np.all((used.day >= 0) & (used.day < 37.0))
    assert np.all(np.bincount(used.customer, minlength=len(owner))[: len(played.issued)] <= played.issued)


def test_everybody_treated_gets_one_to_three_coupons(market: Market) -> None:
    arm = np.where(np.arange(len(market.world.population)) % 2, 0, NOT_TREATED)
    played = play(market.world, arm, follow_up_days=DAYS)
    assert np.all(played.issued[arm == NOT_TREATED] == 0)
    assert set(np.unique(played.issued[arm == 0])) == {1, 2, 3}


def test_nobody_depends_on_who_else_was_treated(market: Market) -> None:
    everyone, n = _all(market, 0), len(market.world.population)
    half = play(market.world, np.where(np.arange(n) < n // 2, 0, NOT_TREATED), follow_up_days=DAYS)
    control = _all(market, NOT_TREATED)
    for row, other in ((np.arange(n // 2), everyone), (np.arange(n // 2, n), control)):
        assert _rows(half.orders, row) == _rows(other.orders, row)


def _rows(orders: Orders, customers: NDArray[np.int64]) -> set[tuple[int, float, float, float]]:
    mine = orders.take(np.isin(orders.customer, customers))
    return set(zip(mine.customer.tolist(), mine.day.tolist(), mine.listed.tolist(), mine.face.tolist(), strict=True))


def test_a_longer_look_only_adds(market: Market) -> None:
    short, long = _all(market, 0), _all(market, 0, 365)
    assert long.orders.day.max() > 300.0
    early = long.orders.take(long.orders.day < DAYS)
    everyone = np.arange(len(market.world.population))
    assert _rows(short.orders, everyone) == _rows(early, everyone)


def test_a_look_inside_the_campaign_has_only_what_has_happened(market: Market) -> None:
    played = _all(market, 0, 20)
    assert played.orders.day.max() < 20.0
    full = _all(market, 0)
    made = full.made.take(full.made.day < 20.0)
    np.testing.assert_array_equal(np.sort(played.made.day), np.sort(made.day))


def test_arms_are_labels_in_the_null_world(null_market: Market) -> None:
    control, everyone = _all(null_market, NOT_TREATED), np.arange(1500)
    for arm in (0, 1):
        played = _all(null_market, arm)
        assert _rows(played.orders, everyone) == _rows(control.orders, everyone)
    assert np.all(null_market.truth["incremental_clv"] == 0.0)


def test_coupons_only_cost_in_the_costly_null_world(costly_market: Market) -> None:
    control, played = _all(costly_market, NOT_TREATED), _all(costly_market, 1)
    assert len(played.made) == len(played.moved) == played.n_lost == len(played.later) == 0
    np.testing.assert_array_equal(np.sort(played.orders.day), np.sort(control.orders.day))
    assert len(played.redeemed) > 0
    truth = costly_market.truth
    np.testing.assert_allclose(truth["gross_margin"] + truth["residual"], 0.0, atol=1e-12)
    np.testing.assert_allclose(truth["incremental_clv"], -truth["subsidy"] - truth["contact"])
    assert truth["incremental_clv"].max() < 0.0
