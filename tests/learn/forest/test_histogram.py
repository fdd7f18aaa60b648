"""Sums per bin, against numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.learn.forest.histogram import add_rows, clear_bins, list_bins, lowest_bit, mark_bins

if TYPE_CHECKING:
    from numpy.typing import NDArray

OFFSET = np.array([0, 200, 456])


def by_numpy(
    bins: NDArray[np.uint8], base: NDArray[np.int32], values: NDArray[np.float32], rows: NDArray[np.int32], width: int
) -> NDArray[np.float64]:
    """Return the sums of two features the slow way."""
    sums = np.zeros((456, width))
    for r in rows:
        for feature in range(2):
            at = OFFSET[feature] + int(bins[r, feature])
            sums[at, base[r] : base[r] + values.shape[1]] += values[r]
    return sums


@pytest.mark.parametrize(("width", "n_sums"), [(4, 12), (8, 8), (16, 16), (8, 24)])
def test_rows_are_added_to_their_bins(width: int, n_sums: int, rng: np.random.Generator) -> None:
    bins = np.stack([rng.integers(0, 200, 60), rng.integers(0, 256, 60)], axis=1).astype(np.uint8)
    base = (width * rng.integers(0, n_sums // width, 60)).astype(np.int32)
    values = rng.integers(-9, 9, (60, width)).astype(np.float32)
    rows = rng.permutation(60)[:40].astype(np.int32)
    sums, features = np.zeros((456, n_sums), np.float32), np.arange(2)
    add_rows(sums, rows, bins, base, values, OFFSET, features)
    np.testing.assert_array_equal(sums, by_numpy(bins, base, values, rows, n_sums))
    occupied, found = np.ones((2, 4), np.uint64), np.empty(256, np.int64)
    mark_bins(occupied, rows, bins, features)
    for feature in range(2):
        count = list_bins(occupied, feature, found)
        np.testing.assert_array_equal(found[:count], np.unique(bins[rows, feature]))
    clear_bins(sums, occupied, OFFSET, features, found)
    assert not sums.any()


def test_every_bit_is_found() -> None:
    assert [lowest_bit(np.uint64(1 << bit)) for bit in range(64)] == list(range(64))
    assert lowest_bit(np.uint64(0b1011000)) == 3
