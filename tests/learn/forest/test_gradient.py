"""The moment equation and the gradient criterion, against ordinary least squares and by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.learn.forest.criterion import best_split, fit_node
from uplift.learn.forest.gradient import invert, pair_at, product_at, solve_moments, sweep_gradient
from uplift.learn.forest.honest import sum_residuals
from uplift.learn.forest.rules import make_node

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.learn.forest.rules import Rules


def test_moments_stand_where_they_are_said_to_stand() -> None:
    # K = 2: weight, w1, w2, y, w1w1, w1w2, w2w2, w1y, w2y
    assert [pair_at(2, 0, 0), pair_at(2, 0, 1), pair_at(2, 1, 1)] == [4, 5, 6]
    assert [product_at(2, 0), product_at(2, 1), product_at(2, 2)] == [7, 8, 9]
    assert [pair_at(1, 0, 0), product_at(1, 0), product_at(1, 1)] == [3, 4, 5]


def test_a_matrix_is_inverted_or_known_as_singular() -> None:
    matrix = np.array([[4.0, 1.0], [1.0, 3.0]])
    inverse = np.empty((2, 2))
    assert invert(matrix.copy(), inverse)
    np.testing.assert_allclose(inverse, np.array([[3.0, -1.0], [-1.0, 4.0]]) / 11, rtol=1e-14)
    assert not invert(np.ones((2, 2)), inverse)
    assert not invert(np.zeros((1, 1)), np.empty((1, 1)))


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_effect_is_the_slope_of_weighted_least_squares(
    count: int, *, weighted: bool, rng: np.random.Generator
) -> None:
    w, weight = rng.normal(size=(50, count)), rng.uniform(0.5, 2.0, 50)
    y = 1 + w @ np.arange(1.0, count + 1) + rng.normal(size=50)
    rows = sum_residuals(y, w, weight if weighted else None)
    effect, slope = np.empty(count), np.zeros((count, rows.n_sums))
    sums = rows.values.astype(np.float64).sum(axis=0)[rows.first :]
    assert solve_moments(sums, count, effect, slope)
    root = np.sqrt(weight if weighted else np.ones(50))[:, None]
    expected = np.linalg.lstsq(np.c_[np.ones(50), w] * root, y[:, None] * root, rcond=None)[0][1:, 0]
    np.testing.assert_allclose(effect, expected, rtol=1e-5)


def test_the_pull_of_a_part_is_the_sum_of_its_pseudo_outcomes(rng: np.random.Generator) -> None:
    w, y = rng.normal(size=(40, 2)), rng.normal(size=40)
    values = sum_residuals(y, w, None).values.astype(np.float64)
    effect, slope = np.empty(2), np.zeros((2, values.shape[1]))
    solve_moments(values.sum(axis=0), 2, effect, slope)
    centred = w - w.mean(axis=0)
    rho = (centred * (y - y.mean() - centred @ effect)[:, None]) @ np.linalg.inv(centred.T @ centred / 40)
    np.testing.assert_allclose(slope @ values[:13].sum(axis=0), rho[:13].sum(axis=0), atol=1e-5)
    np.testing.assert_allclose(slope @ values.sum(axis=0), 0.0, atol=1e-10)


def test_a_split_by_hand(make_rules: Callable[..., Rules]) -> None:
    # w ±½ in turn; y = 2w on the left four rows, 0 on the right four: effects 2 and 0, node effect 1, var w = ¼
    w, y = np.tile([0.5, -0.5], 4), np.array([1.0, -1, 1, -1, 0, 0, 0, 0])
    # rho = 4 w (y - w): left ½·½·4 = 1 each, right -1 each; gain = 4²·(1/4 + 1/4) = 8
    values = sum_residuals(y, w[:, None], None).values.astype(np.float64)
    rules = make_rules()
    node = make_node(rules)
    node.total[:] = values.sum(axis=0)
    assert fit_node(node, rules)
    left = np.cumsum(values, axis=0)
    np.testing.assert_allclose(best_split(left, 7, node, rules, 0.0), (3, 8.0))
    sums, order = values.astype(np.float32), np.arange(8)
    np.testing.assert_allclose(sweep_gradient(sums, 0, order, 7, -1, node, rules, 0.0), (3, 8.0))
    assert sweep_gradient(sums, 0, order, 7, -1, node, rules, 9.0) == (-1, 9.0)


@pytest.mark.parametrize(
    ("limits", "best"),
    [
        ({"min_leaf": 4}, 3),
        ({"min_leaf": 5}, -1),
        ({"alpha": 0.49}, 3),
        ({"penalty": 15.9}, 3),
        ({"penalty": 16.1}, -1),
    ],
)
def test_limits_of_a_split(limits: dict[str, float], best: int, make_rules: Callable[..., Rules]) -> None:
    w, y = np.tile([0.5, -0.5], 4), np.array([1.0, -1, 1, -1, 0, 0, 0, 0])
    values = sum_residuals(y, w[:, None], None).values.astype(np.float64)
    rules = make_rules(**limits)
    node = make_node(rules)
    node.total[:] = values.sum(axis=0)
    fit_node(node, rules)
    assert best_split(np.cumsum(values, axis=0), 7, node, rules, 0.0)[0] == best
    assert sweep_gradient(values.astype(np.float32), 0, np.arange(8), 7, -1, node, rules, 0.0)[0] == best


def test_both_sides_keep_their_share_of_the_treatment_variance(make_rules: Callable[..., Rules]) -> None:
    # the left four rows have all one arm: no variance there, so the split in the middle may not be made
    w, y = np.repeat([0.5, -0.5], 4), np.array([3.0, 3, 3, 3, 0, 0, 0, 1])
    values = sum_residuals(y, w[:, None], None).values.astype(np.float64)
    rules = make_rules(alpha=0.05)
    node = make_node(rules)
    node.total[:] = values.sum(axis=0)
    fit_node(node, rules)
    assert best_split(np.cumsum(values, axis=0)[3:4], 1, node, rules, 0.0)[0] == -1
    free = make_rules()
    assert best_split(np.cumsum(values, axis=0)[3:4], 1, node, free, -1.0)[0] == 0


def test_a_node_without_variation_of_the_treatment_is_not_split(make_rules: Callable[..., Rules]) -> None:
    rules = make_rules()
    node = make_node(rules)
    node.total[:] = sum_residuals(np.arange(4.0), np.ones((4, 1)), None).values.sum(axis=0)
    assert not fit_node(node, rules)
    node.total[:] = 0.0
    assert not fit_node(node, rules)
