"""Uplift forests: every criterion, shares and money, several arms, weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.learn import UpliftForest
from uplift.learn.uplift_forest import KINDS, Criterion

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.learn.conftest import Trial


@pytest.mark.parametrize("criterion", list(KINDS))
def test_every_criterion_finds_who_answers(criterion: Criterion, rng: np.random.Generator) -> None:
    x, arm = rng.normal(size=(4_000, 4)), rng.integers(0, 2, 4_000)
    bought = (rng.random(4_000) < 0.2 + 0.3 * arm * (x[:, 0] > 0)).astype(float)
    forest = UpliftForest(60, criterion=criterion, max_depth=4).fit(x, bought, treatment=arm)
    found = forest.predict(x)[:, 0]
    assert found[x[:, 0] > 0.2].mean() == pytest.approx(0.3, abs=0.08)
    assert found[x[:, 0] < -0.2].mean() == pytest.approx(0.0, abs=0.08)
    assert forest.feature_importances_.argmax() == 0
    assert forest.predict_baseline(x).mean() == pytest.approx(bought[arm == 0].mean(), abs=0.02)


def test_the_criteria_are_those_of_the_type() -> None:
    assert set(get_args(Criterion)) == set(KINDS)


@pytest.mark.parametrize("criterion", ["ed", "t", "ddp", "cts"])
def test_money_and_three_arms(criterion: Criterion, make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(6_000, n_arms=3)
    forest = UpliftForest(60, criterion=criterion).fit(trial.features, 100 * trial.outcome + 500, treatment=trial.arm)
    found = forest.predict(trial.features)
    assert np.corrcoef(found[:, 1], trial.effect[:, 1])[0, 1] > 0.75
    assert found[trial.effect[:, 0] > 0].mean(axis=0) == pytest.approx([100, 200], abs=45)
    interval = forest.predict_interval(trial.features[:50])
    assert (interval.ci_lower < interval.estimate).all()
    assert forest.predict_baseline(trial.features).mean() == pytest.approx(500, abs=20)


def test_known_propensities_undo_unequal_shares(rng: np.random.Generator) -> None:
    x = rng.normal(size=(8_000, 2))
    share = np.where(x[:, 1] > 0, 0.8, 0.2)
    arm = (rng.random(8_000) < share).astype(int)
    y = 2.0 * (x[:, 1] > 0) + arm + 0.5 * rng.normal(size=8_000)
    plain = UpliftForest(40, max_depth=1, min_leaf=800).fit(x[:, :1], y, treatment=arm).predict(x[:, :1])
    weighted = (
        UpliftForest(40, max_depth=1, min_leaf=800).fit(x[:, :1], y, treatment=arm, propensity=share).predict(x[:, :1])
    )
    assert plain.mean() == pytest.approx(1 + 2 * 0.6, abs=0.15)
    assert weighted.mean() == pytest.approx(1.0, abs=0.15)


def test_one_share_for_all_is_no_weight(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(1_000)
    one, other = (
        UpliftForest(20).fit(trial.features, trial.outcome, treatment=trial.arm, propensity=share)
        for share in (None, np.full(1_000, 0.5))
    )
    np.testing.assert_array_equal(one.predict(trial.features), other.predict(trial.features))


def test_weights_multiply(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(2_000)
    share = np.where(trial.features[:, 2] > 0, 0.4, 0.6)
    weight = np.where(trial.features[:, 0] > 0, 5.0, 1.0)
    forest = UpliftForest(20, max_depth=1, min_leaf=200).fit(
        trial.features[:, 2:], trial.outcome, treatment=trial.arm, propensity=share, sample_weight=weight
    )
    # without feature 0 the effect is the weighted mean of 1 and 0: 5 / 6
    assert forest.predict(trial.features[:, 2:]).mean() == pytest.approx(5 / 6, abs=0.15)


def test_a_criterion_must_fit_the_outcome(make_trial: Callable[..., Trial]) -> None:
    trial = make_trial(200)
    with pytest.raises(EstimationError, match="criterion == 'kl' measures shares, but y goes from"):
        UpliftForest(8, criterion="kl").fit(trial.features, trial.outcome, treatment=trial.arm)
    with pytest.raises(EstimationError, match="criterion == 'gini', must be one of ed, kl, chi, cts, ddp, t"):
        UpliftForest(8, criterion="gini").fit(trial.features, trial.outcome, treatment=trial.arm)  # type: ignore[arg-type]
