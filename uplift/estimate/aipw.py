"""Cross-fitted doubly robust effect on the treated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from uplift.errors import EstimationError
from uplift.estimate.design_matrix import Terms, build_terms
from uplift.estimate.labels import Labels, label_effect, outcome_column
from uplift.estimate.propensity import expit, find_treated, fit_logit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from uplift.estimate.itt import Reading
    from uplift.results.effect import Effects
    from uplift.stats.frame import UnitFrame

    Predictor = Callable[[NDArray[np.float64]], NDArray[np.float64]]

Learner = Literal["linear", "boosted"]
CLIP = 0.01
"""Propensities are kept in [.01, .99]; how many were not is said."""


@dataclass(frozen=True, slots=True, eq=False)
class Nuisance:
    """Predictions for each unit by models that did not see it.

    Parameters
    ----------
    propensity : ndarray of float64, shape (n,)
        Chance of treatment, clipped.
    untreated : ndarray of float64, shape (n,)
        Mean outcome without treatment.
    n_clipped
        Units whose chance was moved to the nearest allowed one.
    """

    propensity: NDArray[np.float64]
    untreated: NDArray[np.float64]
    n_clipped: int


def estimate_att_aipw(
    frame: UnitFrame,
    outcome: str,
    *,
    covariates: Sequence[str],
    learner: Learner = "linear",
    n_folds: int = 5,
    seed: int = 0,
    reading: Reading | None = None,
) -> Effects:
    """Estimate the effect on the treated by augmented inverse-propensity weighting.

    Parameters
    ----------
    frame
        Units of two arms.
    outcome
        Column measured after treatment.
    covariates
        Known before treatment.
    learner
        ``linear``: a logit and least squares; ``boosted``: LightGBM for both.
    n_folds
        Predictions for a fold come from the others.
    seed
        Of the folds.
    reading
        Labels and confidence level; the grade is always D.

    Returns
    -------
    Effects
        One effect; estimand ``att``.

    Raises
    ------
    EstimationError
        When a column is unknown or not finite, or a fold is left without one of the arms.

    Notes
    -----
    *Estimand*: mean effect on the treated. *Assumptions*: no hidden confounder given the covariates; one of the two
    models may be wrong. Score: W (Y - m(X)) - (1 - W) e / (1 - e) (Y - m(X)), over the share treated.

    References
    ----------
    Chernozhukov et al. (2018), Econometrics Journal 21(1). Sant'Anna and Zhao (2020), J. Econometrics 219(1).
    """
    w = find_treated(frame).astype(np.float64)
    y, weight = outcome_column(frame, outcome), frame.weight
    fitted = cross_fit(frame, outcome, covariates=covariates, learner=learner, n_folds=n_folds, seed=seed)
    odds = fitted.propensity / (1.0 - fitted.propensity)
    left = y - fitted.untreated
    # Normalised weights: the controls' odds sum to the treated.
    gain = weight * w / (weight @ w)
    loss = weight * (1.0 - w) * odds
    loss = loss / loss.sum()
    effect = float((gain - loss) @ left)
    influence = gain * (left - effect) - loss * left
    error = float(np.sqrt((influence**2).sum()))
    return label_effect(
        effect,
        error,
        labels=Labels(
            outcome=outcome,
            estimator="aipw",
            estimand="att",
            arm=frame.arms[1],
            reference_arm=frame.arms[0],
            n_obs=int(w.sum()),
            n_reference=int((1 - w).sum()),
        ),
        reading=reading,
        reference_mean=float(np.average(y, weights=weight * w)) - effect,
    )


def cross_fit(
    frame: UnitFrame,
    outcome: str,
    *,
    covariates: Sequence[str],
    learner: Learner = "linear",
    n_folds: int = 5,
    seed: int = 0,
) -> Nuisance:
    """Predict the chance of treatment and the untreated outcome of each unit from the other folds.

    Parameters
    ----------
    frame, outcome, covariates, learner, n_folds, seed
        As in :func:`estimate_att_aipw`.

    Returns
    -------
    Nuisance
        In the order of the frame.

    Raises
    ------
    EstimationError
        When a fold is left without one of the arms.
    """
    treated = find_treated(frame)
    fold = _folds(frame.stratum * 2 + treated, treated, n_folds, seed)
    y = outcome_column(frame, outcome)
    terms = build_terms(frame, covariates)
    fit = _fit_boosted if learner == "boosted" else _fit_linear
    chance, untreated = np.zeros(len(y)), np.zeros(len(y))
    for k in range(n_folds):
        others, inside = fold != k, fold == k
        predictors = fit(_Known(terms, treated, y, frame.weight, others), seed)
        chance[inside] = predictors.chance(terms.values[inside])
        untreated[inside] = predictors.untreated(terms.values[inside])
    clipped = np.clip(chance, CLIP, 1.0 - CLIP)
    return Nuisance(clipped, untreated, int((clipped != chance).sum()))


def _folds(cell: NDArray[np.int64], treated: NDArray[np.bool_], n_folds: int, seed: int) -> NDArray[np.int64]:
    """Deal the units of every stratum and arm to the folds in turn, in the order of the frame shuffled by the seed."""
    if n_folds < 2:
        message = f"n_folds == {n_folds}, must be 2 or more: a unit is predicted by models that did not see it"
        raise EstimationError(message)
    shuffled = np.random.default_rng(seed).permutation(len(cell))
    order = shuffled[np.argsort(cell[shuffled], kind="stable")]
    fold = np.empty(len(cell), np.int64)
    fold[order] = np.arange(len(cell)) % n_folds
    for k in range(n_folds):
        sides = (int((treated & (fold != k)).sum()), int((~treated & (fold != k)).sum()))
        if min(sides) < 2:
            message = (
                f"n_folds == {n_folds}: outside fold {k} are {sides[0]} treated and {sides[1]} untreated units, "
                "at least 2 of each are needed; take fewer folds"
            )
            raise EstimationError(message)
    return fold


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """What the models of one fold may see: the rows marked by ``rows``."""

    terms: Terms
    treated: NDArray[np.bool_]
    y: NDArray[np.float64]
    weight: NDArray[np.float64]
    rows: NDArray[np.bool_]

    @property
    def untreated(self) -> NDArray[np.bool_]:
        return self.rows & ~self.treated


@dataclass(frozen=True, slots=True, eq=False)
class _Predictors:
    chance: Predictor
    untreated: Predictor


def _fit_linear(known: _Known, seed: int) -> _Predictors:  # noqa: ARG001 - the interface of both learners
    values, rows, base = known.terms.values, known.rows, known.untreated
    logit = fit_logit(values[rows], known.treated[rows].astype(np.float64), known.weight[rows], names=known.terms.names)
    root = np.sqrt(known.weight[base])
    x = np.column_stack([np.ones(int(base.sum())), values[base]])
    slopes = np.linalg.lstsq(x * root[:, None], known.y[base] * root, rcond=None)[0]
    return _Predictors(lambda x: expit(logit.predict(x)), lambda x: np.asarray(slopes[0] + x @ slopes[1:]))


def _fit_boosted(known: _Known, seed: int) -> _Predictors:
    from uplift.stats.trees import fit_trees

    names = known.terms.names

    def columns(values: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        return dict(zip(names, values.T, strict=True))

    values, rows, base = known.terms.values, known.rows, known.untreated
    target = known.treated[rows].astype(np.float64)
    chance = fit_trees(columns(values[rows]), target, objective="probability", seed=seed)
    untreated = fit_trees(columns(values[base]), known.y[base], seed=seed)
    return _Predictors(lambda x: chance.predict(columns(x)), lambda x: untreated.predict(columns(x)))
