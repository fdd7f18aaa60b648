"""Means of the components carry the errors of the value model."""

from __future__ import annotations

import numpy as np

from uplift.clv import SurrogateModel
from uplift.outcomes import Measurement, OutcomePlan
from uplift.results import Measure
from uplift.stats.cells import evaluate
from uplift.stats.moments import BlockPlan, CellKeys, Column, Moments, sum_arrays
from uplift.workflow.means import eligible_weights, money_means

N = 400


def moments() -> Moments:
    rng = np.random.default_rng(7)
    arm, stratum, zero = np.arange(N) % 2, (np.arange(N) // 2) % 2, np.zeros(N, np.int64)
    feature = rng.integers(0, 500, N) + 100 * arm
    columns = {"size": np.ones(N, np.int64), "residual": 2 * feature, "orders": feature % 7, "surrogate.x": feature}
    keys = CellKeys(("a", "b"), ("0",), ("control", "coupon"), stratum, zero, arm, zero)
    size = Column("size", "size")
    money = (size, Column("residual", "outcome", 0.01), Column("orders", "outcome"))
    blocks = [BlockPlan("money", money), BlockPlan("surrogates", (size, Column("surrogate.x", "outcome", 0.01)))]
    return sum_arrays(columns, keys=keys, blocks=blocks)


def plan(variance: float) -> Measurement:
    model = SurrogateModel(("x",), (0.0, 2.0), ((0.0, 0.0), (0.0, variance)), (), 50, 52, 0.5)
    primary = OutcomePlan("incremental_clv", Measure("money", "CNY"))
    return Measurement(primary, (), (), (), 90, 30, 365, 0.1, None, model, "before_coupon")


def effect_weights(outcome: int) -> np.ndarray:
    weights = np.zeros((1, 2, 2, 2))
    weights[0, :, 1, outcome], weights[0, :, 0, outcome] = 0.5, -0.5
    return weights


def test_the_models_variance_adds_c_v_c_to_the_predicted_part() -> None:
    sums = moments()
    certain, uncertain = money_means(sums, plan(0.0)), money_means(sums, plan(0.09))
    weights = effect_weights(0)
    gap = evaluate(certain, weights).value[0] / 2.0
    added = evaluate(uncertain, weights).covariance - evaluate(certain, weights).covariance
    # the contrast of the mean feature is gap = effect on the residual / slope 2; c' V c = gap² x .09
    np.testing.assert_allclose(added[0, 0], gap**2 * 0.09, rtol=1e-12)


def test_observed_components_do_not_hold_the_models_errors() -> None:
    sums = moments()
    observed = [evaluate(money_means(sums, plan(v)), effect_weights(1)).covariance[0, 0] for v in (0.0, 9.0)]
    assert observed[0] == observed[1]


def test_a_stratum_stands_for_its_eligible_units() -> None:
    means = money_means(moments(), plan(0.0))
    weighted = eligible_weights(means, {"a": 300.0, "b": 100.0}, {"a": 200.0, "b": 200.0})
    assert weighted.weight.tolist() == [0.75, 0.25]
