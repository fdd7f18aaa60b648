"""Units in memory, all of them or a hash-ordered sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.data.arrow import label_texts, numbers
from uplift.data.hashing import hash_ids, rank_within
from uplift.errors import DataError
from uplift.stats.frame import UnitFrame

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.data.columns import Array
    from uplift.data.frames import Units
    from uplift.stats.moments import CellKeys


def make_frame(units: Units, max_units: int | None = None) -> UnitFrame:
    """Return units with every column that plays no part, sampled within stratum and arm above ``max_units``.

    Parameters
    ----------
    units
        Where the units are.
    max_units
        About how many to keep; None keeps all.

    Raises
    ------
    DataError
        When propensities or weights are not usable, or ``max_units`` leaves a cell below two.
    """
    kept, rate = sample_units(units.unit_id, units.keys, max_units)
    columns: dict[str, NDArray[np.float64]] = {}
    categories: dict[str, tuple[str, ...]] = {}
    for name in units.names:
        values = units.column(name)[kept]
        if values.dtype.kind == "O":
            categories[name], columns[name] = _codes(values)
        elif values.dtype.kind in "iufb":
            columns[name] = values.astype(np.float64)
    return UnitFrame(
        unit_id=units.unit_id[kept],
        arms=units.keys.arms,
        strata=units.keys.strata,
        arm=units.keys.arm[kept],
        stratum=units.keys.stratum[kept],
        columns=columns,
        categories=categories,
        weight=_weight(units)[kept] / rate,
        cluster=None if units.clusters is None else units.clusters.code[kept],
        propensity=_propensity(units, kept),
    )


def sample_units(
    ids: NDArray[np.object_], keys: CellKeys, max_units: int | None
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return which units are kept, in order, and the sampling rate of each.

    Parameters
    ----------
    ids : ndarray of object (str), shape (n,)
        Unit ids.
    keys
        Cell of each unit.
    max_units
        About how many to keep; None, or n and more, keeps all.

    Raises
    ------
    DataError
        When fewer than two units a cell would be kept.
    """
    if max_units is None or max_units >= len(ids):
        return np.arange(len(ids)), np.ones(len(ids))
    cell = (keys.stratum * len(keys.arms) + keys.arm).astype(np.int64)
    size = np.bincount(cell)
    n_kept = np.minimum(size, np.maximum(np.floor(size * (max_units / len(ids)) + 0.5), 2)).astype(np.int64)
    n_cells = np.count_nonzero(size)
    if max_units < 2 * n_cells:
        message = f"max_units == {max_units}, must be at least {2 * n_cells}: 2 for each stratum x arm cell"
        raise DataError(message)
    kept = np.flatnonzero(rank_within(cell, hash_ids(ids, "sample")) < n_kept[cell])
    return kept, (n_kept / np.maximum(size, 1))[cell][kept]


def _codes(values: Array) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    labels = label_texts(values)
    levels = tuple(sorted({label for label in labels if label is not None}))
    code = {level: float(position) for position, level in enumerate(levels)}
    return levels, np.array([np.nan if label is None else code[label] for label in labels])


def _weight(units: Units) -> NDArray[np.float64]:
    name = units.roles.weight
    if name is None:
        return np.ones(len(units))
    weight = numbers(units.column(name), f"weight column '{name}'")
    if len(weight) and weight.min() <= 0:
        message = f"weight column '{name}': the least weight is {weight.min()}, must be above 0"
        raise DataError(message)
    return weight


def _propensity(units: Units, kept: NDArray[np.intp]) -> NDArray[np.float64] | None:
    names = units.roles.propensities
    if not names:
        return None
    n_arms = len(units.keys.arms)
    if len(names) not in {1, n_arms} or (len(names) == 1 and n_arms > 2):
        message = f"roles.propensity names {len(names)} columns for {n_arms} arms; name one for each, the control first"
        raise DataError(message)
    columns = [numbers(units.column(name), f"propensity column '{name}'")[kept] for name in names]
    chances = np.column_stack([1 - columns[0], columns[0]] if len(names) == 1 else columns)
    if not bool(np.all((chances > 0) & (chances < 1))):
        message = f"propensity columns {', '.join(names)}: a probability is 0 or 1 or beyond; must lie strictly between"
        raise DataError(message)
    return chances
