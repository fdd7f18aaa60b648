"""Gamma-Gamma: what an order is worth, one customer's values being gamma about a rate that is gamma."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.clv.cells import SpendCells, make_spend_cells
from uplift.clv.lifetime import SpendModel
from uplift.clv.newton import Peak, maximize
from uplift.errors import EstimationError

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

NAMES = ("p", "q", "v")
TITLE = "Gamma-Gamma"
FEWEST = 10
"""Customers with a repeat order and a positive mean value, fewer than which are not fitted."""
_STARTS = ((2.0, 3.0), (10.0, 5.0), (0.7, 8.0))


class GammaGamma:
    """Gamma-Gamma model of the value of an order.

    Attributes
    ----------
    parameters_
        The fitted model, which predicts.
    p_, q_, v_, log_likelihood_
        Its parameters, and the log-likelihood at them.
    std_errors_
        Standard errors of (p, q, v), shape (3,), from the observed information.

    Notes
    -----
    *Estimand*: the distribution of mean order values over the customers.

    *Assumptions*: a customer's order values are gamma of shape p, their rate is gamma(q, v) over customers and does not
    depend on how often they order; ``parameters_.correlation`` says how far that is from true. Values are positive:
    customers whose mean value is not are left out of the fit, ``parameters_.positive_share`` says how many.

    References
    ----------
    Fader and Hardie (2013), The Gamma-Gamma model of monetary value, http://www.brucehardie.com/notes/025/

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> frequency = rng.integers(1, 9, 2000)
    >>> value = rng.gamma(6.0 * frequency) / frequency / rng.gamma(4.0, 1 / 15.0, 2000)
    >>> model = GammaGamma().fit(frequency, value)
    >>> bool(abs(model.p_ - 6) < 4 * model.std_errors_[0])
    True
    """

    parameters_: SpendModel
    p_: float
    q_: float
    v_: float
    log_likelihood_: float
    std_errors_: NDArray[np.float64]

    def fit(self, frequency: ArrayLike, mean_value: ArrayLike, *, weights: ArrayLike | None = None) -> Self:
        """Fit by maximum likelihood.

        Parameters
        ----------
        frequency, mean_value : array_like, shape (n,)
            Repeat purchases and their mean value. Rows without a repeat or a positive mean value do not enter.
        weights : array_like, shape (n,), optional
            Customers that a row stands for; 1 when not given.

        Returns
        -------
        Self

        Raises
        ------
        EstimationError
            When fewer than ten customers enter, the likelihood has no maximum, or the mean over customers is infinite.
        """
        model = fit_spend(frequency, mean_value, weights=weights)
        self.parameters_ = model
        self.p_, self.q_, self.v_ = model.p, model.q, model.v
        self.log_likelihood_ = model.log_likelihood
        self.std_errors_ = model.std_errors()
        return self


def fit_spend(frequency: ArrayLike, mean_value: ArrayLike, *, weights: ArrayLike | None = None) -> SpendModel:
    """Fit a Gamma-Gamma model; parameters and errors as in ``GammaGamma.fit``.

    Parameters
    ----------
    frequency, mean_value : array_like, shape (n,)
        Repeat purchases and their mean value.
    weights : array_like, shape (n,), optional
        Customers that a row stands for.

    Returns
    -------
    SpendModel
    """
    cells = make_spend_cells(frequency, mean_value, weights=weights)
    n_units = float(np.sum(cells.weight))
    if n_units < FEWEST:
        message = (
            f"{TITLE}: {n_units:g} customers have a repeat order and a positive mean value, at least {FEWEST} are "
            "needed; use a longer past"
        )
        raise EstimationError(message)
    sums = _sum_up(cells)

    def evaluate(parameters: NDArray[np.float64]) -> Peak:
        return _evaluate(parameters, cells, sums)

    top = maximize(evaluate, _start(cells, sums), names=NAMES, what=TITLE)
    p, q, v = top.parameters.tolist()
    if q <= 1:
        message = (
            f"{TITLE}: q = {q:.4g}, must exceed 1 for a finite mean; a few huge values rule: cap them, or use medians"
        )
        raise EstimationError(message)
    return SpendModel(
        p=p,
        q=q,
        v=v,
        log_likelihood=top.value,
        covariance=tuple(tuple(row) for row in top.covariance.tolist()),
        n_units=round(n_units),
        correlation=_correlate(cells),
        positive_share=n_units / _count_repeaters(frequency, weights),
    )


@dataclass(frozen=True, slots=True)
class _Sums:
    """What the likelihood needs of the cells once: frequencies, customers of each, and sums of logarithms."""

    level: NDArray[np.float64]
    weight: NDArray[np.float64]
    logs: float
    frequency_logs: float


def _sum_up(cells: SpendCells) -> _Sums:
    level, which = np.unique(cells.frequency, return_inverse=True)
    logs = cells.weight * np.log(cells.mean_value)
    weight = np.bincount(which, cells.weight).astype(np.float64)
    return _Sums(level, weight, float(np.sum(logs)), float(np.sum(cells.frequency * logs)))


def _evaluate(parameters: NDArray[np.float64], cells: SpendCells, sums: _Sums) -> Peak:
    from scipy.special import digamma, gammaln, polygamma

    p, q, v = parameters.tolist()
    x, w, n = sums.level, sums.weight, float(np.sum(sums.weight))
    whole = v + cells.frequency * cells.mean_value
    log_whole, share, shape = cells.weight * np.log(whole), cells.weight / whole, p * cells.frequency + q
    known = gammaln(p * x + q) - gammaln(p * x) + p * x * np.log(x) - gammaln(q) + q * np.log(v)
    value = np.sum(w * known) + p * sums.frequency_logs - sums.logs - np.sum(shape * log_whole)
    by_shape = digamma(p * x + q)
    gradient = np.array(
        [
            np.sum(w * x * (by_shape - digamma(p * x) + np.log(x)))
            + sums.frequency_logs
            - np.sum(cells.frequency * log_whole),
            np.sum(w * by_shape) + n * (np.log(v) - digamma(q)) - np.sum(log_whole),
            n * q / v - np.sum(shape * share),
        ]
    )
    bend = polygamma(1, p * x + q)
    pp, pq = np.sum(w * x**2 * (bend - polygamma(1, p * x))), np.sum(w * x * bend)
    qq, qv = np.sum(w * bend) - n * polygamma(1, q), n / v - np.sum(share)
    pv, vv = -np.sum(cells.frequency * share), np.sum(shape * share / whole) - n * q / v**2
    return Peak(float(value), gradient, np.array([[pp, pq, pv], [pq, qq, qv], [pv, qv, vv]]))


def _start(cells: SpendCells, sums: _Sums) -> NDArray[np.float64]:
    mean = float(np.sum(cells.weight * cells.mean_value) / np.sum(cells.weight))
    starts = [np.array([p, q, mean * (q - 1) / p]) for p, q in _STARTS]
    return max(starts, key=lambda start: _evaluate(start, cells, sums).value)


def _correlate(cells: SpendCells) -> float:
    share = cells.weight / np.sum(cells.weight)
    x = cells.frequency - np.sum(share * cells.frequency)
    z = cells.mean_value - np.sum(share * cells.mean_value)
    spread = float(np.sqrt(np.sum(share * x**2) * np.sum(share * z**2)))
    return float(np.sum(share * x * z)) / spread if spread > 0 else 0.0


def _count_repeaters(frequency: ArrayLike, weights: ArrayLike | None) -> float:
    repeats = np.asarray(frequency, dtype=np.float64) > 0
    return float(np.sum(repeats if weights is None else repeats * np.asarray(weights, dtype=np.float64)))
