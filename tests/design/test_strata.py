from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from uplift.customers import Axis
from uplift.design.strata import Strata, ThinRule, build_strata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

STAGES = ("new", "growing", "active")
TIERS = ("zero", "low", "high")


def axis(name: str, levels: Sequence[str], codes: NDArray[np.int64]) -> Axis:
    return Axis(name, tuple(levels), {}, codes.astype(np.int64))


def market(
    sizes: dict[tuple[int, int], int], means: dict[tuple[int, int], int] | None = None
) -> tuple[list[Axis], NDArray[np.int64]]:
    cells = [cell for cell, size in sizes.items() for _ in range(size)]
    codes = np.array(cells)
    outcome = np.array([(means or {}).get(cell, 0) for cell in cells], dtype=np.int64)
    return [axis("lifecycle", STAGES, codes[:, 0]), axis("value_tier", TIERS, codes[:, 1])], outcome


def build(axes: list[Axis], outcome: NDArray[np.int64], *, min_cell: int = 10, **rule: object) -> Strata:
    half = ThinRule(Fraction(1, 2), min_cell=min_cell, **rule)  # type: ignore[arg-type]
    return build_strata(axes, outcome=outcome, drawn=np.ones(len(outcome), bool), rule=half)


def test_cells_that_are_thick_enough_stay() -> None:
    axes, outcome = market({(0, 0): 20, (0, 1): 21, (2, 2): 30})
    got = build(axes, outcome)
    assert got.ids == ("new|zero", "new|low", "active|high")
    assert [stratum.n_units for stratum in got.strata] == [20, 21, 30]
    assert got.strata[2].parts == {"lifecycle": "active", "value_tier": "high"}
    assert got.notes == ()
    assert np.bincount(got.codes).tolist() == [20, 21, 30]


def test_a_thin_cell_merges_with_the_adjacent_tier_of_the_nearer_mean() -> None:
    sizes = {(1, 0): 30, (1, 1): 5, (1, 2): 30}
    axes, outcome = market(sizes, {(1, 0): 100, (1, 1): 480, (1, 2): 900})
    got = build(axes, outcome)
    assert got.ids == ("growing|zero+low", "growing|high")
    assert got.strata[0].merged_from == ("growing|zero", "growing|low")
    assert got.notes[0].code == "strata.merged"
    assert got.notes[0].facts == {"from": ("growing|zero", "growing|low"), "into": "growing|zero+low", "n": 35}
    axes, outcome = market(sizes, {(1, 0): 100, (1, 1): 600, (1, 2): 900})
    assert build(axes, outcome).ids == ("growing|zero", "growing|low+high")


def test_the_lifecycle_merges_last() -> None:
    axes, outcome = market({(0, 1): 12, (1, 1): 30, (2, 1): 30, (2, 2): 30})
    assert build(axes, outcome).ids == ("new+growing|low", "active|low", "active|high")
    assert ThinRule(Fraction(1), give_way=("basket",)).order(["lifecycle", "value_tier", "frequency", "basket"]) == (
        ("basket",),
        ("frequency",),
        ("value_tier",),
        ("lifecycle",),
    )


def test_give_way_names_the_first_axis() -> None:
    sizes = {(0, 0): 30, (0, 1): 5, (1, 0): 30, (1, 1): 30}
    axes, outcome = market(sizes)
    assert build(axes, outcome, give_way=("lifecycle",)).ids == ("new|zero", "new+growing|low", "growing|zero")
    assert build(axes, outcome, give_way=("value_tier",)).ids == ("new|zero+low", "growing|zero", "growing|low")


def test_a_merged_rectangle_takes_in_what_it_cuts() -> None:
    # new|low gives way to zero (5 + 9 = 14 < 20), then to the next stage, whose two tiers both lie in the rectangle.
    axes, outcome = market({(0, 0): 9, (0, 1): 5, (1, 0): 30, (1, 1): 30, (2, 2): 40})
    got = build(axes, outcome)
    assert got.ids == ("new+growing|zero+low", "active|high")
    assert got.strata[0].n_units == 74


def test_strata_without_a_common_level_still_merge() -> None:
    axes, outcome = market({(0, 0): 30, (2, 2): 3})
    assert build(axes, outcome).ids == ("new+active|zero+high",)


def test_the_holdout_and_the_sample_count() -> None:
    axes, outcome = market({(0, 0): 40, (0, 1): 40})
    drawn = np.arange(80) >= 30
    rule = ThinRule(Fraction(1, 2), min_cell=10)
    assert build_strata(axes, outcome=outcome, drawn=drawn, rule=rule).ids == ("new|zero+low",)
    sampled = ThinRule(Fraction(1, 2), rate=Fraction(2, 5), min_cell=10)
    assert build_strata(axes, outcome=outcome, drawn=drawn | True, rule=sampled).ids == ("new|zero+low",)


def test_the_hard_floor_is_two() -> None:
    rule = ThinRule(Fraction(1, 2), min_cell=1)
    assert rule.is_thin(3)
    assert not rule.is_thin(4)


def random_market(seed: int) -> tuple[list[Axis], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 3, (400, 3)) * (rng.random((400, 3)) < 0.7)
    axes = [axis(name, ("a", "b", "c"), codes[:, k]) for k, name in enumerate(("lifecycle", "value_tier", "basket"))]
    return axes, rng.integers(-50, 5_000, 400)


def test_merging_is_idempotent_and_blind_to_the_order_of_rows() -> None:
    for seed in range(20):
        axes, outcome = random_market(seed)
        got = build(axes, outcome, give_way=("basket", "value_tier"))
        assert all(stratum.n_units >= 20 for stratum in got.strata)
        assert len(set(got.ids)) == len(got.ids)
        order = np.random.default_rng(seed + 99).permutation(len(outcome))
        shuffled = [axis(each.id, each.levels, each.codes[order]) for each in axes]
        again = build(shuffled, outcome[order], give_way=("basket", "value_tier"))
        assert again.strata == got.strata
        np.testing.assert_array_equal(again.codes, got.codes[order])
        one = [axis("strata", got.ids, got.codes)]
        assert build(one, outcome).ids == got.ids


def test_without_axes_there_is_one_stratum() -> None:
    got = build_strata([], outcome=np.zeros(3, np.int64), drawn=np.ones(3, bool), rule=ThinRule(Fraction(1, 2)))
    assert got.ids == ("all",)
    assert got.strata[0].n_units == 3


def test_named_axes_give_way_where_one_cures_without_cutting_others() -> None:
    # growing|low and growing|high (30 each) stay apart by tier: active would need both, so new|low and new|high
    # (5 each, 10 together, still thin) go to the stage beside them, each to its own tier.
    axes, outcome = market({(0, 1): 5, (0, 2): 5, (1, 1): 30, (1, 2): 30})
    got = build(axes, outcome, give_way=("value_tier", "lifecycle"))
    assert got.ids == ("new+growing|low", "new+growing|high")
