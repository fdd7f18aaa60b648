"""Propensity: how likely each unit was to be treated, given what was known before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.estimate.design_matrix import build_terms, independent_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.stats.frame import UnitFrame

_MOST_TURNS = 100
_CLOSE = 1e-10
_MOST_LOGIT = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Propensity:
    """Fitted chances of treatment.

    Parameters
    ----------
    score : ndarray of float64, shape (n,)
        In (0, 1).
    logit : ndarray of float64, shape (n,)
        log(score / (1 - score)).
    names
        Terms of the model, without the intercept.
    coefficients, std_errors
        Intercept first, then per term, on the logit scale.
    dropped
        Terms that were constant or determined by others.
    log_likelihood
        At the maximum.
    """

    score: NDArray[np.float64]
    logit: NDArray[np.float64]
    names: tuple[str, ...]
    coefficients: tuple[float, ...]
    std_errors: tuple[float, ...]
    dropped: tuple[str, ...]
    log_likelihood: float


def find_treated(frame: UnitFrame) -> NDArray[np.bool_]:
    """Tell which units of a frame of two arms were treated, shape (n,).

    Raises
    ------
    EstimationError
        When there are more arms, or one of the two has fewer than two units.
    """
    if len(frame.arms) != 2:
        message = (
            f"frame: has the arms {', '.join(frame.arms)}; compare one of them with {frame.arms[0]} at a time: "
            "frame.against_control(arm)"
        )
        raise EstimationError(message)
    treated: NDArray[np.bool_] = frame.arm == 1
    n_treated, n_control = int(treated.sum()), int((~treated).sum())
    if n_treated < 2 or n_control < 2:
        message = (
            f"{n_treated} units are treated by {frame.arms[1]} and {n_control} are not; an effect needs at least two "
            "of each: leave units untreated, or compare with a campaign that did"
        )
        raise EstimationError(message)
    return treated


def fit_propensity(
    frame: UnitFrame,
    *,
    covariates: Sequence[str],
    squares: Sequence[str] = (),
    interactions: Sequence[tuple[str, str]] = (),
) -> Propensity:
    """Fit the chance of treatment by a logit.

    Parameters
    ----------
    frame
        Units of two arms; weights count.
    covariates
        Columns known before treatment, or ``stratum``.
    squares, interactions
        Terms that enter beside them.

    Returns
    -------
    Propensity
        In the order of the frame.

    Raises
    ------
    EstimationError
        When a covariate is unknown or not finite, one side has fewer than two units, nothing varies, or the covariates
        tell treated and untreated apart entirely, so that nobody is comparable.

    Notes
    -----
    *Estimand*: P(treated | covariates). By Newton's method on standardised terms. How well it predicts is no measure of
    success: a perfect prediction means that there is nobody to compare with.
    """
    treated = find_treated(frame)
    terms = build_terms(frame, covariates, squares=squares, interactions=interactions)
    fit = fit_logit(terms.values, treated.astype(np.float64), frame.weight, names=terms.names)
    logit = fit.predict(terms.values)
    names = tuple(terms.names[j] for j in fit.kept)
    return Propensity(
        score=expit(logit),
        logit=logit,
        names=names,
        coefficients=tuple(fit.coefficients.tolist()),
        std_errors=tuple(fit.std_errors.tolist()),
        dropped=(*terms.dropped, *(name for name in terms.names if name not in names)),
        log_likelihood=fit.log_likelihood,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Logit:
    """A fitted logit.

    Parameters
    ----------
    kept : ndarray of int, shape (k,)
        Columns that entered; the others were constant or determined by these.
    coefficients, std_errors : ndarray of float64, shape (k + 1,)
        Intercept first.
    log_likelihood
        At the maximum.
    """

    kept: NDArray[np.intp]
    coefficients: NDArray[np.float64]
    std_errors: NDArray[np.float64]
    log_likelihood: float

    def predict(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log odds for rows of all columns, shape (n,)."""
        odds: NDArray[np.float64] = self.coefficients[0] + values[:, self.kept] @ self.coefficients[1:]
        return odds


def fit_logit(
    values: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64], *, names: Sequence[str]
) -> Logit:
    """Fit a logit by Newton's method on standardised columns.

    Parameters
    ----------
    values : ndarray of float64, shape (n, p)
        Columns without an intercept.
    y, weight : ndarray of float64, shape (n,)
        0 or 1, and weights.
    names
        Of the columns, for errors.

    Returns
    -------
    Logit

    Raises
    ------
    EstimationError
        When no column varies, or they tell 0 and 1 apart entirely.
    """
    kept = independent_columns(values)
    if not len(kept):
        message = f"covariates: none of {', '.join(names) or 'them'} varies, so there is nothing to compare by"
        raise EstimationError(message)
    used = values[:, kept]
    centre, scale = used.mean(axis=0), used.std(axis=0)
    x = np.column_stack([np.ones(len(used)), (used - centre) / scale])
    fit = _newton(x, y, weight, tuple(names[j] for j in kept))
    back = np.diag(np.concatenate([[1.0], 1.0 / scale]))
    back[0, 1:] = -centre / scale
    errors = np.sqrt(np.diag(back @ fit.covariance @ back.T))
    return Logit(kept, back @ fit.slopes, errors, fit.log_likelihood)


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    slopes: NDArray[np.float64]
    covariance: NDArray[np.float64]
    log_likelihood: float


def _newton(
    x: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64], names: tuple[str, ...]
) -> _Fit:
    slopes = np.zeros(x.shape[1])
    share = float(np.average(y, weights=weight))
    slopes[0] = np.log(share / (1.0 - share))
    likelihood = _log_likelihood(x @ slopes, y, weight)
    for _ in range(_MOST_TURNS):
        chance = expit(x @ slopes)
        information = (x * (weight * chance * (1.0 - chance))[:, None]).T @ x
        step = np.linalg.solve(information, x.T @ (weight * (y - chance)))
        size = 1.0
        moved = slopes + step
        reached = _log_likelihood(x @ moved, y, weight)
        while reached < likelihood and size > _CLOSE:
            size /= 2.0
            moved = slopes + size * step
            reached = _log_likelihood(x @ moved, y, weight)
        gained, slopes, likelihood = reached - likelihood, moved, max(reached, likelihood)
        if np.abs(x @ slopes).min() > _MOST_LOGIT / 2.0 or np.abs(slopes).max() > _MOST_LOGIT:
            raise _separated(names, slopes)
        if gained <= _CLOSE * max(1.0, abs(likelihood)):
            chance = expit(x @ slopes)
            information = (x * (weight * chance * (1.0 - chance))[:, None]).T @ x
            return _Fit(slopes, np.asarray(np.linalg.inv(information), np.float64), likelihood)
    raise _separated(names, slopes)


def _separated(names: tuple[str, ...], slopes: NDArray[np.float64]) -> EstimationError:
    strongest = names[int(np.argmax(np.abs(slopes[1:])))]
    return EstimationError(
        f"covariates: treated and untreated are told apart entirely, most of all by '{strongest}': nobody is "
        "comparable; matching cannot answer this, compare by a cut-off, by waves or with last year"
    )


def _log_likelihood(logit: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    return float(np.sum(weight * (y * logit - np.logaddexp(0.0, logit))))


def expit(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the chance of log odds."""
    from scipy.special import expit as chance_of

    chance: NDArray[np.float64] = chance_of(logit)
    return chance
