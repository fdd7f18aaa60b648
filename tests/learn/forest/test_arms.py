"""The uplift criteria by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.learn.forest.criterion import best_split, category_score, fit_node
from uplift.learn.forest.honest import sum_arms
from uplift.learn.forest.rules import CHI, CTS, DDP, KL, SQUARED, T_STATISTIC, make_node

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from uplift.learn.forest.rules import Rules

# control: 10 rows a side, 2 and 4 with y = 1; treatment: 10 rows a side, 6 and 4 with y = 1
LEFT = [("c", 10, 2), ("t", 10, 6)]
RIGHT = [("c", 10, 4), ("t", 10, 4)]


def sums_of(cells: list[tuple[str, int, int]]) -> NDArray[np.float64]:
    """Return sums of two arms from counts of rows and of ones."""
    arm = np.concatenate([np.full(n, int(name == "t")) for name, n, _ in cells])
    y = np.concatenate([np.r_[np.ones(ones), np.zeros(n - ones)] for _, n, ones in cells])
    rows = sum_arms(y, arm, 2, None)
    total = np.zeros(rows.n_sums)
    for first, values in zip(rows.base, rows.values, strict=True):
        total[first : first + len(values)] += values
    return total


def gain_of(rules: Rules, left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    """Return what the split gains; -9 when it may not be made."""
    node = make_node(rules)
    node.total[:] = left + right
    assert fit_node(node, rules)
    chosen, gain = best_split(left[None, :], 1, node, rules, -9.0)
    return gain if chosen == 0 else -9.0


def kl(p: float, q: float) -> float:
    """Return the divergence of two shares."""
    return float(p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q)))


@pytest.mark.parametrize(
    ("kind", "gain"),
    [
        (SQUARED, 0.5 * 0.4**2 + 0.5 * 0.0 - 0.2**2),
        (KL, 0.5 * kl(0.6, 0.2) - kl(0.5, 0.3)),
        (CHI, 0.5 * (0.16 / 0.2 + 0.16 / 0.8) - (0.04 / 0.3 + 0.04 / 0.7)),
        (CTS, 0.5 * 0.6 + 0.5 * 0.4 - 0.5),
        (DDP, 0.4 - 0.0),
    ],
    ids=["ed", "kl", "chi", "cts", "ddp"],
)
def test_a_split_gains_what_the_formula_says(kind: int, gain: float, make_rules: Callable[..., Rules]) -> None:
    assert gain_of(make_rules(kind), sums_of(LEFT), sums_of(RIGHT)) == pytest.approx(gain, abs=1e-7)


def test_the_squared_t_is_that_of_the_interaction(make_rules: Callable[..., Rules]) -> None:
    # pooled variances: control (10·.2·.8 + 10·.4·.6)/18, treatment (10·.6·.4 + 10·.4·.6)/18; 1/10 + 1/10 each
    error = 0.2 * ((1.6 + 2.4) / 18 + (2.4 + 2.4) / 18)
    found = gain_of(make_rules(T_STATISTIC), sums_of(LEFT), sums_of(RIGHT))
    assert found == pytest.approx(0.4**2 / error, rel=1e-6)


def test_shrinkage_draws_sides_to_their_node(make_rules: Callable[..., Rules]) -> None:
    # with 10 rows of prior: control .2 → (2 + 3)/20 = .25 and .35, treatment .6 → (6 + 5)/20 = .55 and .45
    gain = 0.5 * 0.3**2 + 0.5 * 0.1**2 - 0.2**2
    assert gain_of(make_rules(SQUARED, shrink=10), sums_of(LEFT), sums_of(RIGHT)) == pytest.approx(gain, abs=1e-7)


def test_each_side_needs_rows_of_each_arm(make_rules: Callable[..., Rules]) -> None:
    assert gain_of(make_rules(SQUARED, min_arm=10), sums_of(LEFT), sums_of(RIGHT)) > 0
    assert gain_of(make_rules(SQUARED, min_arm=11), sums_of(LEFT), sums_of(RIGHT)) == -9.0
    assert gain_of(make_rules(SQUARED, min_leaf=21), sums_of(LEFT), sums_of(RIGHT)) == -9.0


def test_imbalance_has_its_price(make_rules: Callable[..., Rules]) -> None:
    free = gain_of(make_rules(SQUARED), sums_of(LEFT), sums_of(RIGHT))
    # 1/share + 1/(1 - share) = 4 at one half
    assert gain_of(make_rules(SQUARED, penalty=0.001), sums_of(LEFT), sums_of(RIGHT)) == pytest.approx(free - 0.004)


def test_an_outcome_without_noise_has_a_large_but_finite_t(make_rules: Callable[..., Rules]) -> None:
    gain = gain_of(make_rules(T_STATISTIC), sums_of([("c", 5, 0), ("t", 5, 5)]), sums_of([("c", 5, 0), ("t", 5, 0)]))
    assert 1e6 < gain < np.inf


def test_categories_are_ordered_by_a_shrunken_effect(make_rules: Callable[..., Rules]) -> None:
    rules = make_rules(SQUARED)
    node = make_node(rules)
    node.total[:] = sums_of(LEFT) + sums_of(RIGHT)
    fit_node(node, rules)
    # means (6 + 10·.5)/20 and (2 + 10·.3)/20
    own = category_score(sums_of(LEFT)[None, :].astype(np.float32), 0, node, rules, 0)
    assert own == pytest.approx(0.55 - 0.25, abs=1e-6)


def test_an_arm_without_weight_is_not_split(make_rules: Callable[..., Rules]) -> None:
    rules = make_rules(SQUARED)
    node = make_node(rules)
    node.total[:] = sums_of([("c", 5, 2)])
    assert not fit_node(node, rules)
