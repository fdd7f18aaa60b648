"""Customers' weeks from tables of counts, and a value model whose numbers can be worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.customers.weekly import WeeklyPanel

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LIFE = 100.0
"""Days in which the value of a silent customer falls to 1/e."""


@dataclass(frozen=True)
class Fading:
    """Value: mean value × (1 + frequency) × exp(-(age - recency) / 100), spread over the future likewise.

    Of a customer without a discount rate the silent change of a week is exp(-.07) - 1 = -6.76 %; the model expects the
    same and ``renewal`` more, as an order would bring.
    """

    renewal: float = 0.0

    def residual_value(
        self,
        frequency: NDArray[np.float64],
        recency: NDArray[np.float64],
        age: NDArray[np.float64],
        mean_value: NDArray[np.float64],
        *,
        start_days: float,
        end_days: float,
        annual_discount_rate: float,
    ) -> NDArray[np.float64]:
        """Return value that does not depend on the length of the horizon, only on where it begins."""
        del end_days, annual_discount_rate
        later = np.exp(-start_days / LIFE) * (1 + self.renewal * (start_days > 0))
        value: NDArray[np.float64] = mean_value * (1 + frequency) * np.exp(-(age - recency) / LIFE) * later
        return value


def panel_of(
    orders: ArrayLike,
    *,
    activity: ArrayLike | None = None,
    mean_value: float | NDArray[np.float64] = 10.0,
    known_days: float = 200.0,
) -> WeeklyPanel:
    """Return customers with four repeat orders before the panel, the last the day before it begins.

    An order of a week falls on its last day but three; several orders of a week are one purchase day.
    """
    counts = np.asarray(orders, np.float64)
    n, n_weeks = counts.shape
    ends = 7.0 * np.arange(1, n_weeks + 1)
    bought = np.where(counts > 0, ends - 4, -np.inf)
    last = np.maximum(np.maximum.accumulate(bought, axis=1), -1.0)
    return WeeklyPanel(
        unit_id=np.array([f"c{i:03d}" for i in range(n)], dtype=object),
        orders=counts,
        activity=counts if activity is None else np.asarray(activity, np.float64),
        frequency=4 + np.cumsum(counts > 0, axis=1).astype(np.float64),
        recency_days=known_days + last,
        age_days=np.broadcast_to(known_days + ends, counts.shape),
        mean_value=np.broadcast_to(np.reshape(mean_value, (-1, 1)), counts.shape),
    )
