"""Strata: the cells of the axes, with thin cells merged into neighbours before anybody is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from uplift.results import Note, Stratum

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from uplift.customers import Axis

HARD_FLOOR = 2
LAST_TO_GIVE_WAY = "lifecycle"


@dataclass(frozen=True, slots=True)
class ThinRule:
    """When a stratum is too thin, and which axis gives way.

    Parameters
    ----------
    least_share
        Smallest share of an arm.
    rate
        Share of the units of a stratum that is drawn at all.
    min_cell
        Units that every stratum × arm must expect; never below 2.
    give_way
        Axes that merge first, the earlier before the later where both do as well; the others follow
        only where these are spent, the last axis first, and the lifecycle at the very end.
    """

    least_share: Fraction
    rate: Fraction = Fraction(1)
    min_cell: int = 50
    give_way: tuple[str, ...] = ()

    def is_thin(self, n_drawn: int) -> bool:
        """Tell whether a stratum with so many units outside the holdout is too thin."""
        return int(n_drawn * self.rate * self.least_share) < max(self.min_cell, HARD_FLOOR)

    def order(self, axes: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        """Return the axes in the groups in which they give way: those named together, then the others singly."""
        named = tuple(axis for axis in self.give_way if axis in axes)
        rest = [axis for axis in reversed(axes) if axis not in named]
        rest.sort(key=lambda axis: axis == LAST_TO_GIVE_WAY)
        return (*((named,) if named else ()), *((axis,) for axis in rest))


@dataclass(frozen=True, slots=True, eq=False)
class Strata:
    """The strata of ``n`` units.

    Parameters
    ----------
    strata
        In the order of the levels of the axes.
    codes : ndarray of int64, shape (n,)
        Place of each unit's stratum.
    notes
        One ``strata.merged`` per stratum that replaced thin ones.
    """

    strata: tuple[Stratum, ...]
    codes: NDArray[np.int64]
    notes: tuple[Note, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the strata."""
        return tuple(stratum.id for stratum in self.strata)


@dataclass(frozen=True, slots=True)
class _Cell:
    """A rectangle of levels: one set of level codes per axis."""

    levels: tuple[frozenset[int], ...]
    n_units: int
    n_drawn: int
    total: int
    members: tuple[int, ...]

    @property
    def key(self) -> tuple[tuple[int, ...], ...]:
        return tuple(tuple(sorted(part)) for part in self.levels)

    def meets(self, other: _Cell, *, except_axis: int | None = None) -> bool:
        pairs = enumerate(zip(self.levels, other.levels, strict=True))
        return all(axis == except_axis or not mine.isdisjoint(theirs) for axis, (mine, theirs) in pairs)


def build_strata(
    axes: Sequence[Axis], *, outcome: NDArray[np.int64], drawn: NDArray[np.bool_], rule: ThinRule
) -> Strata:
    """Cross the axes and merge thin cells, by what was known before the draw alone.

    While a stratum × arm expects fewer than ``rule.min_cell`` units, the thinnest stratum merges along one
    axis with a neighbour of the same other levels: with the adjacent level whose mean outcome
    before the draw is nearer. Every other stratum that the merged rectangle of levels would cut joins it, so
    each stratum stays a product of levels. Among the axes named to give way it is one that cures the thinness
    if there is one, then the one that joins the fewest strata, then the first named.

    Parameters
    ----------
    axes
        Axes of ``n`` units; none gives the one stratum ``all``.
    outcome : ndarray of int64, shape (n,)
        Primary outcome before the draw, in steps of its grid: sums are exact, so the answer does not
        know the order of rows.
    drawn : ndarray of bool, shape (n,)
        Units outside the holdout.
    rule
        When and how to merge.

    Returns
    -------
    Strata
    """
    if not axes:
        everyone = Stratum("all", {}, len(drawn))
        return Strata((everyone,), np.zeros(len(drawn), dtype=np.int64), ())
    shape = tuple(len(axis.levels) for axis in axes)
    flat = np.ravel_multi_index([axis.codes for axis in axes], shape)
    present, code = np.unique(flat, return_inverse=True)
    code = code.reshape(-1)
    cells = _cells(np.column_stack(np.unravel_index(present, shape)), code, outcome=outcome, drawn=drawn)
    names = [axis.id for axis in axes]
    order = [[names.index(axis) for axis in group] for group in rule.order(names)]
    merged = _merge(cells, rule, order)
    return _finish(axes, cells, merged, code)


