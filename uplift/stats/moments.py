"""Additive sums per cell, as exact integers: all that an estimator of means needs to know.

A cell is stratum × batch × arm × fold. Every column stands on a grid: its value is an integer
times the grid step, so that sums are the same from any engine, thread count and row order, and
merging days, parties or folds is addition. Floats begin after merging.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from uplift.errors import EstimationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

Role = Literal["size", "outcome", "covariate"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a block.

    Parameters
    ----------
    name
        Id of the metric, component or covariate.
    role
        ``size`` (units in the row: 1, or the size of a cluster), ``outcome`` or ``covariate``.
    grid
        Value of one integer step, for example 0.01 for cents.
    """

    name: str
    role: Role
    grid: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Sums of columns that are measured on the same units.

    Parameters
    ----------
    name
        For example ``money``.
    columns
        ``size`` first, then outcomes, then covariates; ``p`` in all, ``q`` of them outcomes.
    n : ndarray of int64, shape (R,)
        Independent rows (units or clusters) per cell.
    total : ndarray of object (Python int), shape (R, p)
        Sums of the integers.
    cross : ndarray of object, shape (R, p (p + 1) / 2)
        Sums of products, upper triangle by rows (``numpy.triu_indices``).
    cube : ndarray of object, shape (R, q)
        Sums of third powers of the outcomes.
    """

    name: str
    columns: tuple[Column, ...]
    n: NDArray[np.int64]
    total: NDArray[np.object_]
    cross: NDArray[np.object_]
    cube: NDArray[np.object_]

    def names(self, role: Role) -> tuple[str, ...]:
        """Return the names of the columns with this role, in order."""
        return tuple(column.name for column in self.columns if column.role == role)

    def select(self, names: Sequence[str]) -> Block:
        """Return the block with ``size``, the covariates and only these outcomes."""
        wanted = [i for i, column in enumerate(self.columns) if column.role != "outcome" or column.name in names]
        missing = sorted(set(names) - {column.name for column in self.columns})
        if missing:
            known = ", ".join(self.names("outcome"))
            message = f"outcome '{missing[0]}' is not in block '{self.name}'; it has: {known}"
            raise EstimationError(message)
        place = triangle_index(len(self.columns))
        pairs = [place[a, b] for i, a in enumerate(wanted) for b in wanted[i:]]
        outcomes = [i for i, column in enumerate(self.columns) if column.role == "outcome"]
        cubes = [j for j, i in enumerate(outcomes) if i in wanted]
        columns = tuple(self.columns[i] for i in wanted)
        return Block(self.name, columns, self.n, self.total[:, wanted], self.cross[:, pairs], self.cube[:, cubes])

    def grouped(self, rows: NDArray[np.intp], n_groups: int) -> Block:
        """Return the block with cells added up into ``n_groups`` groups; ``rows`` maps cell to group."""
        return replace(
            self,
            n=_add_up(self.n, rows, n_groups).astype(np.int64),
            total=_add_up(self.total, rows, n_groups),
            cross=_add_up(self.cross, rows, n_groups),
            cube=_add_up(self.cube, rows, n_groups),
        )


def _add_up(values: NDArray[np.generic], rows: NDArray[np.intp], n_groups: int) -> NDArray[np.object_]:
    summed = np.zeros((n_groups, *values.shape[1:]), dtype=object)
    np.add.at(summed, rows, values.astype(object))
    return summed


def triangle_index(p: int) -> NDArray[np.intp]:
    """Return the place of each pair in the upper triangle by rows, shape (p, p), symmetric."""
    place = np.zeros((p, p), dtype=np.intp)
    upper = np.triu_indices(p)
    place[upper] = np.arange(len(upper[0]))
    return np.maximum(place, place.T)


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Sums of every block over the cells of one population.

    Parameters
    ----------
    strata, batches, arms
        Labels; the control is the first arm.
    cells : ndarray of int64, shape (R, 4)
        Codes of stratum, batch, arm and fold; one row per cell that exists, in lexicographic order.
    blocks
        The sums; each block has R cells.
    population
        ``all`` or the id of a segment.
    """

    strata: tuple[str, ...]
    batches: tuple[str, ...]
    arms: tuple[str, ...]
    cells: NDArray[np.int64]
    blocks: tuple[Block, ...]
    population: str = "all"

    def block(self, name: str | None = None) -> Block:
        """Return the block of this name, or the first one.

        Raises
        ------
        EstimationError
            When there is no such block.
        """
        if name is None:
            return self.blocks[0]
        for block in self.blocks:
            if block.name == name:
                return block
        known = ", ".join(block.name for block in self.blocks)
        message = f"block '{name}' was not summed; there are: {known}"
        raise EstimationError(message)

    def merge_folds(self, folds: Iterable[int] | None = None) -> Moments:
        """Return the sums over ``folds`` (default all), with fold 0 in every cell."""
        kept = self if folds is None else self._take(np.flatnonzero(np.isin(self.cells[:, 3], list(folds))))
        cells, rows = np.unique(kept.cells[:, :3], axis=0, return_inverse=True)
        blocks = tuple(block.grouped(rows.reshape(-1), len(cells)) for block in kept.blocks)
        padded = np.column_stack([cells, np.zeros(len(cells), np.int64)])
        return replace(self, cells=padded, blocks=blocks)

    def usable(self) -> Moments:
        """Return the sums without cells of fewer than two rows, and without strata that lose their contrast.

        Folds must have been merged; every block is judged by the first one.
        """
        solid = self.blocks[0].n >= 2
        group = np.unique(self.cells[:, :2], axis=0, return_inverse=True)[1].reshape(-1)
        control = np.bincount(group[solid & (self.cells[:, 2] == 0)], minlength=group.max(initial=-1) + 1)
        treated = np.bincount(group[solid & (self.cells[:, 2] > 0)], minlength=len(control))
        return self._take(np.flatnonzero(solid & (control > 0)[group] & (treated > 0)[group]))

    def _take(self, rows: NDArray[np.intp]) -> Moments:
        blocks = tuple(
            replace(block, n=block.n[rows], total=block.total[rows], cross=block.cross[rows], cube=block.cube[rows])
            for block in self.blocks
        )
        return replace(self, cells=self.cells[rows], blocks=blocks)

    def merge_strata(self, of: Mapping[str, str]) -> Moments:
        """Return the sums with strata renamed by ``of``; strata of one new name are added up."""
        names = tuple(sorted({of[stratum] for stratum in self.strata}))
        code = {name: i for i, name in enumerate(names)}
        renamed = self.cells.copy()
        renamed[:, 0] = np.array([code[of[stratum]] for stratum in self.strata])[self.cells[:, 0]]
        cells, rows = np.unique(renamed, axis=0, return_inverse=True)
        blocks = tuple(block.grouped(rows.reshape(-1), len(cells)) for block in self.blocks)
        return replace(self, strata=names, cells=cells, blocks=blocks)

    def select_strata(self, keep: Sequence[str]) -> Moments:
        """Return the sums of these strata alone, in this order."""
        code = np.full(len(self.strata), -1)
        for position, stratum in enumerate(keep):
            code[self.strata.index(stratum)] = position
        rows = np.flatnonzero(code[self.cells[:, 0]] >= 0)
        recoded = np.column_stack([code[self.cells[rows, 0]], self.cells[rows, 1:]])
        order = np.lexsort(recoded.T[::-1])
        return replace(self._take(rows[order]), strata=tuple(keep), cells=recoded[order])


