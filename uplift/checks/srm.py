"""Do the arms have the units that chance would have given them (sample ratio mismatch)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.checks.exact import MIN_EXPECTED, multinomial_p
from uplift.checks.holm import adjust_family
from uplift.errors import UsageError
from uplift.results import CheckResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.results.facts import Fact

RED = 0.001
"""A p-value below this stops the verdict."""

CHANCE_SCHEMES = frozenset({"hash", "recorded"})
"""Schemes whose counts are random; the others fix them."""


def check_srm(
    counts: Sequence[int] | NDArray[np.int64],
    shares: Sequence[float] | NDArray[np.float64],
    *,
    arms: Sequence[str] = (),
    level: str = "",
) -> CheckResult:
    """Compare the counts of independently assigned units with the planned shares.

    Parameters
    ----------
    counts : shape (A,)
        Units assigned to each arm.
    shares : shape (A,)
        Planned probabilities; above 0, sum 1.
    arms
        Names for the facts.
    level
        Stratum that the counts are of; empty for all.

    Returns
    -------
    CheckResult
        ``srm.assigned``: chi-square with A - 1 degrees of freedom; exact multinomial when a count
        below 5 is expected. ``fail`` below p = .001, ``skipped`` without units.

    Raises
    ------
    UsageError
        When shapes differ, a count is negative or shares are no probabilities.

    Notes
    -----
    *Estimand*: none; a test of the assignment. *Assumptions*: units were assigned one by one
    (hash, recorded). Never use it where counts are fixed by design: it cannot fire there.

    References
    ----------
    Fabijan, A. et al. (2019). Diagnosing sample ratio mismatch in online controlled experiments. *KDD*.
    https://doi.org/10.1145/3292500.3330722

    Examples
    --------
    >>> round(check_srm([821588, 815482], [0.5, 0.5]).statistic, 4)
    22.7744
    """
    observed, planned = _validate(counts, shares, arms)
    facts: dict[str, Fact] = {
        "arms": tuple(arms),
        "counts": tuple(int(count) for count in observed),
        "shares": tuple(float(share) for share in planned),
        "n": int(observed.sum()),
    }
    if observed.sum() == 0:
        return CheckResult("srm.assigned", "skipped", facts=facts | {"reason": "no_units"}, level=level)
    statistic = float(_pearson(observed[None, :], planned)[0])
    p_value = _srm_p(observed, planned, statistic)
    return CheckResult("srm.assigned", "fail" if p_value < RED else "pass", statistic, p_value, facts, level)


def check_srm_strata(
    counts: NDArray[np.int64],
    shares: NDArray[np.float64],
    *,
    strata: Sequence[str],
    arms: Sequence[str] = (),
) -> tuple[CheckResult, ...]:
    """Compare counts with shares in each stratum, with Holm's correction over strata.

    Parameters
    ----------
    counts : ndarray of int64, shape (S, A)
        Units assigned.
    shares : ndarray of float64, shape (S, A) or (A,)
        Planned probabilities.
    strata, arms
        Names.

    Returns
    -------
    tuple of CheckResult, length S
        As ``check_srm``; ``p_value`` is the adjusted one, the fact ``p_unadjusted`` the other.

    Raises
    ------
    UsageError
        As ``check_srm``.
    """
    planned = np.broadcast_to(np.asarray(shares, np.float64), np.shape(counts))
    single = tuple(
        check_srm(row, share, arms=arms, level=stratum)
        for row, share, stratum in zip(np.asarray(counts), planned, strata, strict=True)
    )
    return adjust_family(single, RED)


def skip_srm(scheme: str) -> CheckResult:
    """Return the skipped check of counts for a scheme that fixes them.

    Parameters
    ----------
    scheme
        Method of assignment, for example ``blocked``.

    Returns
    -------
    CheckResult
        ``srm.assigned`` with the facts ``reason`` and ``scheme``.

    Raises
    ------
    UsageError
        When the scheme leaves counts to chance, so that the check must run.
    """
    if scheme in CHANCE_SCHEMES:
        message = f"scheme == '{scheme}' leaves the counts to chance; call check_srm(counts, shares)"
        raise UsageError(message)
    return CheckResult("srm.assigned", "skipped", facts={"reason": "fixed_by_design", "scheme": scheme})


def _validate(
    counts: Sequence[int] | NDArray[np.int64], shares: Sequence[float] | NDArray[np.float64], arms: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    observed, planned = np.asarray(counts, np.int64), np.asarray(shares, np.float64)
    if observed.ndim != 1 or observed.shape != planned.shape or len(observed) < 2:
        message = (
            f"counts has shape {observed.shape} and shares {planned.shape}; "
            "both must list the same arms, at least two: give one number for each arm"
        )
        raise UsageError(message)
    if arms and len(arms) != len(observed):
        message = f"arms has {len(arms)} names for {len(observed)} counts; give one name for each arm"
        raise UsageError(message)
    if (observed < 0).any():
        message = f"counts == {observed.tolist()}; counts must not be negative: count units, not differences"
        raise UsageError(message)
    if not (planned > 0).all() or abs(float(planned.sum()) - 1.0) > 1e-6:
        message = f"shares == {planned.tolist()}; shares must be above 0 and sum to 1: leave out arms that nobody got"
        raise UsageError(message)
    return observed, planned / planned.sum()


def _pearson(counts: NDArray[np.int64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    expected = counts.sum(axis=1, keepdims=True) * shares
    out: NDArray[np.float64] = ((counts - expected) ** 2 / expected).sum(axis=1)
    return out


def _srm_p(counts: NDArray[np.int64], shares: NDArray[np.float64], statistic: float) -> float:
    if float((counts.sum() * shares).min()) < MIN_EXPECTED:
        return multinomial_p(counts, shares, lambda tables: _pearson(tables, shares))
    from scipy.special import chdtrc

    return float(chdtrc(len(counts) - 1, statistic))
