"""How alike treated and controls are, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.estimate.design_matrix import build_terms
from uplift.results.facts import CheckResult, Facts, Status

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.estimate.matching.matches import Matches

GOOD_SMD, BAD_SMD = 0.1, 0.25
"""Standardised differences up to which a covariate is balanced, and above which it is not."""
MUCH_DROPPED = 0.1
"""Share of dropped treated units above which the estimate must not be called one on the treated."""
DISTANCE = "distance"
"""Name of the row of the propensity itself."""


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """One covariate before and after weighting.

    Parameters
    ----------
    name
        The covariate, a level of it, or ``distance`` (the propensity).
    is_binary
        Whether it holds 0 and 1 only; then the variance ratio says nothing and is None.
    mean_treated, mean_control
        Means of the treated and of all controls before.
    smd_before, smd_after
        Differences of means in standard deviations of the treated before weighting.
    variance_ratio_before, variance_ratio_after
        Variance of the treated over that of the controls.
    ecdf_mean_after, ecdf_max_after
        Mean and largest distance between the two distributions after weighting.
    """

    name: str
    is_binary: bool
    mean_treated: float
    mean_control: float
    smd_before: float
    smd_after: float
    variance_ratio_before: float | None
    variance_ratio_after: float | None
    ecdf_mean_after: float
    ecdf_max_after: float


@dataclass(frozen=True, slots=True)
class Balance:
    """All rows, and how many controls the weighted ones are worth.

    Parameters
    ----------
    rows
        The propensity first, then the covariates.
    n_treated, n_control
        Treated and controls with weight.
    effective_controls
        (sum w)² / sum w² over the controls.
    """

    rows: tuple[BalanceRow, ...]
    n_treated: int
    n_control: int
    effective_controls: float

    @property
    def worst(self) -> BalanceRow:
        """The covariate that differs most afterwards; the propensity does not count."""
        return max((row for row in self.rows if row.name != DISTANCE), key=lambda row: abs(row.smd_after))


def describe_balance(matches: Matches) -> Balance:
    """Describe matched sets covariate by covariate.

    Parameters
    ----------
    matches
        The sets.

    Returns
    -------
    Balance
        Differences are divided by the standard deviation of all treated units before matching, of a share p by
        sqrt(p (1 - p)); the row ``distance`` is the fitted propensity.

    References
    ----------
    Stuart (2010), Statistical Science 25(1).
    """
    frame = matches.frame
    treated = frame.arm == 1
    control = ~treated
    weight = matches.weight
    terms = build_terms(frame, matches.covariates, all_levels=True)
    columns = {DISTANCE: matches.propensity.score, **dict(zip(terms.names, terms.values.T, strict=True))}
    rows = tuple(_row(name, column, treated, control, weight) for name, column in columns.items())
    used = weight[control]
    return Balance(
        rows=rows,
        n_treated=len(matches.treated),
        n_control=int((used > 0).sum()),
        effective_controls=float(used.sum() ** 2 / (used**2).sum()),
    )


def check_match_balance(matches: Matches) -> tuple[CheckResult, ...]:
    """Judge matched sets.

    Parameters
    ----------
    matches
        The sets.

    Returns
    -------
    tuple of CheckResult
        ``match.balance``: passes up to .1 standard deviations, fails above .25. ``match.dropped``: warns when more than
        a tenth of the treated found no control, as the estimate then belongs to another group.
    """
    balance = describe_balance(matches)
    worst = balance.worst
    size = abs(worst.smd_after)
    status: Status = "pass" if size <= GOOD_SMD else "warn" if size <= BAD_SMD else "fail"
    facts: Facts = {
        "covariate": worst.name,
        "smd": worst.smd_after,
        "n_treated": balance.n_treated,
        "effective_controls": balance.effective_controls,
    }
    dropped: Facts = {"share": matches.share_dropped, "n_dropped": matches.n_dropped, "n_treated": matches.n_treated}
    lost: Status = "warn" if matches.share_dropped > MUCH_DROPPED else "pass"
    return (
        CheckResult("match.balance", status, statistic=worst.smd_after, facts=facts),
        CheckResult("match.dropped", lost, statistic=matches.share_dropped, facts=dropped),
    )


def _row(
    name: str,
    column: NDArray[np.float64],
    treated: NDArray[np.bool_],
    control: NDArray[np.bool_],
    weight: NDArray[np.float64],
) -> BalanceRow:
    plain = np.ones(len(column))
    is_binary = bool(np.isin(column, (0.0, 1.0)).all())
    mean_t, mean_c = column[treated].mean(), column[control].mean()
    scale = np.sqrt(mean_t * (1.0 - mean_t)) if is_binary else column[treated].std(ddof=1)
    after = np.average(column[treated], weights=weight[treated]) - np.average(column[control], weights=weight[control])
    ecdf = _ecdf_gaps(column, treated, control, weight)
    return BalanceRow(
        name=name,
        is_binary=is_binary,
        mean_treated=float(mean_t),
        mean_control=float(mean_c),
        smd_before=_over(mean_t - mean_c, scale),
        smd_after=_over(after, scale),
        variance_ratio_before=None if is_binary else _variance_ratio(column, treated, control, plain),
        variance_ratio_after=None if is_binary else _variance_ratio(column, treated, control, weight),
        ecdf_mean_after=float(ecdf.mean()),
        ecdf_max_after=float(ecdf.max()),
    )


def _over(difference: float, scale: float) -> float:
    """Return a difference in standard deviations; without spread an equal mean is balanced and another is not."""
    if scale > 0:
        return float(difference / scale)
    return 0.0 if difference == 0 else float(np.copysign(np.inf, difference))


def _variance_ratio(
    column: NDArray[np.float64], treated: NDArray[np.bool_], control: NDArray[np.bool_], weight: NDArray[np.float64]
) -> float | None:
    above, below = (_variance(column[side], weight[side]) for side in (treated, control))
    return above / below if below > 0 else None


def _variance(values: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Return the variance with reliability weights."""
    total = weight.sum()
    mean = float((weight * values).sum() / total)
    spread = float((weight * (values - mean) ** 2).sum())
    rest = float(total - (weight**2).sum() / total)
    return spread / rest if rest > 0 else 0.0


def _ecdf_gaps(
    column: NDArray[np.float64], treated: NDArray[np.bool_], control: NDArray[np.bool_], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    distinct, place = np.unique(column, return_inverse=True)
    shares = [
        np.cumsum(np.bincount(place[side], weight[side], minlength=len(distinct))) / weight[side].sum()
        for side in (treated, control)
    ]
    gaps: NDArray[np.float64] = np.abs(shares[0] - shares[1])
    return gaps
