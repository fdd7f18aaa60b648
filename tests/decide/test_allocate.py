from __future__ import annotations

import itertools
from typing import TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from uplift.decide.allocate import Limits, allocate_budget
from uplift.errors import EstimationError

Array: TypeAlias = NDArray[np.float64]


def _limits(
    units: Array,
    present: Array,
    *,
    deployed: float | None = None,
    decrease: float | None = 0.5,
    most: float | None = 0.4,
) -> Limits:
    return Limits(units, present, deployed, decrease, most)


def _free(units: Array, n_arms: int, money: float) -> Limits:
    return _limits(units, np.zeros((len(units), n_arms)), deployed=money, decrease=None, most=None)


def _gain(plan: Array, value: Array, units: Array) -> float:
    return float((units[:, None] * plan * value).sum())


def _brute_force(value: Array, cost: Array, limits: Limits, steps: int = 10) -> float:
    """Return the best net value on a grid of shares that keeps every limit."""
    money = limits.money(cost)
    floor = (1.0 - limits.decrease) * limits.present if limits.decrease is not None else 0.0 * limits.present
    cap = np.inf if limits.cell_at_most is None or money == 0 else limits.cell_at_most * money
    best = -np.inf
    for cells in itertools.product(np.linspace(0, 1, steps + 1), repeat=value.size):
        plan = np.array(cells).reshape(value.shape)
        spend = limits.units[:, None] * plan * cost
        kept = plan.sum(axis=1).max() <= 1 + 1e-9 and (plan >= floor - 1e-9).all()
        over = (spend > cap + 1e-9) & (plan > floor + 1e-9)
        if kept and spend.sum() <= money + 1e-9 and not over.any():
            best = max(best, _gain(plan, value, limits.units))
    return best


def test_maq_reference_example() -> None:
    # Alice, Bob, Eve; rewards (30,10), (40,50), (10,55), costs (3,6); 15 buys Alice A (3), Bob B (6), Eve B (6): 135
    value = np.array([[30.0, 10.0], [40.0, 50.0], [10.0, 55.0]])
    cost = np.tile([3.0, 6.0], (3, 1))
    plan = allocate_budget(value, cost, _free(np.ones(3), 2, 15.0))
    assert plan == pytest.approx(np.array([[1, 0], [0, 1], [0, 1]]), abs=1e-9)
    assert _gain(plan, value, np.ones(3)) == pytest.approx(135.0)
    assert _brute_force(value, cost, _free(np.ones(3), 2, 15.0), steps=2) == pytest.approx(135.0)


def test_money_between_two_items_buys_a_fraction() -> None:
    # slopes: Alice A 10, Bob A 13.3, Bob A->B 10/3, Eve B 9.17; 9 = Bob A 3 + Alice A 3 + half of Eve B: 70 + 27.5
    value = np.array([[30.0, 10.0], [40.0, 50.0], [10.0, 55.0]])
    plan = allocate_budget(value, np.tile([3.0, 6.0], (3, 1)), _free(np.ones(3), 2, 9.0))
    assert plan == pytest.approx(np.array([[1, 0], [1, 0], [0, 0.5]]), abs=1e-9)
    assert _gain(plan, value, np.ones(3)) == pytest.approx(97.5)


def test_equal_deployed_money_hand_case() -> None:
    # D = 100 * .5 * 2 + 100 * .5 * 2 = 200; the poor stratum falls to .25 (50), the cap of .8 D leaves 150 for the rich
    limits = _limits(np.full(2, 100.0), np.full((2, 1), 0.5), most=0.8)
    plan = allocate_budget(np.array([[1.0], [3.0]]), np.full((2, 1), 2.0), limits)
    assert plan == pytest.approx(np.array([[0.25], [0.75]]), abs=1e-9)
    capped = _limits(np.full(2, 100.0), np.full((2, 1), 0.5), most=0.6)
    plan = allocate_budget(np.array([[1.0], [3.0]]), np.full((2, 1), 2.0), capped)
    assert plan == pytest.approx(np.array([[0.4], [0.6]]), abs=1e-9)  # .6 * 200 / (100 * 2) = .6


def test_all_cells_that_lose_fall_to_the_lower_limit() -> None:
    present = np.array([[0.4, 0.2], [0.3, 0.3]])
    plan = allocate_budget(np.full((2, 2), -1.0), np.full((2, 2), 2.0), _limits(np.array([50.0, 80.0]), present))
    assert plan == pytest.approx(present / 2)
    off = _limits(np.array([50.0, 80.0]), present, decrease=None)
    assert allocate_budget(np.full((2, 2), -1.0), np.full((2, 2), 2.0), off) == pytest.approx(np.zeros((2, 2)))


