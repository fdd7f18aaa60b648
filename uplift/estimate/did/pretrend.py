"""Whether trends parted before treatment, and whether it would have shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.checks.contrast import JointTest, contrast_test
from uplift.errors import EstimationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.estimate.did.group_time import AttGt
    from uplift.estimate.did.path import EventPath


@dataclass(frozen=True, slots=True)
class Pretrend:
    """A joint test of the periods before treatment, with its power.

    Parameters
    ----------
    statistic, df, p_value
        Wald test that all effects before treatment are zero.
    slope, slope_error
        The straight gap between trends that fits the periods before treatment best, per period, and its standard error.
    slope_half_power, slope_high_power
        Absolute slopes that the test at ``alpha`` finds half the time and four times in five.
    bias_half_power, bias_high_power
        What a gap of these slopes, going on, adds to the mean effect after treatment.
    alpha
        Level of the test.
    """

    statistic: float
    df: int
    p_value: float
    slope: float
    slope_error: float
    slope_half_power: float
    slope_high_power: float
    bias_half_power: float
    bias_high_power: float
    alpha: float

    @property
    def is_seen(self) -> bool:
        """Whether the test rejects parallel trends before treatment."""
        return self.p_value < self.alpha


def check_pretrend(path: EventPath, *, alpha: float = 0.05) -> Pretrend:
    """Test the periods before treatment, and say what the test could have found.

    Parameters
    ----------
    path
        Effects by event time against one period.
    alpha
        Level.

    Returns
    -------
    Pretrend
        To be reported, never a gate: estimates that passed a pre-test are biased by having passed it.

    Raises
    ------
    EstimationError
        When the periods before treatment have no variance, or the level is not between 0 and 0.5.

    Notes
    -----
    *Assumptions*: estimates are jointly normal with the covariance given. Power is exact: against a gap of slope b the
    statistic is chi-square with non-centrality b² t' V⁻¹ t, t the periods from the reference.

    References
    ----------
    Roth (2022), Am. Econ. Rev.: Insights 4(3). https://doi.org/10.1257/aeri.20210236
    """
    if not 0.0 < alpha < 0.5:
        message = f"alpha == {alpha} must be in (0, 0.5)"
        raise EstimationError(message)
    before = slice(0, path.n_before)
    covariance = path.covariance[before, before]
    test = contrast_test(path.estimate[before], covariance)
    if test.df < path.n_before:
        message = (
            f"path: the covariance of the {path.n_before} periods before treatment has rank {test.df}; leave out "
            "periods without outcomes"
        )
        raise EstimationError(message)
    distance = path.distance[before].astype(np.float64)
    solved = np.linalg.solve(covariance, distance)
    information = float(distance @ solved)
    half, high = (_detectable(power, test.df, alpha, information) for power in (0.5, 0.8))
    ahead = float(path.average() @ path.distance)
    return Pretrend(
        statistic=test.statistic,
        df=test.df,
        p_value=test.p_value,
        slope=float(path.estimate[before] @ solved) / information,
        slope_error=information**-0.5,
        slope_half_power=half,
        slope_high_power=high,
        bias_half_power=half * ahead,
        bias_high_power=high * ahead,
        alpha=alpha,
    )


def _detectable(power: float, df: int, alpha: float, information: float) -> float:
    from scipy.special import chdtri, chndtrinc

    return float(np.sqrt(chndtrinc(chdtri(df, alpha), df, 1.0 - power) / information))


def pretrend_power(path: EventPath, trend: NDArray[np.float64], *, alpha: float = 0.05) -> float:
    """Return how likely the joint test finds a gap between trends.

    Parameters
    ----------
    path
        Only its covariance before treatment is used.
    trend : ndarray of float64, shape (B,)
        The gap at each period before the reference, in the unit of the outcome.
    alpha
        Level of the test.

    Returns
    -------
    float
        In [alpha, 1].

    Raises
    ------
    EstimationError
        When the trend does not name every period before the reference.
    """
    from scipy.special import chdtri, chndtr

    if trend.shape != (path.n_before,):
        message = f"trend has the shape {trend.shape}, must be ({path.n_before},): one per period before the reference"
        raise EstimationError(message)
    found = contrast_test(trend, path.covariance[: path.n_before, : path.n_before])
    return float(1.0 - chndtr(chdtri(found.df, alpha), found.df, found.statistic))


def check_before(found: AttGt) -> JointTest:
    """Test that the effects of every cohort in every period before treatment are zero.

    Parameters
    ----------
    found
        Of :func:`estimate_att_gt`; periods of anticipation are not tested.

    Returns
    -------
    JointTest

    Raises
    ------
    EstimationError
        When no cohort has such a period.
    """
    before = found.period < found.cohort - found.anticipation
    if not before.any():
        message = "no cohort has an effect before treatment to test; add earlier periods"
        raise EstimationError(message)
    return contrast_test(found.estimate[before], found.covariance[np.ix_(before, before)])
