"""From averages over a forest to effects, and how an effect moves with the averages of one tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.learn.forest.compiled import compiled
from uplift.learn.forest.gradient import solve_moments

if TYPE_CHECKING:
    from numpy.typing import NDArray


@compiled
def solve_gradient(moments: NDArray[np.float64], effect: NDArray[np.float64], slope: NDArray[np.float64]) -> None:
    """Solve the moment equation of residuals.

    Parameters
    ----------
    moments : ndarray of float64, shape (n_moments,)
        Averages of w_k, y, w_k w_l (k <= l), w_k y over a forest.
    effect : ndarray of float64, shape (n_treatments,)
        Gets τ; NaN where the treatments do not vary.
    slope : ndarray of float64, shape (n_treatments, 1 + n_moments)
        Gets the linear map from a tree's averages, a constant 1 before them, to its pull on τ.
    """
    sums = np.empty(1 + len(moments))
    sums[0] = 1.0
    sums[1:] = moments
    if not solve_moments(sums, len(effect), effect, slope):
        effect[:] = np.nan
        slope[:, :] = np.nan


@compiled
def solve_arms(moments: NDArray[np.float64], effect: NDArray[np.float64], slope: NDArray[np.float64]) -> None:
    """Solve for the difference of arm means, each a ratio of averages over a forest.

    Parameters
    ----------
    moments : ndarray of float64, shape (2 * n_arms,)
        Per arm, the control first, averages of weight and of weight times y.
    effect, slope
        As of ``solve_gradient``; NaN where an arm has no weight.
    """
    slope[:, :] = 0.0
    for arm in range(len(effect) + 1):
        if not moments[2 * arm] > 0.0:
            effect[:] = np.nan
            slope[:, :] = np.nan
            return
    control = moments[1] / moments[0]
    for k in range(len(effect)):
        at = 2 * (k + 1)
        treated = moments[at + 1] / moments[at]
        effect[k] = treated - control
        slope[k, 1 + at + 1] = 1.0 / moments[at]
        slope[k, 1 + at] = -treated / moments[at]
        slope[k, 2] = -1.0 / moments[0]
        slope[k, 1] = control / moments[0]