def test_a_cell_over_the_cap_is_cut_to_its_floor_and_not_below() -> None:
    # the first cell holds 90 of D = 100; the cap is 40, its floor 45: the floor goes first
    limits = _limits(np.array([90.0, 100.0]), np.array([[1.0], [0.1]]))
    plan = allocate_budget(np.array([[9.0], [1.0]]), np.ones((2, 1)), limits)
    assert plan == pytest.approx(np.array([[0.5], [0.4]]))


@pytest.mark.parametrize("n_arms", [1, 2])
def test_without_money_only_free_cells_are_treated_and_the_cap_is_ignored(n_arms: int) -> None:
    present = np.zeros((2, n_arms))
    value, cost = np.ones((2, n_arms)), np.full((2, n_arms), 2.0)
    assert allocate_budget(value, cost, _limits(np.full(2, 10.0), present)) == pytest.approx(present, abs=1e-9)
    cost[1] = 0.0
    plan = allocate_budget(value, cost, _limits(np.full(2, 10.0), present))
    assert plan.sum(axis=1) == pytest.approx([0.0, 1.0], abs=1e-9)


def test_negative_cost_estimates_count_as_free() -> None:
    limits = _limits(np.full(2, 10.0), np.full((2, 1), 0.5), most=None)
    plan = allocate_budget(np.array([[5.0], [1.0]]), np.array([[-3.0], [2.0]]), limits)
    assert plan == pytest.approx(np.array([[1.0], [0.5]]))


def test_frozen_cells_keep_their_share() -> None:
    present = np.array([[0.5, 0.2], [0.5, 0.2]])
    frozen = np.array([[True, False], [False, False]])
    limits = Limits(np.full(2, 10.0), present, frozen=frozen, cell_at_most=None)
    plan = allocate_budget(np.array([[-9.0, 1.0], [-9.0, 2.0]]), np.ones((2, 2)), limits)
    # D = 14: 5 is frozen, 2.5 and 1 are floors, the 5.5 left goes to the best cell
    assert plan == pytest.approx(np.array([[0.5, 0.1], [0.25, 0.55]]))


def test_floors_that_cost_more_than_the_money_are_refused() -> None:
    limits = _limits(np.full(2, 100.0), np.full((2, 1), 0.5), deployed=49.0)
    with pytest.raises(EstimationError, match=r"no plan keeps all limits .*loosen budget\.change_limit"):
        allocate_budget(np.ones((2, 1)), np.ones((2, 1)), limits)


@pytest.mark.parametrize("n_arms", [1, 2])
def test_no_grid_plan_is_better(n_arms: int, rng: np.random.Generator) -> None:
    n_strata = 4 if n_arms == 1 else 2
    for _ in range(6):
        units = 10.0 * rng.integers(1, 6, n_strata).astype(np.float64)
        present = rng.integers(0, 5, (n_strata, n_arms)).astype(np.float64) / 10.0
        value, cost = (
            rng.normal(1.0, 2.0, (n_strata, n_arms)),
            rng.integers(1, 4, (n_strata, n_arms)).astype(np.float64),
        )
        limits = _limits(units, present, most=(None, 0.4, 0.7)[rng.integers(3)])
        plan = allocate_budget(value, cost, limits)
        assert _gain(plan, value, units) >= _brute_force(value, cost, limits) - 1e-6
        assert plan.sum(axis=1).max() <= 1.0 + 1e-9
        assert (plan >= 0.5 * present).all()
        assert (units[:, None] * plan * cost).sum() <= limits.money(cost) * (1 + 1e-9) + 1e-9


def test_todays_plan_fits_its_own_money(rng: np.random.Generator) -> None:
    for _ in range(30):
        units, present = rng.uniform(1, 1e6, 24), rng.uniform(0, 0.5, (24, 2))
        cost = rng.lognormal(0, 2, (24, 2))
        limits = _limits(units, present, decrease=0.0, most=None)
        value = rng.normal(size=(24, 2))
        plan = allocate_budget(value, cost, limits)
        assert plan == pytest.approx(present, rel=1e-5)


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1e6, 1e12])
def test_currency_units_and_order_do_not_change_the_plan(scale: float, rng: np.random.Generator) -> None:
    units, present = rng.uniform(100, 1000, 6), rng.uniform(0, 0.4, (6, 2))
    value, cost = rng.normal(size=(6, 2)), rng.uniform(1, 3, (6, 2))
    plan = allocate_budget(value, cost, _limits(units, present))
    assert allocate_budget(scale * value, scale * cost, _limits(units, present)) == pytest.approx(plan, abs=1e-7)
    assert allocate_budget(value, cost, _limits(scale * units, present)) == pytest.approx(plan, abs=1e-7)
    order = rng.permutation(6)
    turned = allocate_budget(value[order, ::-1], cost[order, ::-1], _limits(units[order], present[order, ::-1]))
    assert turned == pytest.approx(plan[order, ::-1], abs=1e-7)
