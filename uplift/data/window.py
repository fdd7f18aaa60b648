"""Half-open windows of days, from one moment for all units or from each unit's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import DataError

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

MICRO = 1_000_000
"""Money is summed in integers of one millionth of the currency unit."""

DAY = 86_400 * 1_000_000
"""A day in microseconds: times are naive and local, so that every day has 24 hours."""


@dataclass(frozen=True, slots=True, eq=False)
class FactWindow:
    """Rows of [t0 + start_day, t0 + end_day) as they were known before a moment.

    Parameters
    ----------
    t0
        Day 0 as a naive local time, or one per unit: ndarray of datetime64[us], shape (n,), aligned
        with the ids that are asked for.
    start_day, end_day
        Days from t0; negative days are the past.
    through
        Rows at or after it are not known yet; None takes all rows.
    settle_days
        A refund counts when it came before the window's end plus these days, and before ``through``.
    annual_discount_rate
        Money is multiplied by ``(1 + rate) ** (-days / 365)``, with the whole days from t0 to the row.
    """

    t0: datetime | NDArray[np.datetime64]
    start_day: int
    end_day: int
    through: datetime | None = None
    settle_days: int = 0
    annual_discount_rate: float = 0.0

    def __post_init__(self) -> None:
        if self.end_day <= self.start_day:
            message = f"end_day == {self.end_day}, must be above start_day == {self.start_day}"
            raise DataError(message)
        if self.settle_days < 0 or self.annual_discount_rate < 0:
            message = (
                f"settle_days == {self.settle_days} and annual_discount_rate == {self.annual_discount_rate}, "
                "must be 0 or more"
            )
            raise DataError(message)


def to_micros(moment: datetime) -> int:
    """Return a naive local moment as microseconds since 1970."""
    if moment.tzinfo is not None:
        message = f"moment == {moment.isoformat()}, must be naive: a local time of the spec's zone"
        raise DataError(message)
    return int(np.datetime64(moment, "us").astype(np.int64))


def discount_factors(rate: float, start_day: int, end_day: int) -> NDArray[np.float64]:
    """Return the factor of each whole day of [start_day, end_day), shape (end_day - start_day,)."""
    return np.asarray([(1.0 + rate) ** (-day / 365) for day in range(start_day, end_day)])
