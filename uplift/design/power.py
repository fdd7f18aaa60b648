"""Closed-form power: units needed for an effect, and the smallest effect that units can show."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import DesignError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DEFAULT_POWER = 0.8
DEFAULT_ALPHA = 0.05
SMALL = 100
_PRIOR_UNITS = 50


@dataclass(frozen=True, slots=True)
class RequiredSize:
    """Units that two arms need.

    Parameters
    ----------
    exact
        Units of the control before rounding up.
    control, treated
        Whole units per arm.
    """

    exact: float
    control: int
    treated: int


def required_size(
    effect: float,
    *,
    std_dev: float,
    correlation: float = 0.0,
    ratio: float = 1.0,
    alpha: float = DEFAULT_ALPHA,
    power: float = DEFAULT_POWER,
) -> RequiredSize:
    """Return the units per arm that detect an effect, ``(1 + 1/ratio) z^2 sd^2 (1 - rho^2) / effect^2``.

    Parameters
    ----------
    effect
        Difference of means to detect, in the unit of the outcome; not 0.
    std_dev
        Of the outcome per unit, the same in both arms.
    correlation
        Of the outcome with its covariate before the draw (CUPED).
    ratio
        Treated units per control unit.
    alpha, power
        Two-sided level, and the chance to detect.

    Returns
    -------
    RequiredSize
        With t quantiles in place of z where an arm has fewer than 100 units.

    Raises
    ------
    DesignError
        When the effect is 0 or a parameter is out of its range.

    References
    ----------
    Deng, Xu, Kohavi and Walker (2013), WSDM (the factor 1 - rho^2).
    """
    if effect == 0:
        message = "effect == 0, must be another number: no number of units can show that nothing happens"
        raise DesignError(message)
    _check(alpha=alpha, power=power)
    scale = (1 + 1 / ratio) * std_dev**2 * (1 - correlation**2) / effect**2
    exact = _quantiles(np.inf, alpha, power) ** 2 * scale
    if min(exact, exact * ratio) < SMALL:
        for _ in range(50):
            exact = _quantiles(max(exact * (1 + ratio) - 2, 1.0), alpha, power) ** 2 * scale
    return RequiredSize(exact, max(ceil(exact - 1e-9), 2), max(ceil(exact * ratio - 1e-9), 2))


def minimum_detectable_effect(
    std_dev: float | Sequence[float] | NDArray[np.float64],
    *,
    n_treated: int | Sequence[int] | NDArray[np.int64],
    n_control: int | Sequence[int] | NDArray[np.int64],
    weights: Sequence[float] | NDArray[np.float64] | None = None,
    correlation: float = 0.0,
    alpha: float = DEFAULT_ALPHA,
    power: float = DEFAULT_POWER,
) -> float:
    """Return the smallest effect that a stratified difference of means detects.

    ``z sqrt(sum_s w_s^2 sd_s^2 (1 - rho^2) (1/n_s1 + 1/n_s0))``; for one stratum give numbers.

    Parameters
    ----------
    std_dev : shape (S,)
        Of the outcome per unit in each stratum, in the unit of the outcome.
    n_treated, n_control : shape (S,)
        Units per stratum and arm, at least 2.
    weights : shape (S,)
        Share of the population per stratum; default the units of the two arms.
    correlation
        Of the outcome with its covariate before the draw, within strata.
    alpha, power
        Two-sided level, and the chance to detect.

    Returns
    -------
    float
        In the unit of the outcome; with t quantiles (Satterthwaite) where a cell has fewer than 100 units.

    Raises
    ------
    DesignError
        When a cell has fewer than two units.

    Notes
    -----
    *Estimand*: the weighted mean of the strata's effects. *Assumption*: the variance of the past.
    """
    _check(alpha=alpha, power=power)
    sd = np.atleast_1d(np.asarray(std_dev, dtype=np.float64))
    n1, n0 = (np.atleast_1d(np.asarray(n, dtype=np.float64)) for n in (n_treated, n_control))
    if min(n1.min(), n0.min()) < 2:
        message = f"n_treated, n_control: a cell has {int(min(n1.min(), n0.min()))} units, at least 2 are needed"
        raise DesignError(message)
    share = n1 + n0 if weights is None else np.asarray(weights, dtype=np.float64)
    share = share / share.sum()
    terms = np.concatenate([share**2 * sd**2 / n1, share**2 * sd**2 / n0]) * (1 - correlation**2)
    sizes = np.concatenate([n1, n0])
    variance = float(terms.sum())
    df = np.inf if sizes.min() >= SMALL or variance == 0 else variance**2 / float((terms**2 / (sizes - 1)).sum())
    return _quantiles(df, alpha, power) * float(np.sqrt(variance))


def _check(*, alpha: float, power: float) -> None:
    for name, value in (("alpha", alpha), ("power", power)):
        if not 0 < value < 1:
            message = f"{name} == {value}, must lie between 0 and 1"
            raise DesignError(message)


def _quantiles(df: float, alpha: float, power: float) -> float:
    # scipy.stats has the same functions and takes a second to import.
    from scipy.special import ndtri, stdtrit

    tail, strength = (ndtri(p) if np.isinf(df) else stdtrit(df, p) for p in (1 - alpha / 2, power))
    return float(tail + strength)


def shrink_std_dev(std_dev: NDArray[np.float64], n_units: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return standard deviations of strata, pulled to the pooled one as if by 50 more units.

    Parameters
    ----------
    std_dev : ndarray of float, shape (S,)
        Of each stratum.
    n_units : ndarray of int64, shape (S,)
        Units behind each.

    Returns
    -------
    ndarray of float, shape (S,)
    """
    variance, pooled = std_dev**2, 0.0
    if n_units.sum() > 0:
        pooled = float((n_units * variance).sum() / n_units.sum())
    shrunk: NDArray[np.float64] = np.sqrt((n_units * variance + _PRIOR_UNITS * pooled) / (n_units + _PRIOR_UNITS))
    return shrunk


def within_correlation(
    first: NDArray[np.float64], second: NDArray[np.float64], stratum: NDArray[np.int64], n_strata: int
) -> float:
    """Return the correlation of two measurements of the same units within strata; 0 without spread.

    Parameters
    ----------
    first, second : ndarray of float, shape (n,)
        For example the outcome in two windows of equal length before the draw.
    stratum : ndarray of int64, shape (n,)
        Codes below ``n_strata``.
    n_strata
        Strata.
    """
    a, b = (centre_within(values, stratum, n_strata) for values in (first, second))
    spread = float(np.sum(a * a)) * float(np.sum(b * b))
    return float(np.sum(a * b)) / spread**0.5 if spread > 0 else 0.0


def centre_within(values: NDArray[np.float64], stratum: NDArray[np.int64], n_strata: int) -> NDArray[np.float64]:
    """Return values less the mean of their stratum, shape (n,)."""
    counts = np.maximum(np.bincount(stratum, minlength=n_strata), 1)
    means = np.bincount(stratum, values, minlength=n_strata) / counts
    centred: NDArray[np.float64] = values - means[stratum]
    return centred


def std_dev_within(values: NDArray[np.float64], stratum: NDArray[np.int64], n_strata: int) -> NDArray[np.float64]:
    """Return the standard deviation of each stratum, 0 below two units, shape (S,)."""
    centred = centre_within(values, stratum, n_strata)
    counts = np.bincount(stratum, minlength=n_strata)
    squares = np.bincount(stratum, centred * centred, minlength=n_strata)
    spread: NDArray[np.float64] = np.sqrt(np.where(counts > 1, squares / np.maximum(counts - 1, 1), 0.0))
    return spread
