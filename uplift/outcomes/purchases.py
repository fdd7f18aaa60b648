"""Each unit's purchase history at a moment, and the same history some days later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseState:
    """What a purchase model needs to know of n units; NaN where a unit never ordered.

    Parameters
    ----------
    frequency : ndarray of float, shape (n,)
        Purchase days after the first.
    recency, age : ndarray of float, shape (n,)
        Days from the first purchase day to the last, and to the moment.
    mean_value : ndarray of float, shape (n,)
        Mean margin of the purchase days after the first whose margin is above 0, in the currency; 0 without any.
    n_positive : ndarray of float, shape (n,)
        Number of those days.
    """

    frequency: NDArray[np.float64]
    recency: NDArray[np.float64]
    age: NDArray[np.float64]
    mean_value: NDArray[np.float64]
    n_positive: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.age)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Units with a purchase before the moment, shape (n,)."""
        known: NDArray[np.bool_] = np.isfinite(self.age)
        return known

    def take(self, rows: NDArray[np.intp]) -> PurchaseState:
        """Return the units that an index picks."""
        return PurchaseState(
            self.frequency[rows], self.recency[rows], self.age[rows], self.mean_value[rows], self.n_positive[rows]
        )

    @classmethod
    def from_columns(cls, columns: Mapping[str, NDArray[np.generic]]) -> PurchaseState:
        """Return the state that :meth:`uplift.data.Warehouse.purchases` describes."""
        names = ("frequency", "recency_days", "age_days", "mean_value", "n_positive_days")
        return cls(*(np.asarray(columns[name], dtype=np.float64) for name in names))


@dataclass(frozen=True, slots=True, eq=False)
class SeenPurchases:
    """Purchase days of n units inside a window that starts at the moment of a :class:`PurchaseState`.

    Parameters
    ----------
    days : ndarray of float, shape (n,)
        Purchase days.
    last_day : ndarray of float, shape (n,)
        Days from the window's start to the last of them; 0 without any.
    value : ndarray of float, shape (n,)
        Margin of the purchase days whose margin is above 0, in the currency.
    n_positive : ndarray of float, shape (n,)
        Number of those days.
    """

    days: NDArray[np.float64]
    last_day: NDArray[np.float64]
    value: NDArray[np.float64]
    n_positive: NDArray[np.float64]

    def differs(self, other: SeenPurchases) -> NDArray[np.bool_]:
        """Tell which units were seen to do something else, shape (n,)."""
        unlike: NDArray[np.bool_] = (
            (self.days != other.days)
            | (self.last_day != other.last_day)
            | (self.value != other.value)
            | (self.n_positive != other.n_positive)
        )
        return unlike


def advance(state: PurchaseState, seen: SeenPurchases, *, days: int) -> PurchaseState:
    """Return the state some days later.

    Parameters
    ----------
    state
        At day 0.
    seen
        Purchases in [0, days).
    days
        How much later.

    Returns
    -------
    PurchaseState
        Of units that had ordered before day 0; the others stay unknown, whatever they bought since.
    """
    again = seen.days > 0
    n_positive = state.n_positive + seen.n_positive
    total = state.mean_value * state.n_positive + seen.value
    return PurchaseState(
        frequency=state.frequency + seen.days,
        recency=np.where(again, state.age + seen.last_day, state.recency),
        age=state.age + days,
        mean_value=np.divide(total, n_positive, out=np.zeros(len(state)), where=n_positive > 0),
        n_positive=n_positive,
    )
