"""The best split of a node on each feature."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uplift.learn.forest.bins import MISSING
from uplift.learn.forest.compiled import compiled
from uplift.learn.forest.criterion import best_split, category_score
from uplift.learn.forest.gradient import sweep_gradient
from uplift.learn.forest.rules import GRADIENT, Node, Rules

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_WORDS = 4
"""A set of bins is four words of 64 bits."""

GAIN, LAST, MISSING_SIDE = range(3)
"""Columns of the best split of a feature: its gain, the last bin of the left side, 1 when missing values go left."""


class Scratch(NamedTuple):
    """Room to look at the splits of one feature.

    Parameters
    ----------
    left : ndarray of float64, shape (256, n_sums)
        Sums of the left side of each split.
    found, order : ndarray of int64, shape (256,)
        Bins that hold rows, as they come and by effect.
    score : ndarray of float64, shape (256,)
        Effects of the bins.
    """

    left: NDArray[np.float64]
    found: NDArray[np.int64]
    order: NDArray[np.int64]
    score: NDArray[np.float64]


@compiled
def find_split(
    sums: NDArray[np.float32],
    start: int,
    count: int,
    node: Node,
    rules: Rules,
    scratch: Scratch,
    feature: int,
    best: NDArray[np.float64],
) -> None:
    """Find the best split on a number.

    Parameters
    ----------
    sums : ndarray of float32, shape (bins, n_sums)
        Histograms.
    start
        First bin of the feature.
    count
        Bins that hold rows, listed in ``scratch.found``.
    node
        What the criterion knows of the node.
    rules
        How trees grow.
    scratch
        Room.
    feature
        Row of ``best``.
    best : ndarray of float64, shape (p, 3)
        Gets gain, last bin and side of missing values.
    """
    found, left = scratch.found, scratch.left
    missing = count > 0 and found[count - 1] == MISSING
    n_cuts = max(count - 2 if missing else count - 1, 0)
    best[feature, GAIN] = rules.min_gain
    for side in range(2 if missing else 1):
        also, least = MISSING if side == 1 else -1, best[feature, GAIN]
        if rules.kind == GRADIENT and rules.n_treatments == 1:
            chosen, top = sweep_gradient(sums, start, found, n_cuts, also, node, rules, least)
        else:
            _add_up(sums, start, found, n_cuts, also, rules.n_sums, left)
            chosen, top = best_split(left, n_cuts, node, rules, least)
        if chosen >= 0:
            best[feature, GAIN], best[feature, LAST], best[feature, MISSING_SIDE] = top, found[chosen], side
    if missing and count > 1:
        for s in range(rules.n_sums):
            left[0, s] = sums[start + MISSING, s]
        chosen, top = best_split(left, 1, node, rules, best[feature, GAIN])
        if chosen >= 0:
            best[feature, GAIN], best[feature, LAST], best[feature, MISSING_SIDE] = top, -1.0, 1.0


@compiled
def _add_up(
    sums: NDArray[np.float32],
    start: int,
    order: NDArray[np.int64],
    n_cuts: int,
    also: int,
    n_sums: int,
    left: NDArray[np.float64],
) -> None:
    """Write the sums of the first bin, of the first two and so on, with those of bin ``also`` where it is not -1."""
    for s in range(n_sums):
        run = np.float64(sums[start + also, s]) if also >= 0 else 0.0
        for c in range(n_cuts):
            run += sums[start + order[c], s]
            left[c, s] = run


@compiled
def find_subset(
    sums: NDArray[np.float32],
    start: int,
    count: int,
    node: Node,
    rules: Rules,
    scratch: Scratch,
    feature: int,
    best: NDArray[np.float64],
) -> None:
    """Find the best split on a category: categories are ordered by their effect in the node, then cut.

    Missing values are a category of their own. With several treatments each gives an order. Arguments as of
    ``find_split``; the left side is ``scratch.found[: last + 1]``.
    """
    best[feature, GAIN], best[feature, LAST], best[feature, MISSING_SIDE] = rules.min_gain, -1.0, 0.0
    kept, n_cuts = -1, max(count - 1, 0)
    for treatment in range(rules.n_treatments):
        _order_bins(sums, start, count, node, rules, treatment, scratch)
        _add_up(sums, start, scratch.order, n_cuts, -1, rules.n_sums, scratch.left)
        chosen, top = best_split(scratch.left, n_cuts, node, rules, best[feature, GAIN])
        if chosen >= 0:
            best[feature, GAIN], best[feature, LAST] = top, chosen
            kept = treatment
    if kept >= 0:
        _order_bins(sums, start, count, node, rules, kept, scratch)
        scratch.found[:count] = scratch.order[:count]


@compiled
def _order_bins(
    sums: NDArray[np.float32],
    start: int,
    count: int,
    node: Node,
    rules: Rules,
    treatment: int,
    scratch: Scratch,
) -> None:
    """Sort by insertion: few bins, and ties keep the order of the bins."""
    found, order, score = scratch.found, scratch.order, scratch.score
    for c in range(count):
        own = category_score(sums, start + found[c], node, rules, treatment)
        place = c
        while place > 0 and score[place - 1] > own:
            score[place] = score[place - 1]
            order[place] = order[place - 1]
            place -= 1
        score[place] = own
        order[place] = found[c]


@compiled
def list_filled(sums: NDArray[np.float32], start: int, width: int, rules: Rules, found: NDArray[np.int64]) -> int:
    """List the bins of a feature that hold rows in ``found`` and return how many there are."""
    n_arms = rules.n_sums // rules.n_values
    count = 0
    for at in range(width):
        rows = sums[start + at, 0]
        for arm in range(1, n_arms):
            rows += sums[start + at, arm * rules.n_values]
        found[count] = at
        count += rows > 0.0
    return count
