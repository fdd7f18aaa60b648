"""What is known of customers at a moment, and what they brought after it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from uplift.clv.accuracy import PastYear


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseHistory:
    """When and for how much each unit bought, as of a moment.

    Parameters
    ----------
    frequency : ndarray of float64, shape (n,)
        Purchase days after the first; 0 without an order too.
    recency, age : ndarray of float64, shape (n,)
        Days from the first to the last purchase day, and from the first to the moment; NaN without an order.
    mean_value : ndarray of float64, shape (n,)
        Mean margin of a repeat purchase day in the currency; 0 where ``frequency`` is 0.
    """

    frequency: NDArray[np.float64]
    recency: NDArray[np.float64]
    age: NDArray[np.float64]
    mean_value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.frequency)

    @property
    def bought(self) -> NDArray[np.bool_]:
        """Whether a unit has an order; shape (n,)."""
        return np.isfinite(np.asarray(self.age, dtype=np.float64))

    @property
    def n_buyers(self) -> int:
        """Units with an order."""
        return int(self.bought.sum())

    @property
    def n_repeaters(self) -> int:
        """Units with orders on two days or more."""
        return int((np.asarray(self.frequency) > 0).sum())

    @property
    def span_days(self) -> float:
        """Days from the first order of all to the moment; 0 without an order."""
        ages = np.asarray(self.age, dtype=np.float64)[self.bought]
        return float(ages.max()) if len(ages) else 0.0

    def of(self, member: NDArray[np.bool_]) -> PurchaseHistory:
        """Return the histories of the chosen units."""
        return PurchaseHistory(
            np.asarray(self.frequency, dtype=np.float64)[member],
            np.asarray(self.recency, dtype=np.float64)[member],
            np.asarray(self.age, dtype=np.float64)[member],
            np.asarray(self.mean_value, dtype=np.float64)[member],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Units at a moment whose following horizon is over.

    Parameters
    ----------
    value : ndarray of float64, shape (n,)
        Realised value over the horizon after the moment, discounted to the moment, in the currency.
    features
        Name to column of shape (n,), known strictly before the moment: numbers with NaN where unknown, or
        codes of categories from 0 on.
    history
        Purchases of the same units, before the moment.
    past
        What they brought over the horizon before the moment, for naive predictions.
    groups
        Axis (category, stage ...) to labels of shape (n,), known before the moment.

    Raises
    ------
    UsageError
        When history and value are not of the same units.
    """

    value: NDArray[np.float64]
    features: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    history: PurchaseHistory | None = None
    past: PastYear | None = None
    groups: Mapping[str, NDArray[np.object_]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.history is not None and len(self.history) != len(self.value):
            message = (
                f"history: has {len(self.history)} units, must have the {len(self.value)} units of value, in its order"
            )
            raise UsageError(message)


@dataclass(frozen=True, slots=True, eq=False)
class WideHistory:
    """The wide table at three moments, one horizon apart.

    Parameters
    ----------
    earlier
        Two horizons before now: the backtest is fitted on it.
    later
        One horizon before now: the backtest is tested on it, and the prediction is fitted on it.
    now
        Name to column of shape (n,): the units to predict.
    categorical
        Names of the columns that hold codes of categories.
    """

    earlier: Snapshot
    later: Snapshot
    now: Mapping[str, NDArray[np.float64]]
    categorical: tuple[str, ...] = ()


def check_purchases(history: PurchaseHistory) -> PurchaseHistory:
    """Return the history as floats of one length.

    Raises
    ------
    UsageError
        When shapes differ, or a customer's times do not fit: 0 <= recency <= age, frequency >= 0.
    """
    columns = {name: np.asarray(getattr(history, name), dtype=np.float64) for name in PurchaseHistory.__slots__}
    for name, column in columns.items():
        if column.shape != (len(history),):
            message = f"history.{name}: has shape {column.shape}, must have shape ({len(history)},) as frequency"
            raise UsageError(message)
    bought = np.isfinite(columns["age"])
    frequency, recency, age = (columns[name] for name in ("frequency", "recency", "age"))
    with np.errstate(invalid="ignore"):
        fits = (frequency >= 0) & (recency >= 0) & (recency <= age) & np.isfinite(columns["mean_value"])
    wrong = np.flatnonzero(bought & ~fits)
    if len(wrong):
        i = wrong[0]
        message = (
            f"history: unit at position {i} has frequency {frequency[i]}, recency {recency[i]}, age {age[i]}, "
            f"mean value {columns['mean_value'][i]}; allowed: frequency >= 0, 0 <= recency <= age, a finite mean value"
        )
        raise UsageError(message)
    return PurchaseHistory(**columns)
