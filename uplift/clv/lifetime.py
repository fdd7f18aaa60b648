"""What a fitted model of purchases and spend says about a customer's future: frozen parameters and their predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PurchaseKind = Literal["bgnbd", "mbgnbd"]


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
    """

    kind: PurchaseKind
    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    covariance: tuple[tuple[float, ...], ...]
    n_units: int


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


def _square_root(covariance: tuple[tuple[float, ...], ...]) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(np.asarray(covariance, dtype=np.float64))
    rows: NDArray[np.float64] = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    return rows
