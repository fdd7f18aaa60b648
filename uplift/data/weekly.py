"""Units by weeks: what each did in every week, and what was known of its purchases at the week's end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.data.arrow import to_numpy
from uplift.data.engine import at_least
from uplift.data.window import DAY, MICRO, to_micros
from uplift.errors import DataError

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from uplift.data.columns import Array
    from uplift.data.engine import Table
    from uplift.data.store import Store

WEEK = 7
"""Days of a week."""


@dataclass(frozen=True, slots=True, eq=False)
class WeeklyColumns:
    """What n units did in w consecutive weeks; nothing at or after a week's end is in it.

    Parameters
    ----------
    unit_id : ndarray of object (str), shape (n,)
        In the order asked for.
    ends : ndarray of datetime64[D], shape (w,)
        First day after each week, naive and local, ascending.
    orders, activity : ndarray of int64, shape (n, w)
        Orders in the week; behaviour events in the week, or orders where the spec has no behaviour.
    margin : ndarray of float64, shape (n, w)
        Gross margin of the week's orders in currency units; without ``orders.margin``, what was paid.
    frequency : ndarray of int64, shape (n, w)
        Repeat purchase days before the week's end.
    recency_days, age_days : ndarray of float64, shape (n, w)
        Days from the first purchase day to the last before the week's end, and to that end; NaN before
        the first order.
    mean_value : ndarray of float64, shape (n, w)
        Mean margin of the repeat purchase days above 0 before the week's end; 0 without any.
    has_behaviour
        Whether ``activity`` counts behaviour events.
    """

    unit_id: NDArray[np.object_]
    ends: NDArray[np.datetime64]
    orders: NDArray[np.int64]
    activity: NDArray[np.int64]
    margin: NDArray[np.float64]
    frequency: NDArray[np.int64]
    recency_days: NDArray[np.float64]
    age_days: NDArray[np.float64]
    mean_value: NDArray[np.float64]
    has_behaviour: bool

    def __len__(self) -> int:
        return len(self.unit_id)


def gather_weekly(
    store: Store, ids: NDArray[np.object_], codes: NDArray[np.intp], *, end: datetime, n_weeks: int
) -> WeeklyColumns:
    """Return the weeks before ``end`` of the units with these codes, by one query a source.

    Raises
    ------
    DataError
        When ``end`` is no midnight, ``n_weeks`` is below 1, or the spec has no orders.
    """
    moment = to_micros(end)
    if n_weeks < 1 or moment % DAY:
        told = "a week ends at a midnight, and there is at least one"
        message = f"end == {end.isoformat()} and n_weeks == {n_weeks}: {told}"
        raise DataError(message)
    start = moment // DAY - n_weeks * WEEK
    cells = _purchase_weeks(store, codes, start, n_weeks)
    known = _known_at_ends(cells, start)
    orders, margin = cells["orders"][:, 1:], cells["margin"][:, 1:] / MICRO
    has_behaviour = store.behaviour is not None
    activity = _events(store, codes, start, n_weeks) if has_behaviour else orders
    ends = (start + WEEK * np.arange(1, n_weeks + 1)).astype("datetime64[D]")
    return WeeklyColumns(
        unit_id=ids,
        ends=ends,
        orders=orders,
        activity=activity,
        margin=margin,
        frequency=known["frequency"].astype(np.int64),
        recency_days=known["recency"],
        age_days=known["age"],
        mean_value=known["mean"],
        has_behaviour=has_behaviour,
    )


_NEVER = np.iinfo(np.int64).max


def _purchase_weeks(store: Store, codes: NDArray[np.intp], start: int, n_weeks: int) -> dict[str, NDArray[np.int64]]:
    """Return sums by unit and week, shape (n, 1 + n_weeks); column 0 is all that lies before the first week."""
    table = store.orders.orders
    amount = table.gross if "gross" in table.columns else table.paid
    past = table.filter(table.us < (start + n_weeks * WEEK) * DAY)
    past = past.select("code", day=past.us // DAY, amount=amount)
    days = past.group_by(["code", "day"]).aggregate(orders=past.count(), amount=past.amount.sum().cast("int64"))
    week = ((days.day - start) // WEEK + 1).clip(lower=0)
    days = days.mutate(week=week, is_positive=days.amount > 0)
    cells = days.group_by(["code", "week"]).aggregate(
        n=days.count(),
        orders=days.orders.sum().cast("int64"),
        margin=days.amount.sum().cast("int64"),
        positive=days.amount.sum(where=days.is_positive).fill_null(0).cast("int64"),
        n_positive=days.count(where=days.is_positive),
        first=days.day.min(),
        last=days.day.max(),
        opening=at_least(days.amount, days.day),
    )
    return _spread(store, cells, codes, n_weeks + 1)


def _spread(store: Store, cells: Table, codes: NDArray[np.intp], n_weeks: int) -> dict[str, NDArray[np.int64]]:
    row = np.full(len(store.units.ids), -1, np.int64)
    row[codes] = np.arange(len(codes))
    found = {name: to_numpy(column) for name, column in zip(*_fetched(store, cells), strict=True)}
    keep = row[found["code"]] >= 0
    at = (row[found["code"]][keep], found["week"][keep])
    return {
        name: _filled((len(codes), n_weeks), at, values[keep], _NEVER if name in {"first", "last"} else 0)
        for name, values in found.items()
        if name not in {"code", "week"}
    }


def _fetched(store: Store, cells: Table) -> tuple[list[str], list[Array]]:
    table = store.engine.fetch(cells)
    return table.column_names, [table[name] for name in table.column_names]


def _filled(shape: tuple[int, int], at: tuple[Array, Array], values: Array, empty: int) -> NDArray[np.int64]:
    whole = np.full(shape, empty, np.int64)
    whole[at] = values
    return whole


def _known_at_ends(cells: dict[str, NDArray[np.int64]], start: int) -> dict[str, Array]:
    """Return what is known of purchases at the end of each week, each of shape (n, n_weeks)."""
    n_cells = cells["n"].shape[1]
    is_seen = np.logical_or.accumulate(cells["n"] > 0, axis=1)[:, 1:]
    opening_at = np.argmax(cells["n"] > 0, axis=1)
    rows = np.arange(len(opening_at))
    opening, first = cells["opening"][rows, opening_at][:, None], cells["first"][rows, opening_at][:, None]
    last = np.maximum.accumulate(np.where(cells["n"] > 0, cells["last"], -_NEVER), axis=1)[:, 1:]
    end = start + WEEK * np.arange(1, n_cells)
    n_positive = np.cumsum(cells["n_positive"], axis=1)[:, 1:] - (opening > 0)
    total = np.cumsum(cells["positive"], axis=1)[:, 1:] - np.maximum(opening, 0)
    has_value = is_seen & (n_positive > 0)
    mean = np.divide(total / MICRO, n_positive, out=np.zeros(total.shape), where=has_value)
    return {
        "frequency": np.maximum(np.cumsum(cells["n"], axis=1)[:, 1:] - 1, 0),
        "recency": np.where(is_seen, np.where(is_seen, last, 0) - np.where(is_seen, first, 0), np.nan),
        "age": np.where(is_seen, end - np.where(is_seen, first, 0), np.nan),
        "mean": mean,
    }


def _events(store: Store, codes: NDArray[np.intp], start: int, n_weeks: int) -> NDArray[np.int64]:
    if store.behaviour is None:
        return np.zeros((len(codes), n_weeks), np.int64)
    events = store.behaviour.events
    inside = events.filter(events.us >= start * DAY, events.us < (start + n_weeks * WEEK) * DAY)
    inside = inside.mutate(week=(inside.us - start * DAY) // (WEEK * DAY))
    sums = inside.group_by(["code", "week"]).aggregate(n=inside.n.sum().cast("int64"))
    return _spread(store, sums, codes, n_weeks)["n"]
