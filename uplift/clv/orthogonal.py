"""A boosted surrogate index inside the orthogonal score that makes its errors harmless."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.stats.trees import TreeRules, fit_trees

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

LARGEST_RATIO = 20.0
LEAST_UNITS = 400
INDEX = TreeRules(n_rounds=80, learning_rate=0.08, n_leaves=15, min_leaf=50)
"""How the index grows."""

RATIOS = TreeRules(n_rounds=40, learning_rate=0.08, n_leaves=8, min_leaf=100)
"""How density ratios grow: slowly, for their noise is multiplied by the past's."""

_EDGE = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class IndexScores:
    """Parts of the orthogonal score of n units of an experiment and m of the past, for K arms.

    Parameters
    ----------
    index : ndarray of float, shape (n,)
        Predicted value of the experiment's units, by trees that saw no unit of their fold.
    corrections : ndarray of float, shape (m, K)
        Density ratio times (realised - predicted) of the past units, arm by arm; their mean is added to the effect on
        the index.
    n_clipped
        Past units whose density ratio was above 20 and was set to it.
    """

    index: NDArray[np.float64]
    corrections: NDArray[np.float64]
    n_clipped: int


def score_index(
    experiment: Mapping[str, NDArray[np.float64]],
    past: Mapping[str, NDArray[np.float64]],
    later: NDArray[np.float64],
    *,
    contrasts: NDArray[np.float64],
    folds: tuple[NDArray[np.int64], NDArray[np.int64]],
    seed: int = 0,
) -> IndexScores:
    """Predict residual value by boosted trees and correct their first-order error on the past.

    Parameters
    ----------
    experiment, past
        Name to surrogates and what was known before, of shapes (n,) and (m,).
    later : ndarray of float, shape (m,)
        Realised residual value of the past units.
    contrasts : ndarray of float, shape (n, K)
        Per treatment arm, the weight with which a unit enters the arm's mean minus that of the control's, mean 0:
        ``w_s (1{a} / p_sa - 1{0} / p_s0)``, p the shares drawn in the stratum.
    folds : tuple of ndarray of int64, shapes (n,) and (m,)
        Fold of each; the same for one customer in both.
    seed
        Of the trees' samples.

    Returns
    -------
    IndexScores

    Raises
    ------
    EstimationError
        When either sample has fewer than 400 units, or a fold is empty.

    Notes
    -----
    The effect is ``E_exp[h | a] - E_exp[h | 0] + E_past[rho delta_a (Y - h)]`` with rho the density of the experiment
    over that of the past, and ``delta_a = E[contrast_a | surrogates]``: the density of the arm minus that of the
    control, over the experiment's. An error of h, or of the ratios, enters only multiplied by one of the other; a
    boosted h on its own is biased. *Assumptions*: surrogacy and comparability, as of the plain index.

    References
    ----------
    Chen, J., Ritzwoller, D. (2023). Semiparametric estimation of long-term treatment effects. *J. Econometrics* 237.
    """
    first = next(iter(experiment.values()), np.zeros(0))
    if min(len(first), len(later)) < LEAST_UNITS:
        message = f"experiment and past: {len(first)} and {len(later)} units, at least {LEAST_UNITS} of each are needed"
        raise EstimationError(message)
    index = np.zeros(len(first))
    corrections = np.zeros((len(later), contrasts.shape[1]))
    n_clipped = 0
    for fold in np.unique(np.concatenate(folds)).tolist():
        held, past_held = folds[0] == fold, folds[1] == fold
        if held.all() or past_held.all() or not held.any() or not past_held.any():
            message = f"folds: fold {fold} holds all or none of a sample; spread the units over at least two folds"
            raise EstimationError(message)
        parts = _Parts(_take(experiment, ~held), _take(past, ~past_held), seed)
        trees = fit_trees(parts.past, later[~past_held], rules=INDEX, seed=seed)
        index[held] = trees.predict(_take(experiment, held))
        there = _take(past, past_held)
        ratio = parts.density_ratio(there)
        n_clipped += int((ratio > LARGEST_RATIO).sum())
        gap = np.minimum(ratio, LARGEST_RATIO) * (later[past_held] - trees.predict(there))
        for arm in range(contrasts.shape[1]):
            tilt = fit_trees(parts.experiment, contrasts[~held, arm], rules=RATIOS, seed=seed)
            corrections[past_held, arm] = gap * tilt.predict(there)
    return IndexScores(index, corrections, n_clipped)


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """Units outside a fold."""

    experiment: Mapping[str, NDArray[np.float64]]
    past: Mapping[str, NDArray[np.float64]]
    seed: int

    def density_ratio(self, there: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return the density of the experiment over that of the past at some points, by who is who."""
        both = {name: np.concatenate([values, self.past[name]]) for name, values in self.experiment.items()}
        n, m = (len(next(iter(part.values()))) for part in (self.experiment, self.past))
        is_new = np.concatenate([np.ones(n), np.zeros(m)])
        chance = fit_trees(both, is_new, objective="probability", rules=RATIOS, seed=self.seed).predict(there)
        chance = np.clip(chance, _EDGE, 1.0 - _EDGE)
        ratio: NDArray[np.float64] = chance / (1.0 - chance) * (m / n)
        return ratio


def _take(columns: Mapping[str, NDArray[np.float64]], rows: NDArray[np.bool_]) -> dict[str, NDArray[np.float64]]:
    return {name: values[rows] for name, values in columns.items()}
