"""From averaged moments to effects, and how an effect moves with the moments of one tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.learn.forest.compiled import compiled
from uplift.learn.forest.criterion import invert, pair_at, product_at

if TYPE_CHECKING:
    from numpy.typing import NDArray


@compiled
def solve_gradient(mean: NDArray[np.float64], effect: NDArray[np.float64], slope: NDArray[np.float64]) -> bool:
    """Solve E[(w - w̄)(y - ȳ - (w - w̄)'τ)] = 0 for averages over a forest.

    Parameters
    ----------
    mean : ndarray of float64, shape (n_moments,)
        Averages of w_k, y, w_k w_l (k <= l), w_k y.
    effect : ndarray of float64, shape (n_treatments,)
        Gets τ; NaN where the treatments do not vary.
    slope : ndarray of float64, shape (n_treatments, n_moments + 1)
        Gets the linear map from a tree's averages, the constant last, to its pull on τ: the moment function at τ
        with w̄ and ȳ held, times the inverse of the averaged derivative.

    Returns
    -------
    bool
        Whether there is a solution.
    """
    count = len(effect)
    spread, inverse, cross = np.empty((count, count)), np.empty((count, count)), np.empty(count)
    y_mean = mean[count]
    for k in range(count):
        cross[k] = mean[product_at(count, k) - 1] - mean[k] * y_mean
        for m in range(k, count):
            spread[k, m] = mean[pair_at(count, k, m) - 1] - mean[k] * mean[m]
            spread[m, k] = spread[k, m]
    if not invert(spread, inverse):
        effect[:] = np.nan
        slope[:, :] = np.nan
        return False
    slope[:, :] = 0.0
    for k in range(count):
        effect[k] = 0.0
        for m in range(count):
            effect[k] += inverse[k, m] * cross[m]
    for k in range(count):
        for m in range(count):
            _add_pull(slope[k], inverse[k, m], m, mean, effect)
    return True


@compiled
def _add_pull(
    row: NDArray[np.float64], scale: float, k: int, mean: NDArray[np.float64], effect: NDArray[np.float64]
) -> None:
    count = len(effect)
    constant = len(row) - 1
    y_mean = mean[count]
    row[product_at(count, k) - 1] += scale
    row[count] -= scale * mean[k]
    row[k] -= scale * y_mean
    row[constant] += scale * mean[k] * y_mean
    for m in range(count):
        slope = scale * effect[m]
        row[pair_at(count, min(k, m), max(k, m)) - 1] -= slope
        row[m] += slope * mean[k]
        row[k] += slope * mean[m]
        row[constant] -= slope * mean[k] * mean[m]


@compiled
def solve_arms(mean: NDArray[np.float64], effect: NDArray[np.float64], slope: NDArray[np.float64]) -> bool:
    """Solve for the difference of arm means, each a ratio of averages over a forest.

    Parameters
    ----------
    mean : ndarray of float64, shape (2 * n_arms,)
        Per arm, the control first, averages of weight and of weight times y.
    effect, slope
        As of ``solve_gradient``.

    Returns
    -------
    bool
        Whether every arm has weight.
    """
    slope[:, :] = 0.0
    for arm in range(len(effect) + 1):
        if not mean[2 * arm] > 0.0:
            effect[:] = np.nan
            slope[:, :] = np.nan
            return False
    control = mean[1] / mean[0]
    for k in range(len(effect)):
        at = 2 * (k + 1)
        treated = mean[at + 1] / mean[at]
        effect[k] = treated - control
        slope[k, at + 1] = 1.0 / mean[at]
        slope[k, at] = -treated / mean[at]
        slope[k, 1] = -1.0 / mean[0]
        slope[k, 0] = control / mean[0]
    return True
