"""Net value and cost of treating a customer, by stratum and arm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from uplift.stats.cells import CellMeans


@dataclass(frozen=True, slots=True)
class Terms:
    """Which outcomes add up to the value of a customer, and which to the cost of treating one.

    Parameters
    ----------
    value, cost
        Outcome to its coefficient.
    """

    value: Mapping[str, float]
    cost: Mapping[str, float]

    @property
    def returned(self) -> Mapping[str, float]:
        """Value before cost: what a treated customer brings back."""
        names = dict.fromkeys([*self.value, *self.cost])
        return {name: self.value.get(name, 0.0) + self.cost.get(name, 0.0) for name in names}


@dataclass(frozen=True, slots=True, eq=False)
class StratumEffects:
    """Effects per stratum and treatment arm.

    Parameters
    ----------
    value, variance : ndarray of float64, shape (S, K)
        Effect per treated customer and its variance; 0 where the stratum has no pair of cells.
    known : ndarray of bool, shape (S, K)
        Whether it has.
    """

    value: NDArray[np.float64]
    variance: NDArray[np.float64]
    known: NDArray[np.bool_]


def stratum_effects(means: CellMeans, components: Mapping[str, float]) -> StratumEffects:
    """Return the effect of each treatment arm against the control on a sum of components.

    Batches of a stratum combine by their units.
    """
    row = np.array([components.get(name, 0.0) for name in means.outcomes])
    level = means.mean @ row
    inner = np.einsum("gambn,m,n->gab", means.covariance, row, row, optimize=True)
    common = means.shared @ row
    treated = np.arange(1, len(means.arms))
    own = inner[:, treated, treated] + inner[:, :1, 0] - inner[:, 0, 1:] - inner[:, 1:, 0]
    mix, known = _mix(means)
    value = np.einsum("skg,gk->sk", mix, level[:, 1:] - level[:, :1])
    shared = np.einsum("skg,rgk->rsk", mix, common[:, :, 1:] - common[:, :, :1])
    variance = np.einsum("skg,gk->sk", mix**2, own) + (shared**2).sum(axis=0)
    return StratumEffects(value, variance, known)


def plan_weights(means: CellMeans, treated: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return treated customers per group and arm (G, A) from those per stratum and treatment arm (S, K).

    Customers of an arm stand in the groups that offer both it and the control, by their units; where no group does,
    nothing is known of them and they weigh nothing.
    """
    mix, _ = _mix(means)
    inside = mix[means.stratum, :, np.arange(len(means.stratum))]
    return np.column_stack([np.zeros(len(inside)), treated[means.stratum] * inside])


def compared_units(means: CellMeans) -> NDArray[np.float64]:
    """Return treated units per group and arm (G, A), those alone that have a control to be held against."""
    units = np.where(means.n[:, :1] > 0, means.size, 0.0)
    units[:, 0] = 0.0
    return units


def _mix(means: CellMeans) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return each group's share of the stratum's comparable units, (S, K, G), and which (S, K) have any."""
    pair = (means.n[:, 1:] > 0) & (means.n[:, :1] > 0)
    mix = np.zeros((len(means.strata), pair.shape[1], len(means.stratum)))
    mix[means.stratum, :, np.arange(len(means.stratum))] = np.where(pair, means.size.sum(axis=1)[:, None], 0.0)
    total = mix.sum(axis=2, keepdims=True)
    return np.divide(mix, total, out=np.zeros_like(mix), where=total > 0), total[..., 0] > 0
