"""Data at the edge of sense: a typed error or the right answer, never a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from uplift.errors import EstimationError
from uplift.learn import CausalForest, UpliftForest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.learn.conftest import Trial

LEARNERS = [CausalForest, UpliftForest]


@pytest.mark.parametrize("learner", LEARNERS)
def test_only_constant_features_give_the_mean_effect(
    learner: type[CausalForest] | type[UpliftForest], rng: np.random.Generator
) -> None:
    arm = np.tile([0, 1], 300)
    y = 2.0 * arm + 0.1 * rng.normal(size=600)
    frame = pd.DataFrame(
        {"flat": np.ones(600), "gone": np.full(600, np.nan), "same": ["a"] * 600, "none": [None] * 600}
    )
    forest = learner(16).fit(frame, y, treatment=arm)
    np.testing.assert_allclose(forest.predict(frame), 2.0, atol=0.05)
    assert len(np.unique(forest.predict(frame))) == 1
    np.testing.assert_array_equal(forest.feature_importances_, np.zeros(4))
    assert np.isfinite(forest.predict_interval(frame).std_error).all()


@pytest.mark.parametrize("learner", LEARNERS)
def test_two_rows_are_too_few(learner: type[CausalForest] | type[UpliftForest]) -> None:
    with pytest.raises(EstimationError, match="treatment 0 has 1 rows, must have at least 5"):
        learner(8).fit([[0.0], [1.0]], [0.0, 1.0], treatment=[0, 1])


@pytest.mark.parametrize("learner", LEARNERS)
def test_ten_rows_are_enough_to_answer(learner: type[CausalForest] | type[UpliftForest]) -> None:
    x = np.arange(10.0)[:, None]
    forest = learner(16).fit(x, np.tile([0.0, 1.0], 5), treatment=np.tile([0, 1], 5))
    assert forest.predict(x).shape == (10, 1)


@pytest.mark.parametrize("learner", LEARNERS)
def test_an_arm_without_variation_of_its_outcome_is_no_trouble(
    learner: type[CausalForest] | type[UpliftForest], rng: np.random.Generator
) -> None:
    x, arm = rng.normal(size=(800, 2)), np.tile([0, 1], 400)
    y = np.where(arm == 1, (x[:, 0] > 0) * 1.0, 0.0)
    forest = learner(40).fit(x, y, treatment=arm)
    assert np.corrcoef(forest.predict(x)[:, 0], x[:, 0] > 0)[0, 1] > 0.8


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_constant_outcome_has_no_effect(learner: type[CausalForest] | type[UpliftForest]) -> None:
    x = np.random.default_rng(0).normal(size=(200, 2))
    forest = learner(16).fit(x, np.full(200, 3.3), treatment=np.tile([0, 1], 100))
    np.testing.assert_allclose(forest.predict(x), 0.0, atol=1e-12)
    np.testing.assert_allclose(forest.predict_baseline(x), 3.3)


@pytest.mark.parametrize("learner", LEARNERS)
def test_infinite_features_are_large_numbers(
    learner: type[CausalForest] | type[UpliftForest], make_trial: Callable[..., Trial]
) -> None:
    trial = make_trial(2_000)
    x = trial.features.copy()
    x[:, 0] = np.where(x[:, 0] > 0, np.inf, -np.inf)
    forest = learner(40).fit(x, trial.outcome, treatment=trial.arm)
    found = forest.predict([[np.inf, 0, 0, 0], [-np.inf, 0, 0, 0], [np.nan, 0, 0, 0]])[:, 0]
    assert found[0] - found[1] > 0.6
    assert np.isfinite(found[2])


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_hundred_thousand_categories(learner: type[CausalForest] | type[UpliftForest]) -> None:
    n = 100_000
    rng = np.random.default_rng(0)
    arm, often = rng.integers(0, 2, n), rng.random(n) < 0.3
    frame = pd.DataFrame({"id": np.where(often, "often", [f"c{i}" for i in range(n)])})
    forest = learner(8, min_leaf=500).fit(
        frame, arm * often + rng.normal(size=n), treatment=arm, propensity=np.full(n, 0.5)
    )
    found = forest.predict(pd.DataFrame({"id": ["often", "c1", "never seen", None]}))[:, 0]
    assert found[0] == pytest.approx(1.0, abs=0.2)
    np.testing.assert_allclose(found[1:3], 0.0, atol=0.2)
    assert np.isfinite(found[3])


@pytest.mark.parametrize("learner", LEARNERS)
def test_missing_values_carry_information(
    learner: type[CausalForest] | type[UpliftForest], rng: np.random.Generator
) -> None:
    gone, arm = rng.random(2_000) < 0.4, rng.integers(0, 2, 2_000)
    x = np.where(gone, np.nan, rng.normal(size=2_000))[:, None]
    forest = learner(40).fit(x, 2.0 * arm * gone + 0.5 * rng.normal(size=2_000), treatment=arm)
    found = forest.predict([[np.nan], [0.0]])[:, 0]
    assert found == pytest.approx([2.0, 0.0], abs=0.3)


@pytest.mark.parametrize("learner", LEARNERS)
def test_clusters_stay_together(learner: type[CausalForest] | type[UpliftForest]) -> None:
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(200), 5)
    x, arm = rng.normal(size=(1_000, 2)), rng.integers(0, 2, 200)[cluster]
    y = arm + rng.normal(size=200)[cluster] + 0.1 * rng.normal(size=1_000)
    together = learner(200, min_leaf=50).fit(x, y, treatment=arm, cluster=cluster).predict_interval(x)
    apart = learner(200, min_leaf=50).fit(x, y, treatment=arm).predict_interval(x)
    assert together.std_error.mean() > 1.3 * apart.std_error.mean()
    assert together.estimate.mean() == pytest.approx(1.0, abs=0.3)


@pytest.mark.parametrize("learner", LEARNERS)
def test_impossible_arms_are_refused(learner: type[CausalForest] | type[UpliftForest]) -> None:
    x, arm = np.arange(20.0)[:, None], np.tile([0, 1], 10)
    with pytest.raises(EstimationError, match="propensity is 0 or 1 in 20 rows"):
        learner(8).fit(x, x[:, 0], treatment=arm, propensity=arm.astype(float))
    with pytest.raises(EstimationError, match="y has 1 missing or infinite values"):
        learner(8).fit(x, np.r_[np.inf, np.zeros(19)], treatment=arm)
