"""One tree: a stack of nodes, each split where the criterion gains most and both halves keep enough rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uplift.learn.forest.bags import next_float
from uplift.learn.forest.bins import MISSING
from uplift.learn.forest.compiled import compiled
from uplift.learn.forest.criterion import fit_node
from uplift.learn.forest.histogram import add_rows, clear_bins, list_bins, mark_bins
from uplift.learn.forest.rows import Data, Side, copy_rows, keeps_arms, part_rows, send_strangers, sum_rows, word_of
from uplift.learn.forest.rules import Node, Rules, make_node
from uplift.learn.forest.split import GAIN, LAST, N_WORDS, Scratch, find_split, find_subset, list_filled
from uplift.learn.forest.tree import LEAF, pack_node

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALL_NODE = 384
"""Up to so many rows a node is counted by itself; above, the larger child is its parent less the smaller."""

NODE, START, END, FROM, UPTO, DEPTH, SLOT = range(7)
"""Columns of the stack: node, its rows that grow, its rows that estimate, depth, histogram (-1 for none)."""


class Grown(NamedTuple):
    """A tree as it was grown.

    Parameters
    ----------
    nodes : ndarray of int64, shape (n_nodes,)
        Packed nodes; children stand after their parent, side by side.
    subset_of : ndarray of int32, shape (n_nodes,)
        Row of ``subsets`` of a split on a category.
    subsets : ndarray of uint64, shape (n_subsets, 4)
        Bins that go left.
    sums : ndarray of float64, shape (n_leaves, n_sums)
        Sums of the rows that estimate, per leaf.
    """

    nodes: NDArray[np.int64]
    subset_of: NDArray[np.int32]
    subsets: NDArray[np.uint64]
    sums: NDArray[np.float64]


class _Room(NamedTuple):
    """What growing needs beside rows.

    Histogram 0 is for small nodes and empty between them; ``free`` lists the others that are, its length first.
    """

    histogram: NDArray[np.float32]
    free: NDArray[np.int64]
    occupied: NDArray[np.uint64]
    spare: NDArray[np.int32]
    node: Node
    best: NDArray[np.float64]
    subsets: NDArray[np.uint64]
    scratch: Scratch


@compiled
def grow_tree(
    data: Data, growing: NDArray[np.int32], estimating: NDArray[np.int32], rules: Rules, state: NDArray[np.uint64]
) -> Grown:
    """Grow a tree on some rows and sum its leaves over others.

    Parameters
    ----------
    data
        All rows.
    growing, estimating : ndarray of int32
        Rows that choose the splits, and rows whose sums the leaves hold; the same rows when not honest.
    rules
        How trees grow.
    state : ndarray of uint64, shape (4,)
        Generator of the features tried at each node.

    Returns
    -------
    Grown
    """
    grow, estimate = copy_rows(data, growing), copy_rows(data, estimating)
    room = _make_room(data.offset, max(len(growing), len(estimating)), rules)
    most = 2 * (len(growing) // max(rules.min_leaf, 1)) + 3
    nodes, subset_of = np.empty(most, np.int64), np.zeros(most, np.int32)
    leaves = np.empty((most // 2 + 1, rules.n_sums))
    subsets = np.empty((most if data.is_category.any() else 1, N_WORDS), np.uint64)
    stack, tried = np.zeros((66, 7), np.int64), data.features.copy()
    stack[0, END], stack[0, UPTO], stack[0, SLOT] = len(growing), len(estimating), -1
    if rules.n_try == 0 and len(growing) > SMALL_NODE:
        stack[0, SLOT] = _count_node(grow.order, data, grow, room.histogram, room.free)
    height, n_nodes, n_leaves, n_subsets = 1, 1, 0, 0
    while height > 0:
        height -= 1
        frame = stack[height].copy()
        node = frame[NODE]
        chosen = _choose_features(tried, rules, state)
        feature, middle, cut = _best_feature(frame, data, grow, estimate, room, rules, chosen)
        if feature < 0:
            nodes[node] = pack_node(0, 0, LEAF, n_leaves)
            sum_rows(leaves[n_leaves], estimate.order[frame[FROM] : frame[UPTO]], estimate.base, estimate.values)
            n_leaves += 1
            _free_slot(room.free, frame[SLOT])
            continue
        word = word_of(feature, data.is_category[feature], room.best[feature], n_nodes)
        nodes[node] = word
        if data.is_category[feature]:
            subset_of[node] = n_subsets
            subsets[n_subsets] = room.subsets[feature]
            n_subsets += 1
        _push(stack, height, frame, middle, cut, n_nodes)
        height += 2
        n_nodes += 2
        if frame[SLOT] >= 0:
            _share_histogram(stack[height - 2], stack[height - 1], frame[SLOT], data, grow, room)
    return Grown(
        nodes[:n_nodes].copy(), subset_of[:n_nodes].copy(), subsets[:n_subsets].copy(), leaves[:n_leaves].copy()
    )


@compiled
def _make_room(offset: NDArray[np.int64], count: int, rules: Rules) -> _Room:
    n_features = len(offset) - 1
    slots = 1 + n_slots(count)
    free = np.arange(slots)
    free[0] = slots - 1
    return _Room(
        np.zeros((slots, offset[-1], rules.n_sums), np.float32),
        free,
        np.zeros((n_features, N_WORDS), np.uint64),
        np.empty(count, np.int32),
        make_node(rules),
        np.zeros((n_features, 3)),
        np.zeros((n_features, N_WORDS), np.uint64),
        Scratch(np.empty((256, rules.n_sums)), np.empty(256, np.int64), np.empty(256, np.int64), np.empty(256)),
    )


@compiled
def n_slots(count: int) -> int:
    """Return how many histograms a tree of so many rows holds at once, that of small nodes not counted."""
    slots = 1
    while count > SMALL_NODE:
        slots += 1
        count //= 2
    return slots


@compiled
def _choose_features(tried: NDArray[np.int64], rules: Rules, state: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the features to try, ascending so that ties do not depend on the draw."""
    count = len(tried)
    if rules.n_try == 0 or rules.n_try >= count:
        return tried
    for j in range(rules.n_try):
        other = j + int(next_float(state) * (count - j))
        tried[j], tried[other] = tried[other], tried[j]
    return np.sort(tried[: rules.n_try])


