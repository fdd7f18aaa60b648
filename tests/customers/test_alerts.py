from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.customers.weeks import Fading, panel_of
from uplift.customers.alerts import AlertRule, AlertTable, find_alerts
from uplift.customers.weekly import trace_value
from uplift.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

STEADY = 40


def judge(rows: ArrayLike, *, visits: ArrayLike | None = None, removed: NDArray[np.bool_] | None = None) -> AlertTable:
    """Alerts of some customers beside 40 who order every week; the rows of the 40 are dropped."""
    mine = np.asarray(rows, np.float64)
    orders = np.concatenate((mine, np.ones((STEADY, mine.shape[1]))))
    activity = np.concatenate((mine if visits is None else np.asarray(visits), np.ones((STEADY, mine.shape[1]))))
    path = trace_value(Fading(renewal=0.03), panel_of(orders, activity=activity))
    return find_alerts(path, np.zeros(len(orders), np.int64), removed=removed)


def weeks(*runs: tuple[int, int]) -> list[int]:
    """Return counts from pairs of a count and for how many weeks."""
    return [count for count, length in runs for _ in range(length)]


def test_silent_weeks_of_a_weekly_customer_put_them_at_risk() -> None:
    table = judge([weeks((1, 10), (0, 6))])
    # judged are weeks 8 to 15. Value falls from week 10 on, twice in a row in 11; activity from 12 on, where one of
    # four weeks holds an order: P(Poisson(4) <= 1) = .092. In week 11 it was two: .238
    assert table.weeks.tolist() == [8, 9, 10, 11, 12, 13, 14, 15]
    assert table.at_risk[0].tolist() == [False] * 4 + [True] * 4
    assert table.since(table.at_risk)[0] == 12


def test_two_silent_weeks_of_a_daily_visitor_put_them_at_risk() -> None:
    orders = weeks((1, 10), (0, 6))
    table = judge([orders], visits=[weeks((5, 10), (0, 6))])
    # the first silent week has half of the visits of two, and value has fallen once; the second completes the rule
    assert table.at_risk[0].tolist() == [False] * 3 + [True] * 5
    assert table.since(table.at_risk)[0] == 11
    assert not table.at_risk[1:].any()
    facts = judge([orders]).facts
    assert facts.change[0] == pytest.approx(np.exp(-0.07) - 1)
    assert (facts.recent[0], facts.declining[0], facts.falling[0]) == (0.0, True, True)
    # ten of the twelve weeks before the last four held an order: 3.3 in four weeks, and there were none
    assert facts.baseline[0] == pytest.approx(4 * 10 / 12)


def test_the_early_warning_measures_the_fall_from_the_peak() -> None:
    table = judge([weeks((1, 10), (0, 12))])
    # k silent weeks after the peak, which is the end of week 9: 1 - exp(-.07 k); from the ninth on the peak moves too
    k = np.array([0, 0, *range(1, 13)])
    fall = 1 - np.exp(-0.07 * np.minimum(k, 8))
    np.testing.assert_allclose(table.drop[0, 2:], fall[2:], rtol=1e-9)
    # 18.9 % at k = 3, 24.4 % at k = 4, 34.3 % at k = 6, 38.7 % at k = 7, never 50 %
    assert table.severity[0].tolist() == [0] * 5 + [1] * 3 + [2] * 6
    assert table.since(table.severity > 0)[0] == 13


def test_a_fall_that_is_everybodys_is_nobodys_risk() -> None:
    orders = np.tile(weeks((1, 10), (0, 6)), (60, 1))
    path = trace_value(Fading(renewal=0.03), panel_of(orders))
    table = find_alerts(path, np.zeros(60, np.int64))
    assert not table.at_risk.any()
    assert (table.severity[:, -1] == 1).all()


def test_the_fall_is_held_against_the_own_stratum() -> None:
    silent, loyal = np.tile(weeks((1, 10), (0, 6)), (40, 1)), np.ones((40, 16))
    path = trace_value(Fading(renewal=0.03), panel_of(np.concatenate((silent, loyal))))
    # among themselves the silent are the median; in strata that are half loyal they fall below it
    assert not find_alerts(path, np.repeat([0, 1], 40)).at_risk.any()
    assert find_alerts(path, np.tile([0, 1], 40)).at_risk[:, -1].tolist() == [True] * 40 + [False] * 40


def test_a_model_that_expected_the_fall_is_no_surprise() -> None:
    orders = np.concatenate((np.tile(weeks((1, 10), (0, 6)), (5, 1)), np.ones((40, 16))))
    path = trace_value(Fading(renewal=-0.01), panel_of(orders))
    assert not find_alerts(path, np.zeros(45, np.int64)).at_risk.any()


def test_value_that_falls_while_visits_go_on_warns_but_is_not_at_risk() -> None:
    table = judge([weeks((1, 10), (0, 6))], visits=[[3] * 16])
    assert not table.at_risk[0].any()
    assert table.severity[0, -1] == 1
    assert (table.facts.declining[0], table.facts.falling[0]) == (True, False)


def test_an_alarm_ends_after_two_calm_weeks() -> None:
    visits = weeks((5, 10), (0, 4), (5, 3))
    table = judge([weeks((1, 10), (0, 4), (1, 3))], visits=[visits])
    # orders and visits return in week 14: five of 2 * 50 / 13 visits are not rare any more, and the means agree;
    # calm in 14 and 15, so 15 is the first week without
    assert table.at_risk[0].tolist() == [False] * 3 + [True] * 4 + [False] * 2
    assert table.severity[0].tolist() == [0] * 5 + [1, 1, 0, 0]
    assert table.since(table.at_risk)[0] == -1
    waiting = judge([weeks((1, 10), (0, 4), (1, 1))], visits=[visits[:-2]])
    assert (waiting.at_risk[0, -1], waiting.facts.declining[0], waiting.facts.falling[0]) == (True, False, False)


