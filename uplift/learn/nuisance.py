"""What is in the way of an effect: the mean outcome m(x) and the propensities e(x), cross-fitted.

Every row is predicted by a model that has not seen it, nor any row of its cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from uplift.errors import EstimationError
from uplift.learn.forest.bins import MISSING
from uplift.learn.forest.threads import run_all

if TYPE_CHECKING:
    from collections.abc import Callable

    import lightgbm
    from numpy.typing import NDArray

    from uplift.learn.sample import Sample

MAX_ROUNDS, PATIENCE = 200, 10
"""Boosting ends when the held-out loss of the first fold has not fallen for so many rounds."""

MAX_ROWS = 250_000
"""Rows of the fits, at most; of more a random sample is taken, and all are predicted."""

CLIP = 0.01
"""Estimated propensities are held between CLIP and 1 - CLIP."""


@dataclass(frozen=True, slots=True, eq=False)
class Nuisance:
    """Predictions of what is in the way, each by a model that has not seen the row.

    Parameters
    ----------
    outcome : ndarray of float64, shape (n,)
        m(x) = E[Y | X], over arms.
    propensity : ndarray of float64, shape (n, n_arms)
        e(x), the control first.
    n_clipped
        Rows whose estimated propensity was clipped; 0 for known ones.
    n_rounds
        Rounds of boosting that m(x) took.
    """

    outcome: NDArray[np.float64]
    propensity: NDArray[np.float64]
    n_clipped: int = 0
    n_rounds: int = 50


@dataclass(frozen=True, slots=True, eq=False)
class _CrossFit:
    """Out-of-fold predictions, shape (n, 1 or n_arms), and the rounds that they took."""

    predicted: NDArray[np.float64]
    n_rounds: int


@dataclass(frozen=True, slots=True)
class Boosting:
    """How the models are fitted.

    Parameters
    ----------
    n_folds
        Folds.
    seed
        Of the folds.
    n_jobs
        Threads.
    """

    n_folds: int
    seed: int
    n_jobs: int


def draw_folds(sample: Sample, *, n_folds: int, seed: int) -> NDArray[np.int64]:
    """Return a fold per row: equal shares of every arm, or whole clusters.

    Parameters
    ----------
    sample
        Arms and clusters.
    n_folds
        How many.
    seed
        Of the draw.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2**31,)))
    if sample.cluster is not None:
        fold_of: NDArray[np.int64] = rng.permutation(sample.n_units) % n_folds
        return fold_of[sample.cluster]
    folds = np.empty(len(sample.arm), np.int64)
    for arm in range(sample.n_arms):
        rows = np.flatnonzero(sample.arm == arm)
        folds[rows] = (rng.permutation(len(rows)) + arm) % n_folds
    return folds


def fit_nuisance(
    bins: NDArray[np.uint8], is_category: NDArray[np.bool_], sample: Sample, boosting: Boosting
) -> Nuisance:
    """Cross-fit m(x), and e(x) where the design does not give it.

    Parameters
    ----------
    bins : ndarray of uint8, shape (n, p)
        Features as bins.
    is_category : ndarray of bool, shape (p,)
        Which of them are categories.
    sample
        Outcomes, arms, and known propensities if any.
    boosting
        Folds, seed and threads.

    Returns
    -------
    Nuisance

    Raises
    ------
    EstimationError
        When a fold lacks an arm.
    """
    folds = draw_folds(sample, n_folds=boosting.n_folds, seed=boosting.seed)
    features = to_boosted(bins)
    outcome = _cross_fit(features, sample.outcome, folds, _options(is_category, boosting, "l2"), sample)
    if sample.propensity is not None:
        return Nuisance(outcome.predicted[:, 0], sample.propensity, n_rounds=outcome.n_rounds)
    for fold in range(boosting.n_folds):
        if len(np.unique(sample.arm[folds != fold])) < sample.n_arms:
            message = (
                f"all rows of an arm are in fold {fold} of {boosting.n_folds}, so its propensity cannot be learned "
                "without them: give propensity, or more clusters per arm"
            )
            raise EstimationError(message)
    kind, columns = ("binary", 1) if sample.n_arms == 2 else ("multiclass", sample.n_arms)
    options = _options(is_category, boosting, kind, columns)
    arms = _cross_fit(features, sample.arm.astype(np.float64), folds, options, sample)
    raw = arms.predicted if sample.n_arms > 2 else np.concatenate([1.0 - arms.predicted, arms.predicted], axis=1)
    clipped = np.clip(raw, CLIP, 1.0 - CLIP)
    n_clipped = int((clipped != raw).any(axis=1).sum())
    return Nuisance(outcome.predicted[:, 0], clipped / clipped.sum(axis=1, keepdims=True), n_clipped, outcome.n_rounds)


