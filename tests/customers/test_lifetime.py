from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from tests.customers.conftest import Parameters, World, make_world
from uplift.customers import calibrate_stages, choose_spenders, fit_customers, predict_residual
from uplift.errors import DataError
from uplift.results import Note
from uplift.results.catalogue import message

TRUTH = Parameters(1.2, 40, 0.8, 4)


@dataclass
class Given:
    unit_id: np.ndarray
    values: dict[str, np.ndarray]


def purchases(world: World, at: float) -> Given:
    known = world.day < at
    key = np.unique(world.owner[known] * 100_000 + np.floor(world.day[known]).astype(np.int64))
    owner, start, n = np.unique(key // 100_000, return_index=True, return_counts=True)
    first, last = key[start] % 100_000, key[start + n - 1] % 100_000
    rng, x = np.random.default_rng(1), np.maximum(n - 1, 1)
    value = np.where(n > 1, rng.gamma(6.0 * x) / x / rng.gamma(4.0, 1 / 15, len(n)), 0.0)
    columns = {
        "frequency": n - 1,
        "recency_days": (last - first).astype(np.float64),
        "age_days": at - first,
        "mean_value": value,
    }
    return Given(np.char.zfill(owner.astype(str), 7).astype(object), columns)


@pytest.fixture(scope="module")
def given() -> Given:
    return purchases(make_world(TRUTH, n=12_000, days=900, seed=3), 900.0)


def test_the_parameters_of_the_population_are_found(given: Given) -> None:
    got = fit_customers(given, spend=given)
    assert got.purchase is not None
    assert got.lifetime is not None
    found = np.log([got.purchase.r, got.purchase.alpha, got.purchase.a, got.purchase.b])
    errors = np.sqrt(np.diag(np.array(got.purchase.covariance)))
    # Days are whole, so that two orders of a day are one: .03 besides the standard errors.
    assert (np.abs(found - np.log([1.2, 40, 0.8, 4])) < 4 * errors + 0.03).all()
    assert got.notes == ()
    # Gamma-Gamma of 6, 4, 15: the mean order is 6 x 15 / (4 - 1) = 30.
    spend = got.lifetime.spend
    assert abs(spend.p * spend.v / (spend.q - 1) - 30) < 1
    assert got.by_model is not None
    assert (np.bincount(got.by_model.codes, minlength=4)[:3] > 500).all()
    np.testing.assert_allclose(got.alive, got.purchase.alive(*list(given.values.values())[:3]))


def test_the_order_of_units_changes_nothing(given: Given) -> None:
    order = np.random.default_rng(2).permutation(12_000)
    again = fit_customers(Given(given.unit_id, {name: each[order] for name, each in given.values.items()}))
    assert again.purchase == fit_customers(given).purchase


def test_units_without_an_order_are_unknown(given: Given) -> None:
    lone = {name: np.append(each, 0 if name in {"frequency", "mean_value"} else np.nan) for name, each in
            given.values.items()}  # fmt: skip
    got = fit_customers(Given(np.append(given.unit_id, "nobody"), lone), spend=given)
    assert np.isnan(got.alive[-1])
    assert not np.isnan(got.alive[:-1]).any()
    assert got.by_model is not None
    assert got.by_model.labels[-1] == "none"
    assert got.lifetime is not None
    value = predict_residual(got.lifetime, Given(given.unit_id, lone), horizon_days=365, annual_discount_rate=0.1)
    assert value[-1] == 0
    assert value.min() >= 0
    assert np.median(value) > 0
    active, lost = got.by_model.labels == "active", got.by_model.labels == "lost"
    assert value[active].mean() > 20 * value[lost].mean()


def test_why_there_is_no_model(given: Given) -> None:
    few = {name: each[:40] for name, each in given.values.items()}
    n = int((few["frequency"] > 0).sum())
    got = fit_customers(Given(given.unit_id[:40], few))
    assert (got.purchase, got.by_model, got.notes) == (None, None, (Note("lifetime.too_few", {"n": n}),))
    assert np.isnan(got.alive).all()
    # Everybody buys every day: no law of rates fits.
    same = {"frequency": np.full(60, 9), "recency_days": np.full(60, 9.0), "age_days": np.full(60, 9.0)}
    ids = np.arange(60).astype(str).astype(object)
    assert fit_customers(Given(ids, same)).notes == (Note("lifetime.no_fit", {"n": 60}),)
    worthless = Given(given.unit_id, {**given.values, "mean_value": np.zeros(len(given.unit_id))})
    poor = fit_customers(given, spend=worthless)
    assert (poor.lifetime, poor.notes) == (None, (Note("lifetime.no_spend", {"n": 0}),))
    for note in (*got.notes, *poor.notes):
        assert message(note.code, note.facts, "zh")
    assert message("lifetime.no_fit", {"n": 60}, "en").startswith("No model of who is there still")


def test_a_value_needs_a_margin(given: Given) -> None:
    got = fit_customers(given, spend=given)
    bare = {name: each for name, each in given.values.items() if name != "mean_value"}
    assert got.lifetime is not None
    with pytest.raises(DataError, match="'mean_value' is missing; a predicted value needs"):
        predict_residual(got.lifetime, Given(given.unit_id, bare), horizon_days=365, annual_discount_rate=0.1)


def test_some_repeat_buyers_stand_for_all(given: Given) -> None:
    everybody = choose_spenders(given, seed=1)
    assert len(everybody) == int((given.values["frequency"] > 0).sum())
    some = choose_spenders(given, seed=1, most=100)
    assert len(some) == 100
    assert some.tolist() == sorted(set(some.tolist()) & set(everybody.tolist()))
    assert some.tolist() == choose_spenders(given, seed=1, most=100).tolist()
    assert some.tolist() != choose_spenders(given, seed=2, most=100).tolist()


def test_the_borders_of_a_true_model_stay_where_they_are() -> None:
    world = make_world(TRUTH, n=20_000, days=900, seed=4)
    then, now = purchases(world, 810.0), purchases(world, 900.0)
    same = np.searchsorted(now.unit_id.astype(str), then.unit_id.astype(str))
    later = Given(now.unit_id[same], {name: each[same] for name, each in now.values.items()})
    found = calibrate_stages(then, later, horizon_days=90)
    assert abs(found.lost_alive - 0.1) < 0.06
    assert abs(found.silent_alive - 0.4) < 0.1
    assert sum(band.n_units for band in found.bands) + found.n_left_out == len(then.unit_id)
    with pytest.raises(DataError, match="must be the same in one order"):
        calibrate_stages(then, now, horizon_days=90)
    few = Given(then.unit_id[:30], {name: each[:30] for name, each in then.values.items()})
    with pytest.raises(DataError, match=r"no lifetime model could be fitted \(lifetime.too_few\)"):
        calibrate_stages(few, few, horizon_days=90)


def test_some_of_the_units_can_be_taken(given: Given) -> None:
    got = fit_customers(given)
    assert got.by_model is not None
    rows = np.array([5, 2])
    some = got.take(rows)
    assert some.by_model is not None
    assert some.alive.tolist() == got.alive[rows].tolist()
    assert some.by_model.labels.tolist() == got.by_model.labels[rows].tolist()
    few = Given(given.unit_id[:40], {name: each[:40] for name, each in given.values.items()})
    assert fit_customers(few).take(rows).by_model is None
