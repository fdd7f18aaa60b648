"""Rows of a tree: copied together, summed, sent left and right."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uplift.learn.forest.compiled import compiled
from uplift.learn.forest.split import LAST, MISSING_SIDE, N_WORDS
from uplift.learn.forest.tree import CATEGORY, MISSING_LEFT, goes_left, pack_node

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.learn.forest.rules import Rules


class Data(NamedTuple):
    """Rows in the form in which trees read them.

    Parameters
    ----------
    bins : ndarray of uint8, shape (n, p)
        Features.
    base : ndarray of int32, shape (n,)
        First of the sums that a row adds to.
    values : ndarray of float32, shape (n, n_values)
        What it adds to that sum and those after it.
    offset : ndarray of int64, shape (p + 1,)
        First bin of each feature in a histogram.
    is_category : ndarray of bool, shape (p,)
    features : ndarray of int64
        Features that are not constant.
    """

    bins: NDArray[np.uint8]
    base: NDArray[np.int32]
    values: NDArray[np.float32]
    offset: NDArray[np.int64]
    is_category: NDArray[np.bool_]
    features: NDArray[np.int64]


class Side(NamedTuple):
    """Rows of one half of a tree, copied so that they lie together, and their order by node."""

    bins: NDArray[np.uint8]
    base: NDArray[np.int32]
    values: NDArray[np.float32]
    order: NDArray[np.int32]


@compiled
def copy_rows(data: Data, rows: NDArray[np.int32]) -> Side:
    """Return some of the rows."""
    count = len(rows)
    bins = np.empty((count, data.bins.shape[1]), np.uint8)
    values = np.empty((count, data.values.shape[1]), np.float32)
    base = np.empty(count, np.int32)
    order = np.empty(count, np.int32)
    for r in range(count):
        for j in range(bins.shape[1]):
            bins[r, j] = data.bins[rows[r], j]
        for v in range(values.shape[1]):
            values[r, v] = data.values[rows[r], v]
        base[r] = data.base[rows[r]]
        order[r] = r
    return Side(bins, base, values, order)


@compiled
def sum_rows(
    total: NDArray[np.float64], rows: NDArray[np.int32], base: NDArray[np.int32], values: NDArray[np.float32]
) -> None:
    """Write the sums of some rows into ``total``."""
    total[:] = 0.0
    if len(total) == values.shape[1] == 8:
        _sum_eight(total, rows, values)
        return
    for r in range(len(rows)):
        i = rows[r]
        for v in range(values.shape[1]):
            total[base[i] + v] += values[i, v]


@compiled
def _sum_eight(total: NDArray[np.float64], rows: NDArray[np.int32], values: NDArray[np.float32]) -> None:
    """Sum the at most six columns of one residual treatment in registers."""
    t0, t1, t2, t3, t4, t5 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for r in range(len(rows)):
        i = rows[r]
        t0 += values[i, 0]
        t1 += values[i, 1]
        t2 += values[i, 2]
        t3 += values[i, 3]
        t4 += values[i, 4]
        t5 += values[i, 5]
    total[0], total[1], total[2], total[3], total[4], total[5] = t0, t1, t2, t3, t4, t5


@compiled
def keeps_arms(
    rows: NDArray[np.int32],
    bins: NDArray[np.uint8],
    base: NDArray[np.int32],
    word: int,
    subset: NDArray[np.uint64],
    rules: Rules,
) -> bool:
    """Return whether both sides keep enough rows of every arm; their outcomes play no part."""
    n_arms = rules.n_sums // rules.n_values
    left, right = np.zeros(n_arms, np.int64), np.zeros(n_arms, np.int64)
    feature = word & 65535
    for r in range(len(rows)):
        arm = base[rows[r]] // rules.n_values
        if goes_left(bins[rows[r], feature], word, subset):
            left[arm] += 1
        else:
            right[arm] += 1
    return min(left.min(), right.min()) >= rules.min_arm


@compiled
def part_rows(
    order: NDArray[np.int32],
    start: int,
    end: int,
    bins: NDArray[np.uint8],
    word: int,
    subset: NDArray[np.uint64],
    spare: NDArray[np.int32],
) -> int:
    """Bring the rows that go left before the others, both in their order; return where the others start."""
    middle, right, feature = start, 0, word & 65535
    for r in range(start, end):
        i = order[r]
        if goes_left(bins[i, feature], word, subset):
            order[middle] = i
            middle += 1
        else:
            spare[right] = i
            right += 1
    for r in range(right):
        order[middle + r] = spare[r]
    return middle


@compiled
def word_of(feature: int, is_category: bool, best: NDArray[np.float64], child: int) -> int:
    """Return the word of a node that is split by the best split of a feature."""
    if is_category:
        return pack_node(feature, 0, CATEGORY, child)
    flags = MISSING_LEFT if best[MISSING_SIDE] > 0.0 else 0
    return pack_node(feature, int(best[LAST]), flags, child)


@compiled
def send_strangers(
    rows: NDArray[np.int32],
    bins: NDArray[np.uint8],
    feature: int,
    layout: tuple[bool, bool, bool],
    best: NDArray[np.float64],
    subset: NDArray[np.uint64],
) -> None:
    """Send what no row of the node has, a missing value or a category, to the side with more rows."""
    is_category, can_miss, to_left = layout
    if not is_category and not can_miss:
        best[MISSING_SIDE] = 1.0 if to_left else 0.0
        return
    seen = np.zeros(N_WORDS, np.uint64)
    for r in range(len(rows)):
        at = bins[rows[r], feature]
        seen[at >> 6] |= np.uint64(1) << np.uint64(at & 63)
    if is_category and to_left:
        for part in range(N_WORDS):
            subset[part] |= ~seen[part]
    elif not is_category and seen[N_WORDS - 1] >> np.uint64(63) == np.uint64(0):
        best[MISSING_SIDE] = 1.0 if to_left else 0.0
