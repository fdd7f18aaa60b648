"""Histories that many customers share, with weights: what the likelihoods are summed over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MAX_CELLS = 250_000
"""Distinct histories up to which the cells are exact."""
_WHOLE_CODES = 1 << 20
_FIRST_GRID = 512


@dataclass(frozen=True, slots=True)
class PurchaseCells:
    """Distinct purchase histories in order of frequency, age and recency; each array of shape (m,).

    Parameters
    ----------
    frequency
        Repeat purchase days.
    recency, age
        Time from the first purchase to the last, and to now.
    weight
        Customers with this history, or the sum of their weights.
    """

    frequency: NDArray[np.float64]
    recency: NDArray[np.float64]
    age: NDArray[np.float64]
    weight: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SpendCells:
    """Distinct frequencies and mean values, in that order; each array of shape (m,).

    Parameters
    ----------
    frequency
        Repeat purchases, at least 1.
    mean_value
        Mean value of them, positive.
    weight
        Customers, or the sum of their weights.
    """

    frequency: NDArray[np.float64]
    mean_value: NDArray[np.float64]
    weight: NDArray[np.float64]


def make_cells(
    frequency: ArrayLike,
    recency: ArrayLike,
    age: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    max_cells: int = MAX_CELLS,
) -> PurchaseCells:
    """Gather customers of one history.

    Parameters
    ----------
    frequency, recency, age : array_like, shape (n,)
        Repeat purchase days; time from the first purchase to the last, and to now, in any unit.
    weights : array_like, shape (n,), optional
        Customers that a row stands for; 1 when not given. Rows of weight 0 are left out.
    max_cells
        With more distinct histories than this, recency and age are gathered on the finest grid (a power of two of
        1/512 of the greatest age) that gives no more. A cell then holds its customers' mean recency and mean age, so
        that the error is of second order in the grid.

    Returns
    -------
    PurchaseCells

    Raises
    ------
    EstimationError
        When a value is missing, negative or not finite, a frequency is not whole, a recency exceeds its age or is not
        0 without a repeat, or the weights are not of the rows.
    """
    x, t, age_of = check_history(frequency, recency, age)
    w = _check_weights(weights, len(x))
    cells = _gather([x, age_of, t], w)
    if len(cells[0]) > max_cells:
        cells = _coarsen(cells, max_cells)
    return PurchaseCells(frequency=cells[0], age=cells[1], recency=cells[2], weight=cells[3])


def make_spend_cells(
    frequency: ArrayLike, mean_value: ArrayLike, *, weights: ArrayLike | None = None, max_cells: int = MAX_CELLS
) -> SpendCells:
    """Gather customers of one frequency and mean value, of those with a repeat and a positive mean value.

    Parameters
    ----------
    frequency, mean_value : array_like, shape (n,)
        Repeat purchases and their mean value; rows without a repeat or a positive mean value are left out.
    weights : array_like, shape (n,), optional
        Customers that a row stands for; 1 when not given.
    max_cells
        With more distinct cells than this, values within 1/1,000 (then 1/500, ...) of each other are gathered, under
        their geometric mean.

    Returns
    -------
    SpendCells

    Raises
    ------
    EstimationError
        When a value is not finite, a frequency is negative, or the weights are not of the rows.
    """
    x, z = np.broadcast_arrays(np.asarray(frequency, dtype=np.float64), np.asarray(mean_value, dtype=np.float64))
    if not (np.isfinite(x).all() and np.isfinite(z).all() and (x >= 0).all()):
        message = "frequency, mean_value: every value must be finite and no frequency negative; drop or repair the rows"
        raise EstimationError(message)
    w = _check_weights(weights, len(x))
    kept = (x > 0) & (z > 0)
    cells = _gather([x[kept], z[kept]], w[kept])
    width = 1e-3
    while len(cells[0]) > max_cells:
        logs = np.log(cells[1])
        cells = _merge([cells[0], np.floor(logs / width)], [cells[0], logs], cells[2])
        cells[1] = np.exp(cells[1])
        width *= 2
    return SpendCells(frequency=cells[0], mean_value=cells[1], weight=cells[2])


def check_history(
    frequency: ArrayLike, recency: ArrayLike, age: ArrayLike, *, may_lack: bool = False
) -> NDArray[np.float64]:
    """Return purchase histories as one array, or say which is none.

    Parameters
    ----------
    frequency, recency, age : array_like
        Of shapes that broadcast to each other.
    may_lack
        Whether an age may be NaN, which says that the customer has no purchase.

    Returns
    -------
    ndarray of float, shape (3, ...)
        Frequency, recency and age; all NaN where there is no purchase.

    Raises
    ------
    EstimationError
        As in ``make_cells``.
    """
    arrays = [np.asarray(part, dtype=np.float64) for part in (frequency, recency, age)]
    history = np.stack(np.broadcast_arrays(*arrays))
    if may_lack:
        history[:, np.isnan(history[2])] = np.nan
    rows = history[:, ~np.isnan(history[2])] if may_lack else history
    x, t, until = rows
    refused = (
        (~np.isfinite(rows).all(axis=0), "frequency, recency, age: {} rows are missing or infinite; drop them"),
        ((rows < 0).any(axis=0), "frequency, recency, age: {} rows are negative; times count from the first purchase"),
        (x != np.floor(x), "frequency: {} rows are not whole; count repeat purchase days"),
        (t > until, "recency: {} rows exceed their age; count both from the first purchase, age to now"),
        ((x == 0) & (t > 0), "recency: {} rows have no repeat purchase and a recency; it must be 0 there"),
    )
    for bad, text in refused:
        if bad.any():
            raise EstimationError(text.format(f"{int(bad.sum()):,} of {bad.size:,}"))
    return history


def _check_weights(weights: ArrayLike | None, n_rows: int) -> NDArray[np.float64]:
    if weights is None:
        return np.ones(n_rows)
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != (n_rows,) or not np.isfinite(w).all() or (w < 0).any():
        message = (
            f"weights: must be {n_rows:,} finite numbers of at least 0, one a row; got an array of shape {w.shape}"
        )
        raise EstimationError(message)
    return w


def _gather(keys: list[NDArray[np.float64]], weight: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    some = weight > 0
    if not some.all():
        keys, weight = [key[some] for key in keys], weight[some]
    return _merge(keys, keys, weight)


def _coarsen(cells: list[NDArray[np.float64]], max_cells: int) -> list[NDArray[np.float64]]:
    x, age, recency, weight = cells
    step = float(age.max()) / _FIRST_GRID
    while True:
        keys = [x, np.floor(age / step), np.floor(recency / step)]
        coarse = _merge(keys, [x, age, recency], weight)
        if len(coarse[0]) <= max_cells or step > age.max():
            return coarse
        step *= 2


def _merge(
    keys: list[NDArray[np.float64]], values: list[NDArray[np.float64]], weight: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    """Return the weighted means of ``values`` per distinct row of ``keys``, in their order, then the sum of weights."""
    code = np.zeros(len(weight), dtype=np.int64)
    for key in keys:
        codes = _codes(key)
        code = code * (int(codes.max(initial=0)) + 1) + codes
    if keys is values and (weight == 1).all():
        _, first, counts = np.unique(code, return_index=True, return_counts=True)
        return [*(value[first] for value in values), counts.astype(np.float64)]
    # Ordered by all that is added, so that the sums do not know the order of the rows.
    order = np.lexsort((weight, *reversed(values), code))
    code = code[order]
    starts = np.flatnonzero(np.r_[True, code[1:] != code[:-1]][: len(code)])
    total = _add(weight[order], starts)
    if keys is values:
        return [*(value[order][starts] for value in values), total]
    means = [_add(value[order] * weight[order], starts) / total for value in values[1:]]
    return [values[0][order][starts], *means, total]


def _add(parts: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(np.add.reduceat(parts, starts), dtype=np.float64) if len(parts) else parts


def _codes(values: NDArray[np.float64]) -> NDArray[np.int64]:
    if len(values) and values.min() >= 0 and values.max() < _WHOLE_CODES and (values == np.floor(values)).all():
        return values.astype(np.int64)
    return np.unique(values, return_inverse=True)[1].astype(np.int64)
