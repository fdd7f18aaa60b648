"""Causal forest: splits where the effect differs, after mean outcome and propensity have been taken out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.learn.base import BaseForest, Binned, default_leaf
from uplift.learn.forest.honest import padded_width, sum_residuals
from uplift.learn.forest.rules import GRADIENT, Rules
from uplift.learn.forest.threads import count_threads
from uplift.learn.nuisance import Boosting, Nuisance, fit_baseline, fit_nuisance
from uplift.results import Note
from uplift.results.progress import silent

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from uplift.learn.sample import Sample
    from uplift.learn.settings import ForestSettings
    from uplift.results import Progress

    Frame = pd.DataFrame | ArrayLike

MIN_GAIN = 1e-9
"""Gain of a split, in squared units of the residual's standard deviation, that is taken as none."""

OVERLAP = 0.05
"""Propensities below it or above 1 less it are told."""


class CausalForest(BaseForest):
    """Effects that vary with features, from a forest of honest trees.

    Outcome and treatments are first freed of what features say about them: y - m(x), and 1{arm k} - e_k(x). A split
    maximises Σ rho_L² / n_L + Σ rho_R² / n_R of the gradient pseudo-outcomes rho of its node; all treatments are
    split on together. The effect at x solves the moment equation averaged over trees.

    Parameters
    ----------
    n_trees
        A multiple of the bag size, 4. 500 serve ranking; for intervals see ``CateEstimate.monte_carlo_share``.
    min_leaf
        Fewest rows of a leaf in either half of a tree; None for n / 2000, at least 5 and at most 50.
    max_depth
        Deepest leaf; None for no limit.
    settings
        The rest; None for ``ForestSettings()``.
    random_state
        Seed of all draws.
    n_jobs
        Threads: None is 1, -1 all processors. The forest is the same for any number.
    max_memory
        Bytes that it may take; a larger forest is refused before it is grown. None for no limit.

    Attributes
    ----------
    n_treatments_, n_features_in_, feature_names_in_
        What it was fitted on.
    plan_
        Memory and time as planned.
    nuisance_
        m(x) and e(x) of the rows of the fit.
    notes_
        ``forest.propensity_clipped``, ``forest.overlap``: what is to be told.

    Notes
    -----
    *Estimand*: τ_k(x) = E[Y(k) - Y(0) | X = x] in units of the outcome. *Assumptions*: given X the arm is as good as
    random, every arm is possible, units (or clusters) do not interfere. Known propensities make the first two a
    matter of design.

    References
    ----------
    Athey, S., Tibshirani, J. and Wager, S. (2019). Generalized random forests. *Annals of Statistics* 47(2).
    https://doi.org/10.1214/18-AOS1709
    """

    def __init__(
        self,
        n_trees: int = 500,
        *,
        min_leaf: int | None = None,
        max_depth: int | None = None,
        settings: ForestSettings | None = None,
        random_state: int = 0,
        n_jobs: int | None = -1,
        max_memory: int | None = None,
    ) -> None:
        self.n_trees = n_trees
        self.min_leaf = min_leaf
        self.max_depth = max_depth
        self.settings = settings
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.max_memory = max_memory

    def fit(
        self,
        X: Frame,  # noqa: N803
        y: ArrayLike,
        *,
        treatment: ArrayLike,
        propensity: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        cluster: ArrayLike | None = None,
        nuisance: Nuisance | None = None,
        progress: Progress | None = None,
    ) -> CausalForest:
        """Grow the forest.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n, p)
            Features from before the assignment; categories and missing values are taken as they are.
        y : array-like, shape (n,)
            Outcome of each unit.
        treatment : array-like of int, shape (n,)
            0 for the control, 1, 2, … for the treatments.
        propensity : array-like, shape (n,) or (n, n_arms), optional
            Known probabilities of the design; estimated otherwise.
        sample_weight : array-like, shape (n,), optional
            Units that a row stands for.
        cluster : array-like, shape (n,), optional
            Rows with one label are drawn, and cross-fitted, together.
        nuisance
            m(x) and e(x) of these rows from elsewhere; then ``propensity`` is not given.
        progress
            Told the bags that are done.

        Returns
        -------
        CausalForest

        Raises
        ------
        EstimationError
            When the input is not of its form, an arm has too few rows, or the forest is larger than ``max_memory``.
        """
        study = self._read(
            X, y, treatment=treatment, propensity=propensity, sample_weight=sample_weight, cluster=cluster
        )
        rules = self._rules(study.sample)
        plan = self._plan(study, rules)
        binned = study.bin(self._settings().n_bins)
        given = nuisance if nuisance is None else _check_nuisance(nuisance, study.sample)
        (progress or silent)("forest.nuisance", 0, 1)
        fitted = given or self._fit_nuisance(binned, study.sample)
        outcome, scale = _residual(study.sample, fitted)
        dummies = study.sample.arm[:, None] == np.arange(1, study.sample.n_arms)
        rows = sum_residuals(outcome, dummies - fitted.propensity[:, 1:], study.sample.weight)
        self._grow(binned, rows, rules, study.sample, scale, progress)
        self.plan_, self.nuisance_ = plan, fitted
        self.notes_ = _tell(fitted)
        self.baseline_ = fit_baseline(
            binned.bins, binned.binning.is_category, study.sample, self._boosting(), n_rounds=fitted.n_rounds
        )
        return self

    def predict_baseline(self, X: Frame) -> NDArray[np.float64]:  # noqa: N803
        """Predict E[Y(0) | X], the outcome without treatment, from a boosted model of the control.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n, p)
            Features of the fit.

        Returns
        -------
        ndarray of float64, shape (n,)
            In units of the outcome.
        """
        return self.baseline_.predict(self._fitted().bins(X))

    def _boosting(self) -> Boosting:
        return Boosting(self._settings().n_folds, self.random_state, count_threads(self.n_jobs))

    def _fit_nuisance(self, binned: Binned, sample: Sample) -> Nuisance:
        return fit_nuisance(binned.bins, binned.binning.is_category, sample, self._boosting())

    def _rules(self, sample: Sample) -> Rules:
        settings, count = self._settings(), sample.n_arms - 1
        first = int(sample.weight is not None)
        width = padded_width(2 + 2 * count + count * (count + 1) // 2 + first)
        return Rules(
            kind=GRADIENT,
            n_treatments=count,
            first=first,
            n_values=width,
            n_sums=width,
            min_leaf=self.min_leaf or default_leaf(len(sample.outcome)),
            min_arm=0,
            max_depth=self.max_depth or 0,
            n_try=settings.n_try or 0,
            alpha=float(settings.alpha),
            penalty=float(settings.imbalance_penalty),
            shrink=0.0,
            min_gain=MIN_GAIN,
        )


def _residual(sample: Sample, nuisance: Nuisance) -> tuple[NDArray[np.float64], float]:
    """Return the residual outcome about its mean in units of its standard deviation, and that unit."""
    residual = sample.outcome - nuisance.outcome
    residual = residual - np.average(residual, weights=sample.weight)
    scale = float(np.sqrt(np.average(residual**2, weights=sample.weight)))
    if scale <= 1e-12 * max(float(np.abs(sample.outcome).max()), 1e-300):
        return np.zeros_like(residual), 1.0
    return residual / scale, scale


def _check_nuisance(nuisance: Nuisance, sample: Sample) -> Nuisance:
    if sample.propensity is not None:
        message = "both propensity and nuisance are given, must be one: a nuisance holds its propensity"
        raise EstimationError(message)
    shapes = (nuisance.outcome.shape, nuisance.propensity.shape)
    wanted = ((len(sample.outcome),), (len(sample.outcome), sample.n_arms))
    if shapes != wanted:
        message = f"nuisance has shapes {shapes}, must be {wanted}: m(x) and e(x) of every row, the control first"
        raise EstimationError(message)
    return nuisance


def _tell(nuisance: Nuisance) -> tuple[Note, ...]:
    lowest, highest = float(nuisance.propensity.min()), float(nuisance.propensity.max())
    notes = []
    if nuisance.n_clipped:
        notes.append(Note("forest.propensity_clipped", {"n": nuisance.n_clipped}))
    if lowest < OVERLAP or highest > 1 - OVERLAP:
        notes.append(Note("forest.overlap", {"lowest": lowest, "highest": highest}))
    return tuple(notes)
