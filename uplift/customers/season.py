"""Customers of one season: their silence in the other quarters says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.customers.history import History

QUARTERS_A_YEAR = 4
_SAME_QUARTER = np.int64(sum(1 << k for k in range(0, 60, QUARTERS_A_YEAR)))


def is_seasonal(history: History, *, least_years: int = 2) -> NDArray[np.bool_]:
    """Tell who ordered in one calendar quarter of several years and in no other, shape (n,).

    Parameters
    ----------
    history
        Order history of ``n`` units; where its quarters are not known nobody is seasonal.
    least_years
        Years with an order that make a season.
    """
    marks = history.order_quarters
    if marks is None:
        return np.zeros(len(history), np.bool_)
    season = _SAME_QUARTER << (last_quarter(history) % QUARTERS_A_YEAR)
    return np.asarray((marks != 0) & ((marks & ~season) == 0) & (np.bitwise_count(marks) >= least_years))


def last_quarter(history: History) -> NDArray[np.int64]:
    """Return how many calendar quarters before the moment's the last order lies, shape (n,); 0 where unknown."""
    marks = history.order_quarters
    if marks is None:
        return np.zeros(len(history), np.int64)
    lowest = np.where(marks == 0, 1, marks & -marks)
    return np.log2(lowest.astype(np.float64)).astype(np.int64)


def awaits_season(history: History, *, least_years: int = 2, seasons: int = 1) -> NDArray[np.bool_]:
    """Tell whose yearly rhythm explains that they have not ordered, shape (n,).

    Parameters
    ----------
    history
        Order history of ``n`` units.
    least_years
        Years with an order that make a season.
    seasons
        The last order lies in one of so many seasons back; 1: since then the season has not passed without an order.
    """
    waited = last_quarter(history) <= QUARTERS_A_YEAR * seasons
    return is_seasonal(history, least_years=least_years) & waited
