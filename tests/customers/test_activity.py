from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.customers.activity import ActivityRule, read_activity

if TYPE_CHECKING:
    from numpy.typing import NDArray

COUNT = ActivityRule(fall=0.0)
"""The count alone decides."""


def known(counts: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.ones(counts.shape, np.bool_)


def test_the_means_weigh_weeks_by_two_over_span_plus_one() -> None:
    counts = np.array([[4.0, 4.0, 4.0, 4.0, 4.0, 0.0]])
    found = read_activity(counts, known(counts))
    # span 2: weights 2/3, 2/9, 2/27 ...: all but the last week are 4 and have (1/3) of the mass 1 - 3^-6
    assert found.fast[0] == pytest.approx(4 * (1 - 2 / 3 / (1 - 3**-6)))
    # span 8: the last week has 2/9 of the mass 1 - (7/9)^6
    assert found.slow[0] == pytest.approx(4 * (1 - 2 / 9 / (1 - (7 / 9) ** 6)))
    # 1.33 < .8 * 2.86; four weeks of baseline expect 8 in two weeks
    assert found.falling.tolist() == [[False] * 5 + [True]]
    assert (found.weeks[0], found.recent[0], found.baseline[0]) == (2, 4.0, 8.0)


def test_constant_activity_does_not_fall_and_weeks_before_the_first_do_not_count() -> None:
    counts = np.array([[3.0] * 12, [0.0] * 6 + [3.0] * 6, [0.0] * 12])
    there = known(counts)
    there[1, :6] = False
    there[2] = False
    found = read_activity(counts, there)
    assert not found.falling.any()
    np.testing.assert_allclose(found.fast[:2], 3.0)
    assert np.isnan(found.fast[2])
    assert found.weeks.tolist() == [2, 2, 0]


def test_a_count_below_its_poisson_quantile_is_falling_where_the_means_are_not() -> None:
    counts = np.array([[5.0] * 8 + [2.0, 2.0]])
    found = read_activity(counts, known(counts), rule=COUNT)
    # 4 in two weeks where 10 are usual: P(Poisson(10) <= 4) = .029 < .1; a week earlier 7 of 10: .22
    assert (found.recent[0], found.baseline[0]) == (4.0, 10.0)
    assert found.falling[0].tolist() == [False] * 9 + [True]


def test_the_window_grows_with_the_rhythm_of_the_customer() -> None:
    # one event every other week: 2 weeks expect 1, 4 weeks 2, 8 weeks 4, which is more than ln 10 = 2.3
    counts = np.array([[1.0, 0.0] * 6 + [0.0] * 8])
    found = read_activity(counts, known(counts))
    assert (found.weeks[0], found.recent[0], found.baseline[0]) == (8, 0.0, 4.0)
    # the last event was in week 10: weeks 9 to 16 are the first eight with one alone, where nine weeks before them
    # held five: P(Poisson(8 * 5 / 9) <= 1) = .064; a week earlier there were two
    assert np.flatnonzero(found.falling[0]).tolist() == [16, 17, 18, 19]
    assert not read_activity(counts, known(counts), rule=ActivityRule(windows=(2,))).falling.any()


def test_who_is_too_rare_or_too_new_to_tell_is_not_falling() -> None:
    rare = np.zeros((1, 30))
    rare[0, [0, 10]] = 1.0
    found = read_activity(rare, known(rare))
    assert found.weeks[0] == 0
    assert not found.falling.any()
    young = np.array([[9.0, 9.0, 9.0, 0.0, 0.0]])
    assert not read_activity(young, known(young)).falling.any()
    longer = np.array([[9.0, 9.0, 9.0, 9.0, 0.0, 0.0]])
    assert read_activity(longer, known(longer)).falling[0].tolist() == [False] * 5 + [True]


def test_the_false_alarms_of_the_count_stay_near_its_level(rng: np.random.Generator) -> None:
    # The quantile is exact for a known rate; that of 26 weeks is itself an estimate, which costs a little.
    for rate in (0.3, 0.7, 1.5, 6.0):
        counts = rng.poisson(rate, (4_000, 38)).astype(np.float64)
        share = read_activity(counts, known(counts), rule=COUNT).falling[:, -1].mean()
        assert share < 0.12
