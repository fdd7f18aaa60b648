"""A forest from rows: bags of trees grown on threads, the same for any number of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.learn.forest.bags import ESTIMATE, GROW, OUT, draw_half, draw_tree, rows_marked, seed_state
from uplift.learn.forest.bins import MISSING
from uplift.learn.forest.grow import Grown, grow_tree
from uplift.learn.forest.honest import average_leaves
from uplift.learn.forest.rows import Data
from uplift.learn.forest.threads import run_all
from uplift.learn.forest.tree import Averaged, join_trees

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from uplift.learn.forest.bins import Binning
    from uplift.learn.forest.honest import RowSums
    from uplift.learn.forest.rules import Rules
    from uplift.learn.forest.tree import Trees


@dataclass(frozen=True, slots=True, eq=False)
class Bagging:
    """How rows are shared out to trees.

    Parameters
    ----------
    n_trees
        A multiple of ``bag_size``.
    bag_size
        Trees that share a half-sample.
    share
        Share of all units that one tree takes.
    honest
        Whether half of them grows a tree and the other half estimates its leaves.
    seed
        Of all draws.
    n_units
        Rows, or clusters.
    cluster : ndarray of int32, shape (n,) or (0,)
        Unit of each row; empty when rows are units.
    """

    n_trees: int
    bag_size: int
    share: float
    honest: bool
    seed: int
    n_units: int
    cluster: NDArray[np.int32]

    @property
    def n_bags(self) -> int:
        """Number of bags."""
        return self.n_trees // self.bag_size

    def half(self, bag: int) -> NDArray[np.uint8]:
        """Return which units the half-sample of a bag holds, shape (n_units,)."""
        return draw_half(seed_state(np.random.SeedSequence(self.seed, spawn_key=(bag, 0))), self.n_units)

    def tree_state(self, bag: int, tree: int) -> NDArray[np.uint64]:
        """Return the generator of a tree of a bag, shape (4,)."""
        return seed_state(np.random.SeedSequence(self.seed, spawn_key=(bag, tree + 1)))


def make_data(bins: NDArray[np.uint8], binning: Binning, rows: RowSums) -> Data:
    """Return rows in the form in which trees read them.

    Parameters
    ----------
    bins : ndarray of uint8, shape (n, p)
        Features.
    binning
        How they became bytes.
    rows
        What each row adds to which sums.

    Returns
    -------
    Data
    """
    values = binning.n_values
    width = np.where(binning.has_missing, MISSING + 1, values)
    varies = values + binning.has_missing > 1
    if len(bins):
        varies &= (bins != bins[0]).any(axis=0)
    return Data(
        bins=np.ascontiguousarray(bins),
        base=rows.base,
        values=rows.values,
        offset=np.cumsum([0, *width]).astype(np.int64),
        is_category=binning.is_category,
        features=np.flatnonzero(varies).astype(np.int64),
    )


def grow_forest(
    data: Data,
    rules: Rules,
    bagging: Bagging,
    *,
    n_jobs: int = 1,
    after: Callable[[int], None] | None = None,
) -> Trees:
    """Grow all trees.

    Parameters
    ----------
    data
        Rows.
    rules
        How a tree grows.
    bagging
        Who is in which tree.
    n_jobs
        Threads.
    after
        Told how many bags are done.

    Returns
    -------
    Trees
    """

    def grow_bag(bag: int) -> list[Averaged]:
        half = bagging.half(bag)
        states = [bagging.tree_state(bag, tree) for tree in range(bagging.bag_size)]
        return [_average(_grow_one(data, rules, bagging, half, state), rules) for state in states]

    bags = run_all(grow_bag, range(bagging.n_bags), n_jobs=n_jobs, after=after)
    return join_trees([tree for bag in bags for tree in bag], bag_size=bagging.bag_size)


def grow_single(
    data: Data, rules: Rules, growing: NDArray[np.int32], estimating: NDArray[np.int32], *, seed: int
) -> Trees:
    """Grow one tree on some rows and average its leaves over others.

    Parameters
    ----------
    data
        All rows.
    rules
        How the tree grows.
    growing, estimating : ndarray of int32
        Rows that choose the splits, and rows that estimate the leaves.
    seed
        Of the features tried at each node.

    Returns
    -------
    Trees
    """
    tree = grow_tree(data, growing, estimating, rules, seed_state(np.random.SeedSequence(seed)))
    return join_trees([_average(tree, rules)], bag_size=1)


def _average(tree: Grown, rules: Rules) -> Averaged:
    return Averaged(tree.nodes, tree.subset_of, tree.subsets, average_leaves(tree.sums, rules))


def _grow_one(data: Data, rules: Rules, bagging: Bagging, half: NDArray[np.uint8], state: NDArray[np.uint64]) -> Grown:
    marks = draw_tree(state, half, bagging.share, bagging.honest)
    growing = rows_marked(marks, bagging.cluster, GROW)
    estimating = rows_marked(marks, bagging.cluster, ESTIMATE) if bagging.honest else growing
    return grow_tree(data, growing, estimating, rules, state)


def mark_inside(bagging: Bagging, rows: NDArray[np.int64] | None = None) -> NDArray[np.uint8]:
    """Return the bits of the rows that each bag's half-sample holds.

    Parameters
    ----------
    bagging
        Who is in which tree.
    rows : ndarray of int64, shape (m,), optional
        Which rows (default all).

    Returns
    -------
    ndarray of uint8, shape (n_bags, ceil(m / 8))
    """
    units = np.arange(bagging.n_units) if not len(bagging.cluster) else bagging.cluster
    chosen = units if rows is None else units[rows]
    return np.stack([np.packbits(bagging.half(bag)[chosen] != OUT) for bag in range(bagging.n_bags)])
