"""MBG/NBD: as BG/NBD, and a customer may stop after the very first order."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from uplift.clv.purchase import PurchaseEstimator

if TYPE_CHECKING:
    from uplift.clv.lifetime import PurchaseKind


class MBGNBD(PurchaseEstimator):
    """Modified beta-geometric / negative binomial model of repeat purchases.

    Notes
    -----
    *Estimand* and *assumptions*: those of ``BGNBD``, but the chance to stop is there after **every** order, the first
    included, so that a customer without a repeat has P(alive) below 1, falling with age.

    References
    ----------
    Batislam, Denizel and Filiztekin (2007), Empirical validation and comparison of models for customer base analysis,
    Int. J. Research in Marketing 24. https://doi.org/10.1016/j.ijresmar.2006.12.005
    Hoppe and Wagner (2007), Customer base analysis: the case for a central variant of the betageometric/NBD model,
    Marketing Journal of Research and Management 3.

    Examples
    --------
    >>> frequency, recency = [0, 1, 1, 3, 3, 8, 25], [0, 3, 20, 8, 30, 36, 38]
    >>> model = MBGNBD().fit(frequency, recency, [39] * 7, weights=[60, 20, 10, 6, 10, 6, 3])
    >>> bool(model.parameters_.alive(0, 0, 20) < 1)
    True
    """

    kind: ClassVar[PurchaseKind] = "mbgnbd"
