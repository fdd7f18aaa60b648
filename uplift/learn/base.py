"""What the forests share: parameters, growing, predicting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator

from uplift.errors import EstimationError
from uplift.learn.features import read_features
from uplift.learn.fitted import Fitted, learn_ratio, mark_bins_digest
from uplift.learn.forest.bins import fit_bins
from uplift.learn.forest.engine import Bagging, grow_forest, make_data
from uplift.learn.forest.plan import plan_forest, refuse_large
from uplift.learn.forest.threads import count_threads
from uplift.learn.sample import check_sample
from uplift.learn.settings import ForestSettings
from uplift.results.progress import silent

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from uplift.learn.cate import CateEstimate
    from uplift.learn.features import Features
    from uplift.learn.forest.bins import Binning
    from uplift.learn.forest.honest import RowSums
    from uplift.learn.forest.plan import ForestPlan
    from uplift.learn.forest.rules import Rules
    from uplift.learn.sample import Sample
    from uplift.results import Note, Progress

    Frame = pd.DataFrame | ArrayLike


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """What a learner is fitted on, checked.

    Parameters
    ----------
    features
        Features as given.
    sample
        Outcomes, arms, propensities, weights, clusters.
    """

    features: Features
    sample: Sample

    def bin(self, n_bins: int) -> Binned:
        """Turn the features into bytes."""
        binning = fit_bins(self.features, n_bins=n_bins)
        return Binned(binning, self.features.is_category, binning.apply(self.features))


@dataclass(frozen=True, slots=True, eq=False)
class Binned:
    """Features as bytes.

    Parameters
    ----------
    binning
        How they became bytes.
    is_category
        Which of them are categories.
    bins : ndarray of uint8, shape (n, p)
    """

    binning: Binning
    is_category: tuple[bool, ...]
    bins: NDArray[np.uint8]


class BaseForest(BaseEstimator):  # type: ignore[misc]
    """Honest trees in little bags; ``CausalForest`` and ``UpliftForest`` say what a split looks for."""

    n_trees: int
    min_leaf: int | None
    max_depth: int | None
    settings: ForestSettings | None
    random_state: int
    n_jobs: int | None
    max_memory: int | None

    def predict(self, X: Frame) -> NDArray[np.float64]:  # noqa: N803
        """Predict the effect of each treatment.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n, p)
            Features of the fit.

        Returns
        -------
        ndarray of float64, shape (n, n_treatments)
            In units of the outcome, per unit; NaN where no tree has rows of two arms.
        """
        fitted = self._fitted()
        return fitted.spread(fitted.bins(X), spread=False, n_jobs=count_threads(self.n_jobs)).effect * fitted.scale

    def predict_interval(
        self,
        X: Frame,  # noqa: N803
        *,
        confidence_level: float = 0.95,
    ) -> CateEstimate:
        """Predict effects with intervals for the forest's own mean, E[τ̂(x)].

        Parameters
        ----------
        X : DataFrame or array-like, shape (n, p)
            Features of the fit.
        confidence_level
            Between 0 and 1.

        Returns
        -------
        CateEstimate

        Raises
        ------
        EstimationError
            When there are too few bags, or bags of one tree.
        """
        fitted = self._fitted()
        spread = fitted.spread(fitted.bins(X), spread=True, n_jobs=count_threads(self.n_jobs))
        return fitted.interval(spread, confidence_level)

    def predict_out_of_bag(
        self,
        X: Frame,  # noqa: N803
        *,
        confidence_level: float = 0.95,
    ) -> CateEstimate:
        """Predict the rows of the fit, each by the bags whose half-sample does not hold it.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n, p)
            The very rows of the fit, in their order.
        confidence_level
            Between 0 and 1.

        Returns
        -------
        CateEstimate

        Raises
        ------
        EstimationError
            When these are other rows.
        """
        fitted = self._fitted()
        spread = fitted.spread_out_of_bag(fitted.bins(X), n_jobs=count_threads(self.n_jobs))
        return fitted.interval(spread, confidence_level)

    @property
    def feature_importances_(self) -> NDArray[np.float64]:
        """Share of splits on each feature, shape (p,), weighted by 1 / (depth + 1)² down to depth 3; sums to 1."""
        return self._fitted().importances()

    def _fitted(self) -> Fitted:
        fitted: Fitted | None = getattr(self, "fitted_", None)
        if fitted is None:
            message = f"this {type(self).__name__} is not fitted; call fit first"
            raise EstimationError(message)
        return fitted

    def _settings(self) -> ForestSettings:
        return self.settings if self.settings is not None else ForestSettings()

    def _check_parameters(self) -> None:
        bag_size = self._settings().bag_size
        rules = {
            "n_trees": (self.n_trees >= 1 and self.n_trees % bag_size == 0, f"a multiple of bag_size == {bag_size}"),
            "min_leaf": (self.min_leaf is None or self.min_leaf >= 1, "at least 1, or None to go by the rows"),
            "max_depth": (self.max_depth is None or self.max_depth >= 1, "at least 1, or None for no limit"),
        }
        for name, (fits, allowed) in rules.items():
            if not fits:
                message = f"{name} == {getattr(self, name)}, must be {allowed}"
                raise EstimationError(message)

    def _read(
        self,
        X: Frame,  # noqa: N803
        y: ArrayLike,
        *,
        treatment: ArrayLike,
        propensity: ArrayLike | None,
        sample_weight: ArrayLike | None,
        cluster: ArrayLike | None,
    ) -> Study:
        self._check_parameters()
        features = read_features(X)
        sample = check_sample(
            features.n_rows,
            y,
            treatment=treatment,
            propensity=propensity,
            sample_weight=sample_weight,
            cluster=cluster,
        )
        return Study(features, sample)

    def _bagging(self, sample: Sample) -> Bagging:
        settings = self._settings()
        return Bagging(
            n_trees=self.n_trees,
            bag_size=settings.bag_size,
            share=settings.subsample,
            honest=settings.honest,
            seed=self.random_state,
            n_units=sample.n_units,
            cluster=np.zeros(0, np.int32) if sample.cluster is None else sample.cluster,
        )

    def _plan(self, study: Study, rules: Rules) -> ForestPlan:
        """Say what the forest takes, and refuse it when that is too much."""
        bagging, n_jobs = self._bagging(study.sample), count_threads(self.n_jobs)
        width = np.full(len(study.features.names), self._settings().n_bins + 1)
        plan = plan_forest(study.features.n_rows, width, rules, bagging, n_jobs=n_jobs)
        refuse_large(plan, self.max_memory, bag_size=bagging.bag_size)
        return plan

    def _grow(
        self, binned: Binned, rows: RowSums, rules: Rules, sample: Sample, scale: float, progress: Progress | None
    ) -> None:
        bagging, tell = self._bagging(sample), progress or silent
        tell("forest.grow", 0, bagging.n_bags)
        trees = grow_forest(
            make_data(binned.bins, binned.binning, rows),
            rules,
            bagging,
            n_jobs=count_threads(self.n_jobs),
            after=lambda done: tell("forest.grow", done, bagging.n_bags),
        )
        by_arm = rules.n_values < rules.n_sums
        self.fitted_ = Fitted(
            binning=binned.binning,
            is_category=binned.is_category,
            trees=trees,
            bagging=bagging,
            n_treatments=rules.n_treatments,
            by_arm=by_arm,
            scale=scale,
            variance=self._settings().variance,
            ratio=learn_ratio(trees, binned.bins, bagging, n_treatments=rules.n_treatments, by_arm=by_arm),
            mark=mark_bins_digest(binned.bins),
        )
        self.n_treatments_ = rules.n_treatments
        self.n_features_in_ = len(binned.is_category)
        self.feature_names_in_ = np.array(binned.binning.names, dtype=object)
        self.notes_: tuple[Note, ...] = ()


def default_leaf(n_rows: int) -> int:
    """Return the fewest rows of a leaf for a number of rows: n / 2000, at least 5 and at most 50."""
    return min(max(5, n_rows // 2_000), 50)
