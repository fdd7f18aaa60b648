"""Customers' weeks from the tables of a spec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from uplift.customers import WeeklyPanel
from uplift.errors import DataError

if TYPE_CHECKING:
    from datetime import datetime

    from uplift.data import Warehouse


def activity_of(warehouse: Warehouse) -> Literal["behaviour", "orders"]:
    """Return what the activity of a week counts."""
    return "behaviour" if "behaviour" in warehouse.roles else "orders"


def read_weeks(warehouse: Warehouse, *, end: datetime, n_weeks: int) -> WeeklyPanel:
    """Return the weeks of all customers who consented and ordered before a moment.

    Parameters
    ----------
    warehouse
        The tables.
    end
        End of the last week; nothing at or after it is read.
    n_weeks
        Weeks before it.

    Returns
    -------
    WeeklyPanel

    Raises
    ------
    DataError
        When nobody ordered, or ``end`` is no midnight.
    """
    now = warehouse.purchases(end)
    ids = now.take(~np.isnan(now["age_days"])).unit_id
    if not len(ids):
        message = f"data.orders: nobody who consented ordered before {end.isoformat()}; give a later as_of"
        raise DataError(message)
    return WeeklyPanel.from_columns(warehouse.weekly(ids, end=end, n_weeks=n_weeks))
