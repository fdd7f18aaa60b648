"""Trials that another system drew: arms are read from a column, never drawn again."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from uplift.design.assignment import Assignment, Draw
from uplift.design.blocked import LEAST_CELL, build_assignment
from uplift.design.hashing import draw_prefix
from uplift.errors import DataError, DesignError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

_SHOWN = 8


def read_arms(values: NDArray[np.generic], spellings: Mapping[str, str], *, column: str) -> NDArray[np.int64]:
    """Return the arm of each unit as a code, in the order of the spellings.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Column of the units table.
    spellings
        Arm id to how the table spells it.
    column
        Name of the column, for the error.

    Returns
    -------
    ndarray of int64, shape (n,)

    Raises
    ------
    DataError
        When a value is missing or belongs to no arm; lists the values seen.
    """
    place = {spelling: code for code, spelling in enumerate(spellings.values())}
    texts = [_text(value) for value in values.tolist()]
    unknown = Counter(text for text in texts if text not in place)
    if unknown:
        seen = ", ".join(f"'{text}' ({count} units)" for text, count in sorted(unknown.items())[:_SHOWN])
        message = (
            f"data.units: column '{column}' (assignment.arm) holds {seen}, which is no arm; arms are: "
            f"{', '.join(place)}; name it by arms[].value, or leave these units out by eligible.where"
        )
        raise DataError(message)
    return np.array([place[text] for text in texts], dtype=np.int64)


def _text(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN is not itself
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def assign_recorded(
    unit_ids: NDArray[np.object_],
    arm: NDArray[np.int64],
    *,
    stratum: NDArray[np.int64],
    strata: Sequence[str],
    shares: Mapping[str, float],
    experiment_id: str = "",
    t0: datetime | None = None,
) -> Assignment:
    """Return the assignment of a recorded trial with realised propensities n/N.

    Parameters
    ----------
    unit_ids : ndarray of object (str), shape (n,)
        Sorted ids.
    arm, stratum : ndarray of int64, shape (n,)
        Codes.
    strata
        Stratum ids.
    shares
        Arm to its stated share, in the order of the codes.
    experiment_id
        For the folds.
    t0
        Naive local moment from which outcomes count.

    Returns
    -------
    Assignment

    Raises
    ------
    DesignError
        When a stratum has fewer than two units of an arm.
    """
    cell = stratum * len(shares) + arm
    counts = np.bincount(cell, minlength=len(strata) * len(shares)).reshape(len(strata), len(shares))
    if counts.min() < LEAST_CELL:
        s, k = np.unravel_index(int(counts.argmin()), counts.shape)
        message = (
            f"stratum '{strata[int(s)]}' has {counts[s, k]} units of arm '{list(shares)[int(k)]}', at least "
            f"{LEAST_CELL} are needed; use fewer strata or raise strata.min_cell so that it merges"
        )
        raise DesignError(message)
    draw = Draw(strata=tuple(strata), stratum=stratum, arms=tuple(shares), arm=arm)
    planned = np.array(list(shares.values()))
    return build_assignment(unit_ids, draw, shares=planned, fold_prefix=draw_prefix("fold", experiment_id, 0), t0=t0)
