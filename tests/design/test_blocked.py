from __future__ import annotations

from fractions import Fraction
from hashlib import sha256

import numpy as np
import pytest

from uplift.design import Assignment, assign_blocked
from uplift.errors import DataError, DesignError

SHARES = {"control": Fraction(1, 5), "small": Fraction(2, 5), "large": Fraction(2, 5)}


def people(n: int = 1_000) -> tuple[list[str], list[str]]:
    ids = [f"u{i:05d}" for i in range(n)]
    return ids, [("a", "b", "c")[i % 7 % 3] for i in range(n)]


def test_counts_are_the_shares_and_propensities_are_realised() -> None:
    ids, strata = people()
    got = assign_blocked(ids, strata, SHARES, seed=1)
    sizes = np.array([strata.count(name) for name in "abc"])
    assert got.strata == ("a", "b", "c")
    assert got.arms == ("control", "small", "large")
    np.testing.assert_array_equal(got.counts.sum(axis=1), sizes)
    assert np.abs(got.counts - sizes[:, None] * np.array([0.2, 0.4, 0.4])).max() < 1
    np.testing.assert_allclose(got.propensity, got.counts[got.stratum, got.arm] / sizes[got.stratum])
    np.testing.assert_array_equal(got.share_planned, np.array([0.2, 0.4, 0.4])[got.arm])
    assert np.isnat(got.t0).all()


def test_the_answer_knows_no_row_order() -> None:
    ids, strata = people()
    order = np.random.default_rng(0).permutation(len(ids))
    got = assign_blocked(ids, strata, SHARES, seed=1)
    again = assign_blocked(np.array(ids)[order], np.array(strata)[order], SHARES, seed=1)
    for name in Assignment.__slots__:
        np.testing.assert_array_equal(getattr(got, name), getattr(again, name))


def test_units_take_their_arm_in_the_order_of_their_hash() -> None:
    ids, strata = people(60)
    got = assign_blocked(ids, strata, SHARES, seed=9, experiment_id="x")
    hashes = {unit: sha256(f"draw|x|9|{unit}".encode()).hexdigest() for unit in ids}
    for s, name in enumerate(got.strata):
        ranked = sorted((unit for unit, own in zip(ids, strata, strict=True) if own == name), key=hashes.__getitem__)
        want = np.repeat(np.arange(3), got.counts[s]).tolist()
        assert [got.arm[ids.index(unit)] for unit in ranked] == want


def test_folds_number_the_hash_order_within_each_cell() -> None:
    ids, strata = people()
    got = assign_blocked(ids, strata, SHARES, seed=9, experiment_id="x")
    cell = (got.stratum == 1) & (got.arm == 2)
    ranked = sorted(np.flatnonzero(cell), key=lambda i: sha256(f"fold|x|9|{ids[i]}".encode()).hexdigest())
    assert [got.fold[i] for i in ranked] == [k % 20 for k in range(len(ranked))]


def test_the_holdout_has_a_stratum_and_no_arm() -> None:
    ids, strata = people()
    out = np.arange(1_000) % 10 == 0
    got = assign_blocked(ids, strata, SHARES, seed=1, holdout=out)
    np.testing.assert_array_equal(got.holdout, out)
    assert (got.arm[out] == -1).all()
    assert np.isnan(got.propensity[out]).all()
    assert np.isnan(got.share_planned[out]).all()
    assert got.arm_labels[0] is None
    assert got.counts.sum() == 900
    assert got.stratum_labels[0] == "a"


def test_seeds_and_experiments_draw_apart() -> None:
    ids, strata = people()
    one = assign_blocked(ids, strata, SHARES, seed=1)
    assert (one.arm != assign_blocked(ids, strata, SHARES, seed=2).arm).mean() > 0.4
    assert (one.arm != assign_blocked(ids, strata, SHARES, seed=1, experiment_id="y").arm).mean() > 0.4


def test_every_unit_has_its_planned_chance() -> None:
    ids, _ = people(33)
    arms = np.array([assign_blocked(ids, ["a", "b", "c"] * 11, SHARES, seed=seed).arm for seed in range(800)])
    for k, share in enumerate((0.2, 0.4, 0.4)):
        chance = (arms == k).mean(axis=0)
        assert np.abs(chance - share).max() < 4 * np.sqrt(share * (1 - share) / 800)


def test_values_go_to_a_file_and_back() -> None:
    ids, strata = people(90)
    got = assign_blocked(ids, strata, SHARES, seed=1, holdout=np.arange(90) < 9)
    back = Assignment.from_values(got.unit_id, got.to_values(), strata=got.strata, arms=got.arms)
    for name in Assignment.__slots__:
        np.testing.assert_array_equal(getattr(got, name), getattr(back, name))
    with pytest.raises(DataError, match="arm 'large' is not in the plan, which has: control, small"):
        Assignment.from_values(got.unit_id, got.to_values(), strata=got.strata, arms=("control", "small"))


def test_refusals_name_the_input() -> None:
    ids, strata = people(60)
    with pytest.raises(DesignError, match=r"'u00003' stands twice \(1 repeats"):
        assign_blocked([*ids, "u00003"], [*strata, "a"], SHARES, seed=1)
    with pytest.raises(DesignError, match="strata has 59 entries for 60 units"):
        assign_blocked(ids, strata[:-1], SHARES, seed=1)
    with pytest.raises(DesignError, match=r"sum to 0\.9"):
        assign_blocked(ids, strata, {"a": 0.5, "b": 0.4}, seed=1)
    with pytest.raises(DesignError, match="share of arm 'b' is 0"):
        assign_blocked(ids, strata, {"a": 1, "b": 0}, seed=1)
    with pytest.raises(DesignError, match=r"1\.5 is not an id"):
        assign_blocked(np.array([1.5]), ["a"], SHARES, seed=1)
    with pytest.raises(DesignError, match="stratum 'a' has 9 units to draw, which gives fewer than 2 to arm 'control'"):
        assign_blocked(ids[:9], ["a"] * 9, SHARES, seed=1)


def test_shares_may_be_thirds() -> None:
    ids, _ = people(300)
    for third in ("1/3", 1 / 3, Fraction(1, 3)):
        got = assign_blocked(ids, ["s"] * 300, {"a": third, "b": third, "c": third}, seed=3)
        assert got.counts.tolist() == [[100, 100, 100]]
