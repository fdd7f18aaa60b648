"""Did the arms lose the same share of the units that they were assigned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.checks.exact import MIN_EXPECTED, N_DRAWS, SEED, TIE, draw_hypergeometric, hypergeometric_p
from uplift.checks.holm import adjust_family
from uplift.checks.srm import RED
from uplift.errors import UsageError
from uplift.results import CheckResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.results.facts import Fact


RANK = 1e-10
"""Relative size below which an eigenvalue of a covariance is taken as zero."""


def check_loss(
    assigned: NDArray[np.int64],
    analysed: NDArray[np.int64],
    *,
    strata: Sequence[str],
    arms: Sequence[str],
) -> tuple[CheckResult, ...]:
    """Test that loss between assignment and analysis does not depend on the arm.

    Parameters
    ----------
    assigned, analysed : ndarray of int64, shape (S, A)
        Units drawn, and units that reached the analysis.
    strata, arms
        Names, lengths S and A.

    Returns
    -------
    tuple of CheckResult, length S + 1
        ``srm.loss``: first over all strata (generalised Cochran-Mantel-Haenszel), then one per
        stratum (chi-square of the 2 × A table, Fisher-Freeman-Halton when a count below 5 is
        expected) with Holm's correction. ``fail`` below p = .001.

    Raises
    ------
    UsageError
        When shapes differ, or more units were analysed than assigned.

    Notes
    -----
    *Estimand*: none; a test. *Assumptions*: none beyond the random assignment within strata: under the null the
    units lost in a stratum are a random draw from its arms, given the counts assigned. A chi-square
    of analysed counts against shares would have no power where the counts were fixed by design.

    References
    ----------
    Landis, J. R., Heyman, E. R., Koch, G. G. (1978). Average partial association in three-way
    contingency tables. *International Statistical Review* 46(3). https://doi.org/10.2307/1402373
    """
    drawn, lost = _validate(assigned, analysed, strata, arms)
    overall = _check_overall(drawn, lost, arms)
    single = tuple(_check_stratum(n, m, stratum, arms) for n, m, stratum in zip(drawn, lost, strata, strict=True))
    return (overall, *adjust_family(single, RED))


def association(assigned: NDArray[np.int64], lost: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the generalised Cochran-Mantel-Haenszel statistic of loss by arm.

    Parameters
    ----------
    assigned : ndarray of int64, shape (S, A)
        Units drawn.
    lost : ndarray of int64, shape (..., S, A)
        Units lost, in any number of tables.

    Returns
    -------
    ndarray of float64, shape (...)
        Quadratic form of the summed deviations in their hypergeometric covariance.
    """
    gone = lost.sum(axis=-1)
    away = (lost - _expected(assigned, gone)).sum(axis=-2)
    return _quadratic(away, _covariance(assigned, gone))


def _expected(assigned: NDArray[np.int64], gone: NDArray[np.int64]) -> NDArray[np.float64]:
    share = assigned / np.maximum(assigned.sum(axis=1, keepdims=True), 1)
    expected: NDArray[np.float64] = gone[..., None] * share
    return expected


