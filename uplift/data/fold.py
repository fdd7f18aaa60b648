"""Folds: twenty parts of every cell, drawn by hash."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.data.hashing import hash_ids, rank_within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.stats.moments import CellKeys

_MOST_CELLS = 50_000


def draw_folds(keys: CellKeys, ids: NDArray[np.object_], *, experiment_id: str = "", seed: int | str = "") -> CellKeys:
    """Give each row its fold: its rank by hash within stratum, batch and arm, modulo 20.

    With more than 50,000 cells the folds are merged to 10, then to 2.

    Parameters
    ----------
    keys
        Stratum, batch and arm per row, shape (n,).
    ids : ndarray of object (str), shape (n,)
        What is hashed: units, or clusters.
    experiment_id, seed
        What the draw belongs to.
    """
    cell = (keys.stratum * len(keys.batches) + keys.batch) * len(keys.arms) + keys.arm
    rank = rank_within(cell.astype(np.int64), hash_ids(ids, "fold", experiment_id=experiment_id, seed=seed))
    return replace(keys, fold=rank % 20 % count_folds(len(np.unique(cell))))


def count_folds(n_cells: int) -> int:
    """Return how many folds this many cells can have: 20, 10 or 2."""
    return next((folds for folds in (20, 10) if folds * n_cells <= _MOST_CELLS), 2)
