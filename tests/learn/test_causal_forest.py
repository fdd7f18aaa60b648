"""Causal forests: known effects, none, invariances, edges, intervals."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from uplift.errors import EstimationError
from uplift.learn import CausalForest, ForestSettings, Nuisance

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.learn.conftest import Trial


def known(trial: Trial, share: float = 0.5) -> Nuisance:
    """Return the true nuisances of a trial with two arms."""
    n = len(trial.arm)
    mean = trial.features[:, 1] + share * trial.effect[:, 0]
    return Nuisance(mean, np.tile([1 - share, share], (n, 1)))


def test_a_step_is_found_with_models_of_its_own(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(4_000)
    forest = CausalForest(200).fit(trial.features, trial.outcome, treatment=trial.arm)
    fresh = make_trial(1_000, seed=1)
    error = forest.predict(fresh.features) - fresh.effect
    assert np.sqrt((error**2).mean()) < 0.25
    assert forest.feature_importances_.argmax() == 0
    assert forest.feature_importances_.sum() == pytest.approx(1)
    assert np.corrcoef(forest.predict_baseline(fresh.features), fresh.features[:, 1])[0, 1] > 0.9


def test_two_treatments_are_told_apart(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(6_000, n_arms=3)
    forest = CausalForest(200, n_jobs=2).fit(
        trial.features, trial.outcome, treatment=trial.arm, propensity=np.full((6_000, 3), 1 / 3)
    )
    found = forest.predict(trial.features)
    assert found.shape == (6_000, 2)
    assert np.sqrt(((found - trial.effect) ** 2).mean(axis=0)).max() < 0.3
    assert forest.predict_interval(trial.features[:9]).std_error.shape == (9, 2)


def test_without_an_effect_the_forest_is_near_nothing(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(4_000)
    placebo = np.random.default_rng(5).integers(0, 2, 4_000)
    nuisance = Nuisance(trial.features[:, 1] + trial.effect[:, 0] / 2, np.full((4_000, 2), 0.5))
    forest = CausalForest(200, min_leaf=50).fit(trial.features, trial.outcome, treatment=placebo, nuisance=nuisance)
    found = forest.predict_interval(trial.features)
    assert abs(found.estimate.mean()) < 0.1
    assert found.estimate.std() < 0.2


@pytest.mark.parametrize("categories", [False, True])
def test_the_forest_is_the_same_for_any_number_of_threads(
    make_trial: Callable[..., Trial], *, categories: bool
) -> None:
    trial = make_trial(600)
    frame = pd.DataFrame(trial.features).add_prefix("x")
    if categories:
        frame["x3"] = pd.cut(frame["x3"], 4).astype(str)
    one, two = (
        CausalForest(40, n_jobs=jobs).fit(frame, trial.outcome, treatment=trial.arm).predict_interval(frame)
        for jobs in (1, 3)
    )
    np.testing.assert_array_equal(one.estimate, two.estimate)
    np.testing.assert_array_equal(one.std_error, two.std_error)


def test_seeds_differ_and_repeat(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(600)
    a, b, c = (
        CausalForest(40, random_state=seed)
        .fit(trial.features, trial.outcome, treatment=trial.arm, nuisance=known(trial))
        .predict(trial.features)
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()


def test_units_of_money_and_a_shift_play_no_part(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(800)
    plain = CausalForest(40).fit(trial.features, trial.outcome, treatment=trial.arm, propensity=np.full(800, 0.5))
    fen = CausalForest(40).fit(
        trial.features, 64 * trial.outcome + 1e4, treatment=trial.arm, propensity=np.full(800, 0.5)
    )
    np.testing.assert_allclose(fen.predict(trial.features), 64 * plain.predict(trial.features), rtol=1e-3, atol=1e-2)


def test_swapping_the_arms_turns_the_sign(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(800)
    nuisance = known(trial)
    one = CausalForest(40).fit(trial.features, trial.outcome, treatment=trial.arm, nuisance=nuisance)
    other = CausalForest(40).fit(trial.features, trial.outcome, treatment=1 - trial.arm, nuisance=nuisance)
    np.testing.assert_allclose(one.predict(trial.features), -other.predict(trial.features), rtol=1e-5)


def test_a_monotone_change_of_a_feature_plays_no_part(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(800)
    changed = trial.features.copy()
    changed[:, 0] = np.exp(changed[:, 0])
    one, other = (
        CausalForest(40).fit(x, trial.outcome, treatment=trial.arm, nuisance=known(trial)).predict(x)
        for x in (trial.features, changed)
    )
    np.testing.assert_array_equal(one, other)


def test_whole_weights_are_near_repeated_rows(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(3_000)
    weight = np.where(trial.features[:, 0] > 0, 3.0, 1.0)
    forest = CausalForest(100, min_leaf=400, settings=ForestSettings(alpha=0.2)).fit(
        trial.features, trial.outcome, treatment=trial.arm, sample_weight=weight, nuisance=known(trial)
    )
    light = CausalForest(100, min_leaf=400, settings=ForestSettings(alpha=0.2)).fit(
        trial.features, trial.outcome, treatment=trial.arm, nuisance=known(trial)
    )
    # leaves are large, so the mean effect moves from 1/2 towards 3/4
    assert forest.predict(trial.features).mean() > light.predict(trial.features).mean()


def test_rows_of_no_weight_play_no_part(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(1_000)
    weight, wild = np.ones(1_000), trial.outcome.copy()
    weight[:100], wild[:100] = 0.0, 1e6
    nuisance = known(trial)
    forest = CausalForest(40).fit(trial.features, wild, treatment=trial.arm, sample_weight=weight, nuisance=nuisance)
    assert np.abs(forest.predict(trial.features)).max() < 10


def test_out_of_bag_no_row_predicts_itself(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(1_000, noise=5.0)
    forest = CausalForest(100, min_leaf=2).fit(
        trial.features, trial.outcome, treatment=trial.arm, nuisance=known(trial)
    )
    signal = (trial.arm - 0.5) * (trial.outcome - trial.features[:, 1] - trial.effect[:, 0] / 2)
    inside = np.corrcoef(forest.predict(trial.features)[:, 0], signal)[0, 1]
    outside = np.corrcoef(forest.predict_out_of_bag(trial.features).estimate[:, 0], signal)[0, 1]
    assert inside > 0.3
    assert outside < 0.15
    with pytest.raises(EstimationError, match="X is not what the forest was fitted on"):
        forest.predict_out_of_bag(trial.features[::-1])


def test_a_forest_is_cloned_and_pickled(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(600)
    forest = CausalForest(40, min_leaf=7, settings=ForestSettings(alpha=0.1)).fit(
        trial.features, trial.outcome, treatment=trial.arm
    )
    assert clone(forest).get_params() == forest.get_params()
    again = pickle.loads(pickle.dumps(forest))  # noqa: S301
    np.testing.assert_array_equal(again.predict(trial.features), forest.predict(trial.features))
    np.testing.assert_array_equal(again.predict_baseline(trial.features), forest.predict_baseline(trial.features))
    with pytest.raises(EstimationError, match="this CausalForest is not fitted; call fit first"):
        clone(forest).predict(trial.features)


def test_steps_and_plan_are_told(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(600)
    told: list[tuple[str, int, int]] = []
    forest = CausalForest(12).fit(
        trial.features,
        trial.outcome,
        treatment=trial.arm,
        progress=lambda step, done, total: told.append((step, done, total)),
    )
    assert told == [("forest.nuisance", 0, 1), *[("forest.grow", done, 3) for done in range(4)]]
    assert forest.plan_.memory > 600 * 4
    with pytest.raises(EstimationError, match="max_memory == 1 MB"):
        CausalForest(12, max_memory=1_000).fit(trial.features, trial.outcome, treatment=trial.arm)


def test_weak_overlap_is_told(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(600)
    share = np.where(trial.features[:, 0] > 0, 0.02, 0.5)
    forest = CausalForest(8).fit(trial.features, trial.outcome, treatment=trial.arm, propensity=share)
    assert [(note.code, note.facts) for note in forest.notes_] == [
        ("forest.overlap", {"lowest": 0.02, "highest": 0.98})
    ]


def test_clipped_propensities_are_told(rng: np.random.Generator) -> None:
    x = rng.normal(size=(1_000, 2))
    arm = (x[:, 0] + 0.1 * rng.normal(size=1_000) > 0).astype(int)
    forest = CausalForest(8).fit(x, x[:, 1], treatment=arm)
    assert [note.code for note in forest.notes_] == ["forest.propensity_clipped", "forest.overlap"]
    assert forest.notes_[0].facts["n"] == forest.nuisance_.n_clipped > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_trees": 10}, "n_trees == 10, must be a multiple of bag_size == 4"),
        ({"n_trees": 0}, "n_trees == 0, must be a multiple"),
        ({"min_leaf": 0}, "min_leaf == 0, must be at least 1"),
        ({"max_depth": 0}, "max_depth == 0, must be at least 1"),
        ({"n_jobs": 0}, "n_jobs == 0, must be a number of threads"),
    ],
)
def test_a_parameter_outside_is_refused(change: dict[str, int], message: str, make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(100)
    with pytest.raises(EstimationError, match=message):
        CausalForest(**{"n_trees": 8} | change).fit(trial.features, trial.outcome, treatment=trial.arm)  # type: ignore[arg-type]


def test_a_nuisance_must_fit_and_stand_alone(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(100)
    with pytest.raises(EstimationError, match=r"nuisance has shapes \(\(3,\), \(3, 2\)\), must be \(\(100,\)"):
        CausalForest(8).fit(
            trial.features, trial.outcome, treatment=trial.arm, nuisance=Nuisance(np.zeros(3), np.full((3, 2), 0.5))
        )
    with pytest.raises(EstimationError, match="both propensity and nuisance are given"):
        CausalForest(8).fit(
            trial.features, trial.outcome, treatment=trial.arm, propensity=np.full(100, 0.5), nuisance=known(trial)
        )
