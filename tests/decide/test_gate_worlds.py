"""How often the gate moves money where it must not, and where it must."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats

from uplift.decide.allocate import Limits
from uplift.decide.gate import gate_plan, propose_plan
from uplift.decide.values import Terms

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from uplift.stats.cells import CellMeans
    from uplift.stats.moments import Moments

    Array = NDArray[np.float64]

NET = Terms({"margin": 1.0, "cost": -1.0}, {"cost": 1.0})
SHARES = (0.2, 0.4, 0.4)
MOVED = 0.025
MOST = 0.040


def _counts(n_units: int, n_strata: int = 24, shares: tuple[float, ...] = SHARES) -> NDArray[np.int64]:
    return np.rint(np.tile(shares, (n_strata, 1)) * n_units / n_strata).astype(np.int64)


def _limits(counts: NDArray[np.int64]) -> Limits:
    units = counts.sum(axis=1).astype(np.float64)
    return Limits(units, counts[:, 1:] / units[:, None])


def _skewed(rng: np.random.Generator) -> Callable[[NDArray[np.intp]], Array]:
    """Return customers of whom 70 % buy nothing and the others a lognormal amount."""
    return lambda cell: rng.binomial(1, 0.3, len(cell)) * rng.lognormal(3.0, 1.3, len(cell))


def _null_statistics(
    counts: NDArray[np.int64],
    n_worlds: int,
    make: Callable[..., Moments],
    adjust: Callable[[Moments], CellMeans],
    rng: np.random.Generator,
    *,
    skewed: bool = False,
) -> Array:
    noise = _skewed(rng) if skewed else None
    worlds = (make(counts, rng=rng, noise=noise) for _ in range(n_worlds))
    return np.array([gate_plan(world, adjust, limits=_limits(counts), terms=NET).statistic for world in worlds])


def _check_null(statistics: Array) -> None:
    """Refuse a gate that moves too often, and one that never could."""
    moved = int((statistics > stats.norm.ppf(1 - MOVED)).sum())
    assert moved <= max(stats.binom.ppf(0.999, len(statistics), MOVED), MOST * len(statistics))
    allowed = 4.0 / np.sqrt(len(statistics))
    assert abs(statistics.mean()) <= 0.1 + allowed
    assert 0.85 - allowed / 2**0.5 <= statistics.std() <= 1.05 + allowed / 2**0.5


def test_null_worlds_seldom_move(
    make_world: Callable[..., Moments], adjust_world: Callable[[Moments], CellMeans], rng: np.random.Generator
) -> None:
    _check_null(_null_statistics(_counts(8000, 8), 100, make_world, adjust_world, rng))


def test_null_worlds_of_skewed_spend_seldom_move(
    make_world: Callable[..., Moments], adjust_world: Callable[[Moments], CellMeans], rng: np.random.Generator
) -> None:
    _check_null(_null_statistics(_counts(4000, 6), 50, make_world, adjust_world, rng, skewed=True))


@pytest.mark.slow
@pytest.mark.parametrize("skewed", [False, True])
def test_null_worlds_move_at_most_4_percent(
    skewed: bool,  # noqa: FBT001 - a parameter of the test
    make_world: Callable[..., Moments],
    adjust_world: Callable[[Moments], CellMeans],
    rng: np.random.Generator,
) -> None:
    statistics = _null_statistics(_counts(20_000), 1000, make_world, adjust_world, rng, skewed=skewed)
    assert (statistics > stats.norm.ppf(1 - MOVED)).mean() <= MOST
    assert (statistics > stats.norm.ppf(1 - MOVED)).mean() >= 0.004
    _check_null(statistics)


@pytest.mark.slow
@pytest.mark.parametrize(("n_strata", "per_cell"), [(1, 50), (2, 50), (5, 50), (24, 50), (1, 25), (24, 25)])
def test_null_worlds_of_thin_strata_move_at_most_4_percent(
    n_strata: int,
    per_cell: int,
    make_world: Callable[..., Moments],
    adjust_world: Callable[[Moments], CellMeans],
    rng: np.random.Generator,
) -> None:
    counts = np.full((n_strata, 2), per_cell)
    statistics = _null_statistics(counts, 1000, make_world, adjust_world, rng)
    assert (statistics > stats.norm.ppf(1 - MOVED)).mean() <= MOST
    assert statistics.std() >= 0.6


FRESH = np.repeat([-2.0, 8.0, 3.0, 0.5, 2.0, -0.5], 4)
"""Net gain per customer of the full coupon: frequent, growing, at risk, silent, new, sleeping dogs, by value tier."""

RESIDUAL = 15.0
"""Spread of a customer's margin that covariates leave."""


