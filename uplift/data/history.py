"""What is known of each unit's orders before a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.data.arrow import to_numpy
from uplift.data.window import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.data.columns import Array
    from uplift.data.engine import Engine, Table

RECENT_DAYS = 90


def summarize_history(engine: Engine, orders: Table, moment: int, n_units: int) -> dict[str, Array]:
    """Summarise the orders strictly before a moment, per unit, in one query.

    Parameters
    ----------
    engine, orders
        Where the orders are: ``code`` and ``us``.
    moment
        Microseconds since 1970, local.
    n_units
        Number of units; codes run from 0.

    Returns
    -------
    dict
        Arrays of shape (n_units,): ``n_orders``, ``n_gaps``, ``orders_90d``, ``orders_previous_90d``
        (int64), ``first_order_days`` and ``last_order_days`` (days before the moment), ``median_gap``
        and ``last_gap`` (days between orders); NaN where there is none.
    """
    import ibis

    before = orders.filter(orders.us < moment).select("code", "us")
    within = ibis.window(group_by="code", order_by="us")
    spaced = before.mutate(previous=before.us.lag().over(within))
    recent = moment - RECENT_DAYS * DAY
    earlier = moment - 2 * RECENT_DAYS * DAY
    found = engine.fetch(
        spaced.group_by("code").aggregate(
            n=spaced.count(),
            first=spaced.us.min(),
            last=spaced.us.max(),
            # Every order but the last is some order's previous one: the largest is the last but one.
            before_last=spaced.previous.max(),
            median=(spaced.us - spaced.previous).median(),
            recent=spaced.count(where=spaced.us >= recent),
            earlier=spaced.count(where=(spaced.us >= earlier) & (spaced.us < recent)),
        )
    )
    code = to_numpy(found["code"])
    columns = {name: to_numpy(found[name]) for name in found.column_names}

    def counts(values: Array) -> NDArray[np.int64]:
        return scatter(code, values, np.zeros(n_units, np.int64))

    def days(micros: Array) -> NDArray[np.float64]:
        return scatter(code, micros.astype(np.float64) / DAY, np.full(n_units, np.nan))

    return {
        "n_orders": counts(columns["n"]),
        "first_order_days": days(moment - columns["first"]),
        "last_order_days": days(moment - columns["last"]),
        "n_gaps": counts(columns["n"] - 1),
        "median_gap": days(columns["median"]),
        "last_gap": days(columns["last"] - columns["before_last"]),
        "orders_90d": counts(columns["recent"]),
        "orders_previous_90d": counts(columns["earlier"]),
    }


def scatter(code: Array, values: Array, into: Array) -> Array:
    """Return ``into`` with ``values`` written at ``code``."""
    into[code] = values
    return into
