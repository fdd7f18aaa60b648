from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.clv.market import HORIZON, NOW, make_market
from uplift.clv import BoostedFit, Snapshot, check_value_calibration, compare_predictions, fit_boosted
from uplift.clv.boosted import beats
from uplift.errors import EstimationError, UsageError
from uplift.results.codec import decode, encode
from uplift.stats.trees import TreeRules

QUICK = TreeRules(n_rounds=60, learning_rate=0.1)


def cohort(seed: int, n: int = 3000, *, level: float = 1.0, noise: bool = False) -> Snapshot:
    """Half the units buy, by x; the value of those who do is 50 or 150, by y; or nothing depends on anything."""
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 2, n), rng.integers(0, 2, n)
    buys = rng.random(n) < (0.5 if noise else 0.2 + 0.6 * x)
    value = level * np.where(buys, rng.gamma(9, (100 if noise else 50 + 100 * y) / 9), 0.0)
    return Snapshot(value, {"x": x.astype(float), "y": y.astype(float), "z": rng.normal(size=n)})


def test_the_two_parts_are_found() -> None:
    fitted = fit_boosted(cohort(1), cohort(2), horizon_days=365, rules=QUICK)
    ask = {"x": np.array([0.0, 0, 1, 1]), "y": np.array([0.0, 1, 0, 1]), "z": np.zeros(4)}
    # .2 and .8 times 50 and 150; a cell of 750 has a standard error of at most 2.6
    np.testing.assert_allclose(fitted.model.predict(ask), [10, 30, 40, 120], atol=10)
    assert (fitted.backtest.n_fit, fitted.backtest.n_test, fitted.model.n_units) == (3000, 3000, 3000)
    assert fitted.backtest.form == fitted.backtest.best == fitted.model.form


def test_noise_predicts_the_mean() -> None:
    fitted = fit_boosted(cohort(3, noise=True), cohort(4, noise=True), horizon_days=365, rules=QUICK)
    fresh = cohort(5, noise=True)
    predicted = fitted.model.predict(fresh.features)
    # half of 100; the values themselves have a standard deviation of 56
    assert predicted.mean() == pytest.approx(50, abs=4)
    assert predicted.std() < 12
    row = compare_predictions(fresh.value, {"m": predicted}).overall("m")
    assert abs(row.rank_correlation) < 0.06


def test_a_year_of_a_market_is_calibrated() -> None:
    market = make_market(8, 20_000)
    wide, now = market.wide(), market.snapshot(NOW)
    fitted = fit_boosted(wide.earlier, wide.later, horizon_days=HORIZON, categorical=("seen",))
    result = compare_predictions(now.value, {"boosted": fitted.model.predict(now.features)}, past=now.past)
    row = result.overall("boosted")
    # the interval of the total's ratio is about 3 % either way
    assert row.total_ratio == pytest.approx(1, abs=0.05)
    big = [each for each in result.deciles if each.prediction == "boosted" and each.share >= 0.05]
    assert max(abs(each.predicted_mean / each.actual_mean - 1) for each in big) < 0.1
    assert row.rmse < 0.9 * result.overall("naive_repeat").rmse
    assert row.rank_correlation > result.overall("naive_orders").rank_correlation
    assert check_value_calibration(result, "naive_mean").status == "warn"


def test_a_moved_level_is_reported_and_not_carried_on() -> None:
    fitted = fit_boosted(cohort(1), cohort(2, level=1.5), horizon_days=365, rules=QUICK)
    row = fitted.backtest.comparison.overall(fitted.backtest.form)
    assert row.total_ratio == pytest.approx(1 / 1.5, rel=0.08)
    later = cohort(6, level=1.5)
    # 75 times the mean chance and value of the cohort, not times 1.5 once more
    assert fitted.model.predict(later.features).mean() == pytest.approx(later.value.mean(), rel=0.08)


