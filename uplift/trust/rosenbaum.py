"""How strong a hidden confounder must be to explain a matched comparison away (Rosenbaum 2002)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

GAMMAS = (1.0, 1.25, 1.5, 2.0, 3.0)
_MOST = 1e6
_TURNS = 200


@dataclass(frozen=True, slots=True)
class RosenbaumBounds:
    """Worst-case p-values of a matched comparison under a hidden confounder.

    Parameters
    ----------
    test
        ``signed_rank`` or ``mcnemar``.
    gammas
        Odds ratios by which two units of a pair may differ in their chance of having been treated.
    p_values
        Largest one-sided p-value of "treatment raises the outcome" at each of them.
    breakdown
        Largest odds ratio at which that p-value is still at most ``alpha``; 0 where it is larger even without a
        confounder, infinite where none would undo it.
    alpha
        One-sided level of ``breakdown``.
    n_pairs
        Pairs compared.
    statistic
        Sum of the positive ranks, or discordant pairs in favour of treatment.
    """

    test: str
    gammas: tuple[float, ...]
    p_values: tuple[float, ...]
    breakdown: float
    alpha: float
    n_pairs: int
    statistic: float


@dataclass(frozen=True, slots=True)
class ShiftBounds:
    """Hodges-Lehmann shifts that a hidden confounder allows, in the unit of the differences.

    Parameters
    ----------
    lower, upper
        The least and the largest.
    gamma
        Odds ratio by which two units of a pair may differ in their chance of having been treated.
    """

    lower: float
    upper: float
    gamma: float


def bound_signed_rank(
    differences: NDArray[np.float64], *, gammas: Sequence[float] = GAMMAS, alpha: float = 0.05
) -> RosenbaumBounds:
    """Bound the p-value of Wilcoxon's signed-rank test of matched pairs.

    Parameters
    ----------
    differences : ndarray of float, shape (n,)
        Treated minus control of each pair. Pairs without a difference keep their rank and count for neither side.
    gammas
        Odds ratios, each at least 1.
    alpha
        One-sided level of the breakdown value.

    Returns
    -------
    RosenbaumBounds

    Raises
    ------
    EstimationError
        When there are no pairs, a difference is not finite, or an odds ratio is below 1.

    Notes
    -----
    *Assumptions*: pairs are independent and, but for one hidden binary confounder, equally likely to have been treated
    either way. By the normal approximation of the sum; with many pairs without a difference (customers who buy nothing)
    the test is weak: bound the purchase itself by :func:`bound_mcnemar` too.

    References
    ----------
    Rosenbaum (2002), *Observational Studies*, 2nd ed., section 4.3.
    """
    from scipy.special import ndtr
    from scipy.stats import rankdata

    values = _checked(differences, gammas)
    score = np.where(values == 0, 0.0, rankdata(np.abs(values)))
    total, square, positive = score.sum(), (score**2).sum(), float(score[values > 0].sum())

    def p_value(gamma: float) -> float:
        share = gamma / (1.0 + gamma)
        spread = share * (1.0 - share) * square
        if spread == 0:
            return 1.0
        return float(ndtr(-(positive - share * total) / np.sqrt(spread)))

    return _bounds("signed_rank", p_value, gammas, alpha, n_pairs=len(values), statistic=positive)


def bound_mcnemar(
    n_treated_only: int, n_control_only: int, *, n_pairs: int, gammas: Sequence[float] = GAMMAS, alpha: float = 0.05
) -> RosenbaumBounds:
    """Bound the p-value of McNemar's test of a purchase in matched pairs.

    Parameters
    ----------
    n_treated_only, n_control_only
        Pairs in which only the treated, and only the control, bought.
    n_pairs
        All pairs.
    gammas
        Odds ratios, each at least 1.
    alpha
        One-sided level of the breakdown value.

    Returns
    -------
    RosenbaumBounds
        By the exact binomial distribution of the discordant pairs.

    Raises
    ------
    EstimationError
        When a count is negative or they do not fit, or an odds ratio is below 1.

    References
    ----------
    Rosenbaum (2002), *Observational Studies*, 2nd ed., section 4.3.2.
    """
    from scipy.special import betainc

    if min(n_treated_only, n_control_only) < 0 or n_treated_only + n_control_only > n_pairs or n_pairs < 1:
        message = (
            f"pairs: {n_treated_only} where only the treated and {n_control_only} where only the control bought do not "
            f"fit in {n_pairs} pairs"
        )
        raise EstimationError(message)
    _check_gammas(gammas)
    discordant = n_treated_only + n_control_only

    def p_value(gamma: float) -> float:
        if n_treated_only == 0:
            return 1.0
        return float(betainc(n_treated_only, discordant - n_treated_only + 1, gamma / (1.0 + gamma)))

    return _bounds("mcnemar", p_value, gammas, alpha, n_pairs=n_pairs, statistic=float(n_treated_only))


def bound_shift(differences: NDArray[np.float64], *, gamma: float) -> ShiftBounds:
    """Return the least and the largest Hodges-Lehmann shift that a confounder of this strength allows.

    Parameters
    ----------
    differences : ndarray of float, shape (n,)
        Treated minus control of each pair.
    gamma
        Odds ratio, at least 1; at 1 both are the median of the pairwise means.

    Returns
    -------
    ShiftBounds

    Raises
    ------
    EstimationError
        As :func:`bound_signed_rank`.

    References
    ----------
    Rosenbaum (1993), J. Amer. Statist. Assoc. 88.
    """
    values = _checked(differences, (gamma,))
    share = gamma / (1.0 + gamma)
    return ShiftBounds(_shift(values, share), _shift(values, 1.0 - share), gamma)


def _shift(values: NDArray[np.float64], share: float) -> float:
    """Return where the sum of positive ranks falls through its expectation, by halving."""
    from scipy.stats import rankdata

    def surplus(shift: float) -> float:
        left = values - shift
        score = rankdata(np.abs(left))
        return float(score[left > 0].sum() + score[left == 0].sum() / 2 - share * score.sum())

    low, high = float(values.min()), float(values.max())
    for _ in range(_TURNS):
        middle = (low + high) / 2.0
        if not low < middle < high:
            break
        if surplus(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def _checked(differences: NDArray[np.float64], gammas: Sequence[float]) -> NDArray[np.float64]:
    values = np.asarray(differences, dtype=np.float64)
    if not len(values) or not np.isfinite(values).all():
        message = (
            f"differences: {len(values)} pairs, {int((~np.isfinite(values)).sum())} without a finite difference; "
            "give the difference of every matched pair"
        )
        raise EstimationError(message)
    _check_gammas(gammas)
    return values


def _check_gammas(gammas: Sequence[float]) -> None:
    wrong = [gamma for gamma in gammas if not gamma >= 1]
    if wrong:
        message = f"gammas: got {wrong[0]}; an odds ratio of hidden bias is at least 1"
        raise EstimationError(message)


def _bounds(
    test: str,
    p_value: Callable[[float], float],
    gammas: Sequence[float],
    alpha: float,
    *,
    n_pairs: int,
    statistic: float,
) -> RosenbaumBounds:
    return RosenbaumBounds(
        test=test,
        gammas=tuple(float(gamma) for gamma in gammas),
        p_values=tuple(p_value(gamma) for gamma in gammas),
        breakdown=_breakdown(p_value, alpha),
        alpha=alpha,
        n_pairs=n_pairs,
        statistic=statistic,
    )


def _breakdown(p_value: Callable[[float], float], alpha: float) -> float:
    """Return the odds ratio at which the p-value reaches ``alpha``; it rises with the ratio."""
    if p_value(1.0) > alpha:
        return 0.0
    if p_value(_MOST) <= alpha:
        return float("inf")
    low, high = 1.0, _MOST
    for _ in range(_TURNS):
        middle = float(np.sqrt(low * high))
        if p_value(middle) <= alpha:
            low = middle
        else:
            high = middle
    return low
