"""How much memory and time a forest takes, said before it is grown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.learn.forest.predict import BLOCK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.learn.forest.engine import Bagging
    from uplift.learn.forest.rules import Rules

LEAF_ROWS = 1.5
"""Rows of a leaf that grows, in units of the fewest that it may have, as measured."""

STEP_SECONDS = 4e-9
"""Time to count one row on one feature at one depth, on one thread."""

NODE_SECONDS = 1e-6
"""Time to look at the splits of one node on one feature, on one thread."""


@dataclass(frozen=True, slots=True)
class ForestPlan:
    """What a forest takes.

    Parameters
    ----------
    n_trees
        Trees.
    features
        Bytes of the features as given, as bins, and as the outcome model reads them.
    rows
        Bytes of residuals, and of the sums that rows add to.
    tree
        Bytes of one tree: nodes, and averages of its leaves, while trees are put side by side.
    work
        Bytes that the threads need to grow and to predict.
    seconds
        Time to grow, a rough guess without that of the outcome model.
    """

    n_trees: int
    features: int
    rows: int
    tree: int
    work: int
    seconds: float

    @property
    def memory(self) -> int:
        """Bytes in all."""
        return self.features + self.rows + self.work + self.tree * self.n_trees


def plan_forest(n_rows: int, n_values: NDArray[np.int64], rules: Rules, bagging: Bagging, *, n_jobs: int) -> ForestPlan:
    """Say what a forest takes.

    Parameters
    ----------
    n_rows
        Rows.
    n_values : ndarray of int64, shape (p,)
        Bins of each feature, the missing one included.
    rules
        How trees grow.
    bagging
        Who is in which tree.
    n_jobs
        Threads.

    Returns
    -------
    ForestPlan
    """
    n_features = len(n_values)
    n_grow = bagging.share * n_rows / (2 if bagging.honest else 1)
    leaves = max(n_grow / (LEAF_ROWS * rules.min_leaf), 1.0)
    depth = np.log2(leaves) + 2
    if rules.max_depth:
        leaves, depth = min(leaves, 2.0**rules.max_depth), min(depth, rules.max_depth)
    copied = 2 * n_grow * (n_features + 4 * rules.n_values + 12)
    slots = 2 + np.log2(max(n_grow / 384, 1))
    histogram = 4 * slots * int(n_values.sum()) * rules.n_sums
    predict = 4 * BLOCK * bagging.n_trees
    steps = n_grow * n_features * depth * STEP_SECONDS + 2 * leaves * n_features * NODE_SECONDS
    return ForestPlan(
        n_trees=bagging.n_trees,
        features=int(n_rows * n_features * 14),
        rows=int(n_rows * (4 * rules.n_values + 4 + 8 * (3 * rules.n_treatments + 6))),
        tree=int(2 * leaves * (24 + 4 * rules.n_sums)),
        work=int(n_jobs * max(copied + histogram + 2 * n_rows, predict)),
        seconds=float(bagging.n_trees * steps / n_jobs),
    )


def refuse_large(plan: ForestPlan, max_memory: int | None, *, bag_size: int) -> None:
    """Refuse a forest that takes more memory than is allowed.

    Parameters
    ----------
    plan
        What it takes.
    max_memory
        Bytes that are allowed; None for no limit.
    bag_size
        Trees that share a half-sample.

    Raises
    ------
    EstimationError
        With the figures and a way out.
    """
    if max_memory is None or plan.memory <= max_memory:
        return
    room = (max_memory - plan.features - plan.rows - plan.work) // plan.tree
    fewer = max(room // bag_size, 0) * bag_size
    way = f"n_trees={fewer}" if fewer else "fewer features or a sample of the rows"
    parts = (("features", plan.features), ("rows", plan.rows), ("trees", plan.tree * plan.n_trees), ("work", plan.work))
    shown = ", ".join(f"{name} {_megabytes(size)}" for name, size in parts)
    message = (
        f"max_memory == {_megabytes(max_memory)} MB, but the forest takes about {_megabytes(plan.memory)} MB "
        f"({shown}): allow that much, or choose {way}, or a larger min_leaf"
    )
    raise EstimationError(message)


def _megabytes(size: int) -> int:
    return -(-size // 1_000_000)
