from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.stats.moments import BlockPlan, CellKeys, Column, Moments, sum_arrays, triangle_index

Maker = Callable[..., Moments]
COLUMNS = (Column("size", "size"), Column("y", "outcome", 0.01), Column("d", "outcome"), Column("x", "covariate"))


def _keys(n: int, rng: np.random.Generator) -> CellKeys:
    return CellKeys(
        strata=("s0", "s1"),
        batches=("b0",),
        arms=("a0", "a1"),
        stratum=rng.integers(0, 2, n),
        batch=np.zeros(n, np.int64),
        arm=rng.integers(0, 2, n),
        fold=rng.integers(0, 3, n),
    )


def _random(rng: np.random.Generator, n: int = 500, top: int = 3_000_000_000) -> tuple[CellKeys, dict[str, np.ndarray]]:
    values = {name: rng.integers(-top, top, n, dtype=np.int64) for name in ("y", "d", "x")}
    return _keys(n, rng), {"size": np.ones(n, np.int64), **values}


def test_every_sum_equals_pythons_integers(rng: np.random.Generator) -> None:
    """Values up to 3.0e9, whose squares fill int64 and whose third powers and sums do not fit."""
    keys, columns = _random(rng)
    block = sum_arrays(columns, keys=keys, blocks=[BlockPlan("money", COLUMNS)]).block()
    codes = list(zip(keys.stratum.tolist(), keys.arm.tolist(), keys.fold.tolist(), strict=True))
    plain = {name: [int(v) for v in values] for name, values in columns.items()}
    for r, cell in enumerate(sorted(set(codes))):
        rows = [i for i, code in enumerate(codes) if code == cell]
        assert block.n[r] == len(rows)
        names = [column.name for column in COLUMNS]
        assert block.total[r].tolist() == [sum(plain[name][i] for i in rows) for name in names]
        pairs = [(a, b) for p, a in enumerate(names) for b in names[p:]]
        assert block.cross[r].tolist() == [sum(plain[a][i] * plain[b][i] for i in rows) for a, b in pairs]
        assert block.cube[r].tolist() == [sum(plain[name][i] ** 3 for i in rows) for name in ("y", "d")]


def test_row_order_changes_nothing(rng: np.random.Generator) -> None:
    keys, columns = _random(rng)
    order = rng.permutation(500)
    turned = CellKeys(
        keys.strata,
        keys.batches,
        keys.arms,
        keys.stratum[order],
        keys.batch[order],
        keys.arm[order],
        keys.fold[order],
    )
    plan = [BlockPlan("money", COLUMNS)]
    one = sum_arrays(columns, keys=keys, blocks=plan)
    two = sum_arrays({name: values[order] for name, values in columns.items()}, keys=turned, blocks=plan)
    assert one.cells.tolist() == two.cells.tolist()
    for name in ("n", "total", "cross", "cube"):
        assert getattr(one.block(), name).tolist() == getattr(two.block(), name).tolist()


def test_cells_are_sorted_and_all_there(make_moments: Maker) -> None:
    moments = make_moments({"y": [1, 2, 3, 4]}, [1, 0, 1, 0], stratum=[1, 1, 0, 0], fold=[0, 5, 0, 5])
    assert moments.cells.tolist() == [[0, 0, 0, 5], [0, 0, 1, 0], [1, 0, 0, 5], [1, 0, 1, 0]]
    assert moments.block().total[:, 1].tolist() == [4, 3, 2, 1]


def test_merging_folds_is_addition(make_moments: Maker, rng: np.random.Generator) -> None:
    y, arm, fold = rng.integers(0, 99, 200), rng.integers(0, 2, 200), rng.integers(0, 20, 200)
    moments = make_moments({"y": y}, arm, fold=fold)
    merged = moments.merge_folds()
    assert merged.cells.tolist() == [[0, 0, 0, 0], [0, 0, 1, 0]]
    assert merged.block().total[:, 1].tolist() == [int(y[arm == a].sum()) for a in (0, 1)]
    early = moments.merge_folds(range(5)).block()
    late = moments.merge_folds(range(5, 20)).block()
    for name in ("n", "total", "cross", "cube"):
        total = getattr(early, name) + getattr(late, name)
        assert total.tolist() == getattr(merged.block(), name).tolist()


