from __future__ import annotations

import numpy as np
import pytest

from uplift.clv.accuracy import (
    AccuracyRow,
    Comparison,
    PastYear,
    check_value_calibration,
    compare_predictions,
    naive_predictions,
    rank,
)
from uplift.errors import UsageError
from uplift.results.codec import decode, encode


def market(rng: np.random.Generator, n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Expected values of a skewed market, and one realisation of them: most units bring nothing."""
    expected = rng.gamma(0.5, 100, n)
    return expected, expected * rng.poisson(0.8, n) / 0.8


def test_errors_by_hand() -> None:
    # errors 1, -2, 0, 1: mean absolute 4/4, mean square 6/4; totals 10 and 10
    row = compare_predictions([1.0, 4, 2, 3], {"model": np.array([2.0, 2, 2, 4])}).overall("model")
    assert row.mae == 1.0
    assert row.rmse == pytest.approx(1.5**0.5)
    assert (row.actual_mean, row.predicted_mean, row.total_ratio) == (2.5, 2.5, 1.0)
    # ranks 1, 4, 2, 3 against 2, 2, 2, 4, less 2.5: products .75, -.75, .25, .75 sum to 1; spreads 5 and 3
    assert row.rank_correlation == pytest.approx(1 / 15**0.5)


def test_ties_share_their_mean_rank() -> None:
    from scipy.stats import rankdata

    np.testing.assert_array_equal(rank(np.array([3.0, 1, 3, 0])), [3.5, 2, 3.5, 1])
    values = np.random.default_rng(1).integers(0, 9, 200).astype(float)
    np.testing.assert_array_equal(rank(values), rankdata(values))


def test_rank_correlation_agrees_with_scipy(rng: np.random.Generator) -> None:
    from scipy.stats import spearmanr

    expected, actual = market(rng, 500)
    row = compare_predictions(actual, {"model": expected}).overall("model")
    assert row.rank_correlation == pytest.approx(float(spearmanr(actual, expected).statistic), rel=1e-12)


def test_deciles_by_hand() -> None:
    # 20 units, two a decile: predictions 0..19, actual twice that
    predicted = np.arange(20.0)
    deciles = compare_predictions(2 * predicted, {"model": predicted}).deciles
    assert [row.decile for row in deciles] == list(range(1, 11))
    top = deciles[-1]
    assert (top.n_units, top.predicted_mean, top.actual_mean) == (2, 18.5, 37.0)
    # differences 18 and 19: sd sqrt(1/2), over sqrt(2)
    assert top.std_error == pytest.approx(0.5)
    assert top.share == pytest.approx(74 / 380)


def test_equal_predictions_share_a_decile() -> None:
    predicted = np.repeat([1.0, 5.0], [90, 10])
    deciles = compare_predictions(np.ones(100), {"model": predicted}).deciles
    # mean ranks 45.5 and 95.5 of 100
    assert [(row.decile, row.n_units) for row in deciles] == [(5, 90), (10, 10)]


def test_groups_stand_apart(rng: np.random.Generator) -> None:
    expected, actual = market(rng, 300)
    stage = np.array(["new", "active", "lost"], dtype=object)[np.arange(300) % 3]
    result = compare_predictions(actual, {"a": expected, "b": expected + 1}, groups={"stage": stage})
    assert [(row.prediction, row.axis, row.level) for row in result.rows[:4]] == [
        ("a", "overall", ""),
        ("a", "stage", "active"),
        ("a", "stage", "lost"),
        ("a", "stage", "new"),
    ]
    alone = compare_predictions(actual[stage == "new"], {"a": expected[stage == "new"]}).overall("a")
    here = result.rows[3]
    assert (here.n_units, here.mae, here.ratio_upper) == (100, alone.mae, alone.ratio_upper)


def test_naive_predictions_by_hand() -> None:
    naive = naive_predictions(PastYear(np.array([30.0, 0, 60]), np.array([1.0, 0, 2])))
    np.testing.assert_array_equal(naive["naive_repeat"], [30, 0, 60])
    np.testing.assert_array_equal(naive["naive_orders"], [30, 0, 60])
    np.testing.assert_array_equal(naive["naive_mean"], [30, 30, 30])
    nothing = naive_predictions(PastYear(np.zeros(2), np.zeros(2)))
    np.testing.assert_array_equal(nothing["naive_orders"], [0, 0])


def test_the_truth_beats_naive_predictions(rng: np.random.Generator) -> None:
    expected, actual = market(rng)
    past = PastYear(expected * rng.poisson(0.8, len(expected)) / 0.8, np.ones(len(expected)))
    result = compare_predictions(actual, {"truth": expected}, past=past)
    naive = [result.overall(name) for name in ("naive_repeat", "naive_orders", "naive_mean")]
    best = result.overall("truth")
    assert all(best.rmse < row.rmse for row in naive)
    assert best.ratio_lower < 1 < best.ratio_upper
    assert np.isnan(naive[2].rank_correlation)


def test_the_interval_of_the_total_covers() -> None:
    covered = 0
    for seed in range(400):
        expected, actual = market(np.random.default_rng(seed), 400)
        row = compare_predictions(actual, {"off": 1.3 * expected}).overall("off")
        covered += row.ratio_lower <= 1.3 <= row.ratio_upper
    # binomial 99.9 % band of .95 over 400
    assert 0.912 <= covered / 400 <= 0.982


def test_rows_and_money_may_be_turned(rng: np.random.Generator) -> None:
    expected, actual = market(rng, 200)
    turn = rng.permutation(200)
    one = compare_predictions(actual, {"m": expected})
    other = compare_predictions(100 * actual[turn], {"m": 100 * expected[turn]})
    first, second = one.overall("m"), other.overall("m")
    assert second.mae == pytest.approx(100 * first.mae)
    assert second.rank_correlation == pytest.approx(first.rank_correlation)
    assert second.ratio_upper == pytest.approx(first.ratio_upper)
    assert [row.n_units for row in other.deciles] == [row.n_units for row in one.deciles]


def test_calibration_is_judged(rng: np.random.Generator) -> None:
    expected, actual = market(rng, 20_000)
    result = compare_predictions(actual, {"good": expected, "high": 1.5 * expected, "flat": expected * 0 + 40})
    assert check_value_calibration(result, "good").status == "pass"
    high = check_value_calibration(result, "high")
    assert (high.name, high.status) == ("clv.calibration", "warn")
    assert high.facts["ratio"] == pytest.approx(1.5, rel=0.05)
    assert check_value_calibration(result, "flat").status == "warn"
    nothing = compare_predictions(np.zeros(5), {"m": np.ones(5)})
    assert check_value_calibration(nothing, "m").status == "skipped"


def test_little_data_have_no_limits() -> None:
    one = compare_predictions([2.0], {"m": np.array([3.0])})
    row = one.overall("m")
    assert (row.total_ratio, row.ratio_lower, row.ratio_upper) == (1.5, -np.inf, np.inf)
    assert one.deciles[0].std_error == np.inf
    assert np.isnan(compare_predictions([0.0], {"m": np.array([3.0])}).overall("m").total_ratio)
    # a total that may be zero bounds no ratio
    wide = compare_predictions([-5.0, 6], {"m": np.array([1.0, 1])}).overall("m")
    assert (wide.ratio_lower, wide.ratio_upper) == (-np.inf, np.inf)


def test_it_goes_to_json_and_back(rng: np.random.Generator) -> None:
    expected, actual = market(rng, 100)
    result = compare_predictions(actual, {"m": expected})
    assert decode(Comparison, encode(result)) == result
    assert isinstance(result.rows[0], AccuracyRow)


def test_refusals() -> None:
    with pytest.raises(UsageError, match=r"actual: has shape \(0,\)"):
        compare_predictions([], {"m": np.ones(0)})
    with pytest.raises(UsageError, match=r"m: has shape \(3,\), must have shape \(2,\) as actual"):
        compare_predictions([1.0, 2], {"m": np.ones(3)})
    with pytest.raises(UsageError, match="m: nan at position 1, must be finite"):
        compare_predictions([1.0, 2], {"m": np.array([1.0, np.nan])})
    with pytest.raises(UsageError, match=r"groups\['stage'\]: has shape \(1,\)"):
        compare_predictions([1.0, 2], {"m": np.ones(2)}, groups={"stage": np.array(["a"], dtype=object)})
    with pytest.raises(UsageError, match="'x' was not compared; there are m"):
        compare_predictions([1.0, 2], {"m": np.ones(2)}).overall("x")
