from __future__ import annotations

import hashlib

import numpy as np

from uplift.data.fold import count_folds, draw_folds
from uplift.data.hashing import hash_ids, rank_within
from uplift.stats.moments import CellKeys


def test_a_hash_is_sha256_of_purpose_experiment_seed_and_id() -> None:
    ids = np.array(["00123", "会员"], object)
    found = hash_ids(ids, "fold", experiment_id="e", seed=7)
    assert found[1].decode() == hashlib.sha256("fold|e|7|会员".encode()).hexdigest()
    assert hash_ids(ids[:0], "fold").shape == (0,)


def test_ranks_start_from_zero_in_each_group() -> None:
    groups = np.array([1, 0, 1, 0, 1])
    order = np.array([b"c", b"b", b"a", b"a", b"b"], "S64")
    assert rank_within(groups, order).tolist() == [2, 1, 0, 0, 1]
    assert rank_within(groups[:0], order[:0]).tolist() == []


def test_folds_are_of_equal_size_in_every_cell() -> None:
    n = 120
    arm = np.arange(n) % 3
    keys = CellKeys(("s",), ("0",), ("a", "b", "c"), np.zeros(n, int), np.zeros(n, int), arm, np.zeros(n, int))
    fold = draw_folds(keys, np.array([str(number) for number in range(n)], object)).fold
    for code in range(3):
        assert np.bincount(fold[arm == code]).tolist() == [2] * 20


def test_folds_are_merged_above_fifty_thousand_cells() -> None:
    assert [count_folds(n) for n in (1, 2500, 2501, 5000, 5001)] == [20, 20, 10, 10, 2]