def _cells(
    levels: NDArray[np.intp], code: NDArray[np.intp], *, outcome: NDArray[np.int64], drawn: NDArray[np.bool_]
) -> list[_Cell]:
    n_units = np.bincount(code, minlength=len(levels)).tolist()
    n_drawn = np.bincount(code[drawn], minlength=len(levels)).tolist()
    totals = np.zeros(len(levels), dtype=np.int64)
    np.add.at(totals, code, outcome)
    return [
        _Cell(tuple(frozenset({int(level)}) for level in row), n_units[k], n_drawn[k], int(totals[k]), (k,))
        for k, row in enumerate(levels.tolist())
    ]


def _merge(cells: Iterable[_Cell], rule: ThinRule, order: Sequence[Sequence[int]]) -> list[_Cell]:
    left = list(cells)
    while len(left) > 1:
        thin = [cell for cell in left if rule.is_thin(cell.n_drawn)]
        if not thin:
            break
        weakest = min(thin, key=lambda cell: (cell.n_drawn, cell.key))
        joined = min(
            (_close([weakest, *side], left) for side in _sides(weakest, left, order)),
            key=lambda cells: (rule.is_thin(_union(cells).n_drawn), len(cells)),
        )
        left = [cell for cell in left if cell not in joined]
        left.append(_union(joined))
    return sorted(left, key=lambda cell: cell.key)


def _sides(cell: _Cell, left: Sequence[_Cell], order: Sequence[Sequence[int]]) -> list[list[_Cell]]:
    """Return the nearest neighbours along each axis of the first group that tells the cell from one."""
    others = [other for other in left if other is not cell]
    for group in order:
        along = {axis: [other for other in others if cell.meets(other, except_axis=axis)] for axis in group}
        sides = [_nearer(cell, found, axis) for axis, found in along.items() if found]
        if sides:
            return sides
    return [_nearer(cell, others, order[-1][-1])]


def _nearer(cell: _Cell, along: Sequence[_Cell], axis: int) -> list[_Cell]:
    own = min(cell.levels[axis])
    below = [other for other in along if min(other.levels[axis]) <= own]
    above = [other for other in along if min(other.levels[axis]) > own]
    sides = []
    if below:
        nearest = max(min(other.levels[axis]) for other in below)
        sides.append([other for other in below if min(other.levels[axis]) == nearest])
    if above:
        nearest = min(min(other.levels[axis]) for other in above)
        sides.append([other for other in above if min(other.levels[axis]) == nearest])
    return min(sides, key=lambda side: abs(_mean(side) - _mean([cell])))


def _mean(cells: Sequence[_Cell]) -> Fraction:
    return Fraction(sum(cell.total for cell in cells), sum(cell.n_units for cell in cells))


def _close(joined: list[_Cell], left: Sequence[_Cell]) -> list[_Cell]:
    while True:
        hull = _union(joined)
        more = [cell for cell in left if cell not in joined and hull.meets(cell)]
        if not more:
            return joined
        joined = [*joined, *more]


def _union(cells: Sequence[_Cell]) -> _Cell:
    parts = zip(*(cell.levels for cell in cells), strict=True)
    return _Cell(
        levels=tuple(frozenset().union(*part) for part in parts),
        n_units=sum(cell.n_units for cell in cells),
        n_drawn=sum(cell.n_drawn for cell in cells),
        total=sum(cell.total for cell in cells),
        members=tuple(sorted(member for cell in cells for member in cell.members)),
    )


def _finish(axes: Sequence[Axis], cells: Sequence[_Cell], merged: Sequence[_Cell], code: NDArray[np.intp]) -> Strata:
    strata, notes = [], []
    place = np.zeros(len(cells), dtype=np.int64)
    for position, cell in enumerate(merged):
        place[list(cell.members)] = position
        parts = _parts(axes, cell)
        origins = tuple("|".join(_parts(axes, cells[member]).values()) for member in cell.members)
        stratum = Stratum("|".join(parts.values()), parts, cell.n_units, origins if len(origins) > 1 else ())
        strata.append(stratum)
        if stratum.merged_from:
            notes.append(Note("strata.merged", {"from": origins, "into": stratum.id, "n": cell.n_units}))
    return Strata(tuple(strata), place[code], tuple(notes))


def _parts(axes: Sequence[Axis], cell: _Cell) -> dict[str, str]:
    pairs = zip(axes, cell.key, strict=True)
    return {axis.id: "+".join(axis.levels[level] for level in levels) for axis, levels in pairs}
