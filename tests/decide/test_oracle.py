"""How much of the gain of the best plan of its own class the learned plan reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.decide.allocate import Limits, allocate_budget
from uplift.decide.gate import propose_plan
from uplift.decide.values import Terms

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from uplift.stats.cells import CellMeans

    Array = NDArray[np.float64]

NET = Terms({"margin": 1.0, "cost": -1.0}, {"cost": 1.0})
SHARES = np.array([0.2, 0.4, 0.4])
GROSS = np.repeat([1.0, 10.0, 5.0, 1.0, 4.0, 1.5], 4) * np.tile([0.6, 0.9, 1.1, 1.4], 6)
"""Gross effect of the full coupon by stage (frequent, growing, at risk, silent, new, sleeping dogs) × value tier."""

COST = np.repeat([2.5, 2.0, 2.0, 0.5, 2.0, 2.0], 4)
NOISE = np.repeat([2.0, 1.0, 0.8, 0.4, 1.0, 1.0], 4)


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Truth of 24 strata × 2 arms, and what an experiment on all of them estimates."""

    value: Array
    cost: Array
    limits: Limits
    means: CellMeans

    def gain(self, plan: Array) -> float:
        """Return the true gain over the present plan; a plan over its money runs in random order until it is gone."""
        units, present = self.limits.units[:, None], self.limits.present
        money = self.limits.money(self.cost)
        spent = float((units * plan * self.cost).sum())
        done = min(1.0, money / spent)
        return float((units * (done * plan - present) * self.value).sum())


def _draw(n_units: int, spread: float, make: Callable[..., CellMeans], rng: np.random.Generator) -> World:
    gross, cost = GROSS * rng.lognormal(0, 0.3, 24), COST * rng.lognormal(0, 0.2, 24)
    margins = np.column_stack([np.zeros(24), 0.6 * gross, gross])
    costs = np.column_stack([np.zeros(24), 0.5 * cost, cost])
    units = n_units * rng.dirichlet(np.full(24, 8.0))
    n = np.maximum(np.rint(units[:, None] * SHARES), 2)
    variance = np.stack([(spread * NOISE[:, None]) ** 2 / n, (0.7 * costs) ** 2 / n], axis=2)
    mean = rng.normal(np.stack([margins, costs], axis=2), np.sqrt(variance))
    limits = Limits(units, np.tile(SHARES[1:], (24, 1)))
    means = make(mean, n, ("margin", "cost"), variance=variance)
    return World((margins - costs)[:, 1:], costs[:, 1:], limits, means)


def _gains(
    n_units: int, spread: float, n_worlds: int, make: Callable[..., CellMeans], rng: np.random.Generator
) -> Array:
    """Return true gains (n_worlds, 3) of the learned plan, the one from raw effects, and the best of the class."""
    rows = []
    for _ in range(n_worlds):
        world = _draw(n_units, spread, make, rng)
        learned = propose_plan(world.means, world.limits, NET)
        raw = allocate_budget(learned.value.value, learned.cost, world.limits)
        best = allocate_budget(world.value, world.cost, world.limits)
        rows.append([world.gain(plan) for plan in (learned.shares, raw, best)])
    return np.array(rows)


def _share(gains: Array) -> float:
    """Return the ratio of sums over worlds; no world is left out."""
    return float(gains[:, 0].sum() / gains[:, 2].sum())


def test_learned_plans_near_the_best_of_their_class(
    make_means: Callable[..., CellMeans], rng: np.random.Generator
) -> None:
    large, small = _gains(200_000, 15.0, 25, make_means, rng), _gains(20_000, 15.0, 25, make_means, rng)
    assert _share(large) >= 0.90
    assert _share(small) >= 0.75
    assert (large[:, 0] <= large[:, 2] * (1 + 1e-6)).all()
    assert (large[:, 0] > 0).mean() >= 0.95


def test_with_the_truth_known_the_plan_is_the_best_one(
    make_means: Callable[..., CellMeans], rng: np.random.Generator
) -> None:
    gains = _gains(200_000, 1e-6, 3, make_means, rng)
    assert _share(gains) == pytest.approx(1.0, abs=0.02)


@pytest.mark.slow
def test_candidate_reaches_90_percent_at_200k_and_75_at_20k(
    make_means: Callable[..., CellMeans], rng: np.random.Generator
) -> None:
    assert _share(_gains(200_000, 15.0, 300, make_means, rng)) >= 0.90
    assert _share(_gains(20_000, 15.0, 300, make_means, rng)) >= 0.75


@pytest.mark.slow
def test_where_noise_rules_shrunken_effects_plan_better_than_raw_ones(
    make_means: Callable[..., CellMeans], rng: np.random.Generator
) -> None:
    gains = _gains(20_000, 40.0, 400, make_means, rng)
    better = (gains[:, 0] - gains[:, 1]) / gains[:, 2].mean()
    assert better.mean() - 1.645 * better.std(ddof=1) / 400**0.5 > 0.0
