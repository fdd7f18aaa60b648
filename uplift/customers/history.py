"""What each unit had ordered before its moment, as arrays; nothing later gets in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypedDict

import numpy as np

from uplift.errors import DataError, MissingColumnError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray

DAY = np.timedelta64(86_400_000_000, "us")
_RECENT_DAYS = 90
_QUARTERS_KEPT = 60


class UnitColumns(Protocol):
    """Aligned columns of units, as :class:`uplift.data.Columns` gives them."""

    @property
    def unit_id(self) -> NDArray[np.object_]:
        """Ids, shape (n,)."""
        ...

    @property
    def values(self) -> Mapping[str, NDArray[np.generic]]:
        """Column name to values, each of shape (n,)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Order history of ``n`` units strictly before each unit's own moment.

    Parameters
    ----------
    unit_id : ndarray of object (str), shape (n,)
        Unit ids.
    n_orders : ndarray of int64, shape (n,)
        Orders ever placed before the moment.
    first_order_days, last_order_days : ndarray of float, shape (n,)
        Days from the first and the last order to the moment; NaN without an order.
    n_gaps : ndarray of int64, shape (n,)
        Gaps between consecutive orders.
    median_gap, last_gap : ndarray of float, shape (n,)
        Median gap, and the gap between the last two orders, in days; NaN below two orders.
    orders_90d, orders_previous_90d : ndarray of int64, shape (n,)
        Orders in the last 90 days, and in the 90 days before those.
    registered_days : ndarray of float, shape (n,)
        Days since registration; NaN where unknown.
    order_quarters : ndarray of int64, shape (n,)
        Bit k is set where an order lies in the calendar quarter k quarters before that of the moment;
        None where that is not known.

    Raises
    ------
    DataError
        When an order lies at or after a unit's moment.
    """

    unit_id: NDArray[np.object_]
    n_orders: NDArray[np.int64]
    first_order_days: NDArray[np.float64]
    last_order_days: NDArray[np.float64]
    n_gaps: NDArray[np.int64]
    median_gap: NDArray[np.float64]
    last_gap: NDArray[np.float64]
    orders_90d: NDArray[np.int64]
    orders_previous_90d: NDArray[np.int64]
    registered_days: NDArray[np.float64]
    order_quarters: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        late = np.flatnonzero((self.last_order_days <= 0) | (self.first_order_days <= 0))
        if len(late):
            raise _leak(str(self.unit_id[late[0]]), len(late))

    def __len__(self) -> int:
        return len(self.unit_id)

    @classmethod
    def from_columns(cls, columns: UnitColumns) -> History:
        """Return the history that ``Warehouse.history`` measured.

        Parameters
        ----------
        columns
            Columns named as the fields; ``registered_days`` and ``order_quarters`` may be absent.

        Returns
        -------
        History

        Raises
        ------
        DataError
            When an order lies at or after a unit's moment.
        MissingColumnError
            When a column is not there.
        """

        def counts(name: str) -> NDArray[np.int64]:
            return _named(columns, name).astype(np.int64)

        def days(name: str) -> NDArray[np.float64]:
            return _named(columns, name).astype(np.float64)

        has_registered = "registered_days" in columns.values
        return cls(
            unit_id=columns.unit_id,
            n_orders=counts("n_orders"),
            first_order_days=days("first_order_days"),
            last_order_days=days("last_order_days"),
            n_gaps=counts("n_gaps"),
            median_gap=days("median_gap"),
            last_gap=days("last_gap"),
            orders_90d=counts("orders_90d"),
            orders_previous_90d=counts("orders_previous_90d"),
            registered_days=days("registered_days") if has_registered else np.full(len(columns.unit_id), np.nan),
            order_quarters=counts("order_quarters") if "order_quarters" in columns.values else None,
        )


def _named(columns: UnitColumns, name: str) -> NDArray[np.generic]:
    if name not in columns.values:
        raise MissingColumnError.among(name, "the order history", columns.values)
    return columns.values[name]


def _leak(unit: str, n_units: int) -> DataError:
    return DataError(
        f"orders: unit '{unit}' ({n_units} units in all) has an order at or after its moment; "
        "only orders strictly before as_of are known: filter them out"
    )


def summarize_orders(
    orders: object,
    *,
    as_of: datetime | str,
    unit_id: str,
    time: str,
    promotion_days: NDArray[np.datetime64] | None = None,
) -> History:
    """Summarise an order table into one history per unit that ever ordered.

    Parameters
    ----------
    orders
        One row per order: pandas, polars, pyarrow, or a mapping of arrays. Not changed.
    as_of
        Naive local moment up to which orders are known, or the column that holds each row's own.
    unit_id, time
        Columns of the unit and of the order's naive local time.
    promotion_days : ndarray of datetime64[D], shape (d,)
        Days whose orders are no personal rhythm: they count as orders, and the gaps are those between the others.

    Returns
    -------
    History
        Sorted by unit id (code points). ``registered_days`` is unknown.

    Raises
    ------
    DataError
        When a row lies at or after its unit's moment, or a time is missing.
    MissingColumnError
        When a column is not there.
    """
    ids, code = np.unique(_ids(orders, unit_id), return_inverse=True)
    times = _times(orders, time)
    moments = _times(orders, as_of) if isinstance(as_of, str) else np.full(len(times), np.datetime64(as_of, "us"))
    if np.any(times >= moments):
        late = np.unique(code[times >= moments])
        raise _leak(str(ids[late[0]]), len(late))
    plain = np.ones(len(times), np.bool_)
    if promotion_days is not None:
        plain = ~np.isin(times.astype("datetime64[D]"), promotion_days.astype("datetime64[D]"))
    rows = _Orders(code.astype(np.int64), (moments - times) / DAY, _quarters_before(times, moments), plain)
    return _summarize(ids.astype(object), rows)


@dataclass(frozen=True, slots=True, eq=False)
class _Orders:
    """Orders of shape (m,): code of the unit, days and calendar quarters before the moment, whether plain."""

    code: NDArray[np.int64]
    ago: NDArray[np.float64]
    quarters: NDArray[np.int64]
    plain: NDArray[np.bool_]

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> _Orders:
        return _Orders(self.code[rows], self.ago[rows], self.quarters[rows], self.plain[rows])


def _quarters_before(times: NDArray[np.datetime64], moments: NDArray[np.datetime64]) -> NDArray[np.int64]:
    then, now = (each.astype("datetime64[M]").astype(np.int64) // 3 for each in (times, moments))
    before: NDArray[np.int64] = now - then
    return np.where(before < _QUARTERS_KEPT, before, _QUARTERS_KEPT - 4 + before % 4)


def _summarize(ids: NDArray[np.object_], orders: _Orders) -> History:
    n = len(ids)
    orders = orders.take(np.lexsort((-orders.ago, orders.code)))
    code, ago = orders.code, orders.ago
    count = np.bincount(code, minlength=n)
    end = np.cumsum(count) - 1
    recent = ago <= _RECENT_DAYS
    previous = (ago > _RECENT_DAYS) & (ago <= 2 * _RECENT_DAYS)
    marks = np.zeros(n, np.int64)
    np.bitwise_or.at(marks, code, np.int64(1) << orders.quarters)
    return History(
        unit_id=ids,
        n_orders=count.astype(np.int64),
        first_order_days=ago[end - count + 1],
        last_order_days=ago[end],
        **_gaps(orders.take(orders.plain), n),
        orders_90d=np.bincount(code[recent], minlength=n).astype(np.int64),
        orders_previous_90d=np.bincount(code[previous], minlength=n).astype(np.int64),
        registered_days=np.full(n, np.nan),
        order_quarters=marks,
    )


class _Rhythm(TypedDict):
    n_gaps: NDArray[np.int64]
    median_gap: NDArray[np.float64]
    last_gap: NDArray[np.float64]


def _gaps(orders: _Orders, n: int) -> _Rhythm:
    same = orders.code[1:] == orders.code[:-1]
    gaps, owner = (orders.ago[:-1] - orders.ago[1:])[same], orders.code[1:][same]
    n_gaps = np.bincount(owner, minlength=n)
    last_gap = np.full(n, np.nan)
    several = n_gaps > 0
    last_gap[several] = gaps[np.cumsum(n_gaps)[several] - 1]
    return {"n_gaps": n_gaps.astype(np.int64), "median_gap": _medians(gaps, owner, n_gaps), "last_gap": last_gap}


def _medians(gaps: NDArray[np.float64], owner: NDArray[np.int64], n_gaps: NDArray[np.intp]) -> NDArray[np.float64]:
    ordered = gaps[np.lexsort((gaps, owner))]
    median = np.full(len(n_gaps), np.nan)
    some = n_gaps > 0
    start = (np.cumsum(n_gaps) - n_gaps)[some]
    low, high = start + (n_gaps[some] - 1) // 2, start + n_gaps[some] // 2
    median[some] = (ordered[low] + ordered[high]) / 2
    return median


def _column(frame: object, name: str) -> NDArray[np.generic]:
    names = [str(item) for item in _names(frame)]
    if name not in names:
        raise MissingColumnError.among(name, "the order table", names)
    column = frame[name]  # type: ignore[index]
    return np.asarray(column.to_numpy() if hasattr(column, "to_numpy") else column)


def _ids(frame: object, name: str) -> NDArray[np.str_]:
    raw = _column(frame, name)
    if raw.dtype.kind == "f":
        message = (
            f"column '{name}' of the order table holds {raw.dtype}; ids are text or whole numbers: read them as text"
        )
        raise DataError(message)
    return raw.astype(np.str_)


def _names(frame: object) -> list[str]:
    for attribute in ("column_names", "columns"):
        found = getattr(frame, attribute, None)
        if found is not None:
            return list(found)
    return list(frame) if hasattr(frame, "keys") else []  # type: ignore[call-overload]


def _times(frame: object, name: str) -> NDArray[np.datetime64]:
    raw = _column(frame, name)
    if raw.dtype.kind != "M":
        message = f"column '{name}' of the order table holds {raw.dtype}; it must hold naive local times (datetime64)"
        raise DataError(message)
    times = raw.astype("datetime64[us]")
    missing = int(np.isnat(times).sum())
    if missing:
        message = f"column '{name}' of the order table: {missing} times are missing; drop those rows or fill them"
        raise DataError(message)
    return times
