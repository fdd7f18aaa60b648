"""BG/NBD: orders at a gamma rate, with a beta chance to stop after each repeat order."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from uplift.clv.purchase import PurchaseEstimator

if TYPE_CHECKING:
    from uplift.clv.lifetime import PurchaseKind


class BGNBD(PurchaseEstimator):
    """Beta-geometric / negative binomial model of repeat purchases.

    Notes
    -----
    *Estimand*: the distribution of order rates and of the chance to stop over the customers.

    *Assumptions*: while alive a customer orders as a Poisson process of constant rate; the rates are gamma; after each
    **repeat** order the customer stops with a chance that is beta over customers and independent of the rate. So a
    customer without a repeat is alive for certain: use ``MBGNBD`` where the first order is often the last.

    References
    ----------
    Fader, Hardie and Lee (2005), "Counting your customers" the easy way, Marketing Science 24.
    https://doi.org/10.1287/mksc.1040.0098

    Examples
    --------
    >>> frequency, recency, age = [0, 1, 4, 0, 2, 7], [0, 9, 30, 0, 10, 35], [38, 30, 38, 20, 35, 38]
    >>> model = BGNBD().fit(frequency, recency, age, weights=[50, 20, 9, 40, 12, 4])
    >>> model.parameters_.n_units
    135
    """

    kind: ClassVar[PurchaseKind] = "bgnbd"
