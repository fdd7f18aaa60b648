from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from uplift.data.sums import LARGEST, sum_moments, wide_integers
from uplift.errors import DataError
from uplift.stats.moments import BlockPlan, CellKeys, Column, sum_arrays

SIZE, Y, X = Column("size", "size"), Column("y", "outcome", 0.01), Column("x", "covariate")


def keys_of(*codes: list[int]) -> CellKeys:
    stratum, arm, fold = (np.array(part, np.int64) for part in codes)
    return CellKeys(("s0", "s1"), ("0",), ("control", "coupon"), stratum, np.zeros_like(arm), arm, fold)


def test_sums_by_hand() -> None:
    """Cell (s0, control): y 2 and -3, x 1 and 4: Σy = -1, Σy² = 13, Σyx = 2 - 12, Σy³ = 8 - 27."""
    columns = {"size": np.array([1, 1, 1]), "y": np.array([2, -3, 5]), "x": np.array([1, 4, 6])}
    keys = keys_of([0, 0, 1], [0, 0, 1], [0, 0, 7])
    moments = sum_moments(columns, keys=keys, blocks=[BlockPlan("money", (SIZE, Y, X))], population="segment")
    assert moments.cells.tolist() == [[0, 0, 0, 0], [1, 0, 1, 7]]
    assert moments.population == "segment"
    block = moments.block("money")
    assert block.n.tolist() == [2, 1]
    assert block.total.tolist() == [[2, -1, 5], [1, 5, 6]]
    assert block.cross.tolist() == [[2, -1, 5, 13, -10, 17], [1, 5, 6, 25, 30, 36]]
    assert block.cube.tolist() == [[-19], [125]]


@pytest.mark.parametrize("threads", [1, 2])
def test_sums_of_the_largest_integers_are_exact(rng: np.random.Generator, threads: int) -> None:
    n = 3000
    columns = {
        "size": np.ones(n, np.int64),
        "y": rng.choice([LARGEST - 1, 1 - LARGEST, 7], n),
        "x": np.full(n, LARGEST - 1),
    }
    keys = keys_of(*(rng.integers(0, top, n).tolist() for top in (2, 2, 20)))
    blocks = [BlockPlan("all", (SIZE, Y, X)), BlockPlan("some", (SIZE, Y), rng.random(n) < 0.01)]
    order = rng.permutation(n)
    shuffled = CellKeys(
        keys.strata,
        keys.batches,
        keys.arms,
        *(part[order] for part in (keys.stratum, keys.batch, keys.arm, keys.fold)),
    )
    mixed = [BlockPlan(plan.name, plan.columns, None if plan.rows is None else plan.rows[order]) for plan in blocks]
    expected = sum_arrays(columns, keys=keys, blocks=blocks)
    found = sum_moments(
        {name: values[order] for name, values in columns.items()}, keys=shuffled, blocks=mixed, threads=threads
    )
    np.testing.assert_array_equal(found.cells, expected.cells)
    for one, other in zip(found.blocks, expected.blocks, strict=True):
        np.testing.assert_array_equal(one.n, other.n)
        for part in ("total", "cross", "cube"):
            assert getattr(one, part).tolist() == getattr(other, part).tolist()
    assert max(found.block("all").cross.reshape(-1)) > 2**63


@pytest.mark.parametrize("value", [LARGEST, -LARGEST, -(2**63)])
def test_an_integer_whose_square_does_not_fit_is_refused(value: int) -> None:
    columns = {"size": np.array([1, 1]), "y": np.array([0, value])}
    with pytest.raises(
        DataError, match=f"column 'y' reaches {abs(value)} steps of its grid, must stay below {LARGEST}"
    ):
        sum_moments(columns, keys=keys_of([0, 0], [0, 0], [0, 0]), blocks=[BlockPlan("money", (SIZE, Y))])


def test_no_rows_give_no_cells() -> None:
    empty = {"size": np.empty(0, np.int64), "y": np.empty(0, np.int64)}
    moments = sum_moments(empty, keys=keys_of([], [], []), blocks=[BlockPlan("money", (SIZE, Y))])
    assert moments.cells.shape == (0, 4)
    assert moments.block().total.shape == (0, 2)


def test_wide_integers_read_both_halves_of_a_slice() -> None:
    wide = [0, -1, 2**64 + 5, -(2**64) - 5, 10**37, -(10**37), 2**63]
    column = pa.chunked_array([pa.array(wide, pa.decimal128(38, 0))])
    assert wide_integers(column).tolist() == wide
    assert wide_integers(column.slice(2, 3)).tolist() == wide[2:5]
    assert wide_integers(pa.chunked_array([pa.array([-7, 7], pa.decimal128(38, 0))])).tolist() == [-7, 7]
