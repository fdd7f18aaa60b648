"""How much a split gains, by whatever criterion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.learn.forest.arms import best_arms, fit_arms
from uplift.learn.forest.compiled import compiled
from uplift.learn.forest.gradient import best_gradient, product_at, solve_moments
from uplift.learn.forest.rules import GRADIENT, Node, Rules

if TYPE_CHECKING:
    from numpy.typing import NDArray

CATEGORY_PRIOR = 10.0
"""Rows by which the effect of a category is drawn to that of its node before categories are ordered."""


@compiled
def fit_node(node: Node, rules: Rules) -> bool:
    """Prepare the numbers of a node that the gain of its splits needs; False when it cannot be split."""
    if rules.kind == GRADIENT:
        effect = np.empty(rules.n_treatments)
        return solve_moments(node.total[rules.first :], rules.n_treatments, effect, node.numbers)
    return fit_arms(node, rules)


@compiled
def best_split(
    left: NDArray[np.float64],
    n_splits: int,
    node: Node,
    rules: Rules,
    least: float,
) -> tuple[int, float]:
    """Return which of many splits of a node gains most, and what; -1 when none gains more than ``least``.

    Parameters
    ----------
    left : ndarray of float64, shape (at least n_splits, n_sums)
        Sums of the left sides.
    n_splits
        How many.
    node
        The node, made by ``fit_node``.
    rules
        How trees grow.
    least
        A gain to beat.
    """
    if rules.kind == GRADIENT:
        return best_gradient(left, n_splits, node, rules, least)
    return best_arms(left, n_splits, node, rules, least)


@compiled
def category_score(sums: NDArray[np.float32], row: int, node: Node, rules: Rules, treatment: int) -> float:
    """Return a category's effect of one treatment, drawn to its node's, by which categories are ordered."""
    numbers = node.numbers
    if rules.kind == GRADIENT:
        pull = 0.0
        for s in range(product_at(rules.n_treatments, rules.n_treatments)):
            pull += numbers[treatment, s] * sums[row, rules.first + s]
        return pull / (sums[row, rules.first] + CATEGORY_PRIOR)
    at = (treatment + 1) * rules.n_values + rules.first
    treated = (sums[row, at + 1] + CATEGORY_PRIOR * numbers[0, treatment + 1]) / (sums[row, at] + CATEGORY_PRIOR)
    control = (sums[row, rules.first + 1] + CATEGORY_PRIOR * numbers[0, 0]) / (sums[row, rules.first] + CATEGORY_PRIOR)
    return treated - control