def test_an_alarm_ends_when_what_it_foresaw_has_happened() -> None:
    table = judge([weeks((1, 10), (0, 15))])
    # the last order lies 4 days before the end of week 9: more than 90 days ago from week 22 on
    last = table.weeks[table.judged[0]][-1]
    assert last == 21
    assert table.at_risk[0].tolist() == [4 <= place <= 13 for place in range(17)]


def test_a_promotion_week_is_neither_judged_nor_a_peak() -> None:
    removed = np.arange(18) == 12
    orders = [weeks((1, 12), (9, 1), (1, 5)), weeks((0, 12), (1, 1), (0, 5))]
    visits = [weeks((1, 12), (50, 1), (1, 5)), weeks((1, 18))]
    table = judge(orders, visits=visits, removed=removed)
    assert table.weeks.tolist() == [8, 9, 10, 11, 13, 14, 15, 16, 17]
    assert not table.alarmed[0].any()
    # the second customer's value peaks in the promotion; the fall from there is not counted
    counted = judge(orders, visits=visits)
    assert counted.drop[1, -1] == pytest.approx(1 - np.exp(-0.35))
    assert table.drop[1, -1] < 0.30


def test_new_customers_and_small_strata() -> None:
    orders = np.concatenate((np.tile(weeks((1, 10), (0, 6)), (3, 1)), np.ones((40, 16))))
    panel = panel_of(orders)
    age, recency = panel.age_days.copy(), panel.recency_days.copy()
    age[0], recency[0] = age[0] - 160, recency[0] - 160  # 40 days old when the panel begins
    age[1, :9], recency[1, :9] = np.nan, np.nan
    age[1, 9:] = age[1, 9:] - (age[1, 9] - 4)
    recency[1, 9:] = 0.0
    path = trace_value(Fading(renewal=0.03), replace(panel, age_days=age, recency_days=recency))
    table = find_alerts(path, np.array([5, 0, -1] + [0] * 40))
    assert table.judged[0].all()
    # the second bought first in week 9: 46 days before the end of week 15, below eight weeks
    assert not table.judged[1].any()
    # strata of one, and no stratum, are held against all
    assert table.at_risk[[0, 2], -1].tolist() == [True, True]


def test_rising_value_with_a_low_basket_is_a_cross_category_candidate() -> None:
    orders = [weeks((0, 8), (1, 8)), weeks((0, 8), (1, 8)), weeks((0, 16)), weeks((1, 12), (0, 4))]
    path = trace_value(Fading(renewal=0.03), panel_of(orders))
    low = np.array([True, False, True, True])
    codes = np.zeros(4, np.int64)
    assert find_alerts(path, codes, low_basket=low).cross_category.tolist() == [True, False, False, False]
    assert not find_alerts(path, codes).cross_category.any()


def test_strata_may_move_from_week_to_week() -> None:
    orders = np.concatenate((np.tile(weeks((1, 10), (0, 6)), (30, 1)), np.ones((40, 16))))
    path = trace_value(Fading(renewal=0.03), panel_of(orders))
    fixed = np.zeros(70, np.int64)
    moving = np.zeros((70, 16), np.int64)
    moving[:30, 10:] = 1
    assert find_alerts(path, fixed).at_risk[:30, -1].all()
    assert not find_alerts(path, moving).at_risk.any()


def test_nothing_depends_on_row_order_or_currency(rng: np.random.Generator) -> None:
    orders = rng.poisson(rng.gamma(2.0, 0.3, (300, 1)), (300, 20)).astype(np.float64)
    codes = rng.integers(0, 3, 300)
    order = rng.permutation(300)
    plain = find_alerts(trace_value(Fading(renewal=0.05), panel_of(orders)), codes)
    shuffled = find_alerts(trace_value(Fading(renewal=0.05), panel_of(orders[order])), codes[order])
    dear = find_alerts(trace_value(Fading(renewal=0.05), panel_of(orders, mean_value=1280.0)), codes)
    assert plain.at_risk.any()
    assert (plain.severity > 0).any()
    for name in ("judged", "at_risk", "severity"):
        assert (getattr(shuffled, name) == getattr(plain, name)[order]).all()
        assert (getattr(dear, name) == getattr(plain, name)).all()


def test_later_weeks_change_nothing_in_earlier_ones(rng: np.random.Generator) -> None:
    orders = rng.poisson(0.5, (200, 24)).astype(np.float64)
    codes = np.zeros(200, np.int64)
    whole = find_alerts(trace_value(Fading(renewal=0.05), panel_of(orders)), codes)
    early = find_alerts(trace_value(Fading(renewal=0.05), panel_of(orders[:, :16])), codes)
    for name in ("judged", "at_risk", "severity", "drop"):
        np.testing.assert_array_equal(getattr(whole, name)[:, :8], getattr(early, name))


def test_refusals() -> None:
    path = trace_value(Fading(), panel_of(np.ones((3, 10))))
    codes = np.zeros(3, np.int64)
    with pytest.raises(DataError, match=r"removed: got the shape \(3,\), must be \(10,\)"):
        find_alerts(path, codes, removed=np.zeros(3, np.bool_))
    with pytest.raises(DataError, match="10 weeks, 2 of them removed by the calendar, leave 8; 9 or more are needed"):
        find_alerts(path, codes, removed=np.arange(10) < 2)
    assert find_alerts(path, codes, rule=AlertRule(history_weeks=3, peak_weeks=3)).judged.shape == (3, 7)
