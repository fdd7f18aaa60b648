"""Uplift forest: splits where the arms' outcomes differ most, for shares and money, with any number of arms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from uplift.errors import EstimationError
from uplift.learn.base import BaseForest
from uplift.learn.forest.honest import padded_width, sum_arms
from uplift.learn.forest.rules import CHI, CTS, DDP, KL, SQUARED, T_STATISTIC, Rules
from uplift.learn.forest.threads import count_threads

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from uplift.learn.sample import Sample
    from uplift.learn.settings import ForestSettings
    from uplift.results import Progress

    Frame = pd.DataFrame | ArrayLike

Criterion = Literal["ed", "kl", "chi", "cts", "ddp", "t"]

KINDS: dict[str, int] = {"ed": SQUARED, "kl": KL, "chi": CHI, "cts": CTS, "ddp": DDP, "t": T_STATISTIC}
NEEDS_BINARY = ("kl", "chi")
MIN_GAIN = 1e-12


class UpliftForest(BaseForest):
    """Effects that vary with features, from a forest of uplift trees on outcomes as they are.

    Parameters
    ----------
    n_trees
        A multiple of the bag size, 4.
    criterion
        What a split gains. ``ed``: growth of the squared distance of arm means from the control, for any outcome.
        ``kl``, ``chi``: of Kullback-Leibler and χ² divergence, for outcomes 0 or 1. ``cts``: of the best arm's mean.
        ``ddp``: difference of the two sides' effects. ``t``: its squared t-statistic. Treatments are summed over.
    min_leaf
        Fewest rows of a leaf in either half of a tree; None for n / 500, at least 20 and at most 100.
    max_depth, settings, random_state, n_jobs, max_memory
        As of ``CausalForest``.

    Attributes
    ----------
    n_treatments_, n_features_in_, feature_names_in_, plan_, notes_
        As of ``CausalForest``.

    Notes
    -----
    *Estimand*: τ_k(x) = E[Y(k) - Y(0) | X = x] in units of the outcome, as the difference of arm means weighted by
    the forest. *Assumptions*: arms were randomised with the propensities given, or with one share for all units.

    References
    ----------
    Rzepakowski, P. and Jaroszewicz, S. (2012). Decision trees for uplift modeling with single and multiple
    treatments. *Knowledge and Information Systems* 32. https://doi.org/10.1007/s10115-011-0434-0. Zhao, Y., Fang, X.
    and Simchi-Levi, D. (2017). Uplift modeling with multiple treatments and general response types. *SDM*.
    https://doi.org/10.1137/1.9781611974973.66. Su, X. et al. (2009). Subgroup analysis via recursive partitioning.
    *Journal of Machine Learning Research* 10.
    """

    def __init__(
        self,
        n_trees: int = 100,
        *,
        criterion: Criterion = "ed",
        min_leaf: int | None = None,
        max_depth: int | None = None,
        settings: ForestSettings | None = None,
        random_state: int = 0,
        n_jobs: int | None = -1,
        max_memory: int | None = None,
    ) -> None:
        self.n_trees = n_trees
        self.criterion = criterion
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
        progress: Progress | None = None,
    ) -> UpliftForest:
        """Grow the forest.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n, p)
            Features from before the assignment; categories and missing values are taken as they are.
        y : array-like, shape (n,)
            Outcome of each unit: 0 or 1, a count, money.
        treatment : array-like of int, shape (n,)
            0 for the control, 1, 2, … for the treatments.
        propensity : array-like, shape (n,) or (n, n_arms), optional
            Known probabilities of the design where they differ between units; rows are weighted by their inverse.
        sample_weight : array-like, shape (n,), optional
            Units that a row stands for.
        cluster : array-like, shape (n,), optional
            Rows with one label are drawn together.
        progress
            Told the bags that are done.

        Returns
        -------
        UpliftForest

        Raises
        ------
        EstimationError
            When the input is not of its form, the criterion does not fit the outcome, or the forest is larger than
            ``max_memory``.
        """
        study = self._read(
            X, y, treatment=treatment, propensity=propensity, sample_weight=sample_weight, cluster=cluster
        )
        sample = study.sample
        self._check_criterion(sample.outcome)
        weight = _weight(sample)
        rules = self._rules(sample, weighted=weight is not None)
        self.plan_ = self._plan(study, rules)
        centre, scale = _standard(sample.outcome) if self.criterion not in NEEDS_BINARY else (0.0, 1.0)
        rows = sum_arms((sample.outcome - centre) / scale, sample.arm, sample.n_arms, weight)
        self._grow(study.bin(self._settings().n_bins), rows, rules, sample, scale, progress)
        self.centre_ = centre
        return self

    def predict_baseline(self, X: Frame) -> NDArray[np.float64]:  # noqa: N803
        """Predict E[Y(0) | X], the outcome without treatment, as the forest-weighted mean of the control.

        Parameters
        ----------
        X : DataFrame or array-like, shape (n, p)
            Features of the fit.

        Returns
        -------
        ndarray of float64, shape (n,)
            In units of the outcome; NaN where no tree has rows of the control.
        """
        fitted = self._fitted()
        moments = fitted.spread(fitted.bins(X), spread=False, n_jobs=count_threads(self.n_jobs)).moments
        known = moments[:, 0] > 0
        mean = np.divide(moments[:, 1], moments[:, 0], out=np.full(len(moments), np.nan), where=known)
        answer: NDArray[np.float64] = mean * fitted.scale + self.centre_
        return answer

    def _check_criterion(self, outcome: NDArray[np.float64]) -> None:
        if self.criterion not in KINDS:
            message = f"criterion == {self.criterion!r}, must be one of {', '.join(KINDS)}"
            raise EstimationError(message)
        if self.criterion in NEEDS_BINARY and not np.isin(outcome, (0.0, 1.0)).all():
            message = (
                f"criterion == '{self.criterion}' measures shares, but y goes from {outcome.min()} to "
                f"{outcome.max()}, must be 0 or 1: choose 'ed' or 't' for money and counts"
            )
            raise EstimationError(message)

    def _rules(self, sample: Sample, *, weighted: bool) -> Rules:
        settings, n_rows = self._settings(), len(sample.outcome)
        width = padded_width(3 + weighted)
        min_leaf = self.min_leaf or min(max(20, n_rows // 500), 100)
        return Rules(
            kind=KINDS[self.criterion],
            n_treatments=sample.n_arms - 1,
            first=int(weighted),
            n_values=width,
            n_sums=width * sample.n_arms,
            min_leaf=min_leaf,
            min_arm=max(min_leaf // 10, 1),
            max_depth=self.max_depth or 0,
            n_try=settings.n_try or 0,
            alpha=float(settings.alpha),
            penalty=float(settings.imbalance_penalty),
            shrink=float(settings.shrink),
            min_gain=MIN_GAIN,
        )


def _weight(sample: Sample) -> NDArray[np.float64] | None:
    """Return the weight of each row over the probability of its arm; None where that is one number for each arm."""
    if sample.propensity is None or (sample.propensity == sample.propensity[0]).all():
        return sample.weight
    weight: NDArray[np.float64] = 1.0 / sample.propensity[np.arange(len(sample.arm)), sample.arm]
    weight *= 1.0 if sample.weight is None else sample.weight
    weight /= weight.mean()
    return weight


def _standard(outcome: NDArray[np.float64]) -> tuple[float, float]:
    return float(outcome.mean()), float(outcome.std()) or 1.0
