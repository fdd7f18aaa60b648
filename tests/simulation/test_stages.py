"""Who a customer is as of a moment: steady in a steady market, and blind to what comes later."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

import uplift
from tests.simulation.loop import tables_of
from tests.simulation.worlds import seed_of
from uplift.customers.history import History
from uplift.customers.lifecycle import classify_lifecycle, expected_gap, settle_rule
from uplift.customers.lifetime import fit_customers
from uplift.data import open_warehouse
from uplift.simulate import make_market

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uplift.customers.lifecycle import LifecycleMethod
    from uplift.simulate import Market

START = datetime(2026, 3, 2)
MONTH = timedelta(days=30)


@cache
def steady_market() -> Market:
    """Return a market in which nothing changes but who is there."""
    return make_market("stationary", n_customers=12_000, seed=seed_of("tests/simulation/test_stages.py::stationary"))


@pytest.mark.parametrize("method", ["five_stage", "six_stage"])
def test_few_change_stage_in_a_month_without_an_order_or_a_missed_gap(method: LifecycleMethod) -> None:
    market = steady_market()
    with open_warehouse(market.spec, tables=tables_of(market)) as warehouse:
        moments = (START - MONTH, START)
        before, after = (History.from_columns(warehouse.history(moment)) for moment in moments)
        purchases = [warehouse.purchases(moment) for moment in moments]
    model = fit_customers(purchases[0]).purchase
    assert model is not None
    names = ("frequency", "recency_days", "age_days")
    alive = [model.alive(*(np.asarray(one[name], dtype=np.float64) for name in names)) for one in purchases]
    rule = settle_rule(before)
    now = classify_lifecycle(before, rule=rule, method=method, alive=alive[0])
    later = classify_lifecycle(after, rule=rule, method=method, alive=alive[1])
    np.testing.assert_array_equal(before.unit_id, after.unit_id)
    quiet, changed = (before.n_orders == after.n_orders) & (before.n_orders > 0), now.codes != later.codes
    gap, since = expected_gap(before, population_gap=rule.population_gap or 0.0), before.last_order_days
    marks = (2.5,) if method == "five_stage" else (1.5, 2.5)
    missed_now = np.any([(since <= mark * gap) & (since + 30 > mark * gap) for mark in marks], axis=0)
    assert (changed & quiet & ~missed_now).mean() <= 0.10
    # Nor of those alone who stayed within their gap all the month: all that is left is growing older.
    within = quiet & (since + 30 <= marks[0] * gap)
    assert within.sum() > 400
    assert changed[within].mean() <= 0.10


@cache
def with_future() -> tuple[Market, Mapping[str, pd.DataFrame]]:
    """Return a market and its tables with the rows of a campaign, and some at the moment itself, added."""
    seed = seed_of("tests/simulation/test_stages.py::future")
    market = make_market(n_customers=2_500, seed=seed, touchpoints=True)
    after = market.run(dict.fromkeys(market.customers["会员ID"], "small"))
    times = {"orders": "支付时间", "contacts": "发送时间", "service": "创建时间", "behaviour": "发生时间"}
    tables = dict(tables_of(market))
    del tables["units"]
    for role, rows in tables.items():
        added = getattr(after, role)
        first = added.head(50 if role in times else 0).copy()
        if role in times:
            first[times[role]] = pd.Timestamp(START)
        if role == "orders":
            first["订单号"] = [f"9{row:09d}" for row in range(len(first))]
        tables[role] = pd.concat([rows, first, added], ignore_index=True)
    return market, {"units": market.customers, **tables}


def _same(one: object, other: object) -> None:
    left, right = (dict(getattr(columns, "values")) for columns in (one, other))  # noqa: B009 - any columns
    assert left.keys() == right.keys()
    for name in left:
        np.testing.assert_array_equal(left[name], right[name], err_msg=name)


def test_rows_at_and_after_the_moment_change_no_feature() -> None:
    market, tables = with_future()
    with (
        open_warehouse(market.spec, tables=tables_of(market)) as plain,
        open_warehouse(market.spec, tables=tables) as longer,
    ):
        assert longer.row_counts["orders"] > plain.row_counts["orders"]
        ids = plain.history(START).unit_id
        for read in ("history", "purchases", "wide"):
            one, other = (getattr(each, read)(START) for each in (plain, longer))
            np.testing.assert_array_equal(one.unit_id, other.unit_id)
            _same(one, other)
        weeks = [each.weekly(ids, end=START, n_weeks=10) for each in (plain, longer)]
        for name in type(weeks[0]).__slots__:
            np.testing.assert_array_equal(getattr(weeks[0], name), getattr(weeks[1], name), err_msg=name)


def test_rows_at_and_after_the_moment_change_no_stage_no_tier_and_no_draw() -> None:
    market, tables = with_future()
    plain, longer = (uplift.design_experiment(market.spec, tables=each) for each in (tables_of(market), tables))
    for name in ("strata", "arms"):
        assert getattr(plain.assignment, name) == getattr(longer.assignment, name)
    for name in ("unit_id", "stratum", "arm", "holdout", "fold", "t0"):
        np.testing.assert_array_equal(getattr(plain.assignment, name), getattr(longer.assignment, name), err_msg=name)
    _same(plain.past, longer.past)
    assert plain.plan.measurement == longer.plan.measurement
    assert plain.plan.strata == longer.plan.strata
