"""Purchase histories from plain rows of orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from uplift.errors import EstimationError

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import ArrayLike, NDArray

TimeUnit = Literal["days", "weeks"]
_UNIT_DAYS: dict[TimeUnit, float] = {"days": 1.0, "weeks": 7.0}


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseSummary:
    """How often, how lately and for how much each customer bought; each array of shape (n,), in order of the ids.

    Parameters
    ----------
    unit_ids
        Customers with a purchase.
    frequency
        Purchase days after the first.
    recency, age
        Time from the first purchase day to the last, and to the last day that was seen.
    mean_value
        Mean value of the repeat purchase days whose value is positive; 0 where there is none.
    """

    unit_ids: NDArray[np.generic]
    frequency: NDArray[np.float64]
    recency: NDArray[np.float64]
    age: NDArray[np.float64]
    mean_value: NDArray[np.float64]


def summarize_purchases(
    unit_ids: ArrayLike,
    times: ArrayLike,
    *,
    as_of: date | np.datetime64 | str | float,
    values: ArrayLike | None = None,
    unit: TimeUnit = "days",
) -> PurchaseSummary:
    """Summarise rows of orders as the purchase models take them.

    Parameters
    ----------
    unit_ids : array_like, shape (m,)
        Customer of each row.
    times : array_like, shape (m,)
        Moment of each row: dates or datetimes, or days counted from any origin.
    as_of
        Rows at or after this moment are not seen; the last day seen is the one before it, or its own where it is
        not a midnight. A moment of the kind of ``times``.
    values : array_like, shape (m,), optional
        Value of each row, in a currency; 0 when not given.
    unit
        Unit of recency and age in the answer.

    Returns
    -------
    PurchaseSummary
        Rows of one customer on one calendar day are one purchase, their values added.

    Raises
    ------
    EstimationError
        When the columns are not of one length, or a time or value is missing.

    Examples
    --------
    >>> days = ["2026-01-01", "2026-01-15", "2026-01-15", "2026-01-08"]
    >>> found = summarize_purchases(["a", "a", "a", "b"], days, as_of="2026-02-05", values=[9, 3, 4, 5], unit="weeks")
    >>> found.frequency.tolist(), found.recency.tolist(), found.age.tolist(), found.mean_value.tolist()
    ([1.0, 0.0], [2.0, 0.0], [4.857142857142857, 3.857142857142857], [7.0, 0.0])
    """
    rows = _read(unit_ids, times, values, as_of)
    units, code = np.unique(rows.ids, return_inverse=True)
    # Ordered by value too, so that the sums do not know the order of the rows.
    order = np.lexsort((rows.value, rows.day, code))
    code, day, value = code[order], rows.day[order], rows.value[order]
    starts = np.flatnonzero((np.diff(code, prepend=-1) != 0) | (np.diff(day, prepend=np.nan) != 0))
    code, day = code[starts], day[starts]
    spent = np.add.reduceat(value, starts) if len(starts) else value
    first = np.flatnonzero(np.diff(code, prepend=-1))
    counts = np.diff(np.append(first, len(code)))
    scale = _UNIT_DAYS[unit]
    return PurchaseSummary(
        unit_ids=units,
        frequency=counts - 1.0,
        recency=(day[first + counts - 1] - day[first]) / scale,
        age=(rows.last_day - day[first]) / scale,
        mean_value=_mean_repeat(code, spent, first, len(units)),
    )


def _mean_repeat(
    code: NDArray[np.int64], spent: NDArray[np.float64], first: NDArray[np.int64], n_units: int
) -> NDArray[np.float64]:
    repeats = spent > 0
    repeats[first] = False
    total = np.bincount(code[repeats], spent[repeats], minlength=n_units)
    count = np.bincount(code[repeats], minlength=n_units)
    return np.asarray(total / np.maximum(count, 1), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    ids: NDArray[np.generic]
    day: NDArray[np.float64]
    value: NDArray[np.float64]
    last_day: float


def _read(
    unit_ids: ArrayLike, times: ArrayLike, values: ArrayLike | None, as_of: date | np.datetime64 | str | float
) -> _Rows:
    """Return the rows that are seen, with their calendar days as numbers."""
    ids, moments = np.asarray(unit_ids), np.asarray(times)
    amounts = np.zeros(len(ids)) if values is None else np.asarray(values, dtype=np.float64)
    if not ids.shape == moments.shape == amounts.shape == (len(ids),):
        message = (
            f"unit_ids, times, values: shapes {ids.shape}, {moments.shape} and {amounts.shape}, must be columns of one "
            "length"
        )
        raise EstimationError(message)
    if moments.dtype.kind in "iuf":
        exact, end = moments.astype(np.float64), float(np.asarray(as_of, dtype=np.float64))
        day, last_day = np.floor(exact), float(np.ceil(end) - 1)
        seen, missing = exact < end, np.isnan(exact)
    else:
        stamps, moment = moments.astype("datetime64[us]"), np.asarray(as_of).astype("datetime64[us]")
        day = stamps.astype("datetime64[D]").astype(np.float64)
        last_day = float((moment - np.timedelta64(1, "us")).astype("datetime64[D]").astype(np.int64))
        seen, missing = stamps < moment, np.isnat(stamps)
    if missing.any() or not np.isfinite(amounts).all():
        bad = int((missing | ~np.isfinite(amounts)).sum())
        message = f"times, values: {bad} of {len(ids)} rows are missing or not finite; drop or repair them"
        raise EstimationError(message)
    return _Rows(ids[seen], day[seen], amounts[seen], last_day)
