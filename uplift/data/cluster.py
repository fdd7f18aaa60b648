"""Clusters: units that were assigned together count as one row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.data.fold import draw_folds
from uplift.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.stats.moments import CellKeys


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Which cluster each unit belongs to.

    Parameters
    ----------
    labels
        Labels of the G clusters, sorted.
    code : ndarray of int64, shape (n,)
        Cluster of each unit.
    keys
        Cell of each cluster, codes of shape (G,).
    """

    labels: NDArray[np.object_]
    code: NDArray[np.int64]
    keys: CellKeys

    def add_up(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the sum of a column in each cluster, shape (G,)."""
        order = np.argsort(self.code, kind="stable")
        starts = np.searchsorted(self.code[order], np.arange(len(self.labels)))
        return np.add.reduceat(values[order], starts)


def find_clusters(labels: NDArray[np.object_], keys: CellKeys, what: str) -> Clusters:
    """Find the clusters, each of which must lie within one stratum, batch and arm.

    Parameters
    ----------
    labels : ndarray of object (str or None), shape (n,)
        Cluster of each unit.
    keys
        Cell of each unit.
    what
        How messages call the column.

    Raises
    ------
    DataError
        When a label is missing, or a cluster was split.
    """
    missing = sum(label is None for label in labels)
    if missing:
        message = f"{what}: {missing} of {len(labels)} units have no cluster; give a lone unit a label of its own"
        raise DataError(message)
    names, first, code = np.unique(labels, return_index=True, return_inverse=True)
    code = code.astype(np.int64)
    parts = {"arm": keys.arm, "stratum": keys.stratum, "batch": keys.batch}
    for part, codes in parts.items():
        split = np.flatnonzero(codes != codes[first][code])
        if len(split):
            message = (
                f"{what}: cluster '{labels[split[0]]}' lies in more than one {part}; "
                "what was assigned together must share arm, stratum and batch"
            )
            raise DataError(message)
    cell = replace(keys, stratum=keys.stratum[first], batch=keys.batch[first], arm=keys.arm[first])
    return Clusters(names, code, draw_folds(cell, names))