def to_boosted(bins: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return bins as LightGBM takes them, NaN for missing, shape (n, p)."""
    features = bins.astype(np.float32)
    features[bins == MISSING] = np.nan
    return features


@dataclass(frozen=True, slots=True)
class _Options:
    """What is boosted; every model takes one thread, and models run beside one another."""

    objective: str
    n_columns: int
    categories: list[int]
    n_folds: int
    seed: int
    n_jobs: int

    @property
    def parameters(self) -> dict[str, Any]:
        kind = {"num_class": self.n_columns} if self.n_columns > 1 else {}
        return {
            "objective": self.objective,
            **kind,
            "learning_rate": 0.1,
            "num_leaves": 16,
            "min_data_in_leaf": 20,
            "cat_smooth": 20.0,
            "min_data_in_bin": 1,
            "feature_pre_filter": False,
            "deterministic": True,
            "force_col_wise": True,
            "num_threads": 1,
            "seed": 0,
            "verbosity": -1,
        }


def _options(is_category: NDArray[np.bool_], boosting: Boosting, objective: str, n_columns: int = 1) -> _Options:
    categories = np.flatnonzero(is_category).tolist()
    return _Options(objective, n_columns, categories, boosting.n_folds, boosting.seed, boosting.n_jobs)


def _cross_fit(
    features: NDArray[np.float32],
    target: NDArray[np.float64],
    folds: NDArray[np.int64],
    options: _Options,
    sample: Sample,
) -> _CrossFit:
    """Predict each fold from the others; the first one says how many rounds all others take."""
    import lightgbm

    centre, scale = _standard(target, options.objective)
    kept = _sample_rows(len(target), options.seed)
    weight = None if sample.weight is None else sample.weight[kept]
    whole = _to_dataset(features[kept], (target[kept] - centre) / scale, weight, options)
    fold_of = folds[kept]
    parts = [whole.subset(np.flatnonzero(fold_of != fold).tolist()).construct() for fold in range(options.n_folds)]
    held = whole.subset(np.flatnonzero(fold_of == 0).tolist()).construct()
    stop: list[Callable[..., Any]] = [lightgbm.early_stopping(PATIENCE, verbose=False)]
    first = lightgbm.train(options.parameters, parts[0], MAX_ROUNDS, valid_sets=[held], callbacks=stop)
    rounds = first.best_iteration

    def predict(fold: int) -> NDArray[np.float64]:
        model = first if fold == 0 else lightgbm.train(options.parameters, parts[fold], rounds)
        answer = model.predict(features[folds == fold], num_iteration=rounds, num_threads=1)
        return np.asarray(answer, np.float64).reshape(-1, options.n_columns)

    predicted = np.empty((len(target), options.n_columns))
    for fold, answer in enumerate(run_all(predict, range(options.n_folds), n_jobs=options.n_jobs)):
        predicted[folds == fold] = answer
    return _CrossFit(predicted * scale + centre, rounds)


def _sample_rows(n_rows: int, seed: int) -> NDArray[np.int64]:
    """Return all rows, or of very many a random sample, ascending."""
    if n_rows <= MAX_ROWS:
        return np.arange(n_rows)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2**31 + 1,)))
    return np.sort(rng.permutation(n_rows)[:MAX_ROWS])


def _to_dataset(
    features: NDArray[np.float32], target: NDArray[np.float64], weight: NDArray[np.float64] | None, options: _Options
) -> lightgbm.Dataset:
    import lightgbm

    return lightgbm.Dataset(
        features,
        target,
        weight=weight,
        categorical_feature=options.categories,
        params=options.parameters,
        free_raw_data=False,
    ).construct()


def _standard(target: NDArray[np.float64], objective: str) -> tuple[float, float]:
    """Return centre and scale, so that a currency's unit plays no part; an arm is left as it is."""
    if objective != "l2":
        return 0.0, 1.0
    return float(target.mean()), float(target.std()) or 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """E[Y(0) | X] as fitted on the control.

    Parameters
    ----------
    model
        A LightGBM booster on bins.
    centre, scale
        What the outcome was measured from and in.
    """

    model: Any
    centre: float
    scale: float

    def predict(self, bins: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the mean outcome without treatment, shape (n,), in units of the outcome."""
        answer: NDArray[np.float64] = np.asarray(self.model.predict(to_boosted(bins), num_threads=1), np.float64)
        return answer * self.scale + self.centre


def fit_baseline(
    bins: NDArray[np.uint8], is_category: NDArray[np.bool_], sample: Sample, boosting: Boosting, *, n_rounds: int
) -> Baseline:
    """Fit E[Y(0) | X] on the rows of the control.

    Parameters
    ----------
    bins : ndarray of uint8, shape (n, p)
        Features as bins.
    is_category : ndarray of bool, shape (p,)
        Which of them are categories.
    sample
        Outcomes and arms.
    boosting
        Threads.
    n_rounds
        Rounds of boosting, as m(x) took.

    Returns
    -------
    Baseline
    """
    import lightgbm

    options = _options(is_category, boosting, "l2")
    rows = np.flatnonzero(sample.arm == 0)
    rows = rows[_sample_rows(len(rows), boosting.seed)]
    outcome = sample.outcome[rows]
    centre, scale = _standard(outcome, options.objective)
    weight = None if sample.weight is None else sample.weight[rows]
    data = _to_dataset(to_boosted(bins[rows]), (outcome - centre) / scale, weight, options)
    return Baseline(lightgbm.train(options.parameters, data, n_rounds), centre, scale)
