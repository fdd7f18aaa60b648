from __future__ import annotations

import numpy as np
import pytest

from tests.customers.conftest import Parameters, make_world
from uplift.clv import PurchaseModel
from uplift.customers import (
    buys_if_alive,
    calibrate_alive,
    classify_by_model,
    classify_lifecycle,
    column_axis,
    compare_stages,
    find_borders,
)
from uplift.customers.model_stage import ModelBorders
from uplift.errors import DataError

NOTHING = ((0.0,) * 4,) * 4


def test_borders_on_expected_orders_cut_the_same_shares() -> None:
    # Of ten units that P(alive) tells of, one lies below .1 and four below .4: the borders are the second and the
    # fifth of the expected orders; the one-time buyer (P = 1) takes no part.
    alive = np.array([0.05, 0.2, 0.3, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0])
    orders = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 99.0])
    borders = find_borders(alive, orders)
    assert borders == ModelBorders(0.1, 0.4, 0.1, 0.4, 90.0)
    nobody = find_borders(np.array([1.0, np.nan]), np.array([2.0, np.nan]))
    assert (nobody.lost_orders, nobody.silent_orders) == (0, 0)


def test_stages_by_model_by_hand() -> None:
    borders = ModelBorders(0.1, 0.4, 0.2, 0.5)
    alive = np.array([np.nan, 0.09, 0.1, 0.39, 0.4, 1.0, 1.0, 1.0])
    orders = np.array([np.nan, 9.0, 9.0, 9.0, 0.0, 0.19, 0.49, 0.5])
    axis = classify_by_model(alive, orders, borders=borders)
    assert axis.labels.tolist() == ["none", "lost", "silent", "silent", "active", "lost", "silent", "active"]
    assert (axis.id, axis.rule["lost_orders"]) == ("lifecycle_model", 0.2)


def test_the_disagreement_is_counted_by_hand() -> None:
    five = ("new", "growing", "active", "silent", "lost")
    rule = column_axis(
        np.array(["new", "active", "active", "silent", "lost", "lost"], object), axis_id="s", levels=five
    )
    alive = np.array([1.0, 0.9, 0.2, 0.2, 0.9, np.nan])
    model = classify_by_model(alive, np.full(6, 9.0), borders=ModelBorders(0.1, 0.4, 0.2, 0.5))
    got = compare_stages(rule, model)
    assert got.rule_levels == ("new", "active", "silent", "lost")
    assert got.counts == ((1, 0, 0, 0), (1, 1, 0, 0), (0, 1, 0, 0), (1, 0, 0, 1))
    # The active one with P = .2 and the lost one with P = .9; who never ordered is not compared.
    assert (got.n_compared, got.n_disagree, got.share) == (5, 2, 0.4)


def test_six_stages_are_held_against_three() -> None:
    rule = column_axis(
        np.array(["declining", "declining", "declining", "lost", "lost", "potential"], object), axis_id="s"
    )
    alive = np.array([0.9, 0.3, 0.05, 0.3, 0.05, np.nan])
    model = classify_by_model(alive, np.full(6, 9.0), borders=ModelBorders(0.1, 0.4, 0.2, 0.5))
    got = compare_stages(rule, model)
    assert (got.n_compared, got.n_disagree) == (5, 1)
    own = compare_stages(column_axis(np.array(["A"] * 6, object), axis_id="s"), model)
    assert (own.n_compared, own.share) == (0, None)
    with pytest.raises(DataError, match="stages of 2 and of 6 units"):
        compare_stages(column_axis(np.array(["A", "B"], object), axis_id="s"), model)


def test_the_chance_to_buy_by_hand() -> None:
    model = PurchaseModel("bgnbd", 1.0, 10.0, 1.0, 2.0, 0.0, NOTHING, 5)
    # 1 - (40 / 120)^(1 + 1) = 8/9
    got = buys_if_alive(model, np.array([1]), np.array([30.0]), horizon=80)
    np.testing.assert_allclose(got, [8 / 9])


def test_a_true_model_is_found_calibrated() -> None:
    world = make_world(Parameters(1.2, 40, 0.8, 4), n=30_000, days=990, seed=11)
    history, alive = world.history(900), world.alive(900)
    known = world.day < 900
    key = np.unique(world.owner[known] * 100_000 + np.floor(world.day[known]).astype(np.int64))
    _, start, n_days = np.unique(key // 100_000, return_index=True, return_counts=True)
    model = PurchaseModel("bgnbd", 1.2, 40, 0.8, 4, 0.0, NOTHING, 30_000)
    age = (900 - key[start] % 100_000).astype(np.float64)
    chance = buys_if_alive(model, n_days - 1, age, horizon=90)
    later = set(np.unique(world.owner[~known]).tolist())
    bought = np.array([int(unit) in later for unit in history.unit_id])
    found = calibrate_alive(alive, chance, bought)
    assert 9 <= len(found.bands) <= 10
    assert found.n_left_out == int((n_days == 1).sum())
    for band in found.bands:
        assert abs(band.observed - band.predicted) < 4 * band.std_error + 0.005
    assert abs(found.lost_alive - 0.1) < 0.05
    assert abs(found.silent_alive - 0.4) < 0.08
    rule = classify_lifecycle(history, alive=alive)
    orders = chance * 2
    by_model = classify_by_model(alive, orders, borders=find_borders(alive, orders))
    assert 0 < (compare_stages(rule, by_model).share or 0) < 0.5


def test_a_model_that_hopes_too_much_moves_the_border_up() -> None:
    # P(alive) says .5 and .9, and half of what that promises comes: calibrated .25 and .45, .4 lies at
    # .5 + (.4 - .25) / (.45 - .25) x .4 = .8; nothing lies as low as .1.
    alive = np.repeat([0.5, 0.9], 1_000)
    bought = np.concatenate((np.arange(1_000) < 250, np.arange(1_000) < 450))
    found = calibrate_alive(alive, np.ones(2_000), bought)
    assert [band.n_units for band in found.bands] == [1_000, 1_000]
    np.testing.assert_allclose([found.silent_alive, found.lost_alive], [0.8, 0.0])
    np.testing.assert_allclose(found.bands[0].std_error, np.sqrt(0.25 * 0.75 / 1_000))
    with pytest.raises(DataError, match="needs units with repeat purchases"):
        calibrate_alive(np.ones(3), np.ones(3), np.ones(3, np.bool_))
