from __future__ import annotations

import numpy as np
import pytest

from tests.customers.conftest import Parameters, make_world
from uplift.customers import classify_lifecycle, column_axis, count_transitions, summarize_stages
from uplift.customers.lifecycle import settle_rule
from uplift.errors import DataError

STAGE = column_axis(
    np.array(["new", "active", "active", "lost"], object), axis_id="s", levels=["new", "active", "lost"]
)
NAN = np.nan


def test_figures_by_hand() -> None:
    columns = {
        "orders": np.array([1.0, 4.0, 6.0, 0.0]),
        "gross_margin": np.array([5.0, 40.0, 20.0, 0.0]),
        "net_revenue": np.array([30.0, 200.0, 100.0, 0.0]),
        "repurchase_30d": np.array([0.0, 1.0, 0.0, NAN]),
        "retention": np.array([1.0, 1.0, 0.0, 0.0]),
    }
    new, active, lost = summarize_stages(STAGE, columns, alive=np.array([1.0, 0.9, 0.7, NAN]), predicted=np.ones(4))
    assert (active.stage, active.n_units, active.share) == ("active", 2, 0.5)
    # 10 orders of two units; 300 of revenue over 10 orders.
    assert (active.orders, active.margin, active.average_basket) == (5, 30, 30)
    assert (active.repurchase_30d, active.retention, active.alive, active.predicted_clv) == (0.5, 0.5, 0.8, 1)
    assert (lost.repurchase_30d, lost.alive, lost.average_basket) == (None, None, None)
    assert (new.n_units, new.average_basket) == (1, 30)


def test_a_basket_without_refunds_is_weighed_by_orders() -> None:
    columns = {"orders": np.array([1.0, 4.0, 6.0, 0.0]), "average_basket": np.array([30.0, 50.0, 10.0, NAN])}
    new, active, lost = summarize_stages(STAGE, columns)
    # Active: 4 orders of 50 and 6 of 10 are 260 over 10 orders.
    assert (new.average_basket, active.average_basket, lost.average_basket) == (30, 26, None)


def test_what_is_not_known_is_none() -> None:
    (only, *_) = summarize_stages(STAGE, {"revenue": np.ones(4)})
    assert (only.orders, only.average_basket, only.predicted_clv) == (None, None, None)
    with pytest.raises(DataError, match=r"column 'orders' has shape \(3,\), must be \(4,\)"):
        summarize_stages(STAGE, {"orders": np.ones(3)})
    empty = column_axis(np.array([], object), axis_id="s", levels=["new"])
    assert summarize_stages(empty, {}) == ()


def test_moves_by_hand() -> None:
    ids = np.array(["a", "b", "c", "d"], object)
    later = column_axis(np.array(["active", "lost", "new"], object), axis_id="s", levels=["new", "active", "lost"])
    got = count_transitions(ids, STAGE, np.array(["c", "a", "z"], object), later)
    # a: new -> lost, c: active -> active; b and d left, z came.
    assert got.counts == ((0, 0, 1), (0, 1, 0), (0, 0, 0))
    assert (got.n_entered, got.n_left, got.share_moved) == (1, 2, 0.5)
    assert got.shares == ((0, 0, 1), (0, 1, 0), (0, 0, 0))
    nobody = count_transitions(ids[:0], column_axis(ids[:0], axis_id="s"), ids[:0], column_axis(ids[:0], axis_id="s"))
    assert nobody.share_moved is None


def test_an_id_is_there_once() -> None:
    twice = np.array(["a", "a", "b", "c"], object)
    with pytest.raises(DataError, match="4 ids for 4 stages, must be one stage for each id, each id once"):
        count_transitions(twice, STAGE, twice, STAGE)


def test_most_stay_where_they_are_in_a_month() -> None:
    world = make_world(Parameters(1.2, 40, 0.8, 8), n=4_000, days=930, seed=5)
    before, after = world.history(900), world.history(930)
    rule = settle_rule(before)
    first = classify_lifecycle(before, rule=rule, alive=world.alive(900))
    later = classify_lifecycle(after, rule=rule, alive=world.alive(930))
    got = count_transitions(before.unit_id, first, after.unit_id, later)
    assert got.n_left == 0
    assert got.n_entered == len(after) - len(before)
    assert 0.05 < (got.share_moved or 0) < 0.25
    assert got.shares[4][4] > 0.98
