"""Greedy nearest neighbours on one number, in n log n."""

from __future__ import annotations

import numpy as np
from numba import njit

NONE = -1
"""Place of a control that was not found."""


@njit(cache=True)
def _find(parent: np.ndarray, place: int) -> int:
    root = place
    while parent[root] != root:
        root = parent[root]
    while parent[place] != root:
        parent[place], place = root, parent[place]
    return root


@njit(cache=True)
def match_without_replacement(
    wanted: np.ndarray, values: np.ndarray, starts: np.ndarray, ratio: int, caliper: float
) -> np.ndarray:
    """Match each number to the nearest value that is left, in the order given, ``ratio`` rounds.

    Parameters
    ----------
    wanted : ndarray of float64, shape (t,)
        Values of the treated, in the order in which they choose.
    values : ndarray of float64, shape (u,)
        Distinct values of the controls, ascending.
    starts : ndarray of int64, shape (u + 1,)
        Where the controls of each distinct value begin among all of them; equal controls are taken in order.
    ratio
        Rounds: everybody chooses once before anybody chooses twice.
    caliper
        Largest distance; infinite for none.

    Returns
    -------
    ndarray of int64, shape (t, ratio)
        Place of the control among all of them, -1 where none is left within the caliper. Of two at the same distance
        the one with the smaller value is taken.
    """
    n = len(values)
    # Places 0 and n + 1 are sentinels: nothing is left on that side.
    left, right = np.arange(n + 2), np.arange(n + 2)
    taken = np.zeros(n, np.int64)
    found = np.full((len(wanted), ratio), NONE)
    for turn in range(ratio):
        for i in range(len(wanted)):
            place = np.searchsorted(values, wanted[i]) + 1
            high, low = _find(right, place), _find(left, place - 1)
            above = values[high - 1] - wanted[i] if high <= n else np.inf
            below = wanted[i] - values[low - 1] if low >= 1 else np.inf
            chosen, distance = (low, below) if below <= above else (high, above)
            if not distance <= caliper or distance == np.inf:
                continue
            group = chosen - 1
            found[i, turn] = starts[group] + taken[group]
            taken[group] += 1
            if starts[group] + taken[group] == starts[group + 1]:
                left[chosen] = chosen - 1
                right[chosen] = chosen + 1
    return found


@njit(cache=True)
def match_with_replacement(wanted: np.ndarray, values: np.ndarray, ratio: int, caliper: float) -> np.ndarray:
    """Match each number to its ``ratio`` nearest controls, each of which may serve many.

    Parameters
    ----------
    wanted : ndarray of float64, shape (t,)
        Values of the treated.
    values : ndarray of float64, shape (m,)
        Values of all controls, ascending.
    ratio, caliper
        As in :func:`match_without_replacement`.

    Returns
    -------
    ndarray of int64, shape (t, ratio)
        Places of the controls, -1 where none is left within the caliper.
    """
    n = len(values)
    found = np.full((len(wanted), ratio), NONE)
    for i in range(len(wanted)):
        high = np.searchsorted(values, wanted[i])
        low = high - 1
        for turn in range(ratio):
            above = values[high] - wanted[i] if high < n else np.inf
            below = wanted[i] - values[low] if low >= 0 else np.inf
            distance = min(above, below)
            if not distance <= caliper or distance == np.inf:
                break
            if below <= above:
                found[i, turn] = low
                low -= 1
            else:
                found[i, turn] = high
                high += 1
    return found
