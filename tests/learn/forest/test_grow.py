"""One tree, against a search over every split the slow way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from uplift.learn.features import read_features
from uplift.learn.forest.bins import MISSING, Binning, fit_bins
from uplift.learn.forest.engine import grow_single, make_data
from uplift.learn.forest.grow import SMALL_NODE, n_slots
from uplift.learn.forest.honest import sum_arms, sum_residuals
from uplift.learn.forest.predict import predict_rows
from uplift.learn.forest.read import LeafNode, SplitNode, read_tree
from uplift.learn.forest.rules import SQUARED, T_STATISTIC

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from uplift.learn.forest.rows import Data
    from uplift.learn.forest.rules import Rules
    from uplift.learn.forest.tree import Trees


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows for one tree."""

    data: Data
    binning: Binning
    bins: NDArray[np.uint8]
    w: NDArray[np.float64]
    y: NDArray[np.float64]

    def grow(self, rules: Rules, *, growing: slice = slice(None), estimating: slice = slice(None)) -> Trees:
        """Grow one tree."""
        rows = np.arange(len(self.bins), dtype=np.int32)
        return grow_single(self.data, rules, rows[growing], rows[estimating], seed=0)


def make_rows(frame: pd.DataFrame, w: NDArray[np.float64], y: NDArray[np.float64]) -> Rows:
    """Return rows of one residual treatment."""
    features = read_features(frame)
    binning = fit_bins(features)
    bins = binning.apply(features)
    return Rows(make_data(bins, binning, sum_residuals(y, w[:, None], None)), binning, bins, w, y)


