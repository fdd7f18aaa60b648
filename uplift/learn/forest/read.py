"""Trees in words: the splits of one tree by name, threshold and category."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.learn.forest.bins import MISSING, CategoryBins
from uplift.learn.forest.tree import CATEGORY, LEAF, MISSING_LEFT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from uplift.learn.forest.bins import Binning
    from uplift.learn.forest.tree import Trees


@dataclass(frozen=True, slots=True)
class SplitNode:
    """A node whose rows part.

    Parameters
    ----------
    feature
        Name of the feature.
    threshold
        Numbers up to it go left; minus infinity when no number does, None for a category.
    categories
        Labels that go left, by code point; empty for a number.
    others_left
        Whether labels too rare for a bin of their own, and those never seen, go left.
    missing_left
        Whether missing values go left.
    left, right
        Places of the children.
    """

    feature: str
    threshold: float | None
    categories: tuple[str, ...]
    others_left: bool
    missing_left: bool
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class LeafNode:
    """A node whose rows stay together.

    Parameters
    ----------
    leaf
        Row of the tree's leaves.
    """

    leaf: int


def read_tree(trees: Trees, tree: int, binning: Binning) -> tuple[SplitNode | LeafNode, ...]:
    """Return the nodes of one tree, the root first and children after their parent.

    Parameters
    ----------
    trees
        The forest.
    tree
        Which tree.
    binning
        How features became bytes.

    Returns
    -------
    tuple of SplitNode or LeafNode
    """
    start, end = int(trees.first_node[tree]), int(trees.first_node[tree + 1])
    return tuple(_read_node(trees, at, binning) for at in range(start, end))


def _read_node(trees: Trees, at: int, binning: Binning) -> SplitNode | LeafNode:
    word = int(trees.nodes[at])
    flags, child = (word >> 24) & 255, word >> 32
    if flags & LEAF:
        return LeafNode(child)
    name, column = binning.names[word & 65535], binning.columns[word & 65535]
    if flags & CATEGORY and isinstance(column, CategoryBins):
        bins = _list_bits(trees.subsets[trees.subset_of[at]])
        labels = tuple(sorted(str(label) for label, code in column.codes.items() if code in bins))
        return SplitNode(name, None, labels, column.other in bins, MISSING in bins, child, child + 1)
    missing_left = bool(flags & MISSING_LEFT)
    last = ((word >> 16) & 255) - missing_left
    edges = () if isinstance(column, CategoryBins) else column.edges
    threshold = float("-inf") if last < 0 else float(edges[last])
    return SplitNode(name, threshold, (), False, missing_left, child, child + 1)  # noqa: FBT003


def _list_bits(words: NDArray[np.uint64]) -> set[int]:
    return {64 * place + bit for place, word in enumerate(words.tolist()) for bit in range(64) if word >> bit & 1}
