from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.estimate.frames import CONFOUNDERS, LALONDE, confounded, make_frame, read_lalonde
from uplift.errors import EstimationError
from uplift.estimate.aipw import cross_fit, estimate_att_aipw
from uplift.estimate.weights import balance_entropy, estimate_entropy_balanced, estimate_overlap

if TYPE_CHECKING:
    from uplift.estimate.aipw import Learner

DataFile = Callable[[str], Path]


def test_entropy_weights_reach_the_means_and_are_exponential() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(500, 3))
    target = np.array([0.4, -0.2, 0.1])
    weight = balance_entropy(values, target, base=np.ones(500))
    assert weight @ values == pytest.approx(target, abs=1e-8)
    assert weight.sum() == pytest.approx(1.0)
    slopes = np.linalg.lstsq(np.column_stack([np.ones(500), values]), np.log(weight), rcond=None)
    assert slopes[1][0] == pytest.approx(0.0, abs=1e-12)


def test_entropy_by_hand() -> None:
    """Values 0 and 1 with mean .7: weights .3 and .7."""
    assert balance_entropy(np.array([[0.0], [1.0]]), np.array([0.7]), base=np.ones(2)) == pytest.approx([0.3, 0.7])


def test_a_mean_that_no_weights_reach() -> None:
    with pytest.raises(EstimationError, match="no weights of the untreated reach the means"):
        balance_entropy(np.array([[0.0], [1.0]]), np.array([1.2]), base=np.ones(2))


def test_overlap_balances_exactly() -> None:
    """With a logit, overlap weights give the covariates of the model the same mean in both arms."""
    frame = confounded(np.random.default_rng(1), 2000)
    for name in CONFOUNDERS:
        (effect,) = estimate_overlap(frame, name, covariates=CONFOUNDERS)
        assert effect.estimate == pytest.approx(0.0, abs=1e-8)
    assert effect.estimand == "ato"


def test_lalonde(data_file: DataFile) -> None:
    """Entropy balancing as printed by the R package WeightIt for these data: 1273.3."""
    frame = read_lalonde(data_file("lalonde/matchit_lalonde.csv"))
    (effect,) = estimate_entropy_balanced(frame, "re78", covariates=LALONDE)
    assert effect.estimate == pytest.approx(1273.3, abs=0.05)


@pytest.mark.parametrize("learner", ["linear", "boosted"])
def test_aipw_recovers_the_effect(learner: Learner) -> None:
    frame = confounded(np.random.default_rng(2), 4000)
    truth = frame.columns["tau"][frame.arm == 1].mean()
    naive = frame.columns["y"][frame.arm == 1].mean() - frame.columns["y"][frame.arm == 0].mean()
    (effect,) = estimate_att_aipw(frame, "y", covariates=CONFOUNDERS, learner=learner)
    assert abs(naive - truth) > 1.5
    assert effect.estimate == pytest.approx(truth, abs=3 * effect.std_error)


def test_cross_fitting_is_seeded_and_clips() -> None:
    frame = confounded(np.random.default_rng(3), 500)
    one, two = (cross_fit(frame, "y", covariates=CONFOUNDERS, seed=1) for _ in range(2))
    assert np.array_equal(one.propensity, two.propensity)
    assert one.propensity.min() >= 0.01
    wide = replace(frame, columns={**frame.columns, "x0": 1.6 * frame.arm + frame.columns["x0"]})
    assert cross_fit(wide, "y", covariates=CONFOUNDERS).n_clipped > 0


def test_one_fold_is_refused() -> None:
    with pytest.raises(EstimationError, match="n_folds == 1, must be 2 or more"):
        estimate_att_aipw(confounded(np.random.default_rng(4), 300), "y", covariates=CONFOUNDERS, n_folds=1)
    few = make_frame(np.r_[1, 1, np.zeros(40)], {"x": np.arange(42.0), "y": np.arange(42.0)})
    with pytest.raises(EstimationError, match="outside fold 0 are 1 treated"):
        estimate_att_aipw(few, "y", covariates=["x"], n_folds=2)
