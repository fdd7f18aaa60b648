"""How much a split gains: the gradient criterion of causal forests and the criteria of uplift trees.

All take sums of a side and of its node. Of a *gradient* node they are count, then weight, w_k, y, w_k w_l for k <= l,
and w_k y, all weighted, with w the residuals of the K treatments; the count stands for the weight where rows have none.
Of the other nodes they are, per arm with the control first: count, (weight,) weighted y and weighted y². What a row
adds to is padded with zeros to 4 or a multiple of 8 sums, so that they are added at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from uplift.learn.forest.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRADIENT, SQUARED, KL, CHI, CTS, DDP, T_STATISTIC = range(7)

CATEGORY_PRIOR = 10.0
"""Rows by which the effect of a category is drawn to that of its node before categories are ordered."""

NO_NOISE = 1e-12
"""Squared standard error below which an outcome in units of its standard deviation is taken as without noise."""

EDGE = 1e-6
"""Distance from 0 and 1 at which a share is held inside logarithms and denominators."""


class Rules(NamedTuple):
    """How trees grow.

    Parameters
    ----------
    kind
        Code of the criterion.
    n_treatments
        Arms without the control.
    first
        Place of the weight in the sums: 0 where the count stands for it, else 1.
    n_values, n_sums
        Sums that one row adds to, padding included, and sums in all.
    min_leaf
        Fewest rows of a leaf, in the half that grows as in the half that estimates.
    min_arm
        Fewest rows of every arm in a leaf (not of the gradient criterion).
    max_depth
        Deepest leaf; 0 for no limit.
    n_try
        Features tried at a node; 0 for all.
    alpha
        Least share of its node's rows, and of its node's treatment variance, that a side has.
    penalty
        Price of imbalance: taken from the gain times 1/left + 1/right.
    shrink
        Rows by which the arm means of a side are drawn to those of the node (not of the gradient criterion).
    min_gain
        A split must gain more.
    """

    kind: int
    n_treatments: int
    first: int
    n_values: int
    n_sums: int
    min_leaf: int
    min_arm: int
    max_depth: int
    n_try: int
    alpha: float
    penalty: float
    shrink: float
    min_gain: float


class Node(NamedTuple):
    """What the criterion knows of a node.

    Parameters
    ----------
    total : ndarray of float64, shape (n_sums,)
        Sums of its rows.
    numbers : ndarray of float64, shape (max(n_treatments, 4), max(n_sums, n_treatments + 1))
        For the gradient criterion row k holds the linear map from sums to Σ rho_k; for the others row 0 holds the arm
        means, ``numbers[1, 0]`` the node's own divergence, and rows 2 and 3 are room for the sides.
    """

    total: NDArray[np.float64]
    numbers: NDArray[np.float64]


@compiled
def make_node(rules: Rules) -> Node:
    """Return an empty node."""
    shape = (max(rules.n_treatments, 4), max(rules.n_sums, rules.n_treatments + 1))
    return Node(np.empty(rules.n_sums), np.zeros(shape))


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
def fit_node(node: Node, rules: Rules) -> bool:
    """Prepare the numbers of a node that the gain of its splits needs; False when it cannot be split."""
    total, numbers = node.total, node.numbers
    if rules.kind == GRADIENT:
        return _fit_gradient(total, rules, numbers)
    for arm in range(rules.n_treatments + 1):
        weight = total[arm * rules.n_values + rules.first]
        if weight <= 0.0:
            return False
        numbers[0, arm] = total[arm * rules.n_values + rules.first + 1] / weight
    numbers[1, 0] = _divergence(numbers[0], rules)
    return True


@compiled
def _fit_gradient(total: NDArray[np.float64], rules: Rules, numbers: NDArray[np.float64]) -> bool:
    count = rules.n_treatments
    sums = total[rules.first :]
    weight = sums[0]
    if weight <= 0.0:
        return False
    mean, effect = np.empty(count), np.zeros(count)
    spread, inverse = np.empty((count, count)), np.empty((count, count))
    for k in range(count):
        mean[k] = sums[1 + k] / weight
    y_mean = sums[1 + count] / weight
    for k in range(count):
        for m in range(k, count):
            spread[k, m] = spread[m, k] = sums[pair_at(count, k, m)] / weight - mean[k] * mean[m]
    if not invert(spread, inverse):
        return False
    for k in range(count):
        cross = sums[product_at(count, k)] / weight - mean[k] * y_mean
        for m in range(count):
            effect[m] += inverse[m, k] * cross
    for k in range(count):
        numbers[k, :] = 0.0
        for m in range(count):
            _add_moment(numbers[k], inverse[k, m], m, mean, y_mean, effect)
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
def best_split(
    left: NDArray[np.float64],
    n_splits: int,
    node: Node,
    rules: Rules,
    least: float,
) -> tuple[int, float]:
    """Return which of many splits of a node gains most, and what; -1 when none gains more than ``least``.

    Parameters
    ----------
    left : ndarray of float64, shape (at least n_splits, n_sums)
        Sums of the left sides.
    n_splits
        How many.
    node
        The node, made by ``fit_node``.
    rules
        How trees grow.
    least
        A gain to beat.
    """
    if rules.kind == GRADIENT:
        return _best_gradient(left, n_splits, node, rules, least)
    return _best_arms(left, n_splits, node, rules, least)


@compiled
def _best_gradient(
    left: NDArray[np.float64],
    n_splits: int,
    node: Node,
    rules: Rules,
    least: float,
) -> tuple[int, float]:
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
def _best_arms(
    left: NDArray[np.float64],
    n_splits: int,
    node: Node,
    rules: Rules,
    least: float,
) -> tuple[int, float]:
    best, top = -1, least
    for c in range(n_splits):
        share = _share_left(left, c, node.total, rules)
        if share <= 0.0 or share >= 1.0:
            continue
        if rules.kind == T_STATISTIC:
            gain = _squared_t(left, c, node, rules)
        else:
            gain = _gain_divergence(left, c, share, node, rules)
        if rules.penalty > 0.0:
            gain -= rules.penalty / (share * (1.0 - share))
        if gain > top:
            best, top = c, gain
    return best, top


@compiled
def _share_left(left: NDArray[np.float64], c: int, total: NDArray[np.float64], rules: Rules) -> float:
    """Return the share of the weight that goes left; -1 where a side or an arm of it is too small."""
    rows_left, rows_all, share_left, share_all = 0.0, 0.0, 0.0, 0.0
    for arm in range(rules.n_treatments + 1):
        at = arm * rules.n_values
        if left[c, at] < rules.min_arm or total[at] - left[c, at] < rules.min_arm:
            return -1.0
        rows_left += left[c, at]
        rows_all += total[at]
        share_left += left[c, at + rules.first]
        share_all += total[at + rules.first]
    least = max(float(rules.min_leaf), rules.alpha * rows_all)
    if rows_left < least or rows_all - rows_left < least:
        return -1.0
    return share_left / share_all


@compiled
def _gain_divergence(left: NDArray[np.float64], c: int, share: float, node: Node, rules: Rules) -> float:
    total, numbers = node.total, node.numbers
    mean_left, mean_right = numbers[2], numbers[3]
    for arm in range(rules.n_treatments + 1):
        at = arm * rules.n_values + rules.first
        prior = rules.shrink * numbers[0, arm]
        mean_left[arm] = (left[c, at + 1] + prior) / (left[c, at] + rules.shrink)
        mean_right[arm] = (total[at + 1] - left[c, at + 1] + prior) / (total[at] - left[c, at] + rules.shrink)
    if rules.kind == DDP:
        return _difference(mean_left, mean_right, rules.n_treatments)
    after = share * _divergence(mean_left, rules) + (1.0 - share) * _divergence(mean_right, rules)
    return after - numbers[1, 0]


@compiled
def _difference(left: NDArray[np.float64], right: NDArray[np.float64], n_treatments: int) -> float:
    gain = 0.0
    for arm in range(1, n_treatments + 1):
        gain += abs(left[arm] - left[0] - right[arm] + right[0])
    return gain


@compiled
def _divergence(mean: NDArray[np.float64], rules: Rules) -> float:
    """Return how far the arms of a node are apart, by the criterion."""
    control = mean[0]
    if rules.kind == CTS:
        best = control
        for arm in range(1, rules.n_treatments + 1):
            best = max(best, mean[arm])
        return best
    apart = 0.0
    for arm in range(1, rules.n_treatments + 1):
        square = (mean[arm] - control) ** 2
        if rules.kind == KL:
            apart += _kullback(min(max(mean[arm], EDGE), 1.0 - EDGE), min(max(control, EDGE), 1.0 - EDGE))
        elif rules.kind == CHI:
            apart += square / max(control, EDGE) + square / max(1.0 - control, EDGE)
        else:
            apart += square
    return apart


@compiled
def _kullback(share: float, control: float) -> float:
    return share * np.log(share / control) + (1.0 - share) * np.log((1.0 - share) / (1.0 - control))


@compiled
def _squared_t(left: NDArray[np.float64], c: int, node: Node, rules: Rules) -> float:
    """Return Σ_k t_k², t_k the difference of the sides' effects over its standard error, variances pooled by arm."""
    total, apart, noise = node.total, node.numbers[2], node.numbers[3]
    for arm in range(rules.n_treatments + 1):
        at = arm * rules.n_values
        weight, rest = left[c, at + rules.first], total[at + rules.first] - left[c, at + rules.first]
        y_left = left[c, at + rules.first + 1]
        y_right = total[at + rules.first + 1] - y_left
        scatter = total[at + rules.first + 2] - y_left * y_left / weight - y_right * y_right / rest
        apart[arm] = y_left / weight - y_right / rest
        mean_square = max(scatter, 0.0) / (weight + rest)
        spread = mean_square * total[at] / max(total[at] - 2.0, 1.0)
        noise[arm] = spread * (1.0 / left[c, at] + 1.0 / (total[at] - left[c, at]))
    gain = 0.0
    for arm in range(1, rules.n_treatments + 1):
        gap = apart[arm] - apart[0]
        gain += gap * gap / max(noise[arm] + noise[0], NO_NOISE)
    return gain


@compiled
def category_score(sums: NDArray[np.float32], row: int, node: Node, rules: Rules, treatment: int) -> float:
    """Return a category's effect of one treatment, drawn to its node's, by which categories are ordered."""
    numbers = node.numbers
    if rules.kind == GRADIENT:
        pull = 0.0
        for s in range(product_at(rules.n_treatments, rules.n_treatments)):
            pull += numbers[treatment, s] * sums[row, rules.first + s]
        return pull / (sums[row, rules.first] + CATEGORY_PRIOR)
    at = (treatment + 1) * rules.n_values + rules.first
    treated = (sums[row, at + 1] + CATEGORY_PRIOR * numbers[0, treatment + 1]) / (sums[row, at] + CATEGORY_PRIOR)
    control = (sums[row, rules.first + 1] + CATEGORY_PRIOR * numbers[0, 0]) / (sums[row, rules.first] + CATEGORY_PRIOR)
    return treated - control