@compiled
def _best_feature(
    frame: NDArray[np.int64],
    data: Data,
    grow: Side,
    estimate: Side,
    room: _Room,
    rules: Rules,
    tried: NDArray[np.int64],
) -> tuple[int, int, int]:
    """Part a node by the best split that leaves enough rows on both sides.

    Returns
    -------
    tuple of int
        The feature, -1 for a leaf, and where the right sides start of the rows that grow and of those that estimate.
    """
    n_grow, n_estimate = frame[END] - frame[START], frame[UPTO] - frame[FROM]
    too_deep = rules.max_depth > 0 and frame[DEPTH] >= rules.max_depth
    if too_deep or min(n_grow, n_estimate) < 2 * rules.min_leaf:
        return -1, 0, 0
    rows = grow.order[frame[START] : frame[END]]
    sum_rows(room.node.total, rows, grow.base, grow.values)
    if not fit_node(room.node, rules):
        return -1, 0, 0
    _score_features(rows, frame[SLOT], data, grow, room, rules, tried)
    for _ in range(len(tried)):
        feature = tried[0]
        for j in range(1, len(tried)):
            if room.best[tried[j], GAIN] > room.best[feature, GAIN]:
                feature = tried[j]
        if room.best[feature, GAIN] <= rules.min_gain:
            return -1, 0, 0
        middle, cut = _part_node(frame, feature, data, grow, estimate, room, rules)
        if cut >= 0:
            return feature, middle, cut
        room.best[feature, GAIN] = -1.0
    return -1, 0, 0


@compiled
def _part_node(
    frame: NDArray[np.int64],
    feature: int,
    data: Data,
    grow: Side,
    estimate: Side,
    room: _Room,
    rules: Rules,
) -> tuple[int, int]:
    """Part both halves by the best split of a feature; the second place is -1 where too few rows estimate a side."""
    start, end, first, last = frame[START], frame[END], frame[FROM], frame[UPTO]
    best, subset, is_category = room.best[feature], room.subsets[feature], data.is_category[feature]
    word = word_of(feature, is_category, best, 0)
    middle = part_rows(grow.order, start, end, grow.bins, word, subset, room.spare)
    can_miss = data.offset[feature + 1] - data.offset[feature] > MISSING
    layout = (is_category, can_miss, 2 * (middle - start) > end - start)
    send_strangers(grow.order[start:end], grow.bins, feature, layout, best, subset)
    word = word_of(feature, is_category, best, 0)
    if rules.n_sums > rules.n_values:
        own = estimate.order[first:last]
        if not keeps_arms(own, estimate.bins, estimate.base, word, subset, rules):
            return middle, -1
    cut = part_rows(estimate.order, first, last, estimate.bins, word, subset, room.spare)
    return middle, cut if min(cut - first, last - cut) >= rules.min_leaf else -1


