from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from uplift.errors import DataError, UsageError
from uplift.simulate import Campaign, Market, make_market

START = pd.Timestamp("2026-03-02")
HIDDEN = ("group", "rate", "basket", "lifetime", "dropout", "affinity", "incremental_clv")


@pytest.fixture(scope="module")
def campaign(market: Market, assignment: dict[str, str]) -> Campaign:
    return market.run(assignment)


def test_the_same_seed_gives_the_same_market_and_campaign() -> None:
    first, second, other = (make_market(n_customers=300, seed=seed) for seed in (4, 4, 5))
    for name in ("customers", "orders", "contacts", "coupons", "refunds", "truth"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))
    assert not first.orders.equals(other.orders)
    everyone = dict.fromkeys(first.customers["会员ID"], "small")
    shuffled = dict(reversed(everyone.items()))
    one, two = first.run(everyone), second.run(shuffled)
    for name in ("orders", "contacts", "coupons", "refunds"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))
    assert not first.run(everyone, draw=1).orders.equals(one.orders)


def test_the_world_before_ends_before_the_start(market: Market) -> None:
    assert market.orders["支付时间"].max() < START
    assert market.refunds["退款成功时间"].max() < START
    assert market.coupons["核销时间"].max() < START
    assert market.contacts["发送时间"].max() < START
    assert market.orders["支付时间"].min() < START - pd.Timedelta(days=730)
    assert not set(market.coupons["活动编码"]) & {"FG-59-8", "FG-129-20"}


def test_the_campaign_is_seen_for_the_window_and_its_settling(campaign: Campaign) -> None:
    assert campaign.orders["支付时间"].min() >= START
    end = START + pd.Timedelta(days=120)
    assert end - pd.Timedelta(days=1) < campaign.orders["支付时间"].max() < end
    assert campaign.refunds["退款成功时间"].max() < end


def test_money_of_an_order_closes(market: Market, campaign: Campaign) -> None:
    orders = pd.concat([market.orders, campaign.orders]).set_index("订单号")
    assert orders.index.is_unique
    coupons = pd.concat([market.coupons, campaign.coupons]).dropna(subset=["核销订单号"])
    assert coupons["核销订单号"].is_unique
    face = coupons.set_index("核销订单号")["面额"].reindex(orders.index).fillna(0.0)
    rates = orders["毛利"] / (orders["实付金额"] + face)
    assert rates.between(0.17, 0.31).mean() > 0.999
    np.testing.assert_allclose(orders["实付金额"], orders["实付金额"].round(2))
    average = orders["毛利"].sum() / (orders["实付金额"] + face).sum()
    assert abs(average - 0.22) < 0.002


def test_redeemed_orders_belong_to_the_owner_at_the_time_of_redemption(market: Market, campaign: Campaign) -> None:
    orders = pd.concat([market.orders, campaign.orders]).set_index("订单号")
    used = pd.concat([market.coupons, campaign.coupons]).dropna(subset=["核销订单号"])
    found = orders.loc[used["核销订单号"]]
    assert (found["会员ID"].to_numpy() == used["会员ID"].to_numpy()).all()
    assert (found["支付时间"].to_numpy() == used["核销时间"].to_numpy()).all()
    assert (used["发券时间"] <= used["核销时间"]).all()


def test_refunds_return_about_three_percent_and_never_more_than_paid(market: Market, campaign: Campaign) -> None:
    paid = pd.concat([market.orders, campaign.orders]).set_index("订单号")["实付金额"]
    refunds = pd.concat([market.refunds, campaign.refunds])
    assert refunds["订单号"].is_unique
    assert (refunds["退款金额"].to_numpy() <= paid.loc[refunds["订单号"]].to_numpy()).all()
    assert abs(len(refunds) / len(paid) - 0.03) < 0.004


