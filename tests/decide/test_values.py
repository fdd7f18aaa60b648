from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.decide.values import compared_units, plan_weights, stratum_effects
from uplift.stats.adjust import adjust_means

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.stats.cells import CellMeans
    from uplift.stats.moments import Moments


def test_net_value_hand_case(make_means: Callable[..., CellMeans]) -> None:
    # value = margin - cost: stratum 0 arm 1: (12 - 10) - (1.5 - 0) = .5, variance .4 + .1 + .2 + .05 (four cell means)
    mean = [[[10.0, 0.0], [12.0, 1.5], [10.0, 2.0]], [[4.0, 0.5], [4.0, 1.0], [9.0, 1.0]]]
    variance = [[[0.1, 0.05], [0.4, 0.2], [0.3, 0.1]], [[0.2, 0.0], [0.1, 0.1], [0.1, 0.0]]]
    means = make_means(mean, np.full((2, 3), 50), ("margin", "cost"), variance=variance)
    found = stratum_effects(means, {"margin": 1.0, "cost": -1.0, "not_measured": 9.0})
    assert found.value == pytest.approx(np.array([[0.5, -2.0], [-0.5, 4.5]]))
    assert found.variance == pytest.approx(np.array([[0.75, 0.55], [0.4, 0.3]]))
    assert found.known.all()


def test_covariance_of_margin_and_cost_enters(make_means: Callable[..., CellMeans]) -> None:
    # Var(margin - cost) of one cell = 4 + 1 - 2 * 1.5 = 2; two cells: 4
    means = make_means(np.zeros((1, 2, 2)), [[9, 9]], ("margin", "cost"), covariance=[[4.0, 1.5], [1.5, 1.0]])
    assert stratum_effects(means, {"margin": 1.0, "cost": -1.0}).variance[0, 0] == pytest.approx(4.0)


def test_batches_combine_by_units_and_strata_without_a_pair_are_unknown(make_means: Callable[..., CellMeans]) -> None:
    # stratum 0 in two batches of 40 and 120 units: .25 * 4 + .75 * 8 = 7; variance .0625 * 2 + .5625 * 2 = 1.25
    mean = [[[0.0], [4.0]], [[1.0], [9.0]], [[5.0], [0.0]]]
    means = make_means(mean, [[20, 20], [60, 60], [30, 0]], ("y",), variance=1.0, stratum=[0, 0, 1])
    found = stratum_effects(means, {"y": 1.0})
    assert found.value == pytest.approx(np.array([[7.0], [0.0]]))
    assert found.variance == pytest.approx(np.array([[1.25], [0.0]]))
    assert found.known.tolist() == [[True], [False]]


def test_errors_of_a_fitted_value_model_enter_the_variance(make_means: Callable[..., CellMeans]) -> None:
    # loadings 3 (treated) and 1 (control) of one common error: the effect holds (3 - 1)² = 4 on top of 1 + 1
    shared = np.array([[[[1.0], [3.0]]]])
    means = make_means(np.zeros((1, 2, 1)), [[9, 9]], ("y",), variance=1.0, shared=shared)
    assert stratum_effects(means, {"y": 1.0}).variance[0, 0] == pytest.approx(6.0)
    assert stratum_effects(means, {"y": 0.5}).variance[0, 0] == pytest.approx(1.5)


def test_treated_customers_stand_where_their_arm_was_tried(make_means: Callable[..., CellMeans]) -> None:
    # arm 2 of stratum 0 exists in the second batch only: all of its 60 stand there; arm 1 splits 100 by 50 : 150
    n = [[25, 25, 0], [50, 50, 50], [40, 40, 0]]
    means = make_means(np.zeros((3, 3, 1)), n, ("y",), stratum=[0, 0, 1])
    weights = plan_weights(means, np.array([[100.0, 60.0], [10.0, 7.0]]))
    assert weights == pytest.approx(np.array([[0, 25, 0], [0, 75, 60], [0, 10, 0]]))


def test_treated_units_without_a_control_are_not_compared(make_means: Callable[..., CellMeans]) -> None:
    means = make_means(np.zeros((2, 3, 1)), [[10, 20, 30], [0, 40, 50]], ("y",))
    assert compared_units(means).tolist() == [[0, 20, 30], [0, 0, 0]]


def test_effects_are_those_of_plain_means(make_moments: Callable[..., Moments], rng: np.random.Generator) -> None:
    arm, stratum = rng.integers(0, 3, 900), rng.integers(0, 4, 900)
    margin, cost = rng.normal(5, 3, 900).round(), rng.integers(0, 3, 900)
    moments = make_moments({"margin": margin, "cost": cost}, arm, stratum=stratum)
    found = stratum_effects(adjust_means(moments), {"margin": 1.0, "cost": -1.0})
    net = margin - cost
    for s in range(4):
        control = net[(stratum == s) & (arm == 0)]
        for k in (1, 2):
            treated = net[(stratum == s) & (arm == k)]
            assert found.value[s, k - 1] == pytest.approx(treated.mean() - control.mean())
            expected = treated.var(ddof=1) / len(treated) + control.var(ddof=1) / len(control)
            assert found.variance[s, k - 1] == pytest.approx(expected)
