"""Hashes that put ids in an order which nobody chose."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def hash_ids(
    ids: NDArray[np.object_], purpose: str, *, experiment_id: str = "", seed: int | str = ""
) -> NDArray[np.bytes_]:
    """Return sha256 of ``purpose|experiment_id|seed|unit_id`` as lower-case hex, dtype S64, shape (n,).

    Parameters
    ----------
    ids : ndarray of object (str), shape (n,)
        Unit ids.
    purpose
        ``draw``, ``fold`` or ``sample``: different purposes give unrelated orders.
    experiment_id, seed
        What the hash belongs to.
    """
    start = hashlib.sha256(f"{purpose}|{experiment_id}|{seed}|".encode())

    def digest(unit_id: str) -> bytes:
        one = start.copy()
        one.update(unit_id.encode())
        return one.hexdigest().encode()

    return np.fromiter((digest(unit_id) for unit_id in ids.tolist()), dtype="S64", count=len(ids))


def rank_within(groups: NDArray[np.int64], order_by: NDArray[np.bytes_]) -> NDArray[np.int64]:
    """Return the rank of each row in its group, from 0, in the order of ``order_by`` (ties by position)."""
    order = np.lexsort((order_by, groups))
    sorted_groups = groups[order]
    starts = np.flatnonzero(np.r_[True, sorted_groups[1:] != sorted_groups[:-1]]) if len(groups) else np.empty(0, int)
    lengths = np.diff(np.r_[starts, len(groups)])
    ranks = np.empty(len(groups), np.int64)
    ranks[order] = np.arange(len(groups)) - np.repeat(starts, lengths)
    return ranks
