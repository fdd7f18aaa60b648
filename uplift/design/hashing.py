"""One hash for everything that must look random and be the same in every engine."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# 2**20 groups beside 44 bits of hash in one sortable word; equal words are settled by the whole hash.
_HASH_BITS = 44


def hash_units(unit_ids: Sequence[str] | NDArray[np.object_], prefix: str) -> NDArray[np.uint64]:
    """Return the first 128 bits of ``sha256(f"{prefix}|{unit_id}")`` of each unit.

    Parameters
    ----------
    unit_ids
        ``n`` ids, hashed as UTF-8.
    prefix
        What the hash is for, for example ``"draw|experiment|seed"``.

    Returns
    -------
    ndarray of uint64, shape (n, 2)
        High and low words; their order is the order of the lower-case hex digests as text.
    """
    head = f"{prefix}|".encode()
    joined = b"".join([sha256(head + unit_id.encode()).digest() for unit_id in unit_ids])
    return np.frombuffer(joined, dtype=">u8").reshape(-1, 4)[:, :2].astype(np.uint64)


def draw_prefix(purpose: str, experiment_id: str, seed: int) -> str:
    """Return the prefix of a hash for one purpose (``draw``, ``fold``, ``sample``) of one experiment."""
    return f"{purpose}|{experiment_id}|{seed}"


def order_within(
    groups: Sequence[NDArray[np.int64]], hashes: NDArray[np.uint64], unit_ids: NDArray[np.object_]
) -> NDArray[np.intp]:
    """Return the order of units by group, then hash, then id: ``order by hash, id`` of an engine.

    Parameters
    ----------
    groups
        Codes per unit, the most important first, each of shape (n,).
    hashes : ndarray of uint64, shape (n, 2)
        From :func:`hash_units`.
    unit_ids : ndarray of object (str), shape (n,)
        Ids; they decide only between equal hashes.

    Returns
    -------
    ndarray of intp, shape (n,)
    """
    coarse = (_combine(groups) << np.uint64(_HASH_BITS)) | (hashes[:, 0] >> np.uint64(64 - _HASH_BITS))
    order = np.argsort(coarse, kind="stable")
    ordered = coarse[order]
    if np.any(ordered[1:] == ordered[:-1]):
        return np.lexsort((np.unique(unit_ids, return_inverse=True)[1], hashes[:, 1], hashes[:, 0], *reversed(groups)))
    return order


def _combine(groups: Sequence[NDArray[np.int64]]) -> NDArray[np.uint64]:
    combined = np.zeros(len(groups[0]), dtype=np.int64)
    for codes in groups:
        _, dense = np.unique(codes, return_inverse=True)
        combined = combined * (int(dense.max(initial=0)) + 1) + dense
    return combined.astype(np.uint64)


def position_within(order: NDArray[np.intp], groups: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return each unit's place, from 0, inside its group: ``row_number() - 1`` of an engine.

    Parameters
    ----------
    order : ndarray of intp, shape (n,)
        Units by group, from :func:`order_within`.
    groups
        The same codes, each of shape (n,).

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    n = len(order)
    starts = np.zeros(n, dtype=bool)
    starts[:1] = True
    for codes in groups:
        ordered = codes[order]
        starts[1:] |= ordered[1:] != ordered[:-1]
    first = np.maximum.accumulate(np.where(starts, np.arange(n), 0))
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n) - first
    return place
