"""Purchase days inside a window, with and without the orders that used a coupon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.data.arrow import to_numpy
from uplift.data.window import DAY, MICRO

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.data.columns import Array
    from uplift.data.engine import Engine, Table
    from uplift.data.facts import Span

MONEY = ("value", "organic_value")


def sum_window_purchases(engine: Engine, orders: Table, span: Span) -> dict[str, Array]:
    """Return by ``code`` the purchase days of a window, of all orders and of those without a coupon.

    Parameters
    ----------
    engine, orders
        Where the orders are: ``us``, ``gross`` and, with a coupons table, ``couponed``.
    span
        The window, without discounting.

    Returns
    -------
    dict
        ``code``; ``days``, ``last_day`` (days from the window's start), ``n_positive`` and ``value`` (the margin,
        in millionths, of the days whose margin is above 0); the same with ``organic_`` before the name.
    """
    import ibis

    rows = span.rows(orders)
    plain = ~rows.couponed if "couponed" in rows.columns else ibis.literal(value=True)
    day = ((rows.us - rows.t0) // DAY).cast("int64") - span.window.start_day
    rows = rows.mutate(day=day, plain=plain)
    # A day's margin is of all its orders; the organic one of the orders without a coupon alone.
    days = rows.group_by("code", "day").aggregate(
        margin=rows.gross.sum().cast("int64"),
        organic_margin=rows.gross.sum(where=rows.plain).fill_null(0).cast("int64"),
        n_organic=rows.count(where=rows.plain),
    )
    without = days.n_organic > 0
    units = days.group_by("code").aggregate(
        days=days.count(),
        last_day=days.day.max(),
        value=days.margin.sum(where=days.margin > 0).fill_null(0).cast("int64"),
        n_positive=days.count(where=days.margin > 0),
        organic_days=days.count(where=without),
        organic_last_day=days.day.max(where=without).fill_null(0),
        organic_value=days.organic_margin.sum(where=days.organic_margin > 0).fill_null(0).cast("int64"),
        organic_n_positive=days.count(where=days.organic_margin > 0),
    )
    found = engine.fetch(units)
    return {name: to_numpy(found[name]) for name in found.column_names}


def place_window_purchases(
    found: dict[str, Array], codes: NDArray[np.intp], n_units: int
) -> dict[str, NDArray[np.float64]]:
    """Return window purchases as float64 columns of the ids asked for; money in currency units.

    Parameters
    ----------
    found
        ``code`` and sums, each of shape (m,).
    codes : ndarray of intp, shape (n,)
        Codes of the ids.
    n_units
        Number of codes.
    """
    placed: dict[str, NDArray[np.float64]] = {}
    for name, values in found.items():
        if name != "code":
            whole = np.zeros(n_units, np.int64)
            whole[found["code"]] = values
            placed[name] = whole[codes] / (MICRO if name in MONEY else 1)
    return placed
