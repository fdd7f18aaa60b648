"""Service tickets and behaviour: there when the spec names them, beside the same other tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from uplift.simulate import Campaign, Market, make_market, make_market_for, read_market, write_campaign, write_market
from uplift.simulate.blueprint import spec_mapping
from uplift.simulate.tables import touched_before
from uplift.simulate.touchpoints import EVENTS
from uplift.spec import parse_spec

if TYPE_CHECKING:
    from pathlib import Path

START = pd.Timestamp("2026-03-02")
TABLES = ("orders", "refunds", "coupons", "contacts")


@pytest.fixture(scope="module")
def touched() -> Market:
    return make_market(n_customers=2_000, seed=7, touchpoints=True)


@pytest.fixture(scope="module")
def campaign(touched: Market) -> Campaign:
    return touched.run(dict.fromkeys(touched.customers["会员ID"], "small"))


def test_the_other_tables_are_the_same_with_and_without(touched: Market, campaign: Campaign) -> None:
    plain = make_market(n_customers=2_000, seed=7)
    assert plain.service.empty
    assert plain.behaviour.empty
    for name in ("customers", *TABLES, "truth"):
        pd.testing.assert_frame_equal(getattr(plain, name), getattr(touched, name))
    after = plain.run(dict.fromkeys(plain.customers["会员ID"], "small"))
    assert after.service.empty
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(after, name), getattr(campaign, name))


def test_the_same_seed_gives_the_same_tickets_and_events(touched: Market, campaign: Campaign) -> None:
    again = make_market(n_customers=2_000, seed=7, touchpoints=True)
    second = again.run(dict.fromkeys(again.customers["会员ID"], "small"))
    for name in ("service", "behaviour"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(touched, name))
        pd.testing.assert_frame_equal(getattr(second, name), getattr(campaign, name))
    other = touched.run(dict.fromkeys(touched.customers["会员ID"], "small"), draw=1)
    assert not other.behaviour.equals(campaign.behaviour)


def test_what_happened_before_and_after_the_start_is_kept_apart(touched: Market, campaign: Campaign) -> None:
    end = START + pd.Timedelta(days=120)
    for name, time in (("service", "创建时间"), ("behaviour", "发生时间")):
        before, after = getattr(touched, name)[time], getattr(campaign, name)[time]
        assert before.max() < START <= after.min()
        assert after.max() < end
        assert before.is_monotonic_increasing
        assert set(getattr(touched, name)["会员ID"]) <= set(touched.customers["会员ID"])
    assert touched.behaviour["发生时间"].min() > START - pd.Timedelta(days=401)


def test_values_are_those_that_the_columns_promise(touched: Market) -> None:
    service, behaviour = touched.service, touched.behaviour
    assert list(service) == ["会员ID", "创建时间", "是否投诉", "物流评分", "原因", "是否解决"]
    assert service["是否投诉"].dtype == service["是否解决"].dtype == np.bool_
    assert set(service["物流评分"].dropna()) <= {1.0, 2.0, 3.0, 4.0, 5.0}
    complaint, stars = service["是否投诉"].to_numpy(), service["物流评分"].to_numpy(float)
    assert np.nanmean(stars[complaint]) < np.nanmean(stars[~complaint]) - 1.0
    assert set(behaviour["事件"]) == set(EVENTS)
    brought, invites = behaviour["带来毛利"].to_numpy(), (behaviour["事件"] == "邀请").to_numpy()
    assert np.array_equal(brought > 0.0, invites)


def test_visits_follow_activity(touched: Market) -> None:
    visits = touched.behaviour["会员ID"].value_counts()
    orders = touched.orders[touched.orders["支付时间"] > START - pd.Timedelta(days=365)]["会员ID"].value_counts()
    both = pd.DataFrame({"visits": visits, "orders": orders}).reindex(touched.customers["会员ID"]).fillna(0.0)
    ranks = both.rank().to_numpy(float)
    assert np.corrcoef(ranks.T)[0, 1] > 0.7
    assert 0.8 < both["visits"].sum() / both["orders"].sum() < 3.0


def test_visits_fall_before_a_last_order_and_nearly_end_after_it(touched: Market) -> None:
    past, ids = touched.world.past, touched.customers["会员ID"].to_numpy()
    gone = ~past.there & (past.last_order > -300.0) & (past.last_order < -60.0) & (past.n_orders >= 5)
    last = pd.Series(past.last_order, index=ids)
    seen = touched.behaviour[touched.behaviour["会员ID"].isin(ids[gone])]
    since = (seen["发生时间"] - START).dt.total_seconds() / 86_400 - seen["会员ID"].map(last).to_numpy()
    early, late, after = (((since >= a) & (since < a + 28)).sum() for a in (-84, -28, 0))
    assert late < 0.85 * early
    assert after < 0.25 * late


def test_those_who_leave_complain_more_often(touched: Market) -> None:
    past, ids = touched.world.past, touched.customers["会员ID"].to_numpy()
    complaints = touched.service[touched.service["是否投诉"]]["会员ID"].value_counts().reindex(ids).fillna(0).to_numpy()
    per_order = [complaints[who].sum() / past.n_orders[who].sum() for who in (past.there, ~past.there)]
    assert per_order[1] > 2.0 * per_order[0]


def test_a_spec_says_which_columns_are_written() -> None:
    mapping = spec_mapping("fresh_grocery")
    service = {"table": "s.csv", "id": "u", "time": "t", "where": {"状态": ["关闭"]}}
    behaviour = {"table": "b.csv", "id": "u", "time": "t", "count": "n", "channel": "c"}
    data = mapping["data"]
    assert isinstance(data, dict)
    spec = parse_spec({**mapping, "data": {**data, "service": service, "behaviour": behaviour}})
    market = make_market_for(spec, n_customers=200, seed=1)
    assert list(market.service) == ["u", "t", "状态"]
    assert list(market.behaviour) == ["u", "t", "n", "c"]
    visits = touched_before(market.sheets(), market.world).behaviour.columns["kind"] == EVENTS[0]
    assert len(market.behaviour) == visits.sum()


def test_both_are_written_and_grow_with_the_campaign(tmp_path: Path) -> None:
    small = make_market(n_customers=200, seed=7, touchpoints=True)
    files = write_market(small, tmp_path)
    assert {"售后工单.parquet", "行为.parquet"} <= {path.name for path in files}
    pd.testing.assert_frame_equal(read_market(tmp_path).behaviour, small.behaviour)
    assigned = dict.fromkeys(small.customers["会员ID"], "small")
    write_campaign(tmp_path, assigned)
    added = small.run(assigned)
    for name, before, after in (("售后工单", small.service, added.service), ("行为", small.behaviour, added.behaviour)):
        whole = pd.concat([before, after], ignore_index=True)
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / f"{name}.parquet"), whole, check_dtype=False)