def test_merging_strata_is_addition(make_moments: Maker, rng: np.random.Generator) -> None:
    y, arm, stratum = rng.integers(0, 99, 300), rng.integers(0, 2, 300), rng.integers(0, 3, 300)
    moments = make_moments({"y": y}, arm, stratum=stratum)
    merged = moments.merge_strata({"s0": "s0+s2", "s1": "s1", "s2": "s0+s2"})
    again = make_moments({"y": y}, arm, stratum=np.where(stratum == 1, 1, 0))
    assert merged.strata == ("s0+s2", "s1")
    assert merged.cells.tolist() == again.cells.tolist()
    assert merged.block().cross.tolist() == again.block().cross.tolist()


def test_selecting_strata_keeps_their_sums(make_moments: Maker, rng: np.random.Generator) -> None:
    y, arm, stratum = rng.integers(0, 99, 300), rng.integers(0, 2, 300), rng.integers(0, 3, 300)
    chosen = make_moments({"y": y}, arm, stratum=stratum).select_strata(["s2", "s0"])
    assert chosen.strata == ("s2", "s0")
    assert chosen.cells[:, 0].tolist() == [0, 0, 1, 1]
    wanted = [int(y[(stratum == s) & (arm == a)].sum()) for s in (2, 0) for a in (0, 1)]
    assert chosen.block().total[:, 1].tolist() == wanted


def test_selecting_outcomes_keeps_size_and_covariates(rng: np.random.Generator) -> None:
    keys, columns = _random(rng, top=1000)
    whole = sum_arrays(columns, keys=keys, blocks=[BlockPlan("money", COLUMNS)]).block()
    part = whole.select(["d"])
    fewer = tuple(column for column in COLUMNS if column.name != "y")
    alone = sum_arrays(columns, keys=keys, blocks=[BlockPlan("money", fewer)]).block()
    assert part.columns == alone.columns
    assert part.names("covariate") == ("x",)
    for name in ("total", "cross", "cube"):
        assert getattr(part, name).tolist() == getattr(alone, name).tolist()


def test_a_block_counts_only_the_rows_that_have_it(rng: np.random.Generator) -> None:
    keys, columns = _random(rng, top=1000)
    seen = keys.stratum == 1
    plans = [BlockPlan("money", COLUMNS), BlockPlan("survey", COLUMNS[:2], seen)]
    moments = sum_arrays(columns, keys=keys, blocks=plans, population="frequent")
    survey = moments.block("survey")
    assert moments.population == "frequent"
    assert int(survey.n.sum()) == int(seen.sum())
    assert survey.n[moments.cells[:, 0] == 0].tolist() == [0] * int((moments.cells[:, 0] == 0).sum())
    assert sum(survey.total[:, 1].tolist()) == int(columns["y"][seen].sum())
    assert survey.cube[moments.cells[:, 0] == 0].sum() == 0


def test_covariates_alone_have_no_cubes(rng: np.random.Generator) -> None:
    keys, columns = _random(rng, top=1000)
    plan = BlockPlan("before", (COLUMNS[0], COLUMNS[3]))
    assert sum_arrays(columns, keys=keys, blocks=[plan]).block().cube.shape[1] == 0


def test_triangle_is_numpys(rng: np.random.Generator) -> None:
    p = int(rng.integers(2, 9))
    rows, columns = np.triu_indices(p)
    place = triangle_index(p)
    assert place[rows, columns].tolist() == list(range(p * (p + 1) // 2))
    assert (place == place.T).all()


def test_unknown_names(make_moments: Maker) -> None:
    moments = make_moments({"y": [1, 2], "d": [1, 0]}, [0, 1])
    with pytest.raises(EstimationError, match="block 'panel' was not summed; there are: money"):
        moments.block("panel")
    with pytest.raises(EstimationError, match="outcome 'z' is not in block 'money'; it has: y, d"):
        moments.block("money").select(["z"])


def test_usable_leaves_thin_cells_and_their_strata_out(make_moments: Maker) -> None:
    """s0 is whole; s1 loses its arm of one unit; s2 loses its control and with it everything."""
    stratum = [0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2]
    arm = [0, 0, 1, 1, 0, 0, 1, 1, 2, 0, 1, 1]
    kept = make_moments({"y": range(12)}, arm, stratum=stratum).usable()
    assert kept.cells[:, [0, 2]].tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert kept.block().total[:, 1].tolist() == [1, 5, 9, 13]
    assert kept.strata == ("s0", "s1", "s2")
    alone = make_moments({"y": [1, 2, 3]}, [0, 0, 1])
    assert len(alone.usable().cells) == 0
