"""The criteria of uplift trees: how far arms are apart, for shares and for money."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.learn.forest.compiled import compiled
from uplift.learn.forest.rules import CHI, CTS, DDP, KL, T_STATISTIC, Node, Rules

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_NOISE = 1e-12
"""Squared standard error below which an outcome in units of its standard deviation is taken as without noise."""

EDGE = 1e-6
"""Distance from 0 and 1 at which a share is held inside logarithms and denominators."""


@compiled
def fit_arms(node: Node, rules: Rules) -> bool:
    """Write arm means and divergence of a node; False when an arm has no weight."""
    total, numbers = node.total, node.numbers
    for arm in range(rules.n_treatments + 1):
        weight = total[arm * rules.n_values + rules.first]
        if weight <= 0.0:
            return False
        numbers[0, arm] = total[arm * rules.n_values + rules.first + 1] / weight
    numbers[1, 0] = _divergence(numbers, 0, rules)
    return True


@compiled
def best_arms(left: NDArray[np.float64], n_splits: int, node: Node, rules: Rules, least: float) -> tuple[int, float]:
    """Return which of many splits gains most by the rules' criterion, and what; see ``best_split``."""
    total, numbers = node.total, node.numbers
    best, top = -1, least
    for c in range(n_splits):
        share = _share_left(left, c, total, rules)
        if share <= 0.0 or share >= 1.0:
            continue
        if rules.kind == T_STATISTIC:
            gain = _squared_t(left, c, total, numbers, rules)
        else:
            gain = _gain_divergence(left, c, share, total, numbers, rules)
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
def _gain_divergence(
    left: NDArray[np.float64],
    c: int,
    share: float,
    total: NDArray[np.float64],
    numbers: NDArray[np.float64],
    rules: Rules,
) -> float:
    for arm in range(rules.n_treatments + 1):
        at = arm * rules.n_values + rules.first
        prior = rules.shrink * numbers[0, arm]
        numbers[2, arm] = (left[c, at + 1] + prior) / (left[c, at] + rules.shrink)
        numbers[3, arm] = (total[at + 1] - left[c, at + 1] + prior) / (total[at] - left[c, at] + rules.shrink)
    if rules.kind == DDP:
        return _difference(numbers, rules.n_treatments)
    after = share * _divergence(numbers, 2, rules) + (1.0 - share) * _divergence(numbers, 3, rules)
    return after - numbers[1, 0]


@compiled
def _difference(numbers: NDArray[np.float64], n_treatments: int) -> float:
    gain = 0.0
    for arm in range(1, n_treatments + 1):
        gain += abs(numbers[2, arm] - numbers[2, 0] - numbers[3, arm] + numbers[3, 0])
    return gain


@compiled
def _divergence(numbers: NDArray[np.float64], side: int, rules: Rules) -> float:
    """Return how far the arm means in one row of ``numbers`` are apart, by the criterion."""
    control = numbers[side, 0]
    apart = control if rules.kind == CTS else 0.0
    for arm in range(1, rules.n_treatments + 1):
        mean = numbers[side, arm]
        square = (mean - control) ** 2
        if rules.kind == CTS:
            apart = max(apart, mean)
        elif rules.kind == KL:
            apart += _kullback(min(max(mean, EDGE), 1.0 - EDGE), min(max(control, EDGE), 1.0 - EDGE))
        elif rules.kind == CHI:
            apart += square / max(control, EDGE) + square / max(1.0 - control, EDGE)
        else:
            apart += square
    return apart


@compiled
def _kullback(share: float, control: float) -> float:
    return share * np.log(share / control) + (1.0 - share) * np.log((1.0 - share) / (1.0 - control))


@compiled
def _squared_t(
    left: NDArray[np.float64], c: int, total: NDArray[np.float64], numbers: NDArray[np.float64], rules: Rules
) -> float:
    """Return Σ_k t_k², t_k the difference of the sides' effects over its standard error, variances pooled by arm.

    Rows 2 and 3 of ``numbers`` take the difference of each arm's means and its squared standard error.
    """
    for arm in range(rules.n_treatments + 1):
        at = arm * rules.n_values
        weight, rest = left[c, at + rules.first], total[at + rules.first] - left[c, at + rules.first]
        y_left = left[c, at + rules.first + 1]
        y_right = total[at + rules.first + 1] - y_left
        scatter = total[at + rules.first + 2] - y_left * y_left / weight - y_right * y_right / rest
        numbers[2, arm] = y_left / weight - y_right / rest
        spread = max(scatter, 0.0) / (weight + rest) * total[at] / max(total[at] - 2.0, 1.0)
        numbers[3, arm] = spread * (1.0 / left[c, at] + 1.0 / (total[at] - left[c, at]))
    gain = 0.0
    for arm in range(1, rules.n_treatments + 1):
        gap = numbers[2, arm] - numbers[2, 0]
        gain += gap * gap / max(numbers[3, arm] + numbers[3, 0], NO_NOISE)
    return gain
