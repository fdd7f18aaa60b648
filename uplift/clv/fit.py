"""One lifetime model from customers' purchase histories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.clv.cells import make_cells
from uplift.clv.gamma_gamma import fit_spend
from uplift.clv.lifetime import LifetimeModel
from uplift.clv.purchase import fit_purchases
from uplift.errors import EstimationError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from uplift.clv.lifetime import PurchaseKind


def fit_lifetime(
    frequency: ArrayLike,
    recency: ArrayLike,
    age: ArrayLike,
    mean_value: ArrayLike,
    *,
    kind: PurchaseKind = "bgnbd",
) -> LifetimeModel:
    """Fit when customers order and what an order is worth.

    Parameters
    ----------
    frequency, recency, age : array_like, shape (n,)
        Repeat purchase days; days from the first purchase to the last, and to now. Customers whose age is NaN have no
        purchase and are left out.
    mean_value : array_like, shape (n,)
        Mean value of a repeat purchase day, in the currency; customers without a repeat or whose mean value is not
        positive tell nothing of spend.
    kind
        ``bgnbd`` or ``mbgnbd``.

    Returns
    -------
    LifetimeModel

    Raises
    ------
    EstimationError
        When there is no such history, too few repeat purchases, or a likelihood has no maximum; the message says which.

    References
    ----------
    Those of ``BGNBD``, ``MBGNBD`` and ``GammaGamma``.
    """
    columns = [np.asarray(part, dtype=np.float64) for part in (frequency, recency, age, mean_value)]
    if any(column.shape != columns[0].shape or column.ndim != 1 for column in columns):
        shapes = ", ".join(str(column.shape) for column in columns)
        message = f"frequency, recency, age, mean_value: shapes {shapes}, must be four columns of one length"
        raise EstimationError(message)
    told = ~np.isnan(columns[2])
    x, t, until, value = (column[told] for column in columns)
    purchase = fit_purchases(make_cells(x, t, until), kind=kind)
    return LifetimeModel(purchase, fit_spend(x, np.where(x > 0, value, 0.0)))
