"""The rules by which trees grow, and what they know of a node.

Sums of a *gradient* node are count, then weight, w_k, y, w_k w_l for k <= l, and w_k y, all weighted, with w the
residuals of the K treatments; the count stands for the weight where rows have none. Of the other nodes they are, per
arm with the control first: count, (weight,) weighted y and weighted y². What a row adds to is padded with zeros to 4
or a multiple of 8 sums, so that they are added at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uplift.learn.forest.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRADIENT, SQUARED, KL, CHI, CTS, DDP, T_STATISTIC = range(7)
"""Codes of the criteria."""


class Rules(NamedTuple):
    """How trees grow.

    Parameters
    ----------
    kind
        Code of the criterion.
    n_treatments
        Arms without the control.
    first
        Place of the weight in the sums: 0 where the count stands for it, else 1.
    n_values, n_sums
        Sums that one row adds to, padding included, and sums in all.
    min_leaf
        Fewest rows of a leaf, in the half that grows as in the half that estimates.
    min_arm
        Fewest rows of every arm in a leaf (not of the gradient criterion).
    max_depth
        Deepest leaf; 0 for no limit.
    n_try
        Features tried at a node; 0 for all.
    alpha
        Least share of its node's rows, and of its node's treatment variance, that a side has.
    penalty
        Price of imbalance: taken from the gain times 1/left + 1/right.
    shrink
        Rows by which the arm means of a side are drawn to those of the node (not of the gradient criterion).
    min_gain
        A split must gain more.
    """

    kind: int
    n_treatments: int
    first: int
    n_values: int
    n_sums: int
    min_leaf: int
    min_arm: int
    max_depth: int
    n_try: int
    alpha: float
    penalty: float
    shrink: float
    min_gain: float


class Node(NamedTuple):
    """What the criterion knows of a node.

    Parameters
    ----------
    total : ndarray of float64, shape (n_sums,)
        Sums of its rows.
    numbers : ndarray of float64, shape (max(n_treatments, 4), max(n_sums, n_treatments + 1))
        For the gradient criterion row k holds the linear map from sums to Σ rho_k; for the others row 0 holds the arm
        means, ``numbers[1, 0]`` the node's own divergence, and rows 2 and 3 are room for the sides.
    """

    total: NDArray[np.float64]
    numbers: NDArray[np.float64]


@compiled
def make_node(rules: Rules) -> Node:
    """Return an empty node."""
    shape = (max(rules.n_treatments, 4), max(rules.n_sums, rules.n_treatments + 1))
    return Node(np.empty(rules.n_sums), np.zeros(shape))