def test_negative_values_leave_one_form() -> None:
    early, late = cohort(1), cohort(2)
    cost = replace(early, value=early.value - np.where(early.value > 0, 60.0, 0.0))
    fitted = fit_boosted(cost, late, horizon_days=365, rules=QUICK)
    assert {row.prediction for row in fitted.backtest.comparison.rows} == {"two_part"}
    assert {
        row.prediction for row in fit_boosted(early, late, horizon_days=9, rules=QUICK).backtest.comparison.rows
    } == {
        "two_part",
        "two_part_log",
        "tweedie",
    }


def test_a_rival_stays_unless_it_is_beaten() -> None:
    late = cohort(2)
    truth = (0.2 + 0.6 * late.features["x"]) * (50 + 100 * late.features["y"])
    good = fit_boosted(cohort(1), late, horizon_days=365, rules=QUICK, rivals={"truth": truth})
    assert good.backtest.best == "truth"
    poor = fit_boosted(cohort(1), late, horizon_days=365, rules=QUICK, rivals={"zero": np.zeros(3000)})
    assert poor.backtest.best == poor.backtest.form


def test_a_large_cohort_is_corrected_by_a_sample() -> None:
    rules = replace(QUICK, max_units=500)
    model = fit_boosted(cohort(1), cohort(2), horizon_days=365, rules=rules).model
    assert [part.n_units <= 500 for part in model.parts] == [True, True]
    later = cohort(2)
    # a thousand units give the level: their mean of 50 has a standard error of 2.3
    assert model.predict(later.features).mean() == pytest.approx(later.value.mean(), abs=9)
    with pytest.raises(EstimationError, match=r"earlier: 1520 of 3000 units .* at least 100 among 100"):
        fit_boosted(cohort(1), cohort(2), horizon_days=365, rules=replace(QUICK, max_units=50))


def test_one_beats_another_by_more_than_chance() -> None:
    actual = np.array([0.0, 10, 0, 10])
    # gains 25, 25, 25, 25: mean 25, no spread; and 100, -100, 100, -100: mean 0
    assert beats(actual, actual, np.full(4, 5.0))
    assert not beats(actual, np.zeros(4), np.full(4, 10.0))
    assert not beats(actual, actual, actual)


def test_rows_columns_and_currency_do_not_matter() -> None:
    early, late = cohort(1, 1500), cohort(2, 1500)
    one = fit_boosted(early, late, horizon_days=365, rules=QUICK)
    turn = np.random.default_rng(0).permutation(1500)
    turned = [
        Snapshot(each.value[turn], {name: each.features[name][turn] for name in ("z", "y", "x")})
        for each in (early, late)
    ]
    other = fit_boosted(turned[0], turned[1], horizon_days=365, rules=QUICK)
    np.testing.assert_array_equal([part.text for part in other.model.parts], [part.text for part in one.model.parts])
    np.testing.assert_allclose(other.model.predict(late.features), one.model.predict(late.features), rtol=1e-12)
    cents = [replace(each, value=100 * each.value) for each in (early, late)]
    hundred = fit_boosted(cents[0], cents[1], horizon_days=365, rules=QUICK)
    assert hundred.backtest.form == one.backtest.form
    np.testing.assert_allclose(hundred.model.predict(late.features), 100 * one.model.predict(late.features), rtol=1e-4)


def test_it_goes_to_json_and_back() -> None:
    fitted = fit_boosted(cohort(1, 800), cohort(2, 800), horizon_days=365, rules=TreeRules(n_rounds=3))
    again = decode(BoostedFit, encode(fitted))
    assert again.model == fitted.model
    assert (again.backtest.form, again.backtest.horizon_days) == (fitted.backtest.form, 365)


def test_refusals() -> None:
    few = replace(cohort(1, 500), value=np.r_[np.ones(99), np.zeros(401)])
    with pytest.raises(EstimationError, match="earlier: 99 of 500 units brought value over the horizon"):
        fit_boosted(few, cohort(2), horizon_days=365)
    with pytest.raises(EstimationError, match="later: 99 of 500"):
        fit_boosted(cohort(2), few, horizon_days=365)
    bare = replace(cohort(2), features={"x": cohort(2).features["x"]})
    with pytest.raises(UsageError, match="features: 'y' is missing"):
        fit_boosted(cohort(1), bare, horizon_days=365, rules=QUICK)
