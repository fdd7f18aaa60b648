"""Subsidy that bought orders which would have come anyway (the waste part of the decomposition)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.decide.decompose import decompose, treated_groups
from uplift.results.measure import Measure
from uplift.stats.adjust import adjust_means

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.results.money import Waste
    from uplift.stats.cells import CellMeans
    from uplift.stats.moments import Moments

MONEY = Measure("money", "EUR", "treated", 90)
NAMES = ("gross_margin", "orders", "redeemed_orders", "subsidy")
FACE = 5.0


def _waste(means: CellMeans) -> Waste:
    found = decompose(means, treated_groups(means)[0], measure=MONEY).waste
    assert found is not None
    return found


def _means(
    orders: tuple[float, float], redeemed: tuple[float, float], make: Callable[..., CellMeans], variance: float = 1e-4
) -> CellMeans:
    rows = [[0.0, o, r, FACE * r] for o, r in zip(orders, redeemed, strict=True)]
    return make([rows], [[1000, 1000]], NAMES, variance=variance)


def test_hand_case(make_means: Callable[..., CellMeans]) -> None:
    # .3 more orders on .4 more redeemed ones: 1 - .3 / .4 = .25; subsidy difference 5 * .4 = 2; .25 * 2 * 1000 = 500
    waste = _waste(_means((2.0, 2.3), (0.1, 0.5), make_means))
    assert waste.share.estimate == pytest.approx(0.25)
    assert waste.amount == pytest.approx(500.0)
    assert not waste.outside


def test_two_strata_are_a_ratio_of_sums(make_means: Callable[..., CellMeans]) -> None:
    # 100 and 300 treated: orders 100 * .5 + 300 * 0 = 50, redeemed 100 * .5 + 300 * .7 = 260: 1 - 50 / 260
    rows = [
        [[0.0, 1.0, 0.0, 0.0], [0.0, 1.5, 0.5, 2.5]],
        [[0.0, 6.0, 0.0, 0.0], [0.0, 6.0, 0.7, 3.5]],
    ]
    waste = _waste(make_means(rows, [[100, 100], [100, 300]], NAMES, variance=1e-4))
    assert waste.share.estimate == pytest.approx(210 / 260)
    assert waste.amount == pytest.approx(210 / 260 * (100 * 2.5 + 300 * 3.5))


def test_no_more_orders_at_6_percent_redemption_is_all_waste(make_means: Callable[..., CellMeans]) -> None:
    waste = _waste(_means((0.8, 0.8), (0.0, 0.06), make_means))
    assert waste.share.estimate == pytest.approx(1.0)
    assert waste.amount == pytest.approx(0.06 * FACE * 1000)


def test_noise_leaves_the_mean_share_where_it_is(
    make_means: Callable[..., CellMeans], rng: np.random.Generator
) -> None:
    # clipping to [0, 1] would give about .9 on average where all is wasted
    lifts = rng.normal(0.0, 0.02, 400)
    shares = [_waste(_means((0.8, 0.8 + lift), (0.0, 0.06), make_means)).share.estimate for lift in lifts]
    assert np.mean(np.array(shares, float)) == pytest.approx(1.0, abs=3 * 0.02 / 0.06 / 20)
    assert np.clip(np.array(shares, float), 0.0, 1.0).mean() < 0.92


@pytest.mark.parametrize(("orders", "expected"), [((1.0, 1.5), -0.25), ((1.0, 0.8), 1.5)])
def test_values_outside_the_unit_interval_are_kept_and_flagged(
    orders: tuple[float, float], expected: float, make_means: Callable[..., CellMeans]
) -> None:
    waste = _waste(_means(orders, (0.0, 0.4), make_means))
    assert waste.share.estimate == pytest.approx(expected)
    assert waste.outside


def test_without_redemptions_or_coupons_there_is_none(make_means: Callable[..., CellMeans]) -> None:
    means = _means((1.0, 1.0), (0.0, 0.0), make_means)
    assert decompose(means, treated_groups(means)[0], measure=MONEY).waste is None
    few = means.only(["gross_margin", "orders", "subsidy"])
    assert decompose(few, treated_groups(few)[0], measure=MONEY).waste is None


def test_interval_flips_with_the_ratio_and_is_open_when_redemption_is_unsure(
    make_means: Callable[..., CellMeans],
) -> None:
    share = _waste(_means((2.0, 2.3), (0.1, 0.5), make_means)).share
    assert share.ci_lower is not None
    assert share.ci_upper is not None
    assert share.ci_lower < 0.25 < share.ci_upper
    unsure = _waste(_means((2.0, 2.3), (0.1, 0.5), make_means, variance=0.5)).share
    assert unsure.estimate == pytest.approx(0.25)
    assert unsure.ci_lower is None
    assert unsure.ci_upper is None


def test_repeat_buyers_whose_coupon_adds_an_order_waste_nothing(
    make_moments: Callable[..., Moments], rng: np.random.Generator
) -> None:
    # six organic orders each, and the coupon adds exactly the redeemed one for 70 %: the share of *buyers* moves from
    # .998 to .999, so 1 - (q1 - q0) / rho would say .998 wasted
    arm = np.repeat([0, 1], 20_000)
    redeemed = arm * rng.binomial(1, 0.7, 40_000)
    orders = rng.poisson(6.0, 40_000) + redeemed
    columns = {"gross_margin": 10 * orders, "orders": orders, "redeemed_orders": redeemed, "subsidy": 5 * redeemed}
    waste = _waste(adjust_means(make_moments(columns, arm)))
    buyers = [(orders[arm == k] > 0).mean() for k in (0, 1)]
    assert 1 - (buyers[1] - buyers[0]) / redeemed[arm == 1].mean() > 0.99
    assert waste.share.estimate == pytest.approx(0.0, abs=0.12)
    assert (waste.share.ci_lower or 0.0) < 0.0 < (waste.share.ci_upper or 0.0)


def _covered(n_worlds: int, make: Callable[..., Moments], rng: np.random.Generator) -> float:
    """Return how often the interval holds the true waste of two strata (.4 and .9 of 30 % redemptions)."""
    arm, stratum = np.tile([0, 1], 800), np.repeat([0, 1], 800)
    chance, kept = np.array([0.3, 0.3])[stratum], np.array([0.6, 0.1])[stratum]
    truth, covered = 1 - (0.6 + 0.1) / 2, 0
    for _ in range(n_worlds):
        redeemed = arm * rng.binomial(1, chance)
        orders = rng.poisson(0.5, 1600) + redeemed * rng.binomial(1, kept)
        columns = {"gross_margin": orders, "orders": orders, "redeemed_orders": redeemed, "subsidy": 5 * redeemed}
        share = _waste(adjust_means(make(columns, arm, stratum=stratum))).share
        covered += (share.ci_lower or -np.inf) <= truth <= (share.ci_upper or np.inf)
    return covered / n_worlds


def test_interval_covers(make_moments: Callable[..., Moments], rng: np.random.Generator) -> None:
    assert 0.95 - 3 * 0.01258 <= _covered(300, make_moments, rng) <= 0.95 + 3 * 0.01258  # binomial sd at 300


@pytest.mark.slow
def test_interval_covers_over_many_worlds(make_moments: Callable[..., Moments], rng: np.random.Generator) -> None:
    assert _covered(2000, make_moments, rng) == pytest.approx(0.95, abs=3 * 0.00487)
