from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import ttest_ind

from uplift.errors import EstimationError
from uplift.stats.adjust import adjust_means
from uplift.stats.cells import CellMeans, evaluate
from uplift.stats.moments import Moments

Maker = Callable[..., Moments]


@pytest.fixture
def means(make_moments: Maker) -> CellMeans:
    """Strata of 4 and 8 units; control means 1 and 2, treated 3 and 6, every value ± 1."""
    stratum, arm = np.repeat([0, 1], [4, 8]), np.tile([0, 0, 1, 1], 3)
    level = np.where(stratum == 0, np.where(arm == 0, 1, 3), np.where(arm == 0, 2, 6))
    return adjust_means(make_moments({"y": level + np.tile([-1, 1], 6), "one": np.ones(12)}, arm, stratum=stratum))


def _difference(means: CellMeans) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    weights = np.zeros((1, *means.mean.shape))
    weights[0, :, 1, 0], weights[0, :, 0, 0] = means.weight, -means.weight
    return weights


def test_overall_by_hand(means: CellMeans) -> None:
    """(1/3) 2 + (2/3) 4 = 10/3; s² is 2 on 2 units and 4/3 on 4, so V = (2/2 · 2)/9 + (1/3 · 2) 4/9 = 14/27."""
    found = evaluate(means, _difference(means))
    assert found.value[0] == pytest.approx(10 / 3)
    assert found.covariance[0, 0] == pytest.approx(14 / 27)
    parts = np.array([1 / 9, 1 / 9, 4 / 27, 4 / 27])
    assert found.df[0] == pytest.approx(parts.sum() ** 2 / (parts**2 / [1, 1, 3, 3]).sum())


def test_one_stratum_has_welchs_degrees(make_moments: Maker, rng: np.random.Generator) -> None:
    y, arm = rng.integers(0, 99, 31), np.repeat([0, 1], [9, 22])
    found = adjust_means(make_moments({"y": y}, arm))
    welch = ttest_ind(y[arm == 1], y[arm == 0], equal_var=False)
    estimates = evaluate(found, _difference(found))
    assert estimates.df[0] == pytest.approx(welch.df)
    assert estimates.value[0] / estimates.std_error[0] == pytest.approx(welch.statistic)


def test_constant_outcome_has_no_spread_and_no_limit_of_degrees(means: CellMeans) -> None:
    weights = np.zeros((1, *means.mean.shape))
    weights[0, :, 1, 1] = means.weight
    found = evaluate(means, weights)
    assert (found.value[0], found.std_error[0], found.df[0]) == (pytest.approx(1.0), 0.0, np.inf)


def test_totals_reweight_strata(means: CellMeans) -> None:
    """Weights 3:1 instead of 1:2 give (3 · 2 + 1 · 4) / 4."""
    again = means.weighted({"s0": 300.0, "s1": 100.0})
    assert again.weight == pytest.approx([0.75, 0.25])
    assert evaluate(again, _difference(again)).value[0] == pytest.approx(2.5)


def test_totals_keep_batches_in_proportion(make_moments: Maker) -> None:
    """One stratum in batches of 4 and 12: a quarter and three quarters of its weight of .8."""
    stratum, batch = np.repeat([0, 0, 1], [4, 12, 8]), np.repeat([0, 1, 0], [4, 12, 8])
    means = adjust_means(make_moments({"y": np.arange(24)}, np.tile([0, 1], 12), stratum=stratum, batch=batch))
    assert means.weight == pytest.approx([4 / 24, 12 / 24, 8 / 24])
    assert means.weighted({"s0": 80.0, "s1": 20.0}).weight == pytest.approx([0.2, 0.6, 0.2])


def test_common_errors_add_over_strata(means: CellMeans) -> None:
    """A loading of 1 on both treated means moves the overall by 1: its variance adds 1, with 5 degrees."""
    plain = evaluate(means, _difference(means))
    shared = np.zeros((1, *means.mean.shape))
    shared[0, :, 1, 0] = 1.0
    found = evaluate(means.with_shared(shared, 5.0), _difference(means))
    own = plain.covariance[0, 0]
    assert found.covariance[0, 0] == pytest.approx(own + 1.0)
    assert found.df[0] == pytest.approx((own + 1.0) ** 2 / (own**2 / plain.df[0] + 1.0 / 5.0))


def test_functionals_are_linear(means: CellMeans, rng: np.random.Generator) -> None:
    weights = rng.normal(size=(3, *means.mean.shape))
    mix = np.array([0.5, -2.0, 1.0])
    whole = evaluate(means, np.einsum("q,qgam->gam", mix, weights)[None])
    parts = evaluate(means, weights)
    assert whole.value[0] == pytest.approx(mix @ parts.value)
    assert whole.covariance[0, 0] == pytest.approx(mix @ parts.covariance @ mix)
    assert parts.covariance == pytest.approx(parts.covariance.T)


def test_only_keeps_what_was_asked(means: CellMeans) -> None:
    turned = means.only(["one", "y"])
    assert turned.outcomes == ("one", "y")
    assert turned.mean[..., 1].tolist() == means.mean[..., 0].tolist()
    assert turned.covariance[:, 1, 1, 1, 1].tolist() == means.covariance[:, 1, 0, 1, 0].tolist()


def test_names(means: CellMeans) -> None:
    assert (means.outcome("one"), means.arm("a1")) == (1, 1)
    with pytest.raises(EstimationError, match="outcome 'z' is not among the outcomes measured: y, one"):
        means.outcome("z")
    with pytest.raises(EstimationError, match="arm 'a9' is not among the arms measured: a0, a1"):
        means.arm("a9")


def test_sums_of_outcomes_carry_their_covariance(make_moments: Maker, rng: np.random.Generator) -> None:
    """2 y - d as a combined outcome equals the same column made before the sums."""
    arm, y, d = rng.integers(0, 2, 90), rng.integers(0, 50, 90), rng.integers(0, 50, 90)
    means = adjust_means(make_moments({"y": y, "d": d, "made": 2 * y - d}, arm))
    joined = means.combined({"net": {"y": 2.0, "d": -1.0}, "d": {"d": 1.0}})
    assert joined.outcomes == ("net", "d")
    assert joined.mean[..., 0] == pytest.approx(means.mean[..., 2])
    assert joined.raw_mean[..., 1].tolist() == means.raw_mean[..., 1].tolist()
    made = means.only(["made", "d"])
    assert joined.covariance == pytest.approx(made.covariance)
    with pytest.raises(EstimationError, match="outcome 'z' is not among"):
        means.combined({"net": {"z": 1.0}})


def test_sums_carry_common_errors(means: CellMeans) -> None:
    shared = np.ones((1, *means.mean.shape))
    joined = means.with_shared(shared, 9.0).combined({"both": {"y": 1.0, "one": 3.0}})
    assert joined.shared.shape == (1, 2, 2, 1)
    assert joined.shared.tolist() == [[[[4.0], [4.0]], [[4.0], [4.0]]]]
