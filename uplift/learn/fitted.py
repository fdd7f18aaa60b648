"""A forest after fitting: what predictions, intervals and importances are read from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Literal

import numpy as np

from uplift.errors import EstimationError
from uplift.learn.cate import CateEstimate
from uplift.learn.features import read_features
from uplift.learn.forest.engine import mark_inside
from uplift.learn.forest.predict import predict_rows
from uplift.learn.forest.tree import count_splits
from uplift.learn.forest.variance import monte_carlo_variance, pointwise_variance, pool_ratio, pooled_variance
from uplift.results import Note

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from uplift.learn.forest.bins import Binning
    from uplift.learn.forest.engine import Bagging
    from uplift.learn.forest.predict import Spread
    from uplift.learn.forest.tree import Trees

RATIO_ROWS = 2_000
"""Rows from which the ratio of between-bag to within-bag variance is learned."""

SHARE_WARNED = 0.10
"""Monte Carlo share of the variance above which more trees are asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A forest after fitting.

    Parameters
    ----------
    binning
        How features become bytes.
    is_category
        Which features are categories.
    trees
        The trees.
    bagging
        Who is in which tree.
    n_treatments
        Arms without the control.
    by_arm
        Whether leaves hold arm means, not residual moments.
    scale
        Unit of the trees' outcome, in units of the outcome as given.
    variance
        Which variance intervals take.
    ratio : ndarray of float64, shape (n_treatments,)
        Pooled ratio of variances; NaN where there is nothing to pool.
    mark
        Digest of the bins it was fitted on, by which they are known again.
    """

    binning: Binning
    is_category: tuple[bool, ...]
    trees: Trees
    bagging: Bagging
    n_treatments: int
    by_arm: bool
    scale: float
    variance: Literal["pooled", "pointwise"]
    ratio: NDArray[np.float64]
    mark: str

    def bins(self, rows: pd.DataFrame | ArrayLike) -> NDArray[np.uint8]:
        """Return features as bins, shape (n, p)."""
        return self.binning.apply(read_features(rows, names=self.binning.names, is_category=self.is_category))

    def spread(self, bins: NDArray[np.uint8], *, spread: bool, n_jobs: int) -> Spread:
        """Predict rows by all trees; effects in the trees' unit."""
        return predict_rows(
            self.trees, bins, n_treatments=self.n_treatments, by_arm=self.by_arm, spread=spread, n_jobs=n_jobs
        )

    def spread_out_of_bag(self, bins: NDArray[np.uint8], *, n_jobs: int) -> Spread:
        """Predict the rows of the fit, each by the bags that have not drawn it."""
        if mark_bins_digest(bins) != self.mark:
            message = "X is not what the forest was fitted on, so no bag is known to be without a row: use predict"
            raise EstimationError(message)
        return predict_rows(
            self.trees,
            bins,
            n_treatments=self.n_treatments,
            by_arm=self.by_arm,
            spread=True,
            inside=mark_inside(self.bagging),
            n_jobs=n_jobs,
        )

    def interval(self, spread: Spread, confidence_level: float) -> CateEstimate:
        """Turn effects and their spread into intervals in units of the outcome."""
        if not 0 < confidence_level < 1:
            message = f"confidence_level == {confidence_level}, must be between 0 and 1"
            raise EstimationError(message)
        size = self.trees.bag_size
        if size < 2 or self.bagging.n_bags < 2:
            message = (
                f"the forest has {self.bagging.n_bags} bags of {size} trees; an interval compares trees of a bag and "
                "bags with one another: choose bag_size 4 and at least 8 trees"
            )
            raise EstimationError(message)
        noise = monte_carlo_variance(spread, bag_size=size)
        if self.variance == "pooled":
            variance = pooled_variance(spread, self.ratio, bag_size=size)
        else:
            variance = pointwise_variance(spread, bag_size=size) + noise
        estimate, error = spread.effect * self.scale, np.sqrt(variance) * self.scale
        half = NormalDist().inv_cdf(0.5 + confidence_level / 2) * error
        share = _mean_share(noise, variance)
        notes = _few_trees(share, len(self.trees.first_node) - 1, size)
        return CateEstimate(estimate, error, estimate - half, estimate + half, confidence_level, share, notes)

    def importances(self) -> NDArray[np.float64]:
        """Return the share of splits on each feature, at depths 0 to 3 weighted by 1 / (depth + 1)², shape (p,)."""
        counts = count_splits(self.trees, len(self.binning.names)).astype(np.float64)
        total = counts.sum(axis=1)
        weight = np.where(total > 0, 1.0 / (1.0 + np.arange(len(counts))) ** 2, 0.0)
        share: NDArray[np.float64] = (weight / np.maximum(total, 1.0)) @ counts
        return share / weight.sum() if weight.any() else share


def mark_bins_digest(bins: NDArray[np.uint8]) -> str:
    """Return a digest of binned rows."""
    shape = f"{bins.shape}|".encode()
    return hashlib.sha256(shape + np.ascontiguousarray(bins).data).hexdigest()


def learn_ratio(
    trees: Trees, bins: NDArray[np.uint8], bagging: Bagging, *, n_treatments: int, by_arm: bool
) -> NDArray[np.float64]:
    """Return the pooled ratio of variances from rows that their bags have not drawn, shape (n_treatments,).

    Parameters
    ----------
    trees
        The trees.
    bins : ndarray of uint8, shape (n, p)
        Rows of the fit.
    bagging
        Who is in which tree.
    n_treatments
        Arms without the control.
    by_arm
        Whether leaves hold arm means.
    """
    if bagging.bag_size < 2 or bagging.n_bags < 4:
        return np.full(n_treatments, np.nan)
    rows = np.unique(np.linspace(0, len(bins) - 1, min(RATIO_ROWS, len(bins))).astype(np.int64))
    spread = predict_rows(
        trees, bins[rows], n_treatments=n_treatments, by_arm=by_arm, spread=True, inside=mark_inside(bagging, rows)
    )
    return pool_ratio(spread, bag_size=bagging.bag_size)


def _mean_share(noise: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.isfinite(variance) & np.isfinite(noise)
    total = np.where(known, variance, 0.0).sum(axis=0)
    part = np.where(known, noise, 0.0).sum(axis=0)
    share: NDArray[np.float64] = np.divide(part, total, out=np.zeros_like(part), where=total > 0)
    return share


def _few_trees(share: NDArray[np.float64], n_trees: int, bag_size: int) -> tuple[Note, ...]:
    """Say how many trees bring the Monte Carlo share s to the limit: their noise falls as 1 / n_trees."""
    worst = float(share.max(initial=0.0))
    if worst <= SHARE_WARNED:
        return ()
    if worst >= 1.0:
        return (Note("forest.no_signal", {"share": worst, "n_trees": n_trees}),)
    times = worst / (1.0 - worst) * (1.0 - SHARE_WARNED) / SHARE_WARNED
    needed = bag_size * -(-int(np.ceil(n_trees * times)) // bag_size)
    return (Note("forest.few_trees", {"share": worst, "n_trees": n_trees, "needed": needed}),)
