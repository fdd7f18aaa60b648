from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.customers.alerts import AlertFacts, AlertTable
from uplift.customers.backtest import backtest_alerts
from uplift.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from uplift.results.backtest import Backtest, BacktestRow

ORDERS = np.array(
    [
        [1, 1, 0, 0, 0, 0],
        [1, 1, 1, 1, 1, 1],
        [1, 0, 0, 1, 1, 1],
        [1, 0, 1, 0, 1, 0],
    ],
    np.float64,
)
AT_RISK = np.array([[0, 0, 1, 1], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]], np.bool_)


def table_of(at_risk: ArrayLike, *, severity: ArrayLike | None = None, weeks: ArrayLike | None = None) -> AlertTable:
    risk = np.asarray(at_risk, np.bool_)
    n, k = risk.shape
    nothing = np.full(n, np.nan)
    facts = AlertFacts(
        *(nothing,) * 7,
        weeks=np.zeros(n, np.int64),
        recent=nothing,
        baseline=nothing,
        fast=nothing,
        slow=nothing,
        declining=np.zeros(n, np.bool_),
        falling=np.zeros(n, np.bool_),
    )
    return AlertTable(
        unit_id=np.array([f"c{i}" for i in range(n)], dtype=object),
        weeks=np.arange(k) if weeks is None else np.asarray(weeks),
        judged=np.ones((n, k), np.bool_),
        at_risk=risk,
        severity=np.zeros((n, k), np.int8) if severity is None else np.asarray(severity, np.int8),
        drop=np.zeros((n, k)),
        cross_category=np.zeros(n, np.bool_),
        facts=facts,
    )


def row_of(found: Backtest, kind: str, level: str = "") -> BacktestRow:
    return next(row for row in found.rows if (row.kind, row.level) == (kind, level))


def test_a_case_by_hand() -> None:
    found = backtest_alerts(table_of(AT_RISK), ORDERS, np.zeros(4, np.int64), n_weeks=2)
    row = row_of(found, "at_risk")
    # silent for two weeks after: the first customer in weeks 1, 2, 3, the third in week 0: 4 of 16
    assert (row.n_judged, row.base_rate.estimate) == (16, 0.25)
    # alarms begin in week 2 of the first (silent after), week 1 of the second and week 3 of the fourth (not)
    assert row.n_alarms == 3
    assert row.precision.estimate == pytest.approx(1 / 3)
    assert row.lift.estimate == pytest.approx(4 / 3)
    assert row.false_alarms.estimate == pytest.approx(1000 * 2 / 16)
    # the first became inactive in week 3 after an order in week 1, the third in week 2 after week 0
    assert (row.n_events, row.recall.estimate, row.lead_weeks.estimate) == (2, 0.5, 1.0)
    # errors 2/9, -1/9, -1/9: variance 6/81 * 3/2 = 1/9, so 2/9 / (1/9) = 2 effective alarms. Wilson, z^2 / 2 = 1.9207:
    # (.3333 + .9604) / 2.9207 = .4429, and 1.96 / 2.9207 * sqrt(.1111 + .2401) = .3977 to each side
    assert (row.precision.ci_lower, row.precision.ci_upper) == pytest.approx((0.0452, 0.8406), abs=1e-4)
    assert (found.first_week, found.last_week, found.n_customers) == (0, 3, 4)


def test_only_weeks_whose_future_is_whole_are_scored() -> None:
    found = backtest_alerts(table_of(AT_RISK), ORDERS[:, :5], np.zeros(4, np.int64), n_weeks=2)
    assert (found.last_week, row_of(found, "at_risk").n_judged, row_of(found, "at_risk").n_alarms) == (2, 12, 2)


