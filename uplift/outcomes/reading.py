"""A reading: whether every order of the window is old enough to count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reading at one moment covers.

    Parameters
    ----------
    window_end
        First moment after the window [t0, t0 + window_days).
    settled_at
        Moment from which every order of the window is ``settle_days`` old.
    through
        Moment up to which rows are known (exclusive).
    is_settled
        Whether ``through`` has reached ``settled_at``; an unsettled reading carries no verdict.
    share
        Share of the window's days that are settled, in [0, 1].
    """

    window_end: datetime
    settled_at: datetime
    through: datetime
    is_settled: bool
    share: float


def read_window(t0: datetime, *, window_days: int, settle_days: int, through: datetime) -> Reading:
    """Tell how much of a window is settled.

    Parameters
    ----------
    t0
        Day 0, a naive local moment.
    window_days, settle_days
        Days of the window; days until an order is settled.
    through
        Rows at or after this moment are not known yet.

    Returns
    -------
    Reading
    """
    window_end = t0 + timedelta(days=window_days)
    settled_at = window_end + timedelta(days=settle_days)
    settled = (through - timedelta(days=settle_days) - t0) / timedelta(days=window_days)
    return Reading(window_end, settled_at, through, through >= settled_at, min(max(settled, 0.0), 1.0))
