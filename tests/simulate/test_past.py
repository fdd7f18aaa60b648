from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.simulate.past import _REACH, CATEGORY_SHARES, NO_COUPON, PAST_CAMPAIGNS, _sorted_uniforms, rank_within

if TYPE_CHECKING:
    from uplift.simulate import Market


def test_rank_counts_within_runs() -> None:
    np.testing.assert_array_equal(rank_within(np.array([4, 4, 4, 7, 9, 9])), [0, 1, 2, 0, 0, 1])
    assert len(rank_within(np.zeros(0, dtype=np.int64))) == 0


def test_uniforms_are_ordered_within_each_customer() -> None:
    counts = np.array([3, 1, 4])
    drawn = _sorted_uniforms(counts, np.random.default_rng(0))
    assert len(drawn) == counts.sum()
    for part in np.split(drawn, np.cumsum(counts)[:-1]):
        assert np.all(np.diff(part) > 0)
        assert 0 < part.min() <= part.max() < 1


def test_the_past_ends_at_the_start_and_begins_with_the_account(market: Market) -> None:
    orders, people = market.world.past.orders, market.world.population
    assert orders.day.max() < 0.0
    assert orders.day.min() < -730.0
    own = orders.coupon == NO_COUPON
    assert np.all(orders.day[own] >= people.first_order[orders.customer[own]])


def test_nobody_orders_after_the_last_order_of_a_lifetime(market: Market) -> None:
    past, people = market.world.past, market.world.population
    organic = past.orders.coupon == NO_COUPON
    counts = np.bincount(past.orders.customer[organic], minlength=len(people))
    assert np.all(counts <= people.lifetime)
    assert 0.6 < past.there.mean() < 0.9


def test_customers_order_about_ten_times_a_year(market: Market) -> None:
    recent = market.world.past.orders.day >= -365.0
    assert 7.0 < recent.sum() / len(market.world.population) < 13.0


def test_two_campaigns_fall_into_the_window_of_the_last_full_cohort() -> None:
    inside = [one for one in PAST_CAMPAIGNS if one.day >= -365.0 and one.day + one.days <= -275.0]
    assert len(inside) >= 2
    assert all(one.day + one.days < 0.0 for one in PAST_CAMPAIGNS)


def test_a_past_coupon_is_redeemed_once_in_time_and_above_its_minimum(market: Market) -> None:
    orders, coupons = market.world.past.orders, market.world.past.coupons
    used = orders.take(orders.coupon != NO_COUPON)
    assert len(np.unique(used.coupon)) == len(used) == np.isfinite(coupons.redeemed).sum()
    np.testing.assert_array_equal(coupons.customer[used.coupon], used.customer)
    np.testing.assert_array_equal(coupons.redeemed[used.coupon], used.day)
    campaign = [PAST_CAMPAIGNS[code] for code in coupons.campaign[used.coupon]]
    assert all(one.day <= day < one.day + one.days for one, day in zip(campaign, used.day, strict=True))
    assert all(one.minimum <= value for one, value in zip(campaign, used.listed, strict=True))
    assert all(one.face == face for one, face in zip(campaign, used.face, strict=True))


def test_past_coupons_reach_their_share_at_random(market: Market) -> None:
    coupons, registered = market.world.past.coupons, market.world.population.rhythm.registered
    for code in (4, 8):
        could = (registered < PAST_CAMPAIGNS[code].day).sum()
        assert abs((coupons.campaign == code).sum() / could - _REACH) < 0.05


def test_in_the_null_world_no_past_coupon_was_redeemed(null_market: Market) -> None:
    assert not np.isfinite(null_market.world.past.coupons.redeemed).any()
    assert np.all(null_market.coupons["面额"] == 0.0)


def test_categories_have_their_shares(market: Market) -> None:
    counts = np.bincount(market.world.past.orders.category, minlength=len(CATEGORY_SHARES))
    np.testing.assert_allclose(counts / counts.sum(), CATEGORY_SHARES, atol=0.01)
