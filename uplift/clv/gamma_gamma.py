"""Gamma-Gamma: what an order is worth, one customer's values being gamma about a rate that is gamma."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.clv.cells import make_spend_cells
from uplift.clv.lifetime import SpendModel
from uplift.clv.newton import Peak, maximize
from uplift.errors import EstimationError

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from uplift.clv.cells import SpendCells

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
            f"{TITLE}: {round(n_units)} customers have a repeat order and a positive mean value, at least {FEWEST} are "
            "needed; use a longer past"
        )
        raise EstimationError(message)
    top = maximize(lambda at: evaluate_spend(at, cells), _start(cells), names=NAMES, what=TITLE)
    p, q, v = top.parameters.tolist()
    if q <= 1:
        message = f"{TITLE}: q = {q}, must exceed 1 for a finite mean; a few huge values rule: cap them, or use medians"
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


def evaluate_spend(parameters: NDArray[np.float64], cells: SpendCells) -> Peak:
    """Return the log-likelihood of mean values with its slopes and curvatures.

    Parameters
    ----------
    parameters
        p, q and v, shape (3,).
    cells
        Frequencies and mean values, and the customers with each.

    Returns
    -------
    Peak
        Derivatives with respect to (p, q, v).
    """
    known, (p, q, v) = _of_frequency(parameters, cells), parameters.tolist()
    x, w, logs = cells.frequency, cells.weight, np.log(cells.mean_value)
    whole, shape = v + x * cells.mean_value, p * x + q
    log_whole, share = w * np.log(whole), w / whole
    value = np.sum(w * (p * x - 1) * logs) - np.sum(shape * log_whole)
    gradient = np.array(
        [np.sum(w * x * logs) - np.sum(x * log_whole), -np.sum(log_whole), -np.sum(shape * share)], dtype=np.float64
    )
    hessian = np.zeros((3, 3))
    hessian[0, 2] = hessian[2, 0] = -np.sum(x * share)
    hessian[1, 2] = hessian[2, 1] = -np.sum(share)
    hessian[2, 2] = np.sum(shape * share / whole)
    return Peak(known.value + float(value), known.gradient + gradient, known.hessian + hessian)


def _of_frequency(parameters: NDArray[np.float64], cells: SpendCells) -> Peak:
    from scipy.special import digamma, gammaln, polygamma

    p, q, v = parameters.tolist()
    x, which = np.unique(cells.frequency, return_inverse=True)
    w = np.bincount(which, cells.weight)
    n, log_v, shape = float(np.sum(w)), float(np.log(v)), p * x + q
    value = np.sum(w * (gammaln(shape) - gammaln(p * x) + p * x * np.log(x))) + n * (q * log_v - gammaln(q))
    by_p = np.sum(w * x * (digamma(shape) - digamma(p * x) + np.log(x)))
    gradient = np.array([by_p, np.sum(w * digamma(shape)) + n * (log_v - digamma(q)), n * q / v])
    bend = polygamma(1, shape)
    pp, pq = np.sum(w * x**2 * (bend - polygamma(1, p * x))), np.sum(w * x * bend)
    qq, vv = np.sum(w * bend) - n * polygamma(1, q), -n * q / v**2
    return Peak(float(value), gradient, np.array([[pp, pq, 0], [pq, qq, n / v], [0, n / v, vv]]))


def _start(cells: SpendCells) -> NDArray[np.float64]:
    mean = float(np.sum(cells.weight * cells.mean_value) / np.sum(cells.weight))
    starts = [np.array([p, q, mean * (q - 1) / p]) for p, q in _STARTS]
    return max(starts, key=lambda start: evaluate_spend(start, cells).value)


def _correlate(cells: SpendCells) -> float:
    share = cells.weight / np.sum(cells.weight)
    x = cells.frequency - np.sum(share * cells.frequency)
    z = cells.mean_value - np.sum(share * cells.mean_value)
    spread = float(np.sqrt(np.sum(share * x**2) * np.sum(share * z**2)))
    return float(np.sum(share * x * z)) / spread if spread > 0 else 0.0


def _count_repeaters(frequency: ArrayLike, weights: ArrayLike | None) -> float:
    repeats = np.asarray(frequency, dtype=np.float64) > 0
    return float(np.sum(repeats if weights is None else repeats * np.asarray(weights, dtype=np.float64)))
