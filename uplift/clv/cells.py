"""Histories that many customers share, with weights: what the likelihoods are summed over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MAX_CELLS = 250_000
"""Distinct cells up to which a fit takes them as they are."""
_WHOLE_CODES = 1 << 20
_FINEST, _COARSEST, _FINEST_VALUE = 0.02, 10.0, 1e-3


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
) -> PurchaseCells:
    """Gather customers of one history.

    Parameters
    ----------
    frequency, recency, age : array_like, shape (n,)
        Repeat purchase days; time from the first purchase to the last, and to now, in any unit.
    weights : array_like, shape (n,), optional
        Customers that a row stands for; 1 when not given. Rows of weight 0 are left out.

    Returns
    -------
    PurchaseCells

    Raises
    ------
    EstimationError
        When a value is missing, negative or not finite, a frequency is not whole, a recency exceeds its age or is not
        0 without a repeat, or the weights are not of the rows.
    """
    x, t, until = check_history(frequency, recency, age)
    w = _check_weights(weights, len(x))
    x, until, last, total = _gather([x, until, t], w)
    return PurchaseCells(frequency=x, recency=last, age=until, weight=total)


def coarsen_cells(cells: PurchaseCells, *, max_cells: int, scale: float) -> PurchaseCells:
    """Gather like histories, so that the likelihood hardly notices.

    Parameters
    ----------
    cells
        Distinct histories.
    max_cells
        Most cells that are wanted.
    scale
        About the ``alpha`` of the model, in the unit of time.

    Returns
    -------
    PurchaseCells
        ``cells`` themselves when there are few enough.

    Notes
    -----
    With u = log(alpha + T) and w = log((alpha + T) / (alpha + t_x)) the log-likelihood of a history is linear in u, and
    bends in w by at most (r + x)^2 / 4. So a grid of u and (1 + x) w, each cell at its customers' mean of both,
    errs by less than the grid squared / 100 per customer, in either direction; a grid of equal days errs where it
    matters most, near the first and the last order.
    """
    x, weight = cells.frequency, cells.weight
    if len(x) <= max_cells:
        return cells
    u, w = np.log(scale + cells.age), np.log1p((cells.age - cells.recency) / (scale + cells.recency))
    steps, width = [u - u.min(), w * (1 + x)], _FINEST * (len(x) / max_cells) ** 0.38
    code = _lay(x, steps, width)
    while (n_cells := _count(code)) > max_cells and width < _COARSEST:
        # Their number falls with the square of the width where customers are dense, more slowly elsewhere.
        width *= max((n_cells / max_cells) ** 0.6, 1.15)
        code = _lay(x, steps, width)
    level, mean_u, mean_w, total = _average(code, [x, u, w], weight)
    level = np.round(level)
    age = np.maximum(np.exp(mean_u) - scale, 0.0)
    recency = np.where(level > 0, np.clip(np.exp(mean_u - mean_w) - scale, 0.0, age), 0.0)
    return PurchaseCells(frequency=level, recency=recency, age=age, weight=total)


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
    level, value, total = _gather([x[kept], z[kept]], w[kept])
    width = _FINEST_VALUE
    while len(level) > max_cells and width < _COARSEST:
        logs = np.log(value)
        level, mean_log, total = _average(_lay(level, [logs - logs.min()], width), [level, logs], total)
        level, value, width = np.round(level), np.exp(mean_log), width * 2
    return SpendCells(frequency=level, mean_value=value, weight=total)


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
            raise EstimationError(text.format(f"{int(bad.sum())} of {bad.size}"))
    return history


def _check_weights(weights: ArrayLike | None, n_rows: int) -> NDArray[np.float64]:
    if weights is None:
        return np.ones(n_rows)
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != (n_rows,) or not np.isfinite(w).all() or (w < 0).any():
        message = f"weights: must be {n_rows} finite numbers of at least 0, one a row; got an array of shape {w.shape}"
        raise EstimationError(message)
    return w


def _gather(keys: list[NDArray[np.float64]], weight: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return the distinct rows of ``keys`` in their order, then the sum of the weights of each."""
    some = weight > 0
    if not some.all():
        keys, weight = [key[some] for key in keys], weight[some]
    levels, code = _number(keys)
    if (weight == 1).all():
        distinct, counts = np.unique(code, return_counts=True)
        return [*_unpack(distinct, levels), counts.astype(np.float64)]
    # Ordered by the weight too, so that the sums do not know the order of the rows.
    order = np.lexsort((weight, code))
    distinct, first = np.unique(code[order], return_index=True)
    total = np.add.reduceat(weight[order], first) if len(first) else weight
    return [*_unpack(distinct, levels), total]


def _number(keys: list[NDArray[np.float64]]) -> tuple[list[NDArray[np.float64]], NDArray[np.int64]]:
    """Return each key's levels, and one number a row that orders the rows as the keys do."""
    levels, code = [], np.zeros(len(keys[0]), dtype=np.int64)
    for key in keys:
        if len(key) and key.min() >= 0 and key.max() < _WHOLE_CODES and (key == np.floor(key)).all():
            level, codes = np.arange(key.max() + 1), key.astype(np.int64)
        else:
            level, codes = np.unique(key, return_inverse=True)
        levels.append(level)
        code *= max(len(level), 1)
        code += codes
    return levels, code


def _unpack(code: NDArray[np.int64], levels: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    keys = []
    for level in reversed(levels):
        code, rest = np.divmod(code, max(len(level), 1))
        keys.append(level[rest])
    return keys[::-1]


def _lay(level: NDArray[np.float64], steps: list[NDArray[np.float64]], width: float) -> NDArray[np.int64]:
    """Return the cell of a grid that each row falls in: its level, and its place along each step from 0."""
    code = level.astype(np.int64)
    for step in steps:
        place = (step * (1 / width)).astype(np.int64)
        code *= int(place.max(initial=0)) + 1
        code += place
    return code


def _count(code: NDArray[np.int64]) -> int:
    ordered = np.sort(code)
    return 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1]))


def _average(
    code: NDArray[np.int64], values: list[NDArray[np.float64]], weight: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    """Return the weighted means of ``values`` per distinct code, then the sums of the weights."""
    _, which = np.unique(code, return_inverse=True)
    total = np.bincount(which, weight)
    means = [np.bincount(which, value * weight) / total for value in values]
    return [np.asarray(part, dtype=np.float64) for part in (*means, total)]
