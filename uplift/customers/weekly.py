"""What customers are worth at the end of each week, under one frozen model, and what that model expected."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Protocol

import numpy as np

from uplift.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEEK_DAYS = 7
HORIZON_DAYS = 365
YEAR_DAYS = 365
_BLOCK = 1 << 21
"""Customer-weeks that are valued at a time."""


class ValueModel(Protocol):
    """What a customer will still bring; a :class:`uplift.clv.LifetimeModel`."""

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
        """Return the discounted expected margin of orders in (start_days, end_days] from now, shape (n,)."""
        ...


class WeeklyColumns(Protocol):
    """Units by weeks, as :meth:`uplift.data.Warehouse.weekly` gives them; each but the ids of shape (n, n_weeks)."""

    @property
    def unit_id(self) -> NDArray[np.object_]:
        """Ids, shape (n,)."""
        ...

    @property
    def orders(self) -> NDArray[np.generic]:
        """Orders of each week."""
        ...

    @property
    def activity(self) -> NDArray[np.generic]:
        """Behaviour events of each week; orders where there are none."""
        ...

    @property
    def frequency(self) -> NDArray[np.generic]:
        """Repeat purchase days up to the week's end."""
        ...

    @property
    def recency_days(self) -> NDArray[np.generic]:
        """Days from the first purchase day to the last."""
        ...

    @property
    def age_days(self) -> NDArray[np.generic]:
        """Days from the first purchase day to the week's end; NaN before it."""
        ...

    @property
    def mean_value(self) -> NDArray[np.generic]:
        """Mean margin of a repeat purchase day; 0 without one."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class WeeklyPanel:
    """``n`` customers at the ends of ``w`` consecutive weeks; nothing at or after a week's end is in it.

    Parameters
    ----------
    unit_id : ndarray of object (str), shape (n,)
        Customers.
    orders, activity : ndarray of float, shape (n, w)
        Orders, and behaviour events (orders where there are none), of each week.
    frequency, recency_days, age_days, mean_value : ndarray of float, shape (n, w)
        Repeat purchase days, days from the first to the last purchase day and to the week's end, mean
        margin of a repeat purchase day in the currency; ``age_days`` is NaN before the first purchase.

    Raises
    ------
    DataError
        When the shapes differ, a count is negative, or a last purchase lies after its week's end.
    """

    unit_id: NDArray[np.object_]
    orders: NDArray[np.float64]
    activity: NDArray[np.float64]
    frequency: NDArray[np.float64]
    recency_days: NDArray[np.float64]
    age_days: NDArray[np.float64]
    mean_value: NDArray[np.float64]

    def __post_init__(self) -> None:
        for field in fields(self)[1:]:
            shape = getattr(self, field.name).shape
            if len(shape) != 2 or shape != (len(self.unit_id), self.orders.shape[1]):
                message = (
                    f"weekly {field.name}: got the shape {shape}, must be {(len(self.unit_id), 'weeks')}: "
                    "one row per customer, one column per week, the same weeks in all"
                )
                raise DataError(message)
        for name, bad in (
            ("orders", self.orders < 0),
            ("activity", self.activity < 0),
            ("frequency", self.frequency < 0),
            ("recency_days", (self.recency_days < 0) | (self.recency_days > self.age_days)),
        ):
            if bad.any():
                unit = self.unit_id[np.flatnonzero(bad.any(axis=1))[0]]
                message = (
                    f"weekly {name}: {int(bad.sum())} values are out of range, first of customer '{unit}'; counts are "
                    "0 or more, and a last purchase lies between the first and the week's end"
                )
                raise DataError(message)

    @classmethod
    def from_columns(cls, columns: WeeklyColumns) -> WeeklyPanel:
        """Return the panel that a warehouse measured.

        Raises
        ------
        DataError
            When its columns do not fit each other.
        """
        numbers = {field.name: np.asarray(getattr(columns, field.name), np.float64) for field in fields(cls)[1:]}
        return cls(columns.unit_id, **numbers)

    @property
    def n_weeks(self) -> int:
        """Number of weeks."""
        return int(self.orders.shape[1])

    def last_week(self) -> WeeklyPanel:
        """Return the panel of the last week alone."""
        return WeeklyPanel(self.unit_id, *(getattr(self, field.name)[:, -1:] for field in fields(self)[1:]))

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether the customer had bought by the week's end, shape (n, w)."""
        return ~np.isnan(self.age_days)