@dataclass(frozen=True, slots=True, eq=False)
class CellKeys:
    """The cell of each row, and the labels of the codes.

    Parameters
    ----------
    strata, batches, arms
        Labels; the control is the first arm.
    stratum, batch, arm, fold : ndarray of int64, shape (n,)
        Codes per row.
    """

    strata: tuple[str, ...]
    batches: tuple[str, ...]
    arms: tuple[str, ...]
    stratum: NDArray[np.int64]
    batch: NDArray[np.int64]
    arm: NDArray[np.int64]
    fold: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class BlockPlan:
    """What to sum together.

    Parameters
    ----------
    name
        Name of the block.
    columns
        ``size`` first, then outcomes, then covariates; the names are keys of the summed columns.
    rows : ndarray of bool, shape (n,), optional
        Rows that have this outcome; None means all.
    """

    name: str
    columns: tuple[Column, ...]
    rows: NDArray[np.bool_] | None = None


def sum_arrays(
    columns: Mapping[str, NDArray[np.int64]], *, keys: CellKeys, blocks: Sequence[BlockPlan], population: str = "all"
) -> Moments:
    """Sum columns that are in memory.

    Gives to the last integer what the engine gives for the same rows.

    Parameters
    ----------
    columns
        Integers per row, each of shape (n,).
    keys
        Cell of each row.
    blocks
        What to sum together.
    population
        Name of the rows.

    Returns
    -------
    Moments
    """
    codes = np.column_stack([keys.stratum, keys.batch, keys.arm, keys.fold]).astype(np.int64)
    cells, row = np.unique(codes, axis=0, return_inverse=True)
    row = row.reshape(-1)
    summed = tuple(_sum_block(columns, plan, row, len(cells)) for plan in blocks)
    return Moments(keys.strata, keys.batches, keys.arms, cells, summed, population)


def _sum_block(columns: Mapping[str, NDArray[np.int64]], plan: BlockPlan, row: NDArray[np.intp], n_cells: int) -> Block:
    kept = slice(None) if plan.rows is None else np.flatnonzero(plan.rows)
    cell = row[kept]
    order = np.argsort(cell, kind="stable")
    present, starts = np.unique(cell[order], return_index=True)
    data = [np.asarray(columns[column.name], dtype=np.int64)[kept][order] for column in plan.columns]

    def total(values: NDArray[np.int64]) -> NDArray[np.object_]:
        low = np.add.reduceat(values & 0xFFFFFFFF, starts) if len(starts) else np.zeros(0, np.int64)
        high = np.add.reduceat(values >> 32, starts) if len(starts) else np.zeros(0, np.int64)
        out = np.zeros(n_cells, dtype=object)
        out[present] = high.astype(object) * 2**32 + low.astype(object)
        return out

    def cube(values: NDArray[np.int64]) -> NDArray[np.object_]:
        square = values * values
        high, low = square >> 31, square & 0x7FFFFFFF
        parts = ((high * (values >> 16), 2**47), (high * (values & 0xFFFF), 2**31), (low * values, 1))
        out = np.zeros(n_cells, dtype=object)
        for part, weight in parts:
            out += total(part) * weight
        return out

    pairs = zip(*np.triu_indices(len(data)), strict=True)
    outcomes = [values for column, values in zip(plan.columns, data, strict=True) if column.role == "outcome"]
    return Block(
        name=plan.name,
        columns=plan.columns,
        n=np.bincount(cell, minlength=n_cells).astype(np.int64),
        total=np.column_stack([total(values) for values in data]),
        cross=np.column_stack([total(data[a] * data[b]) for a, b in pairs]),
        cube=np.column_stack([cube(values) for values in outcomes]) if outcomes else np.zeros((n_cells, 0), object),
    )
