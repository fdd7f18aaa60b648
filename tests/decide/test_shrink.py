from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.decide.shrink import shrink_effects

if TYPE_CHECKING:
    from numpy.typing import NDArray

Z = 1.959963984540054
WORLDS = ("none", "additive", "interaction", "outlier")


def test_hand_case_with_equal_variances() -> None:
    # tau = 0, 2, 4, 10, V = 1: m = 4, Q(A) = 56 / (1 + A) = S - 1 = 3 -> A = 53/3 (floor 2/4)
    # Morris' pull: (S - 3) / (S - 1) * V / (V + A) = 1/3 * 3/56 = 1/56
    found = shrink_effects(np.array([0.0, 2.0, 4.0, 10.0]), np.ones(4))
    pull = 1 / 56
    assert found.between_variance == pytest.approx(53 / 3, rel=1e-12)
    assert found.centre == pytest.approx(4.0)
    assert found.mean == pytest.approx([4 * pull, 2 + 2 * pull, 4.0, 10 - 6 * pull])
    # Morris, S - k - 2 = 1: (1 - B) V + B² / sum(w) + 2 B² (tau - m)²; sum(w) = 4 * 3/56
    expected = [(1 - pull) + pull**2 * 14 / 3 + 2 * pull**2 * away**2 for away in (4, 2, 0, 6)]
    assert found.std_error**2 == pytest.approx(expected)


def test_morris_spread_with_unequal_variances() -> None:
    # equal estimates: A is the floor 2 / sum(1 / V) = 2 / (4 + 2) = 1/3, and nothing is left of the third term
    variance = np.array([0.5, 0.5, 1.0, 1.0])
    found = shrink_effects(np.full(4, 7.0), variance)
    assert found.between_variance == pytest.approx(1 / 3)
    assert found.mean == pytest.approx([7.0] * 4)
    pull = variance / (variance + 1 / 3) / 3
    weight_sum = (1 / (variance + 1 / 3)).sum()
    assert found.std_error**2 == pytest.approx((1 - pull) * variance + pull**2 / weight_sum)


def test_between_variance_agrees_with_statsmodels(rng: np.random.Generator) -> None:
    meta = pytest.importorskip("statsmodels.stats.meta_analysis")
    for _ in range(20):
        variance = rng.uniform(0.2, 4.0, 24)
        estimate = rng.normal(0.0, np.sqrt(variance + 5.0))
        found = shrink_effects(estimate, variance)
        oracle = meta.combine_effects(estimate, variance, method_re="iterated", atol=1e-6)
        assert found.between_variance == pytest.approx(float(oracle.tau2), rel=1e-5)


def test_between_variance_solves_its_equation_or_is_the_floor(rng: np.random.Generator) -> None:
    for spread in (0.0, 0.5, 3.0):
        variance = rng.uniform(0.2, 4.0, 12)
        estimate = rng.normal(0.0, np.sqrt(variance + spread**2))
        found = shrink_effects(estimate, variance)
        weight = 1 / (variance + found.between_variance)
        excess = weight @ (estimate - found.centre) ** 2 - 11
        floor = 2 / (1 / variance).sum()
        assert found.between_variance >= floor
        assert excess == pytest.approx(0.0, abs=1e-8) or found.between_variance == pytest.approx(floor)


@pytest.mark.parametrize("n_strata", [0, 1, 3])
def test_fewer_than_four_strata_stay_as_they_are(n_strata: int) -> None:
    estimate, variance = np.arange(n_strata, dtype=float), np.full(n_strata, 4.0)
    found = shrink_effects(estimate, variance)
    assert found.mean == pytest.approx(estimate)
    assert found.std_error == pytest.approx(np.full(n_strata, 2.0))
    assert np.isnan(found.centre)
    assert np.isnan(found.between_variance)


def test_a_stratum_without_noise_neither_moves_nor_stops_the_others(rng: np.random.Generator) -> None:
    estimate, variance = rng.normal(3.0, 1.0, 8), rng.uniform(0.5, 2.0, 8)
    alone = shrink_effects(estimate, variance)
    found = shrink_effects(np.append(estimate, -0.2), np.append(variance, 0.0))
    assert found.mean[:8] == pytest.approx(alone.mean)
    assert found.mean[8] == -0.2
    assert found.std_error[8] == 0.0
    rounding = shrink_effects(np.append(estimate, -0.2), np.append(variance, 1e-17))
    assert rounding.mean == pytest.approx(found.mean)
    assert shrink_effects(np.ones(6), np.zeros(6)).mean == pytest.approx(np.ones(6))


def test_inputs_are_kept_and_scale_shift_and_order_carry_over(rng: np.random.Generator) -> None:
    estimate, variance = rng.normal(0.0, 3.0, 10), rng.uniform(0.5, 2.0, 10)
    before = estimate.copy()
    found = shrink_effects(estimate, variance)
    assert np.array_equal(estimate, before)
    scaled = shrink_effects(100 * estimate + 7, 1e4 * variance)
    assert scaled.mean == pytest.approx(100 * found.mean + 7, rel=1e-9)
    assert scaled.std_error == pytest.approx(100 * found.std_error, rel=1e-9)
    order = rng.permutation(10)
    shuffled = shrink_effects(estimate[order], variance[order])
    assert shuffled.mean == pytest.approx(found.mean[order], rel=1e-9)


def _truth(world: str, rng: np.random.Generator) -> NDArray[np.float64]:
    stage, tier = np.divmod(np.arange(24), 4)
    if world == "additive":
        return np.asarray(rng.normal(0, 1, 6)[stage] + rng.normal(0, 1, 4)[tier] + 2.0)
    if world == "interaction":
        return np.where((stage + tier) % 2 == 0, 1.5, -1.5) + 2.0
    if world == "outlier":
        return np.where(np.arange(24) == rng.integers(24), 10.0, 0.0) + 2.0
    return np.full(24, 2.0)


def _simulate(world: str, n_worlds: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return the average coverage of Morris' interval, and the MSE over that of the raw effects."""
    covered, shrunk, raw = 0.0, 0.0, 0.0
    for _ in range(n_worlds):
        truth, variance = _truth(world, rng), rng.uniform(0.5, 4.0, 24)
        estimate = rng.normal(truth, np.sqrt(variance))
        found = shrink_effects(estimate, variance)
        covered += float((np.abs(found.mean - truth) <= Z * found.std_error).mean())
        shrunk += float(((found.mean - truth) ** 2).sum())
        raw += float(((estimate - truth) ** 2).sum())
    return covered / n_worlds, shrunk / raw


@pytest.mark.parametrize("world", WORLDS)
def test_average_coverage_and_error_at_24_strata(world: str, rng: np.random.Generator) -> None:
    coverage, ratio = _simulate(world, 600, rng)
    assert coverage >= 0.94
    assert ratio < 1.0


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_average_coverage_and_error_over_many_worlds(world: str, rng: np.random.Generator) -> None:
    coverage, ratio = _simulate(world, 4000, rng)
    assert coverage >= (0.99 if world == "none" else 0.94)
    assert coverage <= (1.0 if world == "none" else 0.975)
    assert ratio < 0.95
