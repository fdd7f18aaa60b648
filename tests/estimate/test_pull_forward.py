"""A dip after the promotion, and how much of the promotion's effect it takes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.estimate import Contrast, Reading, adjust_means, estimate_pull_forward
from uplift.results import Measure

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.results.clv import PullForward
    from uplift.stats.moments import Moments

ARM = Contrast("a1", "a0")


def read(make_moments: Callable[..., Moments], promo: np.ndarray, after: np.ndarray) -> PullForward:
    arm = np.arange(len(promo)) % 2
    found = adjust_means(make_moments({"promo_margin": promo, "after_margin": after}, arm))
    reading = Reading(Measure("money", "CNY"), group=("segment", "g"))
    return estimate_pull_forward(found, contrast=ARM, promo_days=37, reading=reading)


def market(rng: np.random.Generator, gain: int, dip: int, n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    arm = np.arange(n) % 2
    return rng.integers(0, 21, n) + gain * arm, rng.integers(0, 21, n) - dip * arm


def test_by_hand(make_moments: Callable[..., Moments]) -> None:
    # control 0, 2; treated 10, 12 in the promotion: P = 10; control 5, 7; treated 1, 3 after: D = -4
    found = read(make_moments, np.array([0, 10, 2, 12]), np.array([5, 1, 7, 3]))
    assert (found.promo.estimate, found.after.estimate, found.net.estimate) == (10.0, -4.0, 6.0)
    # each arm's variance is 2, of its mean 1: SE = sqrt(2) for P and D; one-sided p of t = -4 / sqrt 2 on 2 df
    assert found.after.std_error == pytest.approx(np.sqrt(2))
    assert found.p_value == pytest.approx(0.0529, abs=2e-4)
    assert (found.share, found.promo_days, found.by, found.level) == (0.4, 37, "segment", "g")


def test_a_market_that_only_moves_orders(make_moments: Callable[..., Moments], rng: np.random.Generator) -> None:
    found = read(make_moments, *market(rng, 3, 3))
    assert found.p_value < 1e-6
    assert found.shape == "interval"
    assert found.share_lower is not None
    assert found.share_upper is not None
    assert found.share_lower < 1.0 < found.share_upper
    assert found.net.ci_lower < 0.0 < found.net.ci_upper
    assert not found.censored


def test_no_dip_is_rejected_as_often_as_it_says(make_moments: Callable[..., Moments], rng: np.random.Generator) -> None:
    rejected = [read(make_moments, *market(rng, 2, 0, 400)).p_value < 0.05 for _ in range(300)]
    # binomial 99.9 % band of .05 over 300, and not dead
    assert 0.01 <= np.mean(rejected) <= 0.10


def test_the_share_is_not_clipped(make_moments: Callable[..., Moments], rng: np.random.Generator) -> None:
    grows = read(make_moments, *market(rng, 3, -1))
    assert grows.share is not None
    assert grows.share < 0.0
    assert grows.p_value > 0.999


def test_without_an_effect_the_share_says_nothing(
    make_moments: Callable[..., Moments], rng: np.random.Generator
) -> None:
    lines = [read(make_moments, *market(rng, 0, 0, 200)) for _ in range(40)]
    assert {found.shape for found in lines} <= {"line", "rays", "interval"}
    assert sum(found.shape == "line" for found in lines) > 20
    assert all((found.share_lower is None) == (found.shape == "line") for found in lines)
    assert all(found.censored == (found.shape != "interval") for found in lines)


def test_a_dip_alone_gives_rays(make_moments: Callable[..., Moments], rng: np.random.Generator) -> None:
    found = read(make_moments, *market(rng, 0, 4))
    assert found.censored
    assert found.shape == "rays"
    assert found.share_lower is not None
    assert found.share_upper is not None
    assert found.share_lower < found.share_upper


def test_no_spread_has_no_doubt(make_moments: Callable[..., Moments]) -> None:
    assert read(make_moments, np.array([0, 9, 0, 9]), np.zeros(4, int)).p_value == 1.0
    assert read(make_moments, np.array([0, 9, 0, 9]), np.array([0, -1, 0, -1])).p_value == 0.0
