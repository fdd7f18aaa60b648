"""Columns of a frame as numbers: dummies for categories, squares and products as asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.stats.frame import UnitFrame

STRATUM = "stratum"
"""Name by which strata are asked for as a covariate."""
_TOLERANCE = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """Numeric columns without an intercept.

    Parameters
    ----------
    names
        Name per column: ``age``, ``age^2``, ``age:income`` or ``city=Beijing``.
    values : ndarray of float64, shape (n, p)
        The columns.
    is_binary : ndarray of bool, shape (p,)
        Whether a column holds 0 and 1 only.
    dropped
        Columns left out because they are constant or determined by the ones before them.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    is_binary: NDArray[np.bool_]
    dropped: tuple[str, ...] = ()


def build_terms(
    frame: UnitFrame,
    covariates: Sequence[str],
    *,
    squares: Sequence[str] = (),
    interactions: Sequence[tuple[str, str]] = (),
    all_levels: bool = False,
) -> Terms:
    """Return covariates as numeric columns.

    Parameters
    ----------
    frame
        Units; only what was known before treatment belongs among the covariates.
    covariates
        Columns of the frame, or ``stratum``.
    squares
        Numeric covariates whose square enters too.
    interactions
        Pairs of numeric covariates whose product enters too.
    all_levels
        Whether a category gives a column per level (to describe) or one less (to regress on).

    Returns
    -------
    Terms
        Constant columns are dropped and named.

    Raises
    ------
    EstimationError
        When a covariate is not in the frame, is not finite, or a square is of a category.
    """
    names: list[str] = []
    columns: list[NDArray[np.float64]] = []
    for name in covariates:
        for label, column in _columns(frame, name, all_levels=all_levels):
            names.append(label)
            columns.append(column)
    numeric = dict(zip(names, columns, strict=True))
    products = [(f"{name}^2", name, name) for name in squares] + [(f"{a}:{b}", a, b) for a, b in interactions]
    for label, left, right in products:
        for name in (left, right):
            if name not in numeric:
                message = f"{label}: '{name}' is no numeric covariate; covariates: {', '.join(names)}"
                raise EstimationError(message)
        names.append(label)
        columns.append(numeric[left] * numeric[right])
    kept = [place for place, column in enumerate(columns) if len(column) and np.ptp(column) > 0]
    values = np.column_stack([columns[place] for place in kept]) if kept else np.zeros((len(frame), 0))
    binary = np.array([bool(np.isin(columns[place], (0.0, 1.0)).all()) for place in kept], dtype=np.bool_)
    dropped = tuple(name for place, name in enumerate(names) if place not in set(kept))
    return Terms(tuple(names[place] for place in kept), values, binary, dropped)


def _columns(frame: UnitFrame, name: str, *, all_levels: bool) -> list[tuple[str, NDArray[np.float64]]]:
    if name == STRATUM and name not in frame.columns:
        codes, labels = frame.stratum, frame.strata
    elif name not in frame.columns:
        message = f"covariate '{name}' is not in the frame; its columns: {', '.join(frame.columns)}"
        raise EstimationError(message)
    elif name not in frame.categories:
        return [(name, _finite(name, frame.columns[name]))]
    else:
        codes, labels = frame.columns[name].astype(np.int64), frame.categories[name]
    shown = range(len(labels)) if all_levels else range(1, len(labels))
    return [(f"{name}={labels[code]}", (codes == code).astype(np.float64)) for code in shown]


def _finite(name: str, column: NDArray[np.float64]) -> NDArray[np.float64]:
    values = np.asarray(column, dtype=np.float64)
    wrong = int((~np.isfinite(values)).sum())
    if wrong:
        message = (
            f"covariate '{name}' has {wrong} missing or infinite values; fill them in and add a column that says where "
            "(what was known before treatment only)"
        )
        raise EstimationError(message)
    return values


def independent_columns(values: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the columns that an intercept and the columns before them do not determine, shape (k,)."""
    n, p = values.shape
    centred = values - values.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    gram = (centred / np.where(size > 0, size, 1.0)).T @ (centred / np.where(size > 0, size, 1.0))
    kept: list[int] = []
    for j in range(p):
        if size[j] == 0 or len(kept) + 1 >= n:
            continue
        inside = gram[np.ix_(kept, kept)]
        left = 1.0 - (gram[j, kept] @ np.linalg.solve(inside, gram[kept, j]) if kept else 0.0)
        if left > _TOLERANCE:
            kept.append(j)
    return np.array(kept, dtype=np.intp)
