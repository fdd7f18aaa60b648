"""Averaged moments, spread between and within bags, variances."""

from __future__ import annotations

import numpy as np
import pytest

from uplift.learn.forest.predict import Spread, predict_rows
from uplift.learn.forest.solve import solve_arms, solve_gradient
from uplift.learn.forest.tree import LEAF, MISSING_LEFT, Averaged, count_splits, goes_left, join_trees, pack_node
from uplift.learn.forest.variance import monte_carlo_variance, pointwise_variance, pool_ratio, pooled_variance

NO_SUBSET = np.zeros(4, np.uint64)


def stump(left: list[float], right: list[float]) -> Averaged:
    """Return a tree that splits feature 0 after bin 0, with the averages of its two leaves."""
    nodes = np.array([pack_node(0, 0, 0, 1), pack_node(0, 0, LEAF, 0), pack_node(0, 0, LEAF, 1)])
    return Averaged(nodes, np.zeros(3, np.int32), np.zeros((0, 4), np.uint64), np.array([left, right], np.float32))


def test_a_row_goes_left_up_to_the_last_bin() -> None:
    word = pack_node(3, 7, 0, 1)
    assert [goes_left(at, word, NO_SUBSET) for at in (0, 7, 8, 255)] == [True, True, False, False]
    with_missing = pack_node(3, 7, MISSING_LEFT, 1)
    assert [goes_left(at, with_missing, NO_SUBSET) for at in (0, 7, 8, 255)] == [True, True, False, True]
    only_missing = pack_node(3, -1, MISSING_LEFT, 1)
    assert [goes_left(at, only_missing, NO_SUBSET) for at in (0, 254, 255)] == [False, False, True]


def test_the_effect_solves_the_averaged_equation_not_the_mean_of_leaves() -> None:
    # leaf averages (w, y, ww, wy): effects ½/¼ = 2 and 0; averaged ((½ + 0)/2) / ((¼ + 1)/2) = .4, not 1
    trees = join_trees([stump([0, 0, 0.25, 0.5], [0] * 4), stump([0, 0, 1, 0], [0] * 4)], bag_size=2)
    found = predict_rows(trees, np.zeros((1, 1), np.uint8), n_treatments=1, by_arm=False, spread=False)
    assert found.effect[0, 0] == pytest.approx(0.4)
    np.testing.assert_allclose(found.moments[0], [0, 0, 0.625, 0.25])


def test_spread_by_hand() -> None:
    # averages of w and y are 0, of ww 1 in every leaf, so a tree pulls wy - τ; bags (1, 3) and (5, 7), τ = 4
    leaves = [stump([0, 0, 1, wy], [np.nan] * 4) for wy in (1, 3, 5, 7)]
    trees = join_trees(leaves, bag_size=2)
    bins = np.array([[0], [1]], np.uint8)
    found = predict_rows(trees, bins, n_treatments=1, by_arm=False, spread=True)
    # bag means -2 and 2: variance 8; within each bag (±1)²: variance 2
    np.testing.assert_allclose([found.effect[0, 0], found.between[0, 0], found.within[0, 0]], [4, 8, 2])
    assert found.n_bags.tolist() == [2, 0]
    assert np.isnan([found.effect[1, 0], found.between[1, 0], found.within[1, 0]]).all()


def test_bags_that_hold_a_row_are_left_out() -> None:
    trees = join_trees([stump([0, 0, 1, wy], [0] * 4) for wy in (1, 3, 5, 7)], bag_size=2)
    inside = np.packbits(np.array([[0, 1, 0], [0, 0, 1]], bool), axis=1)
    found = predict_rows(trees, np.zeros((3, 1), np.uint8), n_treatments=1, by_arm=False, spread=True, inside=inside)
    np.testing.assert_allclose(found.effect[:, 0], [4, 6, 2])
    assert found.n_bags.tolist() == [2, 1, 1]


