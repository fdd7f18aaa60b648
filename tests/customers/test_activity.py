from __future__ import annotations

import numpy as np
import pytest

from uplift.customers.activity import ActivityRule, read_activity


def known(counts: np.ndarray) -> np.ndarray:
    return np.ones(counts.shape, np.bool_)


def test_the_means_weigh_weeks_by_two_over_span_plus_one() -> None:
    counts = np.array([[4.0, 0.0]])
    found = read_activity(counts, known(counts))
    # span 2: weight 2/3, then 1/3 of it a week back: (0 * 2/3 + 4 * 2/9) / (2/3 + 2/9) = 1
    assert found.fast[0] == pytest.approx(1.0)
    # span 8: weights 2/9 and 2/9 * 7/9: 4 * 14/81 / (18/81 + 14/81) = 1.75
    assert found.slow[0] == pytest.approx(1.75)
    # 1 < .8 * 1.75 = 1.4
    assert found.falling.tolist() == [[False, True]]


def test_constant_activity_does_not_fall_and_weeks_before_the_first_do_not_count() -> None:
    counts = np.array([[3.0] * 12, [0.0] * 6 + [3.0] * 6, [0.0] * 12])
    there = known(counts)
    there[1, :6] = False
    there[2] = False
    found = read_activity(counts, there)
    assert not found.falling.any()
    np.testing.assert_allclose(found.fast[:2], 3.0)
    assert np.isnan(found.fast[2])


def test_a_count_below_its_poisson_quantile_is_falling_where_the_means_are_not() -> None:
    counts = np.array([[5.0] * 8 + [2.0, 2.0]])
    found = read_activity(counts, known(counts), rule=ActivityRule(fall=0.0))
    # 4 in two weeks where 10 are usual: P(Poisson(10) <= 4) = .029 < .1; a week earlier 7 of 10: .22
    assert (found.recent[0], found.baseline[0]) == (4.0, 10.0)
    assert found.falling[0].tolist() == [False] * 9 + [True]


def test_a_short_baseline_says_nothing() -> None:
    counts = np.array([[9.0, 9.0, 9.0, 0.0, 0.0]])
    found = read_activity(counts, known(counts), rule=ActivityRule(fall=0.0))
    assert np.isnan(found.baseline[0])
    assert not found.falling.any()
    longer = np.array([[9.0, 9.0, 9.0, 9.0, 0.0, 0.0]])
    # four of eight weeks are half of a baseline: 0 where 18 are usual
    assert read_activity(longer, known(longer), rule=ActivityRule(fall=0.0)).falling[0, -1]


def test_the_false_alarms_of_the_poisson_rule_stay_below_its_level(rng: np.random.Generator) -> None:
    # The quantile is exact for a known rate; that of eight weeks is itself an estimate, which costs a little.
    for rate in (0.3, 1.5, 6.0):
        counts = rng.poisson(rate, (4_000, 10)).astype(np.float64)
        share = read_activity(counts, known(counts), rule=ActivityRule(fall=0.0)).falling[:, -1].mean()
        assert share < 0.14