def test_the_treated_get_two_messages_and_the_control_none(campaign: Campaign, assignment: dict[str, str]) -> None:
    arm = campaign.contacts["会员ID"].map(assignment)
    assert set(arm) == {"small", "large"}
    assert (campaign.contacts.groupby("会员ID").size() == 2).all()
    assert set(campaign.contacts["单价"]) == {0.05}
    codes = campaign.coupons["活动编码"]
    assert (codes == campaign.coupons["会员ID"].map(assignment).map({"small": "FG-59-8", "large": "FG-129-20"})).all()


def test_tables_hold_nothing_of_the_truth(market: Market, campaign: Campaign) -> None:
    tables = (market.customers, market.orders, market.coupons, market.contacts, market.refunds)
    columns = {str(name) for table in (*tables, campaign.orders, campaign.coupons) for name in table.columns}
    assert not columns & set(HIDDEN)
    assert not columns & set(market.truth.columns)
    numbers = market.customers["会员ID"].astype(int)
    net = market.truth[market.truth["arm"] == "small"]["incremental_clv"]
    assert abs(np.corrcoef(numbers, net)[0, 1]) < 0.06


def test_the_known_case_is_the_story() -> None:
    truth = make_market(n_customers=20_000, seed=0).truth
    net = truth.groupby(["arm", "group"])["incremental_clv"].mean()
    mean = truth[truth["arm"] == "small"]["incremental_clv"].mean()
    assert net["small", "frequent"] < -5.0
    assert net["large", "frequent"] < net["small", "frequent"]
    assert 7.0 < net["small", "growing"] < 14.0
    assert net["small", "growing"] > 4.0 * mean
    assert net["large", "growing"] < net["small", "growing"]
    for group in ("annoyed_regular", "annoyed_occasional"):
        assert -1.0 < net["small", group] < -0.3
    redeemed = truth.groupby(["arm", "group"])["redeemed_orders"].mean()
    assert redeemed["large", "frequent"] == redeemed["large"].max()


def test_the_frequent_redeem_at_seven_in_ten(market: Market) -> None:
    group = market.truth[market.truth["arm"] == "small"].set_index("unit_id")["group"]
    frequent = group.index[group == "frequent"]
    for arm, least, most in (("small", 0.6, 0.8), ("large", 0.45, 0.7)):
        coupons = market.run(dict.fromkeys(market.customers["会员ID"], arm)).coupons
        used = coupons.dropna(subset=["核销时间"])["会员ID"].unique()
        assert least < np.isin(frequent, used).mean() < most


def test_null_arms_and_units_without_an_arm_get_nothing(market: Market, assignment: dict[str, str]) -> None:
    some = {unit: arm for unit, arm in assignment.items() if arm != "control"}
    frame = pd.DataFrame({"unit_id": list(assignment), "arm": [some.get(unit) for unit in assignment]})
    pd.testing.assert_frame_equal(market.run(frame).orders, market.run(some).orders)


@pytest.mark.parametrize("days", [0, 396])
def test_the_follow_up_stays_within_the_horizon_and_its_settling(market: Market, days: int) -> None:
    with pytest.raises(UsageError, match=rf"follow_up_days: got {days}; allowed is 1 to 395"):
        market.run({}, follow_up_days=days)


def test_unknown_scenarios_and_sizes_are_refused() -> None:
    with pytest.raises(UsageError, match="there is no 'boom'; choose one of fresh_grocery, null, null_costly"):
        make_market("boom")
    with pytest.raises(UsageError, match="n_customers: got 0; allowed is 1 or more"):
        make_market(n_customers=0)


def test_unknown_units_and_arms_are_refused(market: Market) -> None:
    with pytest.raises(DataError, match="assignment: unknown unit: nobody; allowed: the ids"):
        market.run({"nobody": "small"})
    unit = market.customers["会员ID"].iloc[0]
    with pytest.raises(DataError, match="assignment: unknown arm: huge; allowed: control, small, large"):
        market.run({unit: "huge"})


def test_a_market_of_one_customer_runs() -> None:
    market = make_market(n_customers=1, seed=2)
    campaign = market.run({market.customers["会员ID"].iloc[0]: "small"}, follow_up_days=5)
    assert len(campaign.contacts) == 2