def _covariance(assigned: NDArray[np.int64], gone: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the covariance of the summed deviations of the arms but the first, shape (..., K, K)."""
    size = np.maximum(assigned.sum(axis=1), 1)
    share = (assigned / size[:, None])[:, 1:]
    spread = share[:, :, None] * np.eye(share.shape[1]) - share[:, :, None] * share[:, None, :]
    factor = gone * (size - gone) / np.maximum(size - 1.0, 1.0)
    covariance: NDArray[np.float64] = np.einsum("...s,skl->...kl", factor, spread)
    return covariance


def _quadratic(away: NDArray[np.float64], covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    inverse = np.linalg.pinv(covariance, rcond=RANK, hermitian=True)
    out: NDArray[np.float64] = np.einsum("...k,...kl,...l->...", away[..., 1:], inverse, away[..., 1:])
    return out


def _validate(
    assigned: NDArray[np.int64], analysed: NDArray[np.int64], strata: Sequence[str], arms: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    drawn, kept = np.asarray(assigned, np.int64), np.asarray(analysed, np.int64)
    shape = (len(strata), len(arms))
    if drawn.shape != shape or kept.shape != shape:
        message = (
            f"assigned has shape {drawn.shape} and analysed {kept.shape}; both must be strata × arms = {shape}: "
            "count units per stratum and arm"
        )
        raise UsageError(message)
    wrong = np.argwhere((kept > drawn) | (kept < 0))
    if len(wrong):
        s, a = wrong[0]
        message = (
            f"analysed == {kept[s, a]} in stratum '{strata[s]}', arm '{arms[a]}', must lie between 0 and the "
            f"{drawn[s, a]} assigned: count each assigned unit once"
        )
        raise UsageError(message)
    return drawn, drawn - kept


def _check_overall(drawn: NDArray[np.int64], lost: NDArray[np.int64], arms: Sequence[str]) -> CheckResult:
    covariance = _covariance(drawn, lost.sum(axis=1))
    df = int(np.linalg.matrix_rank(covariance, rtol=RANK, hermitian=True))
    facts = _facts(drawn.sum(axis=0), lost.sum(axis=0), arms) | {"df": df}
    if df == 0:
        return CheckResult("srm.loss", "pass", 0.0, 1.0, facts)
    statistic = float(association(drawn, lost))
    p_value = _overall_p(drawn, lost.sum(axis=1), statistic, df)
    return CheckResult("srm.loss", "fail" if p_value < RED else "pass", statistic, p_value, facts)


def _overall_p(drawn: NDArray[np.int64], gone: NDArray[np.int64], statistic: float, df: int) -> float:
    from scipy.special import chdtrc

    if _smallest_expected(drawn.sum(axis=0), _expected(drawn, gone).sum(axis=0)) >= MIN_EXPECTED:
        return float(chdtrc(df, statistic))
    rng = np.random.default_rng(SEED)
    away = np.zeros((N_DRAWS, drawn.shape[1]))
    for s in np.flatnonzero((gone > 0) & (gone < drawn.sum(axis=1))):
        away += draw_hypergeometric(drawn[s], int(gone[s]), rng) - gone[s] * drawn[s] / drawn[s].sum()
    simulated = _quadratic(away, _covariance(drawn, gone))
    return float((1 + np.count_nonzero(simulated >= statistic * (1.0 - TIE))) / (N_DRAWS + 1))


def _check_stratum(drawn: NDArray[np.int64], lost: NDArray[np.int64], stratum: str, arms: Sequence[str]) -> CheckResult:
    facts = _facts(drawn, lost, arms)
    here = drawn > 0
    size, gone = drawn[here], lost[here]
    if here.sum() < 2 or gone.sum() in {0, size.sum()}:
        return CheckResult("srm.loss", "pass", 0.0, 1.0, facts, stratum)
    statistic = float(two_way(size, gone[None, :])[0])
    p_value = _stratum_p(size, gone, statistic)
    return CheckResult("srm.loss", "pass", statistic, p_value, facts, stratum)


def two_way(size: NDArray[np.int64], gone: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return Pearson's chi-square of lost and kept by arm.

    Parameters
    ----------
    size : ndarray of int64, shape (A,)
        Units drawn, each above 0.
    gone : ndarray of int64, shape (R, A)
        Units lost.

    Returns
    -------
    ndarray of float64, shape (R,)
    """
    share = gone.sum(axis=1, keepdims=True) / size.sum()
    scale = size * share * (1.0 - share)
    out: NDArray[np.float64] = np.divide(
        (gone - size * share) ** 2, scale, out=np.zeros(gone.shape), where=scale > 0
    ).sum(axis=1)
    return out


def _stratum_p(size: NDArray[np.int64], gone: NDArray[np.int64], statistic: float) -> float:
    from scipy.special import chdtrc

    if _smallest_expected(size, size * (gone.sum() / size.sum())) >= MIN_EXPECTED:
        return float(chdtrc(len(size) - 1, statistic))
    return hypergeometric_p(gone, size, lambda tables: two_way(size, tables))


def _smallest_expected(size: NDArray[np.int64], expected: NDArray[np.float64]) -> float:
    here = size > 0
    return float(np.minimum(expected, size - expected)[here].min())


def _facts(drawn: NDArray[np.int64], lost: NDArray[np.int64], arms: Sequence[str]) -> dict[str, Fact]:
    return {
        "arms": tuple(arms),
        "n_assigned": tuple(int(n) for n in drawn),
        "n_lost": tuple(int(n) for n in lost),
    }
