"""Weights in place of pairs: overlap weights and entropy balancing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.estimate.design_matrix import build_terms, independent_columns
from uplift.estimate.labels import Labels, label_effect, outcome_column
from uplift.estimate.propensity import Propensity, find_treated, fit_propensity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.estimate.itt import Reading
    from uplift.results.effect import Effects
    from uplift.stats.frame import UnitFrame

_MOST_TURNS = 200
_CLOSE = 1e-9


def estimate_overlap(
    frame: UnitFrame,
    outcome: str,
    *,
    covariates: Sequence[str],
    propensity: Propensity | None = None,
    reading: Reading | None = None,
) -> Effects:
    """Estimate the effect on those who could have gone either way.

    Parameters
    ----------
    frame
        Units of two arms.
    outcome
        Column measured after treatment.
    covariates
        Of the propensity.
    propensity
        Fitted before on the same covariates; default a logit.
    reading
        Labels and confidence level; the grade is always D.

    Returns
    -------
    Effects
        One effect; estimand ``ato``: each unit counts by its chance of having had the other treatment, so that no
        weight is ever large. The standard error counts the fit of the logit.

    Raises
    ------
    EstimationError
        When a column is unknown or not finite, or the propensity cannot be fitted.

    Notes
    -----
    *Estimand*: E[e (1 - e) (Y(1) - Y(0))] / E[e (1 - e)]. *Assumptions*: no hidden confounder given the covariates.

    References
    ----------
    Li, Morgan and Zaslavsky (2018), J. Amer. Statist. Assoc. 113.
    """
    treated = find_treated(frame)
    y = outcome_column(frame, outcome)
    fitted = propensity if propensity is not None else fit_propensity(frame, covariates=covariates)
    x = _with_intercept(build_terms(frame, covariates).values)
    found = _overlap(y, treated.astype(np.float64), fitted.score, x, frame.weight)
    return label_effect(
        found.effect,
        found.std_error,
        labels=Labels(
            outcome=outcome,
            estimator="overlap_weights",
            estimand="ato",
            arm=frame.arms[1],
            reference_arm=frame.arms[0],
            n_obs=int(treated.sum()),
            n_reference=int((~treated).sum()),
        ),
        reading=reading,
        reference_mean=found.reference_mean,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    effect: float
    std_error: float
    reference_mean: float


def _overlap(
    y: NDArray[np.float64],
    treated: NDArray[np.float64],
    score: NDArray[np.float64],
    x: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> _Found:
    """Return the two weighted means' difference, and its error with the logit's own by its influence."""
    one, none = weight * treated * (1.0 - score), weight * (1.0 - treated) * score
    mean_one, mean_none = np.average(y, weights=one), np.average(y, weights=none)
    influence = one * (y - mean_one) / one.sum() - none * (y - mean_none) / none.sum()
    # The chance moves with the logit's slopes: d e = e (1 - e) x.
    slope = weight * score * (1.0 - score)
    by_slopes = -(
        (treated * slope * (y - mean_one) / one.sum() + (1.0 - treated) * slope * (y - mean_none) / none.sum()) @ x
    )
    information = (x * slope[:, None]).T @ x
    influence = influence + ((weight * (treated - score))[:, None] * x) @ np.linalg.solve(information, by_slopes)
    return _Found(float(mean_one - mean_none), float(np.sqrt((influence**2).sum())), float(mean_none))


def estimate_entropy_balanced(
    frame: UnitFrame,
    outcome: str,
    *,
    covariates: Sequence[str],
    reading: Reading | None = None,
) -> Effects:
    """Estimate the effect on the treated with controls weighted to the very same covariate means.

    Parameters
    ----------
    frame
        Units of two arms.
    outcome
        Column measured after treatment.
    covariates
        What is balanced, exactly.
    reading
        Labels and confidence level; the grade is always D.

    Returns
    -------
    Effects
        One effect; estimand ``att``.

    Raises
    ------
    EstimationError
        When a column is unknown or not finite, or no weights of the controls reach the means of the treated.

    Notes
    -----
    *Estimand*: mean effect on the treated. *Assumptions*: no hidden confounder, and either the outcome without
    treatment or the log odds of treatment is linear in the covariates.

    References
    ----------
    Hainmueller (2012), Political Analysis 20(1). Zhao and Percival (2017), J. Causal Inference 5(1).
    """
    treated = find_treated(frame)
    control = ~treated
    y = outcome_column(frame, outcome)
    values = build_terms(frame, covariates).values
    values = values[:, independent_columns(values)]
    base = frame.weight[treated] / frame.weight[treated].sum()
    target = base @ values[treated]
    weight = balance_entropy(values[control], target, base=frame.weight[control])
    # Both sums weigh residuals of one regression, as the balanced columns cancel.
    x = _with_intercept(values[control])
    slopes = np.linalg.lstsq(x * np.sqrt(weight)[:, None], y[control] * np.sqrt(weight), rcond=None)[0]
    left = y - _with_intercept(values) @ slopes
    effect = float(base @ y[treated] - weight @ y[control])
    variance = (base**2 * (left[treated] - effect) ** 2).sum() + (weight**2 * left[control] ** 2).sum()
    return label_effect(
        effect,
        float(np.sqrt(variance)),
        labels=Labels(
            outcome=outcome,
            estimator="entropy_balancing",
            estimand="att",
            arm=frame.arms[1],
            reference_arm=frame.arms[0],
            n_obs=int(treated.sum()),
            n_reference=int(control.sum()),
        ),
        reading=reading,
        reference_mean=float(weight @ y[control]),
    )


def balance_entropy(
    values: NDArray[np.float64], target: NDArray[np.float64], *, base: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the weights nearest to ``base`` whose means are ``target``.

    Parameters
    ----------
    values : ndarray of float64, shape (n, p)
        Covariates of the units to weigh.
    target : ndarray of float64, shape (p,)
        Means to reach.
    base : ndarray of float64, shape (n,)
        Weights before.

    Returns
    -------
    ndarray of float64, shape (n,)
        Positive, summing to 1.

    Raises
    ------
    EstimationError
        When the target lies outside what any weights can reach.
    """
    scale = np.where(values.std(axis=0) > 0, values.std(axis=0), 1.0)
    away = (values - target) / scale
    dual = np.zeros(values.shape[1])
    weight, level = _tilt(away, dual, base)
    for _ in range(_MOST_TURNS):
        gradient = weight @ away
        if np.abs(gradient).max(initial=0.0) < _CLOSE:
            return weight
        hessian = (away * weight[:, None]).T @ away - np.outer(gradient, gradient)
        step = np.linalg.lstsq(hessian, -gradient, rcond=None)[0]
        size = 1.0
        moved, reached = _tilt(away, dual + step, base)
        while not reached < level - 1e-4 * size * abs(gradient @ step) and size > _CLOSE:
            size /= 2.0
            moved, reached = _tilt(away, dual + size * step, base)
        if size <= _CLOSE:
            break
        dual, weight, level = dual + size * step, moved, reached
    if np.abs(weight @ away).max() < 1e-6:
        return weight
    message = (
        "covariates: no weights of the untreated reach the means of the treated; some of the treated have nobody like "
        "them: match within a caliper, or ask for the effect where both exist (overlap weights)"
    )
    raise EstimationError(message)


def _tilt(
    away: NDArray[np.float64], dual: NDArray[np.float64], base: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    exponent = away @ dual
    top = float(exponent.max(initial=0.0))
    raised = base * np.exp(exponent - top)
    total = float(raised.sum())
    return raised / total, float(np.log(total) + top)


def _with_intercept(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([np.ones(len(values)), values])
