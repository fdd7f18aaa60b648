"""Nodes as 64-bit words, and trees side by side in flat arrays.

A word holds, from the lowest bit: feature (16), last bin of the left side (8), flags (8), and the left child or the
leaf (32). The right child follows the left one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uplift.learn.forest.compiled import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MISSING_LEFT, CATEGORY, LEAF = 1, 2, 4
"""Flags of a node."""


@compiled
def pack_node(feature: int, last: int, flags: int, child: int) -> int:
    """Return the word of a node; where missing values go left bins are counted from the missing one."""
    shift = flags & MISSING_LEFT
    return feature | ((last + shift) << 16) | (flags << 24) | (child << 32)


@compiled
def goes_left(at: int, word: int, subset: NDArray[np.uint64]) -> bool:
    """Return whether a row whose feature has bin ``at`` goes left of the node ``word``."""
    flags = word >> 24
    if flags & CATEGORY:
        return (subset[at >> 6] >> np.uint64(at & 63)) & np.uint64(1) == np.uint64(1)
    return ((at + (flags & MISSING_LEFT)) & 255) <= (word >> 16) & 255


class Trees(NamedTuple):
    """Trees of one forest; a named tuple because compiled functions read it.

    Parameters
    ----------
    nodes : ndarray of int64, shape (n_nodes,)
        Words of all trees; children and leaves are counted within their tree.
    subset_of : ndarray of int32, shape (n_nodes,) or (0,)
        Row of ``subsets``; empty where no split is on a category.
    subsets : ndarray of uint64, shape (n_subsets, 4)
        Bins that go left.
    first_node, first_leaf : ndarray of int64, shape (n_trees + 1,)
        Where each tree starts.
    moments : ndarray of float32, shape (n_leaves, n_moments)
        Averages over the rows that estimate, per leaf; see ``uplift.learn.forest.honest``.
    bag_size
        Trees that share a half-sample.
    """

    nodes: NDArray[np.int64]
    subset_of: NDArray[np.int32]
    subsets: NDArray[np.uint64]
    first_node: NDArray[np.int64]
    first_leaf: NDArray[np.int64]
    moments: NDArray[np.float32]
    bag_size: int


class Averaged(NamedTuple):
    """One tree with the averages of its leaves; fields as of ``Trees``."""

    nodes: NDArray[np.int64]
    subset_of: NDArray[np.int32]
    subsets: NDArray[np.uint64]
    moments: NDArray[np.float32]


def join_trees(grown: Sequence[Averaged], *, bag_size: int) -> Trees:
    """Put trees side by side.

    Parameters
    ----------
    grown
        Trees, bag after bag.
    bag_size
        Trees of a bag.

    Returns
    -------
    Trees
    """
    subsets = np.cumsum([0, *(len(tree.subsets) for tree in grown)])
    subset_of = [tree.subset_of + start for tree, start in zip(grown, subsets, strict=False)]
    return Trees(
        nodes=np.concatenate([tree.nodes for tree in grown]),
        subset_of=np.concatenate(subset_of).astype(np.int32) if subsets[-1] else np.zeros(0, np.int32),
        subsets=np.concatenate([tree.subsets for tree in grown]),
        first_node=np.cumsum([0, *(len(tree.nodes) for tree in grown)]),
        first_leaf=np.cumsum([0, *(len(tree.moments) for tree in grown)]),
        moments=np.concatenate([tree.moments for tree in grown]),
        bag_size=bag_size,
    )


def count_splits(trees: Trees, n_features: int, *, max_depth: int = 4) -> NDArray[np.int64]:
    """Return how often each feature splits a node of each depth, shape (max_depth, n_features)."""
    return _count_splits(trees.nodes, trees.first_node, n_features, max_depth)


@compiled
def _count_splits(
    nodes: NDArray[np.int64], first_node: NDArray[np.int64], n_features: int, max_depth: int
) -> NDArray[np.int64]:
    counts = np.zeros((max_depth, n_features), np.int64)
    depth = np.zeros(len(nodes), np.int32)
    for t in range(len(first_node) - 1):
        for at in range(first_node[t], first_node[t + 1]):
            word = nodes[at]
            if (word >> 24) & LEAF:
                continue
            child = first_node[t] + (word >> 32)
            depth[child] = depth[child + 1] = depth[at] + 1
            if depth[at] < max_depth:
                counts[depth[at], word & 65535] += 1
    return counts
