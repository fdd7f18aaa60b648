"""What is known of each unit's orders before a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from uplift.data.window import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.data.columns import Array
    from uplift.data.engine import Engine, Table

RECENT_DAYS = 90
_WORD = 63
_QUARTER = 3
_YEAR = 4
_QUARTERS_KEPT = 60


def summarize_history(
    engine: Engine, orders: Table, moment: int, n_units: int, *, promotions: NDArray[np.int64] | None = None
) -> dict[str, Array]:
    """Summarise the orders strictly before a moment, per unit.

    Parameters
    ----------
    engine, orders
        Where the orders are: ``code`` and ``us``.
    moment
        Microseconds since 1970, local.
    n_units
        Number of units; codes run from 0.
    promotions : ndarray of int64, shape (d,)
        Days since 1970 whose orders are no personal rhythm: they count as orders, and the gaps are those
        between the others.

    Returns
    -------
    dict
        Arrays of shape (n_units,): ``n_orders``, ``n_gaps``, ``orders_90d``, ``orders_previous_90d``
        (int64), ``order_quarters`` (int64, see :func:`mark_quarters`), ``frequency`` (int64),
        ``recency_days`` and ``age_days`` (see :func:`count_purchase_days`), ``first_order_days`` and
        ``last_order_days`` (days before the moment), ``median_gap`` and ``last_gap`` (days between
        orders); NaN where there is none.
    """
    code, us = _fetch_times(engine, orders, moment)
    recent, earlier = (np.bincount(code[us >= moment - k * RECENT_DAYS * DAY], minlength=n_units) for k in (1, 2))
    n = np.bincount(code, minlength=n_units)
    gaps = None if promotions is None or not len(promotions) else _plain_gaps(code, us, n_units, promotions)
    us = sort_within(code, us)
    del code
    end, some = np.cumsum(n), np.flatnonzero(n > 0)
    day = us // DAY

    def days(micros: Array) -> NDArray[np.float64]:
        return scatter(some, micros / DAY, np.full(n_units, np.nan))

    return {
        "n_orders": n,
        "first_order_days": days(moment - us[end[some] - n[some]]),
        "last_order_days": days(moment - us[end[some] - 1]),
        **(gaps or _gaps(us, n)),
        "orders_90d": recent,
        "orders_previous_90d": earlier - recent,
        "order_quarters": mark_quarters(day, n, moment),
        **count_purchase_days(day, n, moment),
    }


def count_purchase_days(day: NDArray[np.int64], n: NDArray[np.intp], moment: int) -> dict[str, Array]:
    """Count the calendar days on which each unit ordered.

    Parameters
    ----------
    day : ndarray of int64, shape (m,)
        Days of orders since 1970, those of a unit together and ascending.
    n : ndarray of intp, shape (n_units,)
        Orders of each unit.
    moment
        Microseconds since 1970; no order is later.

    Returns
    -------
    dict
        As :meth:`Warehouse.purchases` has them, of shape (n_units,): ``frequency`` (int64), the days after the
        first; ``recency_days`` from the first to the last and ``age_days`` from the first to the moment
        (float64, NaN without an order).
    """
    some, end = np.flatnonzero(n > 0), np.cumsum(n)
    frequency, recency, age = np.zeros(len(n), np.int64), np.full(len(n), np.nan), np.full(len(n), np.nan)
    if len(some):
        start, last = (end - n)[some], end[some] - 1
        fresh = np.ones(len(day), np.bool_)
        fresh[1:] = day[1:] != day[:-1]
        fresh[start] = False
        frequency[some] = np.add.reduceat(fresh, start, dtype=np.int64)
        recency[some] = day[last] - day[start]
        age[some] = (moment - day[start] * DAY) / DAY
    return {"frequency": frequency, "recency_days": recency, "age_days": age}


def mark_quarters(day: NDArray[np.int64], n: NDArray[np.intp], moment: int) -> NDArray[np.int64]:
    """Tell in which calendar quarters each unit ordered.

    Parameters
    ----------
    day : ndarray of int64, shape (m,)
        Days of orders since 1970, those of a unit together.
    n : ndarray of intp, shape (n_units,)
        Orders of each unit.
    moment
        Microseconds since 1970; no order is later.

    Returns
    -------
    ndarray of int64, shape (n_units,)
        Bit k is set where an order lies in the calendar quarter k quarters before that of ``moment``. What is
        older than 15 years sets the bit of the oldest year that is the same quarter of the year.
    """
    marks = np.zeros(len(n), np.int64)
    if not len(day):
        return marks
    first, last = int(day.min()), moment // DAY
    bits = np.int64(1) << _quarters_before(first, last)
    some = np.flatnonzero(n > 0)
    start = (np.cumsum(n) - n)[some]
    marks[some] = np.bitwise_or.reduceat(bits[day - first], start)
    return marks


def _quarters_before(first: int, last: int) -> NDArray[np.int64]:
    """Return how many calendar quarters before the last day each day from the first on is, at most 59."""
    months = np.arange(first, last + 1).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    before: NDArray[np.int64] = months[-1] // _QUARTER - months // _QUARTER
    folded = _QUARTERS_KEPT - _YEAR + before % _YEAR
    return np.where(before < _QUARTERS_KEPT, before, folded)


def _gaps(us: NDArray[np.int64], n: NDArray[np.intp]) -> dict[str, Array]:
    """Return the number of gaps, the last and the median one; the times are sorted within units of ``n`` each."""
    end, two = np.cumsum(n), np.flatnonzero(n > 1)
    found = {"last_gap": us[end[two] - 1] - us[end[two] - 2], "median_gap": _median_gaps(us, n)}
    days = {name: scatter(two, micros / DAY, np.full(len(n), np.nan)) for name, micros in found.items()}
    return {"n_gaps": np.maximum(n - 1, 0), **days}


def _plain_gaps(
    code: NDArray[np.int32], us: NDArray[np.int64], n_units: int, promotions: NDArray[np.int64]
) -> dict[str, Array]:
    """Return the gaps of the orders outside the days of promotions."""
    first = int(promotions[0])
    is_special = np.zeros(int(promotions[-1]) - first + 3, np.bool_)
    is_special[promotions - first + 1] = True
    plain = ~is_special[np.clip(us // DAY - first + 1, 0, len(is_special) - 1)]
    code = code[plain]
    return _gaps(sort_within(code, us[plain]), np.bincount(code, minlength=n_units))


def _fetch_times(engine: Engine, orders: Table, moment: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    found = engine.fetch(orders.filter(orders.us < moment).select("code", "us"))
    return found["code"].to_numpy(), found["us"].to_numpy()


def _median_gaps(us: NDArray[np.int64], n: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the median gap of every unit with two of the times, which are sorted within units of ``n`` each."""
    n_gaps = np.maximum(n - 1, 0)
    within = np.ones(max(len(us) - 1, 0), np.bool_)
    within[np.cumsum(n[n > 0])[:-1] - 1] = False
    gaps = sort_within(np.repeat(np.arange(len(n), dtype=np.int32), n_gaps), np.diff(us)[within])
    # A unit's sorted gaps end before ``end`` and have their middle half as many places before it.
    end, two = np.cumsum(n_gaps), n > 1
    return np.asarray((gaps[(end - n // 2)[two]] + gaps[(end - (n + 1) // 2)[two]]) / 2)


def sort_within(code: NDArray[np.integer[Any]], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return values in the order of their codes, and ascending within each.

    Parameters
    ----------
    code : ndarray of int, shape (n,)
        From 0.
    values : ndarray of int64, shape (n,)
        Integers; where they share a coarse grid, as times in whole seconds do, both are sorted as one number.
    """
    if not len(values):
        return values
    low, high = int(values.min()), int(values.max())
    if high - low >= 1 << _WORD:
        return values[np.lexsort((values, code))]
    words: NDArray[np.int64] = values - low
    step = next((step for step in (1_000_000, 1_000) if np.array_equal(words // step * step, words)), 1)
    words //= step
    bits = int(words.max()).bit_length()
    if int(code.max()).bit_length() + bits > _WORD:
        return values[np.lexsort((values, code))]
    words |= np.left_shift(code, bits, dtype=np.int64)
    words.sort()
    words &= (1 << bits) - 1
    words *= step
    words += low
    return words


def scatter(units: NDArray[np.intp], values: Array, into: Array) -> Array:
    """Return ``into`` with ``values`` written at ``units``."""
    into[units] = values
    return into