@dataclass(frozen=True, slots=True, eq=False)
class ValuePath:
    """CLV of customers at the end of each week under one model whose parameters do not move.

    Parameters
    ----------
    panel
        The customers' weeks.
    model
        The frozen model.
    horizon_days
        Days that the CLV of a week looks ahead from its end.
    annual_discount_rate
        Of the CLV.
    clv : ndarray of float, shape (n, w)
        Discounted expected margin of the days after the week's end, in the currency; NaN before the
        first purchase.
    """

    panel: WeeklyPanel
    model: ValueModel
    horizon_days: int
    annual_discount_rate: float
    clv: NDArray[np.float64]

    @property
    def change(self) -> NDArray[np.float64]:
        """CLV against the week before, as a share of it, shape (n, w); NaN in the first week and without value."""
        change = np.full(self.clv.shape, np.nan)
        before = self.clv[:, :-1]
        np.divide(self.clv[:, 1:] - before, before, out=change[:, 1:], where=before > 0)
        return change

    def expected_change(self, week: int | NDArray[np.intp], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the change of CLV that the model expected a week before.

        Parameters
        ----------
        week : int or ndarray of int, shape (m,)
            The week, or each customer's; the expectation is of the end of the week before it.
        rows : ndarray of int, shape (m,)
            Customers with a positive CLV at the end of the week before.

        Returns
        -------
        ndarray of float, shape (m,)
            E[CLV of the week | known a week before] / CLV a week before - 1.

        Notes
        -----
        Under the model CLV less this expectation is a martingale difference: its mean is 0 whatever is
        known before. The expectation counts both futures, an order (CLV up) and none (CLV down), so a
        week without an order is a negative surprise, which :meth:`silent_change` never is.
        """
        ahead = self._value(week - 1, rows, start_days=WEEK_DAYS)
        growth = (1 + self.annual_discount_rate) ** (WEEK_DAYS / YEAR_DAYS)
        change: NDArray[np.float64] = ahead * growth / self.clv[rows, week - 1] - 1
        return change

    def silent_change(self, week: int | NDArray[np.intp], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the change of CLV had nothing happened in the week: the deterministic decay.

        Parameters
        ----------
        week, rows
            As in :meth:`expected_change`.

        Returns
        -------
        ndarray of float, shape (m,)
        """
        change: NDArray[np.float64] = self._value(week - 1, rows, older_days=WEEK_DAYS) / self.clv[rows, week - 1] - 1
        return change

    def _value(
        self, week: int | NDArray[np.intp], rows: NDArray[np.intp], *, start_days: int = 0, older_days: int = 0
    ) -> NDArray[np.float64]:
        """Return the value of the days after ``start_days`` from the end of a week, block by block."""
        panel, weeks = self.panel, np.broadcast_to(week, rows.shape)
        value = np.empty(len(rows))
        for first in range(0, len(rows), _BLOCK):
            part = slice(first, first + _BLOCK)
            at = rows[part], weeks[part]
            value[part] = self.model.residual_value(
                panel.frequency[at],
                panel.recency_days[at],
                panel.age_days[at] + older_days,
                panel.mean_value[at],
                start_days=start_days,
                end_days=start_days + self.horizon_days,
                annual_discount_rate=self.annual_discount_rate,
            )
        return value


def trace_value(
    model: ValueModel,
    panel: WeeklyPanel,
    *,
    horizon_days: int = HORIZON_DAYS,
    annual_discount_rate: float = 0.1,
) -> ValuePath:
    """Value customers at the end of each week with the parameters of one fit.

    Parameters
    ----------
    model
        Its parameters are the same for all weeks, so that CLV moves with behaviour and never with a refit.
    panel
        The customers' weeks, ``n`` by ``w``.
    horizon_days
        Days ahead that count.
    annual_discount_rate
        Of the days ahead.

    Returns
    -------
    ValuePath

    Notes
    -----
    *Estimand*: E[discounted margin of (t, t + horizon] | purchases before t] for each week's end t.
    """
    clv = np.full(panel.orders.shape, np.nan)
    path = ValuePath(panel, model, horizon_days, annual_discount_rate, clv)
    rows, weeks = np.nonzero(panel.known)
    clv[rows, weeks] = path._value(weeks, rows)  # noqa: SLF001 - filled before anybody sees it
    return path
