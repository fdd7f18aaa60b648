"""A monotone correction of predictions that keeps their mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.clv.accuracy import rank

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_BINS = 20
SURE = 2.0


@dataclass(frozen=True, slots=True)
class Isotonic:
    """A rising line through points; beyond its ends it keeps the ratio of the last point.

    Parameters
    ----------
    predicted, corrected
        Points, rising; currency units per unit. Without points nothing is corrected.
    level
        Factor of what the line says, which keeps the mean.
    """

    predicted: tuple[float, ...] = ()
    corrected: tuple[float, ...] = ()
    level: float = 1.0

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the corrected predictions, shape (n,)."""
        if not self.predicted:
            return values
        out = np.interp(values, self.predicted, self.corrected)
        out = np.where(values < self.predicted[0], _beyond(values, self.predicted[0], self.corrected[0]), out)
        out = np.where(values > self.predicted[-1], _beyond(values, self.predicted[-1], self.corrected[-1]), out)
        return self.level * out


def fit_isotonic(predicted: NDArray[np.float64], actual: NDArray[np.float64], *, n_bins: int = N_BINS) -> Isotonic:
    """Learn how predictions are to be bent so that groups of them have the right means.

    Parameters
    ----------
    predicted, actual : ndarray of float64, shape (n,)
        Held-out units.
    n_bins
        Groups of about equal size by prediction.

    Returns
    -------
    Isotonic
        Without points when no group is off. It keeps the mean of ``predicted``: a difference in level between
        two periods is not learned.

    Notes
    -----
    A group's mean moves by the factor max(0, 1 - (2 / z)^2) towards its actual mean, z the difference in standard
    errors: one that is off by less than two standard errors stays, because the skewed value of the best
    customers would otherwise bend their predictions by chance. Then groups that do not rise are pooled.

    References
    ----------
    Ayer, M. et al. (1955). An empirical distribution function for sampling with incomplete information.
    *Annals of Mathematical Statistics* 26(4). Efron, B., Morris, C. (1973). *JASA* 68(341).
    """
    total = float(actual.sum())
    scaled = actual * (float(predicted.sum()) / total) if total else actual
    place = np.floor((rank(predicted) - 0.5) / len(predicted) * n_bins).astype(np.int64)
    count = np.bincount(place, minlength=n_bins)
    place, count = (np.cumsum(count > 0) - 1)[place], count[count > 0]
    mean = np.bincount(place, weights=predicted) / count
    away = np.bincount(place, weights=scaled - predicted) / count
    move = _trusted(away, scaled - predicted, place, count)
    if not move.any():
        return Isotonic()
    pooled = pool_violators(mean * count, (mean + move) * count, count.astype(np.float64))
    line = Isotonic(tuple(pooled[0].tolist()), tuple(pooled[1].tolist()))
    level = float(predicted.sum()) / float(line.apply(predicted).sum())
    return replace(line, level=level) if level > 0 else Isotonic()


def _trusted(
    away: NDArray[np.float64], error: NDArray[np.float64], place: NDArray[np.int64], count: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the part of each group's difference that is more than chance, shape (k,)."""
    spread = np.bincount(place, weights=(error - away[place]) ** 2) / np.maximum(count - 1, 1) / count
    chance = np.where(count > 1, SURE**2 * spread, np.inf)
    share = np.divide(chance, away**2, out=np.full(len(away), np.inf), where=away != 0)
    trusted: NDArray[np.float64] = away * np.maximum(1.0 - share, 0.0)
    return trusted


def pool_violators(x: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return means of neighbouring groups, pooled until those of ``y`` rise strictly.

    Parameters
    ----------
    x, y : ndarray of float64, shape (k,)
        Sums of each group, groups in rising order of x / weight.
    weight : ndarray of float64, shape (k,)
        Size of each group.

    Returns
    -------
    ndarray of float64, shape (3, m)
        Means of x and of y, and sizes, m <= k.
    """
    blocks: list[NDArray[np.float64]] = []
    for block in np.column_stack([x, y, weight]):
        blocks.append(block)
        while len(blocks) > 1 and blocks[-2][1] / blocks[-2][2] >= blocks[-1][1] / blocks[-1][2]:
            last = blocks.pop()
            blocks[-1] = blocks[-1] + last
    kept = np.array(blocks)
    return np.stack([kept[:, 0] / kept[:, 2], kept[:, 1] / kept[:, 2], kept[:, 2]])


def _beyond(values: NDArray[np.float64], end: float, corrected: float) -> NDArray[np.float64]:
    return values * (corrected / end) if end > 0 < corrected else values + (corrected - end)
