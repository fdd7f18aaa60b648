"""Exact sums per cell in one query: what :class:`uplift.stats.moments.Moments` is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from uplift.data.engine import Engine, Expression, Table
from uplift.errors import DataError
from uplift.stats.moments import Block, BlockPlan, CellKeys, Moments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

LARGEST = 3_030_000_000
"""Integers must stay below it in size, so that a square fits 64 bits."""

LARGEST_CUBED = 2_097_151
"""Largest size of which the third power fits 64 bits."""

WIDE = "decimal(38, 0)"


def sum_moments(
    columns: Mapping[str, NDArray[np.int64]],
    *,
    keys: CellKeys,
    blocks: Sequence[BlockPlan],
    population: str = "all",
    threads: int | None = None,
) -> Moments:
    """Sum columns, their products and the third powers of outcomes per cell, in the engine.

    Sums are exact integers: the same for every row order and number of threads.

    Parameters
    ----------
    columns
        Integers on the grid of their column, each of shape (n,).
    keys
        Stratum, batch, arm and fold of each row, with their labels.
    blocks
        What to sum together.
    population
        ``all`` or the id of a segment.
    threads
        Threads of the engine; None takes all cores.

    Returns
    -------
    Moments

    Raises
    ------
    DataError
        When a column is too large for its grid step.
    """
    used = dict.fromkeys(column.name for plan in blocks for column in plan.columns)
    sizes = {name: check_size(name, columns[name]) for name in used}
    query = _Query(frozenset(name for name, size in sizes.items() if size <= LARGEST_CUBED))
    for plan in blocks:
        query.add(plan)
    engine = Engine(threads=threads)
    try:
        table = engine.put(_rows(columns, used, _cell_codes(keys), query), "rows")
        summed = engine.fetch(table.group_by("cell").aggregate(**query.aggregates(table)))
    finally:
        engine.close()
    return _moments(summed, keys, query.plans, population)


def check_size(name: str, values: NDArray[np.int64]) -> int:
    """Return the largest size in a column; refuse one whose square would not fit 64 bits.

    Raises
    ------
    DataError
        Naming the column and its largest value.
    """
    largest = max(int(values.max(initial=0)), -int(values.min(initial=0)))
    if largest >= LARGEST:
        message = (
            f"column '{name}' reaches {largest} steps of its grid, must stay below {LARGEST}; "
            "check its unit and outliers, or choose a coarser grid step"
        )
        raise DataError(message)
    return largest


@dataclass(slots=True)
class _Query:
    """Aggregates of all blocks; the cubes of ``small`` columns fit 64 bits."""

    small: frozenset[str]
    plans: list[BlockPlan] = field(default_factory=list)
    masks: list[NDArray[np.bool_]] = field(default_factory=list)
    mask_of: list[int | None] = field(default_factory=list)

    def add(self, plan: BlockPlan) -> None:
        self.plans.append(plan)
        self.mask_of.append(None if plan.rows is None or bool(plan.rows.all()) else len(self.masks))
        if self.mask_of[-1] is not None and plan.rows is not None:
            self.masks.append(plan.rows)

    def aggregates(self, table: Table) -> dict[str, Expression]:
        sums: dict[str, Expression] = {}
        for plan, mask in zip(self.plans, self.mask_of, strict=True):
            kept = None if mask is None else table[f"mask_{mask}"]
            wide = _wide if mask is None else _wide_or_zero
            values = [table[f"z_{column.name}"] for column in plan.columns]
            places = [(column.role, f"{mask}_{column.name}") for column in plan.columns]
            sums[f"{plan.name}:n"] = table.count(where=kept)
            for i, (role, _) in enumerate(places):
                sums[f"{plan.name}:total:{i}"] = wide(values[i].sum(where=kept))
                for j in range(i, len(places)):
                    sums[f"{plan.name}:cross:{i}:{j}"] = wide((values[i] * values[j]).sum(where=kept))
                if role == "outcome":
                    square = values[i] * values[i]
                    cube = (square if plan.columns[i].name in self.small else square.cast(WIDE)) * values[i]
                    sums[f"{plan.name}:cube:{i}"] = wide(cube.sum(where=kept))
        return sums


def _wide(total: Expression) -> Expression:
    return total.cast(WIDE)


def _wide_or_zero(total: Expression) -> Expression:
    return _wide(_wide(total).fill_null(0))


def _cell_codes(keys: CellKeys) -> NDArray[np.int64]:
    codes = np.asarray(keys.stratum, np.int64)
    for part, n_levels in ((keys.batch, len(keys.batches)), (keys.arm, len(keys.arms)), (keys.fold, _n_folds(keys))):
        codes = codes * n_levels + part
    return codes


def _n_folds(keys: CellKeys) -> int:
    return int(keys.fold.max()) + 1 if len(keys.fold) else 1


def _rows(
    columns: Mapping[str, NDArray[np.int64]], used: Mapping[str, None], codes: NDArray[np.int64], query: _Query
) -> pa.Table:
    import pyarrow as pa

    # Rows of one cell stand together, so that the engine adds to a few sums at a time.
    order = np.argsort(codes.astype(np.uint16) if codes.max(initial=0) < 1 << 16 else codes, kind="stable")
    arrays = {f"z_{name}": np.asarray(columns[name], np.int64)[order] for name in used}
    masks = {f"mask_{number}": mask[order] for number, mask in enumerate(query.masks)}
    return pa.table({"cell": codes[order], **arrays, **masks})


def _moments(summed: pa.Table, keys: CellKeys, plans: Sequence[BlockPlan], population: str) -> Moments:
    codes = np.asarray(summed["cell"].to_numpy(), np.int64)
    order = np.argsort(codes)
    cells = np.empty((len(codes), 4), np.int64)
    rest = codes[order]
    for place, n_levels in ((3, _n_folds(keys)), (2, len(keys.arms)), (1, len(keys.batches))):
        rest, cells[:, place] = np.divmod(rest, n_levels)
    cells[:, 0] = rest
    blocks = tuple(_block(summed, plan, order) for plan in plans)
    return Moments(keys.strata, keys.batches, keys.arms, cells, blocks, population)


def _block(summed: pa.Table, plan: BlockPlan, order: NDArray[np.intp]) -> Block:
    outcomes = [i for i, column in enumerate(plan.columns) if column.role == "outcome"]
    pairs = zip(*np.triu_indices(len(plan.columns)), strict=True)

    def stacked(names: list[str]) -> NDArray[np.object_]:
        out = np.empty((len(order), len(names)), dtype=object)
        for place, name in enumerate(names):
            out[:, place] = wide_integers(summed[f"{plan.name}:{name}"])[order]
        return out

    return Block(
        name=plan.name,
        columns=plan.columns,
        n=np.asarray(summed[f"{plan.name}:n"].to_numpy(), np.int64)[order],
        total=stacked([f"total:{i}" for i in range(len(plan.columns))]),
        cross=stacked([f"cross:{i}:{j}" for i, j in pairs]),
        cube=stacked([f"cube:{i}" for i in outcomes]),
    )


def wide_integers(column: pa.ChunkedArray) -> NDArray[np.object_]:
    """Return an Arrow column of decimal(38, 0) without nulls as Python integers, shape (n,)."""
    whole = column.combine_chunks()
    if len(whole) == 0:
        return np.empty(0, dtype=object)
    start = whole.offset * 16
    halves = np.frombuffer(whole.buffers()[1], dtype=np.uint64, offset=start, count=2 * len(whole))
    low, high = halves[0::2], halves[1::2].astype(np.int64)
    if bool(np.all(high == low.astype(np.int64) >> 63)):
        return low.astype(np.int64).astype(object)
    wide: NDArray[np.object_] = high.astype(object) * 2**64 + low.astype(object)
    return wide
