"""Do the arms look alike in what was known before the campaign."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.checks.contrast import contrast_test
from uplift.checks.srm import RED
from uplift.results import CheckResult
from uplift.stats.adjust import adjust_means

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.results.facts import Fact
    from uplift.stats.cells import CellMeans
    from uplift.stats.moments import Block, Moments


ROUNDING = 1e-12
"""A relative distance smaller than this is what floating point leaves of zero."""


def check_balance(moments: Moments, *, block: str | None = None) -> CheckResult:
    """Test within strata that the arms have the same covariate means.

    Parameters
    ----------
    moments
        Sums per cell; the covariates of one block are compared.
    block
        Which block (default the first).

    Returns
    -------
    CheckResult
        ``balance``: omnibus chi-square over covariates × treatment arms; ``warn`` below p = .001,
        ``skipped`` without covariates. Facts: ``covariates``, ``df``, and the largest absolute
        standardised difference ``max_smd`` with its ``covariate`` and ``arm``.

    Raises
    ------
    EstimationError
        When a stratum has one arm only, or a cell fewer than two rows.

    Notes
    -----
    *Estimand*: none; a test of the assignment. *Assumptions*: complete randomisation within
    stratum × batch, whose permutation covariance is exact (Hansen and Bowers). The standardised
    difference of a covariate is the stratum-weighted difference of means over the root of the
    mean of the two arms' variances, both at the strata weights of all units.

    References
    ----------
    Hansen, B. B., Bowers, J. (2008). Covariate balance in simple, stratified and clustered
    comparative studies. *Statistical Science* 23(2). https://doi.org/10.1214/08-STS254
    """
    chosen = _covariates_as_outcomes(moments.block(block))
    names = chosen.names("outcome")
    if not names:
        return CheckResult("balance", "skipped", facts={"reason": "no_covariates"})
    means = adjust_means(replace(moments, blocks=(chosen,)))
    contrasts = _contrast(means)
    test = contrast_test(contrasts.value, contrasts.covariance)
    smd = contrasts.value.reshape(len(means.arms) - 1, len(names)) / _spread(means)
    arm, covariate = np.unravel_index(np.argmax(np.abs(smd)), smd.shape)
    facts: dict[str, Fact] = {
        "covariates": names,
        "df": test.df,
        "max_smd": float(abs(smd[arm, covariate])),
        "covariate": names[covariate],
        "arm": means.arms[arm + 1],
    }
    return CheckResult("balance", "warn" if test.p_value < RED else "pass", test.statistic, test.p_value, facts)


def _covariates_as_outcomes(block: Block) -> Block:
    bare = block.select(())
    columns = tuple(
        replace(column, role="outcome") if column.role == "covariate" else column for column in bare.columns
    )
    return replace(bare, columns=columns, cube=np.zeros((len(bare.n), len(columns) - 1), dtype=object))


@dataclass(frozen=True, slots=True, eq=False)
class _Contrasts:
    """Weighted differences to the control, arms × covariates flattened, with their null covariance."""

    value: NDArray[np.float64]
    covariance: NDArray[np.float64]


def _contrast(means: CellMeans) -> _Contrasts:
    weight = _arm_weights(means)
    difference = means.raw_mean[:, 1:] - means.raw_mean[:, :1]
    value = np.einsum("gk,gkp->kp", weight, difference)
    offered = means.n > 0
    share = np.divide(1.0, means.n, out=np.zeros(means.n.shape), where=offered)
    k = weight.shape[1]
    per_group = share[:, 1:, None] * np.eye(k) + share[:, :1, None]
    loaded = weight[:, :, None] * weight[:, None, :] * per_group
    covariance = np.einsum("gkl,gpr->kplr", loaded, _total_spread(means))
    return _Contrasts(value.reshape(-1), covariance.reshape(value.size, value.size))


def _arm_weights(means: CellMeans) -> NDArray[np.float64]:
    """Return the weight of each group in each arm's contrast, shape (G, K); columns sum to 1."""
    both = (means.n[:, 1:] > 0) & (means.n[:, :1] > 0)
    weight = means.weight[:, None] * both
    total = weight.sum(axis=0)
    out: NDArray[np.float64] = np.divide(weight, total, out=np.zeros(weight.shape), where=total > 0)
    return out


def _own_spread(means: CellMeans) -> NDArray[np.float64]:
    """Return the covariance of the covariates within each cell, shape (G, A, p, p)."""
    a = np.arange(len(means.arms))
    own = means.covariance[:, a, :, a, :].transpose(1, 0, 2, 3)
    spread: NDArray[np.float64] = own * means.n[..., None, None]
    return spread


def _total_spread(means: CellMeans) -> NDArray[np.float64]:
    """Return the covariance of the covariates in each group over all its arms, shape (G, p, p)."""
    rows = means.n.sum(axis=1)
    within = np.einsum("ga,gapr->gpr", np.maximum(means.n - 1.0, 0.0), _own_spread(means))
    centre = np.einsum("ga,gap->gp", means.n, means.raw_mean) / rows[:, None]
    away = np.where((means.n > 0)[..., None], means.raw_mean - centre[:, None], 0.0)
    away = np.where(np.abs(away) > ROUNDING * np.abs(centre[:, None]), away, 0.0)
    between = np.einsum("ga,gap,gar->gpr", means.n, away, away)
    spread: NDArray[np.float64] = (within + between) / (rows - 1.0)[:, None, None]
    return spread


def _spread(means: CellMeans) -> NDArray[np.float64]:
    """Return the standard deviation that standardises each difference, shape (K, p)."""
    weight = _arm_weights(means)
    variance = np.diagonal(_own_spread(means), axis1=2, axis2=3)

    def marginal(mean: NDArray[np.float64], inside: NDArray[np.float64]) -> NDArray[np.float64]:
        centre = np.einsum("gk,gkp->kp", weight, mean)
        out: NDArray[np.float64] = np.einsum("gk,gkp->kp", weight, inside + (mean - centre) ** 2)
        return out

    control = np.ones((1, weight.shape[1], 1))
    pooled = (
        marginal(means.raw_mean[:, 1:], variance[:, 1:])
        + marginal(means.raw_mean[:, :1] * control, variance[:, :1] * control)
    ) / 2.0
    return np.sqrt(np.where(pooled > 0, pooled, 1.0))
