"""Sums of rows per bin of every feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.learn.forest.compiled import compiled
from uplift.learn.forest.lanes import add_eight, add_four

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
_LOWEST_BIT = np.zeros(64, np.int64)
for _bit in range(64):
    _LOWEST_BIT[((1 << _bit) * int(_DE_BRUIJN) % (1 << 64)) >> 58] = _bit


@compiled
def lowest_bit(word: np.uint64) -> int:
    """Return the place of the lowest bit that is set."""
    low = word & (~word + np.uint64(1))
    return _LOWEST_BIT[np.int64((low * _DE_BRUIJN) >> np.uint64(58))]


@compiled
def add_rows(
    sums: NDArray[np.float32],
    rows: NDArray[np.int32],
    bins: NDArray[np.uint8],
    base: NDArray[np.int32],
    values: NDArray[np.float32],
    offset: NDArray[np.int64],
    features: NDArray[np.int64],
) -> None:
    """Add rows to the histograms of some features.

    Parameters
    ----------
    sums : ndarray of float32, shape (bins of all features, n_sums)
        Changed in place; they choose splits and nothing else, so single precision is enough.
    rows : ndarray of int32
        Which rows.
    bins : ndarray of uint8, shape (m, p)
    base : ndarray of int32, shape (m,)
        First of the sums that a row adds to.
    values : ndarray of float32, shape (m, n_values)
        What it adds to that sum and those after it; 4 of them or a multiple of 8.
    offset : ndarray of int64, shape (p + 1,)
        First bin of each feature in ``sums``.
    features : ndarray of int64
        Which features.
    """
    width, n_sums = values.shape[1], sums.shape[1]
    for r in range(len(rows)):
        i = int(rows[r])
        first = int(base[i])
        if width == 4:
            for j in range(len(features)):
                at = offset[features[j]] + int(bins[i, features[j]])
                add_four(sums, at * n_sums + first, values, i * 4)
        else:
            for j in range(len(features)):
                at = offset[features[j]] + int(bins[i, features[j]])
                for v in range(0, width, 8):
                    add_eight(sums, at * n_sums + first + v, values, i * width + v)


@compiled
def mark_bins(
    occupied: NDArray[np.uint64],
    rows: NDArray[np.int32],
    bins: NDArray[np.uint8],
    features: NDArray[np.int64],
) -> None:
    """Set the bit of every bin that some row is in; ``occupied`` has shape (p, 4) and is cleared first."""
    for j in range(len(features)):
        for word in range(4):
            occupied[features[j], word] = np.uint64(0)
    for r in range(len(rows)):
        i = rows[r]
        for j in range(len(features)):
            feature = features[j]
            at = bins[i, feature]
            occupied[feature, at >> 6] |= np.uint64(1) << np.uint64(at & 63)


@compiled
def list_bins(occupied: NDArray[np.uint64], feature: int, found: NDArray[np.int64]) -> int:
    """Write the bins of a feature whose bit is set into ``found``, ascending, and return how many there are."""
    count = 0
    for word in range(4):
        left = occupied[feature, word]
        while left != np.uint64(0):
            found[count] = 64 * word + lowest_bit(left)
            left &= left - np.uint64(1)
            count += 1
    return count


@compiled
def clear_bins(
    sums: NDArray[np.float32],
    occupied: NDArray[np.uint64],
    offset: NDArray[np.int64],
    features: NDArray[np.int64],
    found: NDArray[np.int64],
) -> None:
    """Set the sums of the marked bins of some features to zero."""
    for j in range(len(features)):
        feature = features[j]
        count = list_bins(occupied, feature, found)
        start = offset[feature]
        for c in range(count):
            at = start + found[c]
            for s in range(sums.shape[1]):
                sums[at, s] = 0.0
