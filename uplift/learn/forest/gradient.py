"""The gradient criterion of causal forests, and the effect that solves a node's moment equation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.learn.forest.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.learn.forest.rules import Node, Rules


@compiled
def pair_at(n_treatments: int, k: int, other: int) -> int:
    """Return the place of w_k w_other, k <= other, counted from the weight."""
    return 2 + n_treatments + k * n_treatments - k * (k - 1) // 2 + other - k


@compiled
def product_at(n_treatments: int, k: int) -> int:
    """Return the place of w_k y, counted from the weight; of k = n_treatments, how many moments there are."""
    return 2 + n_treatments + n_treatments * (n_treatments + 1) // 2 + k


@compiled
def invert(matrix: NDArray[np.float64], inverse: NDArray[np.float64]) -> bool:
    """Invert a symmetric positive matrix in place by Gauss-Jordan; False when it is singular to 1e-10."""
    size = matrix.shape[0]
    inverse[:, :] = 0.0
    start = np.empty(size)
    for k in range(size):
        inverse[k, k] = 1.0
        start[k] = matrix[k, k]
    for k in range(size):
        pivot = matrix[k, k]
        if not (start[k] > 0.0 and pivot > 1e-10 * start[k]):
            return False
        for c in range(size):
            matrix[k, c] /= pivot
            inverse[k, c] /= pivot
        for r in range(size):
            if r != k:
                factor = matrix[r, k]
                for c in range(size):
                    matrix[r, c] -= factor * matrix[k, c]
                    inverse[r, c] -= factor * inverse[k, c]
    return True


@compiled
def solve_moments(
    sums: NDArray[np.float64], count: int, effect: NDArray[np.float64], slope: NDArray[np.float64]
) -> bool:
    """Solve Σ (w - w̄)(y - ȳ - (w - w̄)'τ) = 0, and say how τ moves with the sums of a part.

    Parameters
    ----------
    sums : ndarray of float64, shape (at least n_moments,)
        Weight, w_k, y, w_k w_l (k <= l), w_k y.
    count
        Number of treatments.
    effect : ndarray of float64, shape (count,)
        Gets τ.
    slope : ndarray of float64, shape (at least count, at least n_moments)
        Gets the linear map from sums of a part to its Σ rho_k: the moment function at τ with w̄ and ȳ held, times the
        inverse of the mean derivative.

    Returns
    -------
    bool
        False where the treatments do not vary.
    """
    weight = sums[0]
    if not weight > 0.0:
        return False
    mean = np.empty(count)
    spread, inverse = np.empty((count, count)), np.empty((count, count))
    for k in range(count):
        mean[k] = sums[1 + k] / weight
    y_mean = sums[1 + count] / weight
    for k in range(count):
        for m in range(k, count):
            spread[k, m] = spread[m, k] = sums[pair_at(count, k, m)] / weight - mean[k] * mean[m]
    if not invert(spread, inverse):
        return False
    effect[:] = 0.0
    for k in range(count):
        cross = sums[product_at(count, k)] / weight - mean[k] * y_mean
        for m in range(count):
            effect[m] += inverse[m, k] * cross
    for k in range(count):
        slope[k, :] = 0.0
        for m in range(count):
            _add_moment(slope[k], inverse[k, m], m, mean, y_mean, effect)
    return True


@compiled
def _add_moment(
    row: NDArray[np.float64],
    scale: float,
    k: int,
    mean: NDArray[np.float64],
    y_mean: float,
    effect: NDArray[np.float64],
) -> None:
    """Add to a linear map of sums scale * Σ (w_k - mean_k) (y - y_mean - (w - mean)' effect)."""
    count = len(mean)
    row[product_at(count, k)] += scale
    row[1 + count] -= scale * mean[k]
    row[1 + k] -= scale * y_mean
    row[0] += scale * mean[k] * y_mean
    for m in range(count):
        slope = scale * effect[m]
        row[pair_at(count, min(k, m), max(k, m))] -= slope
        row[1 + m] += slope * mean[k]
        row[1 + k] += slope * mean[m]
        row[0] -= slope * mean[k] * mean[m]


@compiled
def best_gradient(
    left: NDArray[np.float64],
    n_splits: int,
    node: Node,
    rules: Rules,
    least: float,
) -> tuple[int, float]:
    """Return which of many splits gains most by the gradient criterion, and what; see ``best_split``."""
    total, numbers = node.total, node.numbers
    fewest = max(float(rules.min_leaf), rules.alpha * total[0])
    first, width = rules.first, product_at(rules.n_treatments, rules.n_treatments)
    best, top = -1, least
    for c in range(n_splits):
        if left[c, 0] < fewest or total[0] - left[c, 0] < fewest:
            continue
        weight, rest = left[c, first], total[first] - left[c, first]
        if weight <= 0.0 or rest <= 0.0:
            continue
        gain = -rules.penalty
        for k in range(rules.n_treatments):
            pull = 0.0
            for s in range(width):
                pull += numbers[k, s] * left[c, first + s]
            gain += pull * pull
        gain *= total[first] / (weight * rest)
        if gain > top and _treatments_vary(left, c, node.total, rules):
            best, top = c, gain
    return best, top


@compiled
def _treatments_vary(left: NDArray[np.float64], c: int, total: NDArray[np.float64], rules: Rules) -> bool:
    """Return whether each side has its share of the node's variance of every treatment."""
    first = rules.first
    weight, all_weight = left[c, first], total[first]
    for k in range(rules.n_treatments):
        at = first + pair_at(rules.n_treatments, k, k)
        mean, all_mean = left[c, first + 1 + k], total[first + 1 + k]
        least = rules.alpha * (total[at] - all_mean * all_mean / all_weight)
        if left[c, at] - mean * mean / weight < least:
            return False
        other = all_mean - mean
        if total[at] - left[c, at] - other * other / (all_weight - weight) < least:
            return False
    return True


@compiled
def sweep_gradient(
    sums: NDArray[np.float32],
    start: int,
    order: NDArray[np.int64],
    n_splits: int,
    also: int,
    node: Node,
    rules: Rules,
    least: float,
) -> tuple[int, float]:
    """Do what ``best_split`` does for the gradient of one treatment, adding bins up on the way.

    Parameters
    ----------
    sums : ndarray of float32, shape (bins, n_sums)
        Histograms.
    start
        First bin of the feature.
    order : ndarray of int64
        Its bins in the order in which they go left.
    n_splits
        How many of them to try.
    also
        A bin that goes left from the start; -1 for none.
    node, rules, least
        As of ``best_split``.
    """
    total, numbers = node.total, node.numbers
    fewest = max(float(rules.min_leaf), rules.alpha * total[0])
    first, penalty = rules.first, rules.penalty
    all_weight, all_w, all_ww = total[first], total[first + 1], total[first + 3]
    spread = rules.alpha * (all_ww - all_w * all_w / all_weight)
    best, top = -1, least
    rows, weight, w, y, ww, wy = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for c in range(-1, n_splits):
        if c < 0 and also < 0:
            continue
        at = start + (also if c < 0 else order[c])
        rows += sums[at, 0]
        weight += sums[at, first]
        w += sums[at, first + 1]
        y += sums[at, first + 2]
        ww += sums[at, first + 3]
        wy += sums[at, first + 4]
        if rows < fewest or total[0] - rows < fewest or c < 0:
            continue
        pull = numbers[0, 0] * weight + numbers[0, 1] * w + numbers[0, 2] * y + numbers[0, 3] * ww + numbers[0, 4] * wy
        gain, price = (pull * pull - penalty) * all_weight, weight * (all_weight - weight)
        if gain > top * price and price > 0.0:
            other = all_w - w
            right = all_ww - ww - other * other / (all_weight - weight)
            if ww - w * w / weight >= spread and right >= spread:
                best, top = c, gain / price
    return best, top
