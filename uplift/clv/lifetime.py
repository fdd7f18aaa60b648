"""What a fitted model of purchases and spend says of a customer's future: frozen parameters, predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from uplift.clv.cells import check_history
from uplift.clv.dropout import Dropout, dropout_log_odds, odds_slopes
from uplift.clv.orders import Span, expect_orders
from uplift.errors import EstimationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

PurchaseKind = Literal["bgnbd", "mbgnbd"]
EXTRA_CHANCES: dict[PurchaseKind, int] = {"bgnbd": 0, "mbgnbd": 1}
YEAR_DAYS = 365.0


@dataclass(frozen=True, slots=True)
class PurchaseModel:
    """When customers order, and when they stop: a fitted BG/NBD or MBG/NBD model.

    Parameters
    ----------
    kind
        ``bgnbd``: a customer may stop after each repeat order; ``mbgnbd``: after the first order too.
    r, alpha
        Shape and rate of the gamma distribution of order rates; ``alpha`` in the unit of time of the fit.
    a, b
        Parameters of the beta distribution of the chance to stop after an order.
    log_likelihood
        At the maximum, natural logarithm.
    covariance
        Rows of the covariance of log(r, alpha, a, b), 4 x 4, from the observed information.
    n_units
        Customers of the fit.

    Notes
    -----
    The predictions take repeat purchase days, time from the first purchase to the last, and to now, in the unit of
    time of the fit and of shapes that broadcast; where ``age`` is NaN there is no purchase, and the answer is NaN.
    """

    kind: PurchaseKind
    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    covariance: tuple[tuple[float, ...], ...]
    n_units: int

    @property
    def dropout(self) -> Dropout:
        """The parameters as the formulas take them."""
        return Dropout(self.r, self.alpha, self.a, self.b, EXTRA_CHANCES[self.kind])

    def std_errors(self) -> NDArray[np.float64]:
        """Return the standard errors of (r, alpha, a, b), shape (4,)."""
        return _natural_errors(np.array([self.r, self.alpha, self.a, self.b]), self.covariance)

    def alive(self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike) -> NDArray[np.float64]:
        """Return the chance that a customer has not stopped.

        Parameters
        ----------
        frequency, recency, age : array_like, shape (n,)
            The history.

        Returns
        -------
        ndarray of float, shape (n,)
            In [0, 1]; 1 for ``bgnbd`` without a repeat, by the model's assumption.

        Raises
        ------
        EstimationError
            When a history is none.
        """
        history = check_history(frequency, recency, age, may_lack=True)
        return _per_history(history, lambda rows: _share_alive(dropout_log_odds(self.dropout, *rows)))

    def expected_orders(
        self, frequency: ArrayLike, recency: ArrayLike, age: ArrayLike, *, horizon: float
    ) -> NDArray[np.float64]:
        """Return the expected orders up to a time from now, E[Y(t) | x, t_x, T].

        Parameters
        ----------
        frequency, recency, age : array_like, shape (n,)
            The history.
        horizon
            Time from now, in the unit of the fit.

        Returns
        -------
        ndarray of float, shape (n,)
            Relative error of the quadrature below 1e-7.

        Raises
        ------
        EstimationError
            When a history is none, or the horizon negative.
        """
        return self._orders(check_history(frequency, recency, age, may_lack=True), _span(0.0, horizon, 0.0))

    def discounted_orders(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        age: ArrayLike,
        *,
        start: float,
        end: float,
        annual_discount_rate: float,
    ) -> NDArray[np.float64]:
        """Return expected orders between two times from now, each discounted to now; a fit in days.

        Parameters
        ----------
        frequency, recency, age : array_like, shape (n,)
            The history.
        start, end
            Days from now; orders in (start, end] count.
        annual_discount_rate
            An order after t days counts (1 + rate)^(-t/365).

        Returns
        -------
        ndarray of float, shape (n,)
            Relative error of the quadrature below 1e-7.

        Raises
        ------
        EstimationError
            When a history is none, the days are not 0 <= start <= end, or the rate is not above -1.
        """
        history = check_history(frequency, recency, age, may_lack=True)
        return self._orders(history, _span(start, end, annual_discount_rate))

    def _orders(self, history: NDArray[np.float64], span: Span) -> NDArray[np.float64]:
        return _per_history(history, lambda rows: _discounted(self.dropout, rows, span))


@dataclass(frozen=True, slots=True)
class SpendModel:
    """What an order is worth: a fitted Gamma-Gamma model.

    Parameters
    ----------
    p
        Shape of the gamma distribution of one customer's order values.
    q, v
        Shape and rate of the gamma distribution of the customers' rates; ``v`` in the currency of the fit.
    log_likelihood
        At the maximum, natural logarithm.
    covariance
        Rows of the covariance of log(p, q, v), 3 x 3, from the observed information.
    n_units
        Customers of the fit: those with a repeat order and a positive mean value.
    correlation
        Pearson correlation of repeat frequency and mean value among them; the model takes it for 0, and
        beyond +-0.3 its predictions of frequent buyers are off.
    positive_share
        Share of the customers with a repeat order whose mean value is positive.
    """

    p: float
    q: float
    v: float
    log_likelihood: float
    covariance: tuple[tuple[float, ...], ...]
    n_units: int
    correlation: float
    positive_share: float = 1.0

    def std_errors(self) -> NDArray[np.float64]:
        """Return the standard errors of (p, q, v), shape (3,)."""
        return _natural_errors(np.array([self.p, self.q, self.v]), self.covariance)

    @property
    def population_mean(self) -> float:
        """Mean value of an order over all customers, in the currency of the fit."""
        return self.v * self.p / (self.q - 1)

    def expected_value(self, frequency: ArrayLike, mean_value: ArrayLike) -> NDArray[np.float64]:
        """Return a customer's expected value of an order, E[M | x, mean value].

        Parameters
        ----------
        frequency, mean_value : array_like, shape (n,)
            Repeat purchases and their mean value. Without a repeat, or where the mean value is not positive (which
            this model cannot read), the customer is taken for an average one.

        Returns
        -------
        ndarray of float, shape (n,)
            In the currency of the fit; between the population's mean and the customer's own.
        """
        x, z = _check_values(frequency, mean_value)
        return np.asarray(self.p * (self.v + x * z) / (self.p * x + self.q - 1))

    def value_slopes(self, frequency: ArrayLike, mean_value: ArrayLike) -> NDArray[np.float64]:
        """Return the derivatives of ``expected_value`` with respect to log(p, q, v), shape (3, n)."""
        x, z = _check_values(frequency, mean_value)
        value, below = self.p * (self.v + x * z) / (self.p * x + self.q - 1), self.p * x + self.q - 1
        return np.stack([value * (1 - self.p * x / below), -value * self.q / below, value * self.v / (self.v + x * z)])


@dataclass(frozen=True, slots=True)
class LifetimeModel:
    """Orders and their value together: what a customer will still bring.

    Parameters
    ----------
    purchase
        When customers order, time in days.
    spend
        What an order is worth, in the experiment's currency.
    """

    purchase: PurchaseModel
    spend: SpendModel

    def residual_value(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        age: ArrayLike,
        mean_value: ArrayLike,
        *,
        start_days: float,
        end_days: float,
        annual_discount_rate: float,
    ) -> NDArray[np.float64]:
        """Return the discounted expected value of the orders to come.

        Parameters
        ----------
        frequency, recency, age, mean_value : array_like, shape (n,)
            Repeat purchase days; days from the first purchase to the last, and to now (NaN: no purchase); mean
            value of a repeat purchase day in the currency.
        start_days, end_days
            Days from now; orders in (start_days, end_days] count.
        annual_discount_rate
            Value after t days counts (1 + rate)^(-t/365).

        Returns
        -------
        ndarray of float, shape (n,)
            Currency units per customer, discounted to now; NaN without a purchase.

        Raises
        ------
        EstimationError
            When a history is none, the days are not 0 <= start <= end, or the rate is not above -1.

        Notes
        -----
        *Estimand*: E[sum of d^t M over orders in the span | history], order values independent of order times.
        """
        orders = self.purchase.discounted_orders(
            frequency, recency, age, start=start_days, end=end_days, annual_discount_rate=annual_discount_rate
        )
        return orders * self.spend.expected_value(frequency, mean_value)

    def residual_gradient(
        self,
        frequency: ArrayLike,
        recency: ArrayLike,
        age: ArrayLike,
        mean_value: ArrayLike,
        *,
        start_days: float,
        end_days: float,
        annual_discount_rate: float,
    ) -> NDArray[np.float64]:
        """Return the derivatives of ``residual_value`` with respect to log(r, alpha, a, b, p, q, v).

        Parameters
        ----------
        frequency, recency, age, mean_value, start_days, end_days, annual_discount_rate
            As in ``residual_value``.

        Returns
        -------
        ndarray of float, shape (n, 7)
            Currency units per customer and unit of log parameter.

        Raises
        ------
        EstimationError
            As in ``residual_value``.
        """
        span = _span(start_days, end_days, annual_discount_rate)
        history = check_history(frequency, recency, age, may_lack=True)
        orders = _per_history(history, lambda rows: _with_slopes(self.purchase.dropout, rows, span), parts=5)
        value = self.spend.expected_value(frequency, mean_value)
        slopes = self.spend.value_slopes(frequency, mean_value)
        parts = [*(value * part for part in orders[1:]), *(orders[0] * part for part in slopes)]
        return np.stack(np.broadcast_arrays(*parts), axis=-1)

    def loadings(self) -> NDArray[np.float64]:
        """Return independent unit-variance errors of the parameters.

        Returns
        -------
        ndarray of float, shape (7, 7)
            Rows ``l`` with ``sum(outer(l, l))`` the covariance of log(r, alpha, a, b, p, q, v), the two
            models being independent: the error of ``g @ parameters`` has the parts ``l @ g``.
        """
        rows = np.zeros((7, 7))
        rows[:4, :4] = _square_root(self.purchase.covariance)
        rows[4:, 4:] = _square_root(self.spend.covariance)
        return rows


def _span(start: float, end: float, annual_discount_rate: float) -> Span:
    if not 0 <= start <= end < np.inf:
        message = f"start, end: got {start} and {end}, must be 0 <= start <= end and finite, counted from now"
        raise EstimationError(message)
    if not -1 < annual_discount_rate < np.inf:
        message = f"annual_discount_rate: got {annual_discount_rate}, must be finite and above -1, such as 0.1"
        raise EstimationError(message)
    return Span(start, end, float(np.log1p(annual_discount_rate)) / YEAR_DAYS)


def _check_values(frequency: ArrayLike, mean_value: ArrayLike) -> NDArray[np.float64]:
    x, z = np.broadcast_arrays(np.asarray(frequency, dtype=np.float64), np.asarray(mean_value, dtype=np.float64))
    told = (x > 0) & (z > 0)
    return np.stack([np.where(told, x, 0.0), np.where(told, z, 0.0)])


def _share_alive(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    # Through tanh, which neither overflows nor warns at either end.
    return np.asarray((1 - np.tanh(log_odds / 2)) / 2)


def _discounted(model: Dropout, history: NDArray[np.float64], span: Span) -> NDArray[np.float64]:
    alive = _share_alive(dropout_log_odds(model, *history))
    return alive * expect_orders(model, history[0], history[2], span=span)


def _with_slopes(model: Dropout, history: NDArray[np.float64], span: Span) -> NDArray[np.float64]:
    alive = _share_alive(dropout_log_odds(model, *history))
    orders = expect_orders(model, history[0], history[2], span=span, gradient=True) * alive
    orders[1:] -= orders[0] * (1 - alive) * odds_slopes(model, *history)
    return orders


def _per_history(
    history: NDArray[np.float64],
    compute: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    *,
    parts: int = 1,
) -> NDArray[np.float64]:
    """Apply ``compute`` to the customers with a purchase; NaN for the others."""
    rows = history.reshape(3, -1)
    told = ~np.isnan(rows[2])
    answer = np.full((parts, rows.shape[1]), np.nan)
    answer[:, told] = compute(rows[:, told])
    shape = history.shape[1:]
    return answer.reshape(shape if parts == 1 else (parts, *shape))


def _natural_errors(parameters: NDArray[np.float64], covariance: tuple[tuple[float, ...], ...]) -> NDArray[np.float64]:
    return parameters * np.sqrt(np.diag(np.asarray(covariance, dtype=np.float64)))


def _square_root(covariance: tuple[tuple[float, ...], ...]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(np.asarray(covariance, dtype=np.float64))
    rows: NDArray[np.float64] = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    return rows
