from __future__ import annotations

import numpy as np
import pytest

from uplift.clv.isotonic import Isotonic, fit_isotonic, pool_violators


def test_pooling_by_hand() -> None:
    # means 1, 3, 2, 5 of sizes 1, 1, 3, 1: the middle two pool to (3 + 6) / 4
    x, y = np.array([1.0, 2, 9, 4]), np.array([1.0, 3, 6, 5])
    pooled = pool_violators(x, y, np.array([1.0, 1, 3, 1]))
    np.testing.assert_allclose(pooled, np.array([[1, 11 / 4, 4], [1, 9 / 4, 5], [1, 4, 1]]))


def test_equal_means_are_pooled_too() -> None:
    pooled = pool_violators(np.array([1.0, 2]), np.array([3.0, 3]), np.ones(2))
    np.testing.assert_allclose(pooled, np.array([[1.5], [3], [2]]))


def test_a_line_by_hand() -> None:
    line = Isotonic((10.0, 20.0), (5.0, 30.0))
    # within: 5 + 25 * .5; beyond the ends by the ratios 5/10 and 30/20
    np.testing.assert_allclose(line.apply(np.array([15.0, 4, 40])), [17.5, 2.0, 60.0])
    # from a point that is not positive on both sides the line goes on in parallel
    low = Isotonic((-2.0, 4.0), (1.0, 3.0))
    np.testing.assert_allclose(low.apply(np.array([-5.0, 8])), [-2.0, 6.0])
    np.testing.assert_array_equal(Isotonic().apply(np.array([1.0, -1])), [1.0, -1.0])


def test_too_wide_a_spread_is_narrowed(rng: np.random.Generator) -> None:
    truth = rng.gamma(2.0, 50, 20_000)
    actual = truth * rng.gamma(2.0, 0.5, 20_000)
    wide = truth.mean() + 2 * (truth - truth.mean())
    corrected = fit_isotonic(wide, actual).apply(wide)
    assert corrected.mean() == pytest.approx(wide.mean())
    assert np.mean((corrected - truth) ** 2) < 0.05 * np.mean((wide - truth) ** 2)


def test_what_chance_explains_stays(rng: np.random.Generator) -> None:
    truth = rng.gamma(0.5, 100, 4000)
    actual = truth * rng.poisson(0.5, 4000) / 0.5
    corrected = fit_isotonic(truth, actual).apply(truth)
    assert np.corrcoef(corrected, truth)[0, 1] > 0.995
    level = fit_isotonic(truth, 3 * truth)
    # a difference in level alone is not learned
    np.testing.assert_allclose(level.apply(truth), truth)


def test_order_and_currency_do_not_matter(rng: np.random.Generator) -> None:
    truth = rng.gamma(2.0, 50, 3000)
    actual, wide = truth * rng.gamma(4.0, 0.25, 3000), 2 * truth - 60
    turn = rng.permutation(3000)
    one = fit_isotonic(wide, actual).apply(wide)
    other = fit_isotonic(100 * wide[turn], 100 * actual[turn]).apply(100 * wide[turn])
    np.testing.assert_allclose(other, 100 * one[turn], rtol=1e-9)


def test_without_spread_or_value_nothing_is_learned() -> None:
    assert fit_isotonic(np.ones(50), np.arange(50.0)) == Isotonic()
    assert fit_isotonic(np.zeros(4), np.zeros(4)) == Isotonic()
    # one unit a group shows no error of its own, and moves nothing
    assert fit_isotonic(np.arange(5.0), np.arange(5.0)[::-1]) == Isotonic()
