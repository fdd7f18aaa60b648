"""Intervals around an estimate whose bias is bounded but not known."""

from __future__ import annotations


def biased_critical(ratio: float, *, confidence_level: float = 0.95) -> float:
    """Return how many standard errors an interval must reach when the bias may be ``ratio`` of them.

    Parameters
    ----------
    ratio
        Largest absolute bias over the standard error, 0 or more.
    confidence_level
        Two-sided.

    Returns
    -------
    float
        The ``confidence_level`` quantile of ``|N(ratio, 1)|``.

    References
    ----------
    Armstrong and Kolesar (2018), Econometrica 86(2). https://doi.org/10.3982/ECTA14434
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr, ndtri

    one_sided = float(ndtri(confidence_level))
    two_sided = float(ndtri(0.5 + confidence_level / 2.0))
    if ratio > 2.0 * two_sided:
        return ratio + one_sided

    def missing(reach: float) -> float:
        return float(ndtr(reach - ratio) - ndtr(-reach - ratio)) - confidence_level

    return float(brentq(missing, ratio + one_sided - 1e-6, ratio + two_sided + 1e-6, xtol=1e-12))
