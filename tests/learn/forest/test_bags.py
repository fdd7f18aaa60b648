"""Half-samples, subsamples, and the generator behind them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from uplift.learn.forest.bags import (
    ESTIMATE,
    GROW,
    IDLE,
    OUT,
    draw_half,
    draw_tree,
    next_float,
    rows_marked,
    seed_state,
)

NO_CLUSTER = np.zeros(0, np.int32)


def state(seed: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.uint64]]:
    """Return a fresh generator."""
    return seed_state(np.random.SeedSequence(seed))


def test_the_generator_is_xoshiro256_plus_plus() -> None:
    # state 1, 2, 3, 4: rotl(1 + 4, 23) + 1 = 5 · 2²³ + 1 = 41943041, the first word of the published generator
    own = np.array([1, 2, 3, 4], np.uint64)
    assert next_float(own) == (41943041 >> 11) / 2**53
    # next state: s2 = 3^1 = 2, s3 = 4^2 = 6, s1 = 2^2 = 0, s0 = 1^6 = 7, s2 ^= 2 << 17, s3 = rotl(6, 45)
    np.testing.assert_array_equal(own, np.array([7, 0, 2 ^ (2 << 17), 6 << 45], np.uint64))


def test_numbers_are_uniform() -> None:
    own = state()
    counts = np.bincount([int(20 * next_float(own)) for _ in range(20_000)], minlength=20)
    assert chi2.sf(((counts - 1_000) ** 2 / 1_000).sum(), 19) > 1e-4


@pytest.mark.parametrize(("n", "half"), [(0, 0), (1, 0), (10, 5), (1001, 500)])
def test_a_half_has_half_of_the_units(n: int, half: int) -> None:
    marks = draw_half(state(), n)
    assert (marks == IDLE).sum() == half
    assert (marks == OUT).sum() == n - half


def test_every_unit_is_as_likely() -> None:
    own = state(1)
    counts = np.sum([draw_half(own, 20) for _ in range(4_000)], axis=0)
    # hypergeometric draws: each unit is in with variance 1/4; the sum is fixed, hence 19 degrees of freedom
    assert chi2.sf(((counts - 2_000) ** 2 / 1_000).sum() * 19 / 20, 19) > 1e-4


def test_a_tree_takes_its_share_and_parts_it() -> None:
    half = draw_half(state(), 1_000)
    marks = draw_tree(state(1), half, 0.45, honest=True)
    assert (marks == GROW).sum() == 225
    assert (marks == ESTIMATE).sum() == 225
    assert not ((marks >= GROW) & (half == OUT)).any()


def test_without_honesty_all_rows_grow() -> None:
    marks = draw_tree(state(1), draw_half(state(), 100), 0.5, honest=False)
    assert (marks == GROW).sum() == 50
    assert not (marks == ESTIMATE).any()


def test_rows_of_a_cluster_go_together() -> None:
    cluster = np.array([0, 1, 1, 2, 0], np.int32)
    marks = np.array([GROW, OUT, GROW], np.uint8)
    np.testing.assert_array_equal(rows_marked(marks, cluster, GROW), [0, 3, 4])
    np.testing.assert_array_equal(rows_marked(marks, NO_CLUSTER, GROW), [0, 2])