def gain_of(left: NDArray[np.bool_], w: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return the gradient gain of a split from its pseudo-outcomes."""
    centred = w - w.mean()
    effect = (centred * y).sum() / (centred**2).sum()
    rho = centred * (y - y.mean() - centred * effect) / (centred**2).mean()
    if min(left.sum(), (~left).sum()) < 5:
        return -1.0
    return float(rho[left].sum() ** 2 / left.sum() + rho[~left].sum() ** 2 / (~left).sum())


def best_by_search(rows: Rows) -> float:
    """Return the best gain over every threshold and side of missing values."""
    gains = []
    for feature in range(rows.bins.shape[1]):
        column = rows.bins[:, feature]
        for last in range(-1, 255):
            for missing in (False, True):
                left = np.where(column == MISSING, missing, column.astype(int) <= last)
                gains.append(gain_of(left, rows.w, rows.y))
    return max(gains)


@pytest.mark.parametrize("n", [60, SMALL_NODE + 200])
@pytest.mark.parametrize("share_missing", [0.0, 0.2])
def test_the_first_split_is_the_best_of_all(
    n: int, share_missing: float, make_rules: Callable[..., Rules], rng: np.random.Generator
) -> None:
    frame = pd.DataFrame(rng.normal(size=(n, 3)).round(1)).mask(rng.random((n, 3)) < share_missing)
    w, y = rng.choice([-0.5, 0.5], n), rng.normal(size=n)
    rows = make_rows(frame, w, y)
    trees = rows.grow(make_rules(min_leaf=5, max_depth=1))
    root = read_tree(trees, 0, rows.binning)[0]
    assert isinstance(root, SplitNode)
    assert root.threshold is not None
    values = frame[int(root.feature)].to_numpy()
    left = np.where(np.isnan(values), root.missing_left, values <= root.threshold)
    assert gain_of(left, w, y) == pytest.approx(best_by_search(rows), rel=1e-4)


def test_leaves_partition_the_rows_and_solve_their_own_equation(
    make_rules: Callable[..., Rules], rng: np.random.Generator
) -> None:
    w, y = rng.choice([-0.5, 0.5], 2_000), rng.normal(size=2_000)
    rows = make_rows(pd.DataFrame(rng.normal(size=(2_000, 3))), w, y)
    trees = rows.grow(make_rules(min_leaf=20))
    found = predict_rows(trees, rows.bins, n_treatments=1, by_arm=False, spread=False).effect[:, 0]
    for effect in np.unique(found):
        inside = found == effect
        assert inside.sum() >= 20
        assert effect == pytest.approx(np.cov(w[inside], y[inside])[0, 1] / np.var(w[inside], ddof=1), abs=1e-4)


def test_the_same_tree_whether_histograms_are_shared_or_not(
    make_rules: Callable[..., Rules], rng: np.random.Generator
) -> None:
    w = rng.choice([-0.5, 0.5], 3_000)
    x = rng.normal(size=(3_000, 3))
    rows = make_rows(pd.DataFrame(x), w, w * (x[:, 0] > 0) + rng.normal(size=3_000))
    shared = rows.grow(make_rules(min_leaf=10, alpha=0.05))
    # with one constant feature among four tried, every node is counted by itself
    wide = replace(rows, data=rows.data._replace(features=np.array([0, 1, 2])))
    counted = wide.grow(make_rules(min_leaf=10, alpha=0.05, n_try=2))
    alone = rows.grow(make_rules(min_leaf=10, alpha=0.05, n_try=3))
    np.testing.assert_array_equal(shared.nodes, alone.nodes)
    assert len(counted.nodes) > 50


def test_both_halves_keep_the_smallest_leaf(make_rules: Callable[..., Rules], rng: np.random.Generator) -> None:
    w, y = rng.choice([-0.5, 0.5], 600), rng.normal(size=600)
    rows = make_rows(pd.DataFrame(rng.normal(size=(600, 3))), w, y)
    trees = rows.grow(make_rules(min_leaf=15), growing=slice(0, 300), estimating=slice(300, 600))
    for half in (slice(0, 300), slice(300, 600)):
        found = predict_rows(trees, rows.bins[half], n_treatments=1, by_arm=False, spread=False).effect
        assert np.unique(found, return_counts=True)[1].min() >= 15


def test_categories_part_by_effect_and_strangers_go_with_the_many(
    make_rules: Callable[..., Rules], rng: np.random.Generator
) -> None:
    city = rng.choice(["a", "b", "c", "d"], 2_000, p=[0.1, 0.2, 0.3, 0.4])
    w = rng.choice([-0.5, 0.5], 2_000)
    rows = make_rows(pd.DataFrame({"city": city}), w, 4 * w * np.isin(city, ["b", "d"]) + 0.1 * rng.normal(size=2_000))
    nodes = read_tree(rows.grow(make_rules(min_leaf=20, max_depth=1)), 0, rows.binning)
    root = nodes[0]
    assert isinstance(root, SplitNode)
    assert root.threshold is None
    assert root.categories in {("a", "c"), ("b", "d")}
    assert root.missing_left == (root.categories == ("b", "d"))
    assert all(isinstance(node, LeafNode) for node in nodes[1:])


def test_missing_values_can_stand_alone(make_rules: Callable[..., Rules], rng: np.random.Generator) -> None:
    gone = rng.random(1_000) < 0.3
    w = rng.choice([-0.5, 0.5], 1_000)
    rows = make_rows(pd.DataFrame({"a": np.where(gone, np.nan, rng.normal(size=1_000))}), w, 3 * w * gone)
    root = read_tree(rows.grow(make_rules(min_leaf=20, max_depth=1)), 0, rows.binning)[0]
    assert isinstance(root, SplitNode)
    assert (root.threshold, root.missing_left) == (-np.inf, True)


@pytest.mark.parametrize("kind", [SQUARED, T_STATISTIC])
def test_an_uplift_tree_finds_the_step_for_money_and_three_arms(
    kind: int, make_rules: Callable[..., Rules], rng: np.random.Generator
) -> None:
    x, arm = rng.normal(size=(3_000, 3)), rng.integers(0, 3, 3_000)
    y = rng.gamma(1.0, 1.0, 3_000) + arm * (x[:, 1] > 0.5)
    features = read_features(x)
    binning = fit_bins(features)
    data = make_data(binning.apply(features), binning, sum_arms(y, arm, 3, None))
    every = np.arange(3_000, dtype=np.int32)
    rules = make_rules(kind, n_treatments=2, min_leaf=100, min_arm=20, max_depth=1)
    root = read_tree(grow_single(data, rules, every, every, seed=0), 0, binning)[0]
    assert isinstance(root, SplitNode)
    assert root.feature == "x1"
    assert root.threshold == pytest.approx(0.5, abs=0.05)


def test_nothing_to_split_is_one_leaf(make_rules: Callable[..., Rules]) -> None:
    rows = make_rows(pd.DataFrame({"a": np.zeros(50)}), np.tile([0.5, -0.5], 25), np.arange(50.0))
    assert read_tree(rows.grow(make_rules()), 0, rows.binning) == (LeafNode(0),)


def test_histograms_held_at_once_grow_with_the_logarithm() -> None:
    assert [n_slots(SMALL_NODE), n_slots(SMALL_NODE + 1), n_slots(8 * SMALL_NODE)] == [1, 2, 4]
