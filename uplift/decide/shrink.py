"""Effects of many strata drawn towards their mean, as far as their noise asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_STRATA = 4
"""Below this many strata nothing is shrunk."""

STEPS = 200
"""Bisection steps for the variance between strata."""

NO_NOISE = 1e-12
"""A sampling variance below this share of the largest is rounding error: the effect is known."""


@dataclass(frozen=True, slots=True, eq=False)
class Shrunk:
    """Shrunken effects.

    Parameters
    ----------
    mean, std_error : ndarray of float64, shape (S,)
        Posterior mean and Morris' standard error.
    between_variance
        Variance of the true effects between strata.
    centre
        Mean that effects are drawn towards; NaN where nothing was shrunk.
    """

    mean: NDArray[np.float64]
    std_error: NDArray[np.float64]
    between_variance: float
    centre: float


def shrink_effects(estimate: NDArray[np.float64], variance: NDArray[np.float64]) -> Shrunk:
    """Shrink independent effects towards their precision-weighted mean.

    Parameters
    ----------
    estimate, variance : ndarray of float64, shape (S,)
        Effects of disjoint strata and their sampling variances.

    Returns
    -------
    Shrunk
        Effects without sampling variance (nobody bought, the cost is fixed) are known: they stay as they are and say
        nothing of the others. All stay below four strata that have some.

    Notes
    -----
    tau_s ~ N(m, A); A by Paule and Mandel with the floor 2 / sum(1 / V). The pull towards m is Morris'
    (S - 3) / (S - 1) V / (V + A), the factor correcting for an estimated A, and the standard error carries the
    uncertainty of m and of A. Without the factor the intervals of 24 strata cover .92 on average, with it .95.

    References
    ----------
    Morris, C. N. (1983). Parametric empirical Bayes inference. *JASA* 78(381).
    Paule, R. C., Mandel, J. (1982). Consensus values and weighting factors. *J. Res. NBS* 87(5).
    """
    noisy = variance > NO_NOISE * variance.max(initial=0.0)
    mean, std_error = estimate.copy(), np.sqrt(np.where(noisy, variance, 0.0))
    if noisy.sum() < LEAST_STRATA:
        return Shrunk(mean, std_error, float("nan"), float("nan"))
    drawn = _shrink_noisy(estimate[noisy], variance[noisy])
    mean[noisy], std_error[noisy] = drawn.mean, drawn.std_error
    return Shrunk(mean, std_error, drawn.between_variance, drawn.centre)


def _shrink_noisy(estimate: NDArray[np.float64], variance: NDArray[np.float64]) -> Shrunk:
    between = max(_paule_mandel(estimate, variance), 2.0 / float((1.0 / variance).sum()))
    weight = 1.0 / (variance + between)
    centre = float(weight @ estimate / weight.sum())
    n_strata = len(estimate)
    pull = (n_strata - 3) / (n_strata - 1) * variance / (variance + between)
    mean = (1.0 - pull) * estimate + pull * centre
    spread = (float(variance @ weight / weight.sum()) + between) / (variance + between)
    variance_of_pull = 2.0 / (n_strata - 3) * pull**2 * spread * (estimate - centre) ** 2
    total = (1.0 - pull) * variance + pull**2 / weight.sum() + variance_of_pull
    return Shrunk(mean, np.sqrt(total), between, centre)


def _paule_mandel(estimate: NDArray[np.float64], variance: NDArray[np.float64]) -> float:
    """Return A with sum (tau_s - m(A))² / (V_s + A) = S - 1, or 0."""

    def excess(between: float) -> float:
        weight = 1.0 / (variance + between)
        centre = weight @ estimate / weight.sum()
        return float(weight @ (estimate - centre) ** 2) - (len(estimate) - 1)

    if excess(0.0) <= 0.0:
        return 0.0
    lower, upper = 0.0, float(np.ptp(estimate) ** 2 + variance.max())
    for _ in range(STEPS):
        middle = (lower + upper) / 2.0
        if not lower < middle < upper:
            break
        lower, upper = (middle, upper) if excess(middle) > 0.0 else (lower, middle)
    return (lower + upper) / 2.0