def test_alarms_that_are_always_right_or_always_wrong_keep_an_interval() -> None:
    right = table_of([[0, 1, 0, 0], [0] * 4, [0] * 4, [0] * 4])
    row = row_of(backtest_alerts(right, ORDERS, np.zeros(4, np.int64), n_weeks=2), "at_risk")
    assert (row.precision.estimate, row.precision.ci_upper) == (1.0, 1.0)
    assert row.precision.ci_lower == pytest.approx(1 / (1 + 1.959964**2))
    assert row.lead_weeks.estimate == 2.0
    assert row.lead_weeks.ci_lower is None
    wrong = table_of([[0] * 4, [0, 1, 0, 0], [0] * 4, [1, 0, 0, 0]])
    row = row_of(backtest_alerts(wrong, ORDERS, np.zeros(4, np.int64), n_weeks=2), "at_risk")
    assert (row.precision.estimate, row.lift.estimate, row.recall.estimate) == (0.0, 0.0, 0.0)
    assert row.lead_weeks.estimate is None
    quiet = row_of(backtest_alerts(wrong, ORDERS, np.zeros(4, np.int64), n_weeks=2), "warning")
    assert (quiet.n_alarms, quiet.precision.estimate, quiet.lift.estimate) == (0, None, None)


def test_rows_by_stratum_and_kind_partition_the_whole() -> None:
    severity = np.zeros((4, 4), np.int8)
    severity[2] = 2
    codes = np.array([0, 0, 1, 2])
    found = backtest_alerts(table_of(AT_RISK, severity=severity), ORDERS, codes, names=("a", "b", "c", "d"), n_weeks=2)
    for kind, n_alarms in (("at_risk", 3), ("warning", 1), ("any", 4)):
        parts = [row_of(found, kind, level) for level in "abc"]
        assert sum(part.n_alarms for part in parts) == row_of(found, kind).n_alarms == n_alarms
        assert sum(part.n_judged for part in parts) == 16
        assert sum(part.n_events for part in parts) == 2
    assert not [row for row in found.rows if row.level == "d"]
    # on since week 0, inactive in week 2: two weeks of lead
    assert row_of(found, "warning", "b").lead_weeks.estimate == 2.0


def test_lift_is_against_the_own_stratum() -> None:
    # stratum a: the first customer, silent after 3 of 4 weeks; stratum b: the others, after 1 of 12
    found = backtest_alerts(table_of(AT_RISK), ORDERS, np.array([0, 1, 1, 1]), n_weeks=2)
    lift = row_of(found, "at_risk").lift
    # one hit, where one alarm in a and two in b at random would have .75 + 2 / 12
    assert lift.estimate == pytest.approx(1 / (0.75 + 2 / 12))
    assert lift.ci_lower is not None
    assert 0 < lift.ci_lower < 1


def test_the_highest_ranked_share_ties_in_part() -> None:
    table = table_of(np.zeros((4, 1)), weeks=[1])
    table.drop[:, 0] = [0.5, 0.5, 0.1, 0.0]
    found = backtest_alerts(table, ORDERS, np.zeros(4, np.int64), n_weeks=2)
    # a tenth of four customers is .4 of one: .2 of each of the two that tie, and one of them falls silent
    top = next(each for each in found.top if each.share == 0.10)
    assert top.precision.estimate == pytest.approx(0.5)
    assert top.lift.estimate == pytest.approx(2.0)


def test_alarms_by_chance_have_a_lift_whose_interval_covers_one(rng: np.random.Generator) -> None:
    covered = []
    for _ in range(150):
        orders = rng.poisson(rng.gamma(2.0, 0.15, (200, 1)), (200, 22)).astype(np.float64)
        alarms = rng.random((200, 9)) < 0.1
        found = backtest_alerts(table_of(alarms), orders, np.zeros(200, np.int64), n_weeks=4)
        lift = row_of(found, "any").lift
        assert lift.ci_lower is not None
        assert lift.ci_upper is not None
        covered.append(lift.ci_lower <= 1.0 <= lift.ci_upper)
    # 150 draws of .95: mean 142.5, sd 2.7
    assert 134 <= sum(covered) <= 150


def test_refusals() -> None:
    table = table_of(AT_RISK)
    with pytest.raises(DataError, match=r"orders: got the shape \(3, 6\); one row for each of the 4 customers"):
        backtest_alerts(table, ORDERS[:3], np.zeros(3, np.int64))
    with pytest.raises(DataError, match="no judged week has 13 weeks after it; ask for 13 weeks more"):
        backtest_alerts(table, ORDERS, np.zeros(4, np.int64))
