"""Cross-fitted outcome and propensity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.learn.features import read_features
from uplift.learn.forest.bins import MISSING, fit_bins
from uplift.learn.nuisance import Boosting, draw_folds, fit_baseline, fit_nuisance
from uplift.learn.sample import Sample, check_sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

NUMBERS = np.zeros(3, np.bool_)
BOOSTING = Boosting(n_folds=5, seed=0, n_jobs=2)


def make_bins(x: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return numbers as bins."""
    features = read_features(x)
    return fit_bins(features).apply(features)


def make_sample(x: NDArray[np.float64], n_arms: int, rng: np.random.Generator) -> tuple[Sample, NDArray[np.float64]]:
    """Return a sample whose arms depend on feature 1, and its true propensities."""
    odds = np.exp(np.arange(n_arms) * x[:, 1:2] / 2)
    share = odds / odds.sum(axis=1, keepdims=True)
    arm = (rng.random((len(x), 1)) > share.cumsum(axis=1)).sum(axis=1)
    return check_sample(len(x), x[:, 0] + arm + 0.3 * rng.normal(size=len(x)), treatment=arm), share


@pytest.mark.parametrize("n_arms", [2, 3])
def test_outcome_and_propensity_are_learned(n_arms: int, rng: np.random.Generator) -> None:
    x = rng.normal(size=(6_000, 3))
    sample, share = make_sample(x, n_arms, rng)
    nuisance = fit_nuisance(make_bins(x), NUMBERS, sample, BOOSTING)
    mean = x[:, 0] + share @ np.arange(n_arms)
    assert np.sqrt(((nuisance.outcome - mean) ** 2).mean()) < 0.2
    assert np.abs(nuisance.propensity - share).mean() < 0.05
    np.testing.assert_allclose(nuisance.propensity.sum(axis=1), 1.0)
    assert 1 <= nuisance.n_rounds <= 200


def test_known_propensities_are_kept_and_nothing_is_clipped(rng: np.random.Generator) -> None:
    x, arm = rng.normal(size=(500, 3)), np.tile([0, 1], 250)
    sample = check_sample(500, x[:, 0], treatment=arm, propensity=np.full(500, 0.5))
    nuisance = fit_nuisance(make_bins(x), NUMBERS, sample, BOOSTING)
    np.testing.assert_array_equal(nuisance.propensity, 0.5)
    assert nuisance.n_clipped == 0


def test_extreme_propensities_are_clipped_and_counted(rng: np.random.Generator) -> None:
    x = rng.normal(size=(3_000, 3))
    arm = (x[:, 0] + 0.01 * rng.normal(size=3_000) > 0).astype(int)
    nuisance = fit_nuisance(make_bins(x), NUMBERS, check_sample(3_000, x[:, 1], treatment=arm), BOOSTING)
    assert nuisance.n_clipped > 1_000
    assert nuisance.propensity.min() == pytest.approx(0.01)


def test_a_row_does_not_predict_itself(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(1_000, 3)), rng.normal(size=1_000)
    sample = check_sample(1_000, y, treatment=np.tile([0, 1], 500), propensity=np.full(1_000, 0.5))
    assert np.corrcoef(fit_nuisance(make_bins(x), NUMBERS, sample, BOOSTING).outcome, y)[0, 1] < 0.1


def test_threads_and_units_do_not_matter(rng: np.random.Generator) -> None:
    x, arm = rng.normal(size=(2_000, 3)), np.tile([0, 1], 1_000)
    y, bins = x[:, 0] + rng.normal(size=2_000), make_bins(x)
    one, two, fen = (
        fit_nuisance(bins, NUMBERS, check_sample(2_000, outcome, treatment=arm), Boosting(4, 0, jobs))
        for outcome, jobs in ((y, 1), (y, 3), (64 * y, 1))
    )
    np.testing.assert_array_equal(one.outcome, two.outcome)
    np.testing.assert_array_equal(one.propensity, two.propensity)
    np.testing.assert_allclose(fen.outcome, 64 * one.outcome, rtol=1e-9, atol=1e-9)


def test_folds_hold_equal_shares_of_every_arm() -> None:
    sample = check_sample(100, np.arange(100.0), treatment=np.repeat([0, 1], [70, 30]))
    folds = draw_folds(sample, n_folds=5, seed=1)
    np.testing.assert_array_equal(np.bincount(folds[:70]), [14] * 5)
    np.testing.assert_array_equal(np.bincount(folds[70:]), [6] * 5)


def test_folds_keep_clusters_whole() -> None:
    cluster = np.repeat(np.arange(20), 5)
    sample = check_sample(100, np.arange(100.0), treatment=np.tile([0, 1], 50), cluster=cluster)
    folds = draw_folds(sample, n_folds=5, seed=1)
    assert all(len(set(folds[cluster == c])) == 1 for c in range(20))
    np.testing.assert_array_equal(np.bincount(folds), [20] * 5)


def test_an_arm_in_one_cluster_cannot_be_cross_fitted() -> None:
    cluster = np.repeat(np.arange(20), 5)
    sample = check_sample(100, np.arange(100.0), treatment=cluster == 3, cluster=cluster)
    with pytest.raises(EstimationError, match=r"all rows of an arm are in fold . of 5"):
        fit_nuisance(make_bins(np.zeros((100, 3))), NUMBERS, sample, BOOSTING)


def test_the_baseline_is_that_of_the_control(rng: np.random.Generator) -> None:
    x, arm = rng.normal(size=(4_000, 3)), np.tile([0, 1], 2_000)
    x[::7, 2] = np.nan
    bins = make_bins(x)
    weight = np.where(np.arange(4_000) < 2_000, 2.0, 1.0)
    sample = check_sample(4_000, 50 * x[:, 0] + 900 * arm + 200, treatment=arm, sample_weight=weight)
    baseline = fit_baseline(bins, NUMBERS, sample, BOOSTING, n_rounds=100)
    assert (bins[::7, 2] == MISSING).all()
    np.testing.assert_allclose(baseline.predict(bins), 50 * x[:, 0] + 200, atol=60)
    assert np.corrcoef(baseline.predict(bins), x[:, 0])[0, 1] > 0.99
