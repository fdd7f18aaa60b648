"""Robustness of a regression coefficient to an omitted variable (Cinelli and Hazlett 2020)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from uplift.errors import EstimationError


@dataclass(frozen=True, slots=True)
class Robustness:
    """How much of the residual variance a confounder must explain.

    Parameters
    ----------
    value
        Share of the residual variance of treatment and of outcome that a confounder must explain, both, to move the
        estimate by ``q`` of itself; in [0, 1].
    value_at_level
        The same to make the interval reach that point.
    partial_r2
        Share of the residual variance of the outcome that treatment explains: what a confounder that explains all of
        the rest of the outcome would have to explain of treatment.
    q, alpha
        Share of the estimate to be explained away, and the two-sided level.
    """

    value: float
    value_at_level: float
    partial_r2: float
    q: float
    alpha: float


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What the estimate would be with a confounder some times as strong as an observed covariate.

    Parameters
    ----------
    strength
        How many times as strong.
    r2_treatment, r2_outcome
        Shares of the residual variance of treatment and of outcome that it would explain.
    estimate, std_error, ci_lower, ci_upper
        The estimate that would be left (moved towards zero), its standard error and interval.
    """

    strength: float
    r2_treatment: float
    r2_outcome: float
    estimate: float
    std_error: float
    ci_lower: float
    ci_upper: float


def find_robustness(estimate: float, std_error: float, *, df: int, q: float = 1.0, alpha: float = 0.05) -> Robustness:
    """Return the robustness values of a coefficient.

    Parameters
    ----------
    estimate, std_error, df
        Of the treatment in a least-squares regression on treatment and covariates, df its residual degrees of freedom.
    q
        Share of the estimate that is to be explained away.
    alpha
        Two-sided level.

    Returns
    -------
    Robustness

    Raises
    ------
    EstimationError
        When the standard error is not above 0, df is below 2, or ``q`` is not above 0.

    References
    ----------
    Cinelli and Hazlett (2020), JRSS B 82(1).
    """
    from scipy.special import stdtrit

    _check(std_error, df, q)
    f = q * abs(estimate / std_error) / np.sqrt(df)
    critical = abs(float(stdtrit(df - 1, alpha / 2.0))) / np.sqrt(df - 1)
    t_squared = (estimate / std_error) ** 2
    return Robustness(_needed(f), _needed_beyond(f, critical), float(t_squared / (t_squared + df)), q, alpha)


def _needed(f: float) -> float:
    return float((np.sqrt(f**4 + 4.0 * f**2) - f**2) / 2.0)


def _needed_beyond(f: float, critical: float) -> float:
    """Return the robustness value at a level: the confounder also takes degrees of freedom and residual variance."""
    if f <= critical:
        return 0.0
    at_most = _needed(f - critical)
    # Where the treatment's share alone would do, the outcome's is not binding.
    if f > 1.0 / critical:
        return float((f**2 - critical**2) / (1.0 + f**2))
    return at_most


def benchmark_confounder(
    estimate: float,
    std_error: float,
    *,
    df: int,
    r2_treatment: float,
    r2_outcome: float,
    strength: float = 1.0,
    alpha: float = 0.05,
) -> Benchmark:
    """Return what a confounder as strong as an observed covariate would leave of an estimate.

    Parameters
    ----------
    estimate, std_error, df
        As in :func:`find_robustness`.
    r2_treatment
        Partial R² of the covariate with treatment, given the other covariates.
    r2_outcome
        Partial R² of the covariate with the outcome, given treatment and the other covariates.
    strength
        How many times as strong the confounder is, in both.
    alpha
        Two-sided level of the interval.

    Returns
    -------
    Benchmark

    Raises
    ------
    EstimationError
        When a partial R² is not in [0, 1), or no confounder can be as strong.

    References
    ----------
    Cinelli and Hazlett (2020), JRSS B 82(1), section 4.4.
    """
    from scipy.special import stdtrit

    _check(std_error, df, 1.0)
    if not (0 <= r2_treatment < 1 and 0 <= r2_outcome < 1):
        message = f"partial R²: got {r2_treatment} and {r2_outcome}; each lies in [0, 1)"
        raise EstimationError(message)
    with_treatment = strength * r2_treatment / (1.0 - r2_treatment)
    if with_treatment >= 1 or strength * r2_treatment >= 1:
        message = (
            f"strength: no confounder is {strength} times as strong as a covariate that explains {r2_treatment} of "
            "treatment; ask for a smaller one"
        )
        raise EstimationError(message)
    shared = strength * r2_treatment**2 / ((1.0 - strength * r2_treatment) * (1.0 - r2_treatment))
    scale = (np.sqrt(strength) + np.sqrt(shared)) / np.sqrt(1.0 - shared)
    with_outcome = min(1.0, float(scale**2 * r2_outcome / (1.0 - r2_outcome)))
    bias = std_error * np.sqrt(df) * np.sqrt(with_outcome * with_treatment / (1.0 - with_treatment))
    left = float(np.sign(estimate) * (abs(estimate) - bias))
    error = float(std_error * np.sqrt((1.0 - with_outcome) / (1.0 - with_treatment) * df / (df - 1)))
    half = abs(float(stdtrit(df - 1, alpha / 2.0))) * error
    return Benchmark(strength, float(with_treatment), with_outcome, left, error, left - half, left + half)


def _check(std_error: float, df: int, q: float) -> None:
    if not std_error > 0 or df < 2 or not q > 0:
        message = (
            f"std_error == {std_error}, df == {df}, q == {q}: needs a standard error and q above 0 and at least 2 "
            "degrees of freedom"
        )
        raise EstimationError(message)