@compiled
def _score_features(
    rows: NDArray[np.int32],
    slot: int,
    data: Data,
    grow: Side,
    room: _Room,
    rules: Rules,
    tried: NDArray[np.int64],
) -> None:
    sums = room.histogram[max(slot, 0)]
    offset, occupied, node, best, scratch, found = (
        data.offset,
        room.occupied,
        room.node,
        room.best,
        room.scratch,
        room.scratch.found,
    )
    if slot < 0:
        mark_bins(occupied, rows, grow.bins, tried)
        add_rows(sums, rows, grow.bins, grow.base, grow.values, offset, tried)
    for j in range(len(tried)):
        feature = tried[j]
        start = offset[feature]
        if slot < 0:
            count = list_bins(occupied, feature, found)
        else:
            count = list_filled(sums, start, offset[feature + 1] - start, rules, found)
        if data.is_category[feature]:
            find_subset(sums, start, count, node, rules, scratch, feature, best)
            _keep_subset(found, best, feature, room.subsets)
        else:
            find_split(sums, start, count, node, rules, scratch, feature, best)
    if slot < 0:
        clear_bins(sums, occupied, offset, tried, found)


@compiled
def _keep_subset(
    found: NDArray[np.int64], best: NDArray[np.float64], feature: int, subsets: NDArray[np.uint64]
) -> None:
    for word in range(N_WORDS):
        subsets[feature, word] = np.uint64(0)
    for c in range(int(best[feature, LAST]) + 1):
        subsets[feature, found[c] >> 6] |= np.uint64(1) << np.uint64(found[c] & 63)


@compiled
def _push(stack: NDArray[np.int64], height: int, frame: NDArray[np.int64], middle: int, cut: int, child: int) -> None:
    """Put the children on the stack, the smaller one on top, so that the stack is at most log2(rows) high."""
    left_on_top = middle - frame[START] <= frame[END] - middle
    for place in range(2):
        is_left = (place == 1) == left_on_top
        at = height + place
        stack[at, NODE] = child if is_left else child + 1
        stack[at, START] = frame[START] if is_left else middle
        stack[at, END] = middle if is_left else frame[END]
        stack[at, FROM] = frame[FROM] if is_left else cut
        stack[at, UPTO] = cut if is_left else frame[UPTO]
        stack[at, DEPTH] = frame[DEPTH] + 1
        stack[at, SLOT] = -1


@compiled
def _share_histogram(
    larger: NDArray[np.int64], smaller: NDArray[np.int64], slot: int, data: Data, grow: Side, room: _Room
) -> None:
    """Give two sisters their histograms: the smaller is counted, the larger takes what is left of their parent's."""
    if larger[END] - larger[START] <= SMALL_NODE:
        _free_slot(room.free, slot)
        return
    larger[SLOT] = slot
    rows = grow.order[smaller[START] : smaller[END]]
    if len(rows) > SMALL_NODE:
        smaller[SLOT] = _count_node(rows, data, grow, room.histogram, room.free)
        _subtract(room.histogram[slot], room.histogram[smaller[SLOT]])
        return
    mark_bins(room.occupied, rows, grow.bins, data.features)
    add_rows(room.histogram[0], rows, grow.bins, grow.base, grow.values, data.offset, data.features)
    _subtract(room.histogram[slot], room.histogram[0])
    clear_bins(room.histogram[0], room.occupied, data.offset, data.features, room.scratch.found)


@compiled
def _subtract(sums: NDArray[np.float32], part: NDArray[np.float32]) -> None:
    for at in range(sums.shape[0]):
        for s in range(sums.shape[1]):
            sums[at, s] -= part[at, s]


@compiled
def _count_node(
    rows: NDArray[np.int32], data: Data, grow: Side, histogram: NDArray[np.float32], free: NDArray[np.int64]
) -> int:
    slot = free[free[0]]
    free[0] -= 1
    histogram[slot, :, :] = 0.0
    add_rows(histogram[slot], rows, grow.bins, grow.base, grow.values, data.offset, data.features)
    return slot


@compiled
def _free_slot(free: NDArray[np.int64], slot: int) -> None:
    if slot >= 0:
        free[0] += 1
        free[free[0]] = slot
