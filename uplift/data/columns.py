"""Columns of units in memory, aligned by unit."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import repeat
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from uplift.errors import DataError, MissingColumnError

if TYPE_CHECKING:
    from collections.abc import Mapping

Array: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Aligned NumPy columns, one entry per unit.

    Parameters
    ----------
    unit_id : ndarray of object (str), shape (n,)
        Unique ids; sorted by code point wherever the toolkit makes them.
    values
        Name to column, each of shape (n,): float64, int64, bool, datetime64[us], or object holding
        text and None.
    absent
        Column that cannot be known, to the reason; asking for it raises that reason.
    """

    unit_id: NDArray[np.object_]
    values: Mapping[str, Array]
    absent: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, column in self.values.items():
            if column.shape != self.unit_id.shape:
                message = f"column '{name}' has shape {column.shape}, must be {self.unit_id.shape}: one entry per unit"
                raise DataError(message)

    def __len__(self) -> int:
        return len(self.unit_id)

    def __contains__(self, name: object) -> bool:
        return name in self.values

    def __getitem__(self, name: str) -> Array:
        """Return a column.

        Raises
        ------
        MissingColumnError
            When there is no such column; says why it is absent, or which columns there are.
        """
        if name in self.values:
            return self.values[name]
        if name in self.absent:
            message = f"column '{name}' is not known: {self.absent[name]}"
            raise MissingColumnError(message)
        raise MissingColumnError.among(name, "the columns of units", self.values)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(self.values)

    def take(self, rows: Array) -> Columns:
        """Return the units that a mask keeps or an index picks, in the order of the index.

        Parameters
        ----------
        rows : ndarray of bool, shape (n,), or of int, shape (m,)
            Which units.
        """
        picked = {name: column[rows] for name, column in self.values.items()}
        return Columns(self.unit_id[rows], picked, self.absent)

    def with_values(self, values: Mapping[str, Array]) -> Columns:
        """Return the same units with these columns added or replaced."""
        return Columns(self.unit_id, {**self.values, **values}, self.absent)

    def select(self, names: tuple[str, ...]) -> Columns:
        """Return the same units with these columns alone."""
        return Columns(self.unit_id, {name: self[name] for name in names}, self.absent)


def positions(ids: NDArray[np.object_], sorted_ids: NDArray[np.object_]) -> NDArray[np.intp]:
    """Return where each id stands among sorted unique ids, -1 where it does not.

    Parameters
    ----------
    ids : ndarray of object (str), shape (n,)
        Ids to find.
    sorted_ids : ndarray of object (str), shape (m,)
        Where to look, sorted by code point.

    Returns
    -------
    ndarray of intp, shape (n,)
    """
    if ids is sorted_ids or (len(ids) == len(sorted_ids) and bool(np.all(ids == sorted_ids))):
        return np.arange(len(ids))
    place = {unit_id: position for position, unit_id in enumerate(sorted_ids.tolist())}
    return find_places(ids, place)


def find_places(ids: NDArray[np.object_], place: Mapping[str, int]) -> NDArray[np.intp]:
    """Return the place of each id, -1 where it has none, shape (n,)."""
    return np.fromiter(map(place.get, ids.tolist(), repeat(-1)), np.intp, len(ids))