def test_threads_and_blocks_do_not_matter(rng: np.random.Generator) -> None:
    trees = join_trees([stump([0, 0, 1, wy], [0, 0, 1, -wy]) for wy in (1, 3, 5, 7)], bag_size=2)
    bins = rng.integers(0, 2, (9_000, 1)).astype(np.uint8)
    inside = np.packbits(rng.random((2, 9_000)) < 0.3, axis=1)
    one, two = (
        predict_rows(trees, bins, n_treatments=1, by_arm=False, spread=True, inside=inside, n_jobs=jobs)
        for jobs in (1, 2)
    )
    np.testing.assert_array_equal(one.effect, two.effect)
    alone = predict_rows(
        trees,
        bins[8_500:8_501],
        n_treatments=1,
        by_arm=False,
        spread=True,
        inside=np.packbits(np.unpackbits(inside, axis=1)[:, 8_500:8_501], axis=1),
    )
    np.testing.assert_array_equal(alone.effect, one.effect[8_500:8_501])


@pytest.mark.parametrize("solve", [solve_gradient, solve_arms])
def test_the_pull_is_the_derivative_of_the_effect(solve: object, rng: np.random.Generator) -> None:
    moments = np.array([0.4, 0.3, 0.6, 0.9]) if solve is solve_arms else np.array([0.1, 0.2, 0.3, 0.5])
    effect, slope, other, unused = np.empty(1), np.empty((1, 5)), np.empty(1), np.empty((1, 5))
    solve(moments, effect, slope)  # type: ignore[operator]
    step = 1e-6 * rng.normal(size=4)
    solve(moments + step, other, unused)  # type: ignore[operator]
    assert other[0] - effect[0] == pytest.approx(float(slope[0, 0] + slope[0, 1:] @ (moments + step)), rel=1e-3)
    assert slope[0, 0] + slope[0, 1:] @ moments == pytest.approx(0, abs=1e-12)


def test_without_two_arms_there_is_no_effect() -> None:
    effect, slope = np.empty(1), np.empty((1, 5))
    solve_arms(np.array([0.0, 0.0, 1.0, 2.0]), effect, slope)
    assert np.isnan(effect[0])
    assert np.isnan(slope).all()


SPREAD = Spread(
    effect=np.zeros((2, 1)),
    within=np.array([[8.0], [4.0]]),
    between=np.array([[5.0], [3.0]]),
    n_bags=np.array([50, 50], np.int32),
    moments=np.zeros((2, 4)),
)


def test_the_pooled_variance_by_hand() -> None:
    # noise within/4: 2 and 1; above it 3 and 2; ratio 5/3; V = 5/3 · noise + within/200
    ratio = pool_ratio(SPREAD, bag_size=4)
    assert ratio[0] == pytest.approx(5 / 3)
    np.testing.assert_allclose(monte_carlo_variance(SPREAD, bag_size=4)[:, 0], [0.04, 0.02])
    np.testing.assert_allclose(pooled_variance(SPREAD, ratio, bag_size=4)[:, 0], [10 / 3 + 0.04, 5 / 3 + 0.02])


def test_a_ratio_below_nothing_is_nothing_and_unknown_rows_do_not_count() -> None:
    calm = SPREAD._replace(between=np.array([[0.5], [np.nan]]))
    assert pool_ratio(calm, bag_size=4)[0] == 0.0
    unknown = SPREAD._replace(between=np.full((2, 1), np.nan))
    assert np.isnan(pool_ratio(unknown, bag_size=4)[0])


def test_the_pointwise_variance_is_a_positive_posterior_mean() -> None:
    # raw 3, error 5·sqrt(2/50) = 1: a normal of mean 3 cut at 0 has mean 3 + φ(3)/Φ(3) = 3.0044378
    found = pointwise_variance(SPREAD, bag_size=4)
    assert found[0, 0] == pytest.approx(3.0044378, abs=1e-6)
    negative = pointwise_variance(SPREAD._replace(between=np.array([[0.1], [0.0]])), bag_size=4)
    assert (negative > 0).all()


def test_splits_are_counted_by_depth() -> None:
    nodes = np.array([pack_node(2, 0, 0, 1), pack_node(0, 0, LEAF, 0), pack_node(1, 0, 0, 3), *[LEAF << 24] * 2])
    tree = Averaged(nodes, np.zeros(5, np.int32), np.zeros((0, 4), np.uint64), np.zeros((3, 4), np.float32))
    counts = count_splits(join_trees([tree, tree], bag_size=2), 3)
    np.testing.assert_array_equal(counts, [[0, 0, 2], [0, 2, 0], [0, 0, 0], [0, 0, 0]])
