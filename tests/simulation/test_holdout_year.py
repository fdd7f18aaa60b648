"""The value of the next year, predicted before it and held against what came."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.simulation.worlds import KEPT, ledger_of, purchase_state, seed_of, spec_of
from uplift.clv.predict import predict_clv
from uplift.clv.snapshot import PurchaseHistory, Snapshot, WideHistory
from uplift.simulate.campaign import NOT_TREATED, play
from uplift.simulate.past import join_orders
from uplift.simulate.world import draw_world

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.simulation.worlds import Ledger
    from uplift.simulate.world import World

YEAR = 365.0


def next_year(scenario: str, n_customers: int) -> tuple[World, Ledger]:
    """Return a world and its orders, a year without a campaign included."""
    seed = seed_of(f"tests/simulation/test_holdout_year.py::{scenario}[{n_customers}]")
    world = draw_world(spec_of(scenario), scenario=scenario, n_customers=n_customers, seed=seed)
    nobody = np.full(n_customers, NOT_TREATED)
    return world, ledger_of(world, join_orders((world.past.orders, play(world, nobody, follow_up_days=365).orders)))


def history_at(ledger: Ledger, day: float, rows: NDArray[np.intp]) -> PurchaseHistory:
    """Return what was bought before a day."""
    moved = replace(ledger, orders=replace(ledger.orders, day=ledger.orders.day - day))
    state = purchase_state(moved).take(rows)
    return PurchaseHistory(np.nan_to_num(state.frequency), state.recency, state.age, state.mean_value)


def features_at(world: World, ledger: Ledger, day: float, rows: NDArray[np.intp]) -> dict[str, NDArray[np.float64]]:
    """Return a small wide table."""
    found = {}
    for days in (30, 90, 180, 365):
        found[f"orders_{days}"] = ledger.total(day - days, day, money=False)[rows]
        found[f"margin_{days}"] = ledger.total(day - days, day)[rows]
    history = history_at(ledger, day, rows)
    for name in PurchaseHistory.__slots__:
        found[name] = getattr(history, name)
    found["silent"] = history.age - history.recency
    found["registered"] = day - world.population.rhythm.registered[rows]
    return found


def snapshot_at(world: World, ledger: Ledger, day: float) -> Snapshot:
    """Return those registered before a day, and what the year after it brought."""
    rows = np.flatnonzero(world.population.rhythm.registered < day)
    value = ledger.total(day, day + YEAR, day0=day)[rows]
    return Snapshot(value, features_at(world, ledger, day, rows), history_at(ledger, day, rows))


@dataclass(frozen=True, slots=True)
class Tenth:
    """A tenth of the customers by predicted value: share of what came, means, and the standard error of what came."""

    share: float
    predicted: float
    actual: float
    error: float


def tenths(actual: NDArray[np.float64], predicted: NDArray[np.float64]) -> list[Tenth]:
    """Return the deciles by predicted value, the lowest first."""
    place = np.argsort(np.argsort(predicted, kind="stable")) * 10 // len(predicted)
    found = []
    for one in range(10):
        came = actual[place == one]
        error = float(came.std(ddof=1) / np.sqrt(len(came)))
        mean = float(predicted[place == one].mean())
        found.append(Tenth(float(came.sum() / actual.sum()), mean, float(came.mean()), error))
    return found


def hold_big(actual: NDArray[np.float64], predicted: NDArray[np.float64]) -> None:
    """Hold a prediction to 3 % of the total and 10 % of the deciles with 5 % of the value or more."""
    assert abs(predicted.sum() / actual.sum() - 1.0) <= 0.03
    for one in tenths(actual, predicted):
        assert one.share < 0.05 or abs(one.predicted - one.actual) <= 0.10 * one.actual, one


def hold_small(actual: NDArray[np.float64], predicted: NDArray[np.float64]) -> None:
    """Hold a prediction to three standard errors of the other deciles."""
    for one in tenths(actual, predicted):
        assert one.share >= 0.05 or abs(one.predicted - one.actual) <= 3.0 * one.error, one


@pytest.mark.parametrize("n_customers", [50_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_a_year_of_customers_who_follow_the_model(n_customers: int) -> None:
    world, ledger = next_year("bgnbd", n_customers)
    rows = np.flatnonzero(world.past.n_orders > 0)
    predicted = predict_clv(history_at(ledger, 0.0, rows), method="bgnbd").value
    hold_big(ledger.total(0.0, YEAR, day0=0.0)[rows], predicted)
    hold_small(ledger.total(0.0, YEAR, day0=0.0)[rows], predicted)
    # What came is one draw of what the market knows.
    assert abs((world.year_worth[rows] / KEPT).sum() / predicted.sum() - 1.0) <= 0.03


@cache
def boosted_year() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what a year of the steady shop brought, and what boosted trees foresaw."""
    world, ledger = next_year("steady_grocery", 40_000)
    everyone = np.arange(40_000)
    wide = WideHistory(
        earlier=snapshot_at(world, ledger, -2 * YEAR),
        later=snapshot_at(world, ledger, -YEAR),
        now=features_at(world, ledger, 0.0, everyone),
    )
    predicted = predict_clv(history_at(ledger, 0.0, everyone), method="boosted", wide=wide).value
    return ledger.total(0.0, YEAR, day0=0.0), predicted


@pytest.mark.slow
def test_a_year_of_the_steady_shop_by_boosted_trees() -> None:
    hold_big(*boosted_year())


@pytest.mark.slow
@pytest.mark.xfail(strict=True, reason="trees err by as much as their cohort's spread: 2 of 6 small deciles are off")
def test_the_small_deciles_of_the_steady_shop_by_boosted_trees() -> None:
    hold_small(*boosted_year())
