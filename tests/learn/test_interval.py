"""Intervals: arithmetic, notes, and their calibration over draws (CORRECTIONS of the methods, A9)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.learn import CausalForest, ForestSettings, Nuisance

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tests.learn.conftest import Trial


def test_an_interval_is_the_estimate_and_its_error(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(1_000)
    forest = CausalForest(100).fit(trial.features, trial.outcome, treatment=trial.arm)
    found = forest.predict_interval(trial.features[:20], confidence_level=0.9)
    np.testing.assert_array_equal(found.estimate, forest.predict(trial.features[:20]))
    np.testing.assert_allclose(found.ci_upper - found.estimate, 1.6448536 * found.std_error, rtol=1e-6)
    np.testing.assert_allclose(found.estimate - found.ci_lower, 1.6448536 * found.std_error, rtol=1e-6)
    assert len(found) == 20
    table = found.to_pandas()
    assert list(table.columns) == ["row", "treatment", "estimate", "std_error", "ci_lower", "ci_upper"]
    assert len(table) == 20


def test_one_row_has_the_error_that_it_has_among_others(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(1_000)
    forest = CausalForest(100).fit(trial.features, trial.outcome, treatment=trial.arm)
    many, one = forest.predict_interval(trial.features), forest.predict_interval(trial.features[7:8])
    assert one.std_error[0, 0] == many.std_error[7, 0]


def test_few_trees_are_told_with_the_number_that_is_enough(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(2_000)
    few = CausalForest(40, min_leaf=5).fit(trial.features, trial.outcome, treatment=trial.arm)
    found = few.predict_interval(trial.features)
    (note,) = found.notes
    assert note.code == "forest.few_trees"
    needed = note.facts["needed"]
    assert isinstance(needed, int)
    assert needed % 4 == 0
    # noise falls as 1/n: share s of V at 40 trees is s / (s + (1 - s) n / 40) at n
    share = found.monte_carlo_share[0]
    assert share / (share + (1 - share) * needed / 40) <= 0.1
    assert share / (share + (1 - share) * (needed - 4) / 40) > 0.1


def test_no_number_of_trees_helps_where_bags_agree_as_trees_do(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(500)
    forest = CausalForest(40).fit(trial.features, trial.outcome, treatment=trial.arm)
    forest.fitted_ = replace(forest.fitted_, ratio=np.zeros(1))
    found = forest.predict_interval(trial.features)
    assert [(note.code, note.facts["n_trees"]) for note in found.notes] == [("forest.no_signal", 40)]


def test_without_bags_there_is_no_interval(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(300)
    alone = CausalForest(8, settings=ForestSettings(bag_size=1)).fit(trial.features, trial.outcome, treatment=trial.arm)
    with pytest.raises(EstimationError, match="the forest has 8 bags of 1 trees"):
        alone.predict_interval(trial.features)
    with pytest.raises(EstimationError, match=r"confidence_level == 1\.5, must be between 0 and 1"):
        alone.predict_interval(trial.features, confidence_level=1.5)
    assert np.isfinite(alone.predict(trial.features)).all()


def test_duplicated_rows_narrow_the_error_where_they_are_new_customers(make_trial: Callable[..., Trial]) -> None:
    small, large = make_trial(1_000), make_trial(4_000)
    errors = [
        CausalForest(200, min_leaf=size // 40)
        .fit(trial.features, trial.outcome, treatment=trial.arm)
        .predict_interval(large.features[:300])
        .std_error.mean()
        for trial, size in ((small, 1_000), (large, 4_000))
    ]
    assert errors[1] < 0.7 * errors[0]


@dataclass(frozen=True, slots=True)
class Calibration:
    """How standard errors compare with what they estimate, over draws at fixed points."""

    error_over_sd: float
    error_variation: float
    coverage_of_mean: float
    coverage_of_truth: float
    pointwise_over_sd: float


def effect_of(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a smooth effect of two features."""
    smooth: NDArray[np.float64] = 1 / (1 + np.exp(-2 * x[:, 0])) + 0.5 * x[:, 1] / (1 + np.abs(x[:, 1]))
    return smooth


def calibrate(n: int, n_trees: int, n_draws: int) -> Calibration:
    """Fit a forest to each of many draws and look at 100 fixed points."""
    points = np.random.default_rng(99).normal(size=(100, 10))
    effects, errors, pointwise = [], [], []
    for draw in range(n_draws):
        rng = np.random.default_rng([n, draw])
        x, arm = rng.normal(size=(n, 10)), rng.integers(0, 2, n)
        nuisance = Nuisance(x[:, 2] + effect_of(x) / 2, np.full((n, 2), 0.5))
        y = x[:, 2] + effect_of(x) * arm + rng.normal(size=n)
        forest = CausalForest(n_trees, random_state=draw).fit(x, y, treatment=arm, nuisance=nuisance)
        found = forest.predict_interval(points)
        effects.append(found.estimate[:, 0])
        errors.append(found.std_error[:, 0])
        forest.fitted_ = replace(forest.fitted_, variance="pointwise")
        pointwise.append(forest.predict_interval(points).std_error[:, 0])
    effect, error = np.array(effects), np.array(errors)
    sd, mean = effect.std(axis=0, ddof=1), effect.mean(axis=0)
    return Calibration(
        error_over_sd=float((error.mean(axis=0) / sd).mean()),
        error_variation=float((error.std(axis=0, ddof=1) / error.mean(axis=0)).mean()),
        coverage_of_mean=float((np.abs(effect - mean) <= 1.96 * error).mean()),
        coverage_of_truth=float((np.abs(effect - effect_of(points)) <= 1.96 * error).mean()),
        pointwise_over_sd=float((np.array(pointwise).mean(axis=0) / sd).mean()),
    )


def test_errors_are_near_what_they_estimate_over_a_dozen_draws() -> None:
    found = calibrate(1_000, 200, 12)
    assert 0.85 <= found.error_over_sd <= 1.3  # twelve draws know a standard deviation to 21 %
    assert found.error_variation <= 0.2
    assert 0.92 <= found.coverage_of_mean <= 1.0
    assert found.pointwise_over_sd > found.error_over_sd


@pytest.mark.slow
@pytest.mark.parametrize("n_trees", [500, 2_000])
def test_errors_are_those_of_the_mean_forest(n_trees: int) -> None:
    found = calibrate(20_000, n_trees, 200)
    assert 0.9 <= found.error_over_sd <= 1.15
    assert found.error_variation <= 0.2
    assert 0.92 <= found.coverage_of_mean <= 0.98
