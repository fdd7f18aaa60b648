"""Effects of rows from averaged moments, and their spread within and between little bags."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uplift.learn.forest.compiled import compiled
from uplift.learn.forest.solve import solve_arms, solve_gradient
from uplift.learn.forest.threads import run_all
from uplift.learn.forest.tree import CATEGORY, LEAF, MISSING_LEFT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.learn.forest.tree import Trees

BLOCK = 4096
"""Rows that pass through a tree before the next tree is read."""


class Spread(NamedTuple):
    """Effects and how much the trees disagree.

    Parameters
    ----------
    effect : ndarray of float64, shape (n, n_treatments)
        NaN where no tree has rows of two arms.
    within : ndarray of float64, shape (n, n_treatments)
        Variance of trees about the mean of their bag, averaged over bags.
    between : ndarray of float64, shape (n, n_treatments)
        Variance of the means of bags.
    n_bags : ndarray of int32, shape (n,)
        Bags that were used.
    moments : ndarray of float64, shape (n, n_moments)
        Averaged moments.
    """

    effect: NDArray[np.float64]
    within: NDArray[np.float64]
    between: NDArray[np.float64]
    n_bags: NDArray[np.int32]
    moments: NDArray[np.float64]


def predict_rows(
    trees: Trees,
    bins: NDArray[np.uint8],
    *,
    n_treatments: int,
    by_arm: bool,
    spread: bool,
    inside: NDArray[np.uint8] | None = None,
    n_jobs: int = 1,
) -> Spread:
    """Predict rows.

    Parameters
    ----------
    trees
        The forest.
    bins : ndarray of uint8, shape (n, p)
        Features.
    n_treatments
        Arms without the control.
    by_arm
        Whether the moments are arm means, not residual moments.
    spread
        Whether the spread is wanted; zeros otherwise.
    inside : ndarray of uint8, shape (n_bags, ceil(n / 8)), optional
        Bits of the rows that a bag's half-sample holds; those bags are left out for the row.
    n_jobs
        Threads.

    Returns
    -------
    Spread
    """
    n = len(bins)
    answer = Spread(
        effect=np.empty((n, n_treatments)),
        within=np.zeros((n, n_treatments)),
        between=np.zeros((n, n_treatments)),
        n_bags=np.zeros(n, np.int32),
        moments=np.zeros((n, trees.moments.shape[1])),
    )
    marks = np.zeros((0, 0), np.uint8) if inside is None else inside

    def work(block: slice) -> None:
        effect, within, between, n_bags, moments = answer
        part = Spread(effect[block], within[block], between[block], n_bags[block], moments[block])
        here = np.ascontiguousarray(marks[:, block.start // 8 : -(-block.stop // 8)])
        _predict_block(trees, bins[block], here, by_arm, spread, part)

    run_all(work, [slice(start, min(start + BLOCK, n)) for start in range(0, n, BLOCK)], n_jobs=n_jobs)
    return answer


@compiled
def _predict_block(
    trees: Trees, bins: NDArray[np.uint8], inside: NDArray[np.uint8], by_arm: bool, spread: bool, answer: Spread
) -> None:
    n_rows, n_trees = len(bins), len(trees.first_node) - 1
    leaf = np.empty((n_trees if spread else 1, n_rows), np.int32)
    used = np.zeros(n_rows, np.int32)
    for t in range(n_trees):
        found = leaf[t if spread else 0]
        _find_leaves(trees, t, bins, inside, found)
        for r in range(n_rows):
            if found[r] >= 0:
                used[r] += 1
                for m in range(trees.moments.shape[1]):
                    answer.moments[r, m] += trees.moments[found[r], m]
    n_treatments = answer.effect.shape[1]
    slope = np.empty((n_rows, n_treatments, trees.moments.shape[1] + 1))
    for r in range(n_rows):
        answer.moments[r] /= max(used[r], 1)
        if by_arm:
            solve_arms(answer.moments[r], answer.effect[r], slope[r])
        else:
            solve_gradient(answer.moments[r], answer.effect[r], slope[r])
    if spread:
        _spread_block(trees, leaf, slope, answer)


@compiled
def _find_leaves(
    trees: Trees, t: int, bins: NDArray[np.uint8], inside: NDArray[np.uint8], found: NDArray[np.int32]
) -> None:
    """Write the leaf of each row in one tree; -1 where the row is in the bag's half or the leaf is empty.

    All rows go down one level before any goes down the next: their memory accesses do not wait for one another.
    """
    first, bag = trees.first_node[t], t // trees.bag_size
    nodes, moments, has_subsets = trees.nodes, trees.moments, len(trees.subsets) > 0
    at, active = np.empty(len(bins), np.int64), np.empty(len(bins), np.int32)
    count = 0
    for r in range(len(bins)):
        found[r] = -1
        at[r] = first
        active[count] = r
        count += len(inside) == 0 or (inside[bag, r >> 3] >> (7 - (r & 7))) & 1 == 0
    while count > 0:
        left = 0
        for a in range(count):
            r = active[a]
            word = nodes[at[r]]
            if (word >> 24) & LEAF:
                leaf = trees.first_leaf[t] + (word >> 32)
                found[r] = -1 if np.isnan(moments[leaf, 0]) else leaf
                continue
            value = np.int64(bins[r, word & 65535])
            if has_subsets and (word >> 24) & CATEGORY:
                bits = trees.subsets[trees.subset_of[at[r]], value >> 6]
                right = (bits >> np.uint64(value & 63)) & np.uint64(1) == np.uint64(0)
            else:
                right = ((value + ((word >> 24) & MISSING_LEFT)) & 255) > ((word >> 16) & 255)
            at[r] = first + (word >> 32) + right
            active[left] = r
            left += 1
        count = left


@compiled
def _spread_block(trees: Trees, leaf: NDArray[np.int32], slope: NDArray[np.float64], answer: Spread) -> None:
    n_rows, n_treatments = answer.effect.shape
    size = trees.bag_size
    bag_mean = np.zeros((n_rows, n_treatments))
    total, square = np.empty(n_treatments), np.empty(n_treatments)
    for bag in range(len(leaf) // size):
        for r in range(n_rows):
            full = True
            total[:] = 0.0
            square[:] = 0.0
            for t in range(bag * size, (bag + 1) * size):
                if leaf[t, r] < 0:
                    full = False
                    break
                for k in range(n_treatments):
                    pull = _pull(slope[r, k], trees.moments[leaf[t, r]])
                    total[k] += pull
                    square[k] += pull * pull
            if full:
                answer.n_bags[r] += 1
                for k in range(n_treatments):
                    mean = total[k] / size
                    bag_mean[r, k] += mean
                    answer.between[r, k] += mean * mean
                    answer.within[r, k] += max(square[k] - size * mean * mean, 0.0) / max(size - 1, 1)
    for r in range(n_rows):
        bags = answer.n_bags[r]
        for k in range(n_treatments):
            answer.within[r, k] = answer.within[r, k] / bags if bags > 0 else np.nan
            apart = answer.between[r, k] - bag_mean[r, k] ** 2 / max(bags, 1)
            answer.between[r, k] = apart / (bags - 1) if bags > 1 else np.nan


@compiled
def _pull(slope: NDArray[np.float64], moments: NDArray[np.float32]) -> float:
    pull = slope[0]
    for m in range(len(moments)):
        pull += slope[1 + m] * moments[m]
    return pull
