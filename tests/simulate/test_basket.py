from __future__ import annotations

import numpy as np

from uplift.simulate.basket import draw_above, mean_above, share_above
from uplift.simulate.population import draw_listed

BASKET = np.array([40.0, 64.0, 110.0])


def test_shares_and_means_are_those_of_a_sample() -> None:
    rng = np.random.default_rng(3)
    values = draw_listed(np.repeat(BASKET[:, None], 400_000, axis=1), rng)
    above = values >= 59.0
    np.testing.assert_allclose(share_above(BASKET, 59.0), above.mean(axis=1), atol=0.003)
    means = [row[flags].mean() for row, flags in zip(values, above, strict=True)]
    np.testing.assert_allclose(mean_above(BASKET, 59.0), means, rtol=0.003)


def test_without_a_minimum_everything_counts() -> None:
    np.testing.assert_allclose(share_above(BASKET, 0.0), 1.0)
    np.testing.assert_allclose(mean_above(BASKET, 0.0), BASKET)


def test_draws_reach_the_minimum_and_have_its_mean() -> None:
    uniform = (np.arange(100_000) + 0.5) / 100_000
    drawn = draw_above(np.full(100_000, 64.0), 129.0, uniform)
    assert drawn.min() >= 129.0
    assert np.isclose(drawn.mean(), mean_above(np.array([64.0]), 129.0)[0], rtol=2e-3)
    np.testing.assert_allclose(drawn, np.round(drawn, 2))


def test_a_small_basket_and_a_high_minimum_stay_finite() -> None:
    drawn = draw_above(np.array([25.0, 25.0]), 129.0, np.array([0.0, 0.999]))
    assert np.all(np.isfinite(drawn))
    assert drawn[0] == 129.0
