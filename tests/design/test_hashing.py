from __future__ import annotations

from fractions import Fraction
from hashlib import sha256

import numpy as np
import pytest

from uplift.design import assign_hash
from uplift.design.hashed import hex_cuts
from uplift.design.hashing import hash_units, order_within, position_within
from uplift.design.holdout import select_holdout
from uplift.design.sample import sample_rate, select_sample


def test_the_hash_is_sha256_of_the_text() -> None:
    ids = ["7", "会员01", "😀", ""]
    got = hash_units(ids, "draw|x|3")
    want = [sha256(f"draw|x|3|{unit}".encode()).hexdigest() for unit in ids]
    assert [f"{high:016x}{low:016x}" for high, low in got.tolist()] == [text[:32] for text in want]


def test_equal_hashes_are_ordered_by_id() -> None:
    hashes = np.array([[1, 1], [1, 1], [0, 5]], dtype=np.uint64)
    ids = np.array(["b", "a", "c"], dtype=object)
    assert order_within([np.zeros(3, np.int64)], hashes, ids).tolist() == [2, 1, 0]


def test_positions_restart_in_each_group() -> None:
    group = np.array([1, 0, 1, 0, 0])
    order = np.array([3, 1, 4, 2, 0])
    assert position_within(order, [group]).tolist() == [1, 1, 0, 0, 2]


def test_hex_cuts_have_a_fixed_width() -> None:
    assert hex_cuts([Fraction(1, 256), Fraction(1, 2), Fraction(127, 256)]) == ("0100000000000000", "8100000000000000")


def test_hash_assignment_compares_text() -> None:
    ids = [f"u{i}" for i in range(4_000)]
    shares = {"control": 0.2, "small": 0.3, "large": 0.5}
    got = assign_hash(ids, shares, salt="draw|x|1")
    cuts = [*hex_cuts([Fraction(1, 5), Fraction(3, 10), Fraction(1, 2)]), "g"]
    for i in range(0, 4_000, 97):
        digest = sha256(f"draw|x|1|{got.unit_id[i]}".encode()).hexdigest()[:16]
        assert got.arm[i] == next(k for k, cut in enumerate(cuts) if cut > digest)
    np.testing.assert_allclose(got.counts[0] / 4_000, [0.2, 0.3, 0.5], atol=0.03)
    assert got.strata == ("all",)


def test_two_salts_draw_independently() -> None:
    from scipy.stats import chi2_contingency

    ids = [f"u{i}" for i in range(4_000)]
    one, two = (assign_hash(ids, {"a": 0.5, "b": 0.5}, salt=salt).arm for salt in ("s1", "s2"))
    table = np.array([[np.sum((one == i) & (two == j)) for j in range(2)] for i in range(2)])
    assert chi2_contingency(table).pvalue > 0.001


def test_the_holdout_is_the_programmes() -> None:
    ids = np.array([f"u{i}" for i in range(5_000)], dtype=object)
    small = select_holdout(ids, Fraction(1, 50), salt="2026Q1")
    large = select_holdout(ids, Fraction(1, 20), salt="2026Q1")
    assert small.mean() == pytest.approx(0.02, abs=0.01)
    assert (large | ~small).all()
    assert not select_holdout(ids, Fraction(0), salt="2026Q1").any()
    assert (select_holdout(ids, Fraction(1, 20), salt="2026Q2") != large).any()


def test_a_sample_is_the_same_share_of_every_stratum() -> None:
    ids = np.array([f"u{i:04d}" for i in range(1_000)], dtype=object)
    stratum = (np.arange(1_000) % 3).astype(np.int64)
    got = select_sample(ids, stratum, Fraction(1, 4), experiment_id="x", seed=1)
    assert got.sum() == 250
    per_stratum = np.bincount(stratum[got])
    assert np.abs(per_stratum - np.bincount(stratum) / 4).max() < 1
    assert select_sample(ids, stratum, Fraction(1), experiment_id="x", seed=1).all()


def test_the_rate_of_a_sample() -> None:
    assert sample_rate(None, 10) == 1
    assert sample_rate(5, 10) == Fraction(1, 2)
    assert sample_rate(50, 10) == 1
    assert sample_rate(Fraction(1, 3), 10) == Fraction(1, 3)
    assert sample_rate(5, 0) == 1
