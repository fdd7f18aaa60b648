"""Intervals and p-values of one estimate, and of a ratio of two (Fieller)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """Two-sided t intervals and p-values.

    Parameters
    ----------
    lower, upper, p_value : ndarray of float64, shape (Q,)
        Limits, and the p-value against zero.
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    p_value: NDArray[np.float64]


def t_intervals(
    estimate: NDArray[np.float64],
    std_error: NDArray[np.float64],
    df: NDArray[np.float64],
    *,
    confidence_level: float = 0.95,
) -> Intervals:
    """Return t intervals; an estimate without spread has itself as both limits.

    Parameters
    ----------
    estimate, std_error, df : ndarray of float64, shape (Q,)
        Infinite ``df`` gives the normal interval.
    confidence_level
        Two-sided.

    Returns
    -------
    Intervals
    """
    from scipy.special import stdtr, stdtrit

    half = stdtrit(df, 0.5 + confidence_level / 2.0) * std_error
    exact = std_error == 0
    ratio = np.divide(np.abs(estimate), std_error, out=np.zeros_like(std_error), where=~exact)
    p_value = np.where(exact, np.where(estimate == 0, 1.0, 0.0), 2.0 * stdtr(df, -ratio))
    return Intervals(estimate - half, estimate + half, p_value)


@dataclass(frozen=True, slots=True)
class FiellerSet:
    """The confidence set of a ratio.

    Parameters
    ----------
    kind
        ``interval`` [lower, upper]; ``rays``: everything up to ``lower`` and from ``upper`` on;
        ``line``: every number.
    lower, upper
        Limits; infinite for ``line``.
    estimate
        The ratio; NaN when the denominator is zero.
    """

    kind: Literal["interval", "rays", "line"]
    lower: float
    upper: float
    estimate: float


def fieller(
    numerator: float,
    denominator: float,
    covariance: NDArray[np.float64],
    *,
    df: float = np.inf,
    confidence_level: float = 0.95,
) -> FiellerSet:
    """Return the exact-level confidence set of ``numerator / denominator``.

    Parameters
    ----------
    numerator, denominator
        Jointly normal estimates.
    covariance : ndarray of float64, shape (2, 2)
        Their covariance, in this order.
    df
        Degrees of freedom of the covariance.
    confidence_level
        Two-sided.

    Returns
    -------
    FiellerSet
        All r with (numerator - r denominator)² <= t² Var(numerator - r denominator).

    References
    ----------
    Fieller, E. C. (1954). Some problems in interval estimation. *JRSS B* 16(2).
    """
    from scipy.special import stdtrit

    critical = float(stdtrit(df, 0.5 + confidence_level / 2.0)) ** 2
    a = denominator**2 - critical * float(covariance[1, 1])
    b = numerator * denominator - critical * float(covariance[0, 1])
    c = numerator**2 - critical * float(covariance[0, 0])
    estimate = numerator / denominator if denominator else float("nan")
    discriminant = b * b - a * c
    if a > 0:
        root = float(np.sqrt(max(discriminant, 0.0)))
        return FiellerSet("interval", (b - root) / a, (b + root) / a, estimate)
    if a == 0 or discriminant <= 0:
        return FiellerSet("line", -np.inf, np.inf, estimate)
    root = float(np.sqrt(discriminant))
    return FiellerSet("rays", (b + root) / a, (b - root) / a, estimate)