def _fresh_share(
    n_units: int,
    n_worlds: int,
    make: Callable[..., Moments],
    adjust: Callable[[Moments], CellMeans],
    rng: np.random.Generator,
) -> float:
    cost = np.tile([0.0, 1.0, 2.0], (24, 1))
    margin = np.column_stack([np.zeros(24), 0.6 * FRESH, FRESH]) + cost
    counts, passed = _counts(n_units), 0
    for _ in range(n_worlds):
        world = make(counts, rng=rng, margin=margin, cost=cost, noise=lambda cell: rng.normal(0.0, RESIDUAL, len(cell)))
        passed += gate_plan(world, adjust, limits=_limits(counts), terms=NET).passed
    return passed / n_worlds


def test_a_strong_world_moves(
    make_world: Callable[..., Moments], adjust_world: Callable[[Moments], CellMeans], rng: np.random.Generator
) -> None:
    assert _fresh_share(50_000, 20, make_world, adjust_world, rng) == 1.0


@pytest.mark.slow
@pytest.mark.parametrize("n_units", [20_000, 50_000])
def test_strong_worlds_move_in_99_percent(
    n_units: int,
    make_world: Callable[..., Moments],
    adjust_world: Callable[[Moments], CellMeans],
    rng: np.random.Generator,
) -> None:
    assert _fresh_share(n_units, 300, make_world, adjust_world, rng) >= 0.99


def _cut_share(
    n_worlds: int, make: Callable[..., Moments], adjust: Callable[[Moments], CellMeans], rng: np.random.Generator
) -> tuple[float, float]:
    """Return how often the plan falls to its lower limit in every cell, and how often it passes the gate."""
    counts = _counts(300_000, 24, (1 / 3, 1 / 3, 1 / 3))
    limits, cost = _limits(counts), np.tile([0.0, 1.5, 2.5], (24, 1))
    cut, passed = 0, 0
    for _ in range(n_worlds):
        world = make(counts, rng=rng, cost=cost, noise=lambda cell: rng.normal(0.0, 50.0, len(cell)))
        plan = propose_plan(adjust(world.merge_folds(range(20))), limits, NET)
        cut += bool(np.allclose(plan.shares, limits.present / 2))
        passed += gate_plan(world, adjust, limits=limits, terms=NET).passed
    return cut / n_worlds, passed / n_worlds


def test_costs_without_effect_cut_the_plan_to_its_lower_limit(
    make_world: Callable[..., Moments], adjust_world: Callable[[Moments], CellMeans], rng: np.random.Generator
) -> None:
    cut, passed = _cut_share(12, make_world, adjust_world, rng)
    assert cut >= 11 / 12  # one miss of 12 at .95 has probability .46, two and more .12
    assert passed == 1.0


@pytest.mark.slow
def test_costs_without_effect_cut_the_plan_in_95_percent(
    make_world: Callable[..., Moments], adjust_world: Callable[[Moments], CellMeans], rng: np.random.Generator
) -> None:
    cut, passed = _cut_share(200, make_world, adjust_world, rng)
    assert cut >= 0.95
    assert passed >= 0.99
