from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.errors import UsageError
from uplift.simulate import Market, make_market_for
from uplift.simulate.layout import lay_out, rate_table
from uplift.simulate.tables import Sheet, sheet_units, sheets_before
from uplift.spec import ExperimentSpec, parse_spec

if TYPE_CHECKING:
    from collections.abc import Mapping

ORDERS = {"table": "o.csv", "id": "id", "order_id": "o", "time": "t", "revenue": "r", "margin": "m"}


def _spec(orders: Mapping[str, object] = ORDERS, blocks: Mapping[str, object] | None = None) -> ExperimentSpec:
    base: dict[str, object] = {
        "version": 1,
        "experiment": {"id": "x", "currency": "CNY"},
        "campaign": {"start": "2026-03-02", "end": "2026-03-31"},
        "data": {"units": {"table": "u.csv", "id": "id"}, "orders": orders},
        "arms": [{"id": "control"}, {"id": "coupon", "plan_cost": {"redemption": 8}}],
    }
    return parse_spec({**base, **(blocks or {})})


def _orders(market: Market, **changed: object) -> dict[str, np.ndarray[tuple[int], np.dtype[np.object_]]]:
    return lay_out("orders", sheets_before(market.world).orders, _spec({**ORDERS, **changed}))


def test_without_a_condition_cancelled_attempts_are_left_out(market: Market) -> None:
    laid = _orders(market)
    assert list(laid) == ["id", "o", "t", "r", "m", "类目", "平台"]
    sheet = sheets_before(market.world).orders
    assert len(laid["o"]) == (~sheet.columns["cancelled"]).sum() == len(market.world.past.orders)
    by_platform = _orders(market, platform="p", where={"platform": "京东"})
    assert len(by_platform["o"]) == len(laid["o"])


def test_revenue_and_margin_are_as_the_spec_counts_them(market: Market) -> None:
    orders = market.world.past.orders
    paid, listed = _orders(market, margin_is="before_coupon"), _orders(market, revenue_is="list")
    np.testing.assert_allclose(listed["r"].astype(float) - paid["r"].astype(float), orders.face)
    share = np.append(sheets_before(market.world).coupons.columns["our_share"], 0.0)[orders.coupon]
    np.testing.assert_allclose(paid["m"].astype(float) - listed["m"].astype(float), orders.face * share, atol=0.011)


def test_rates_are_by_what_the_spec_names() -> None:
    assert rate_table(_spec()) is None
    assert rate_table(_spec({**ORDERS, "margin": {"rate": 0.22}})) is None
    found = rate_table(_spec({**ORDERS, "margin": {"rate": {"table": "m.csv", "by": "category", "value": "v"}}}))
    assert found is not None
    rates = dict(zip(found[1]["category"], found[1]["v"], strict=True))
    assert np.isclose(rates["水果"], (0.25 + 0.24) / 2)
    by_brand = _spec({**ORDERS, "margin": {"rate": {"table": "m.csv", "by": "brand", "value": "v"}}})
    with pytest.raises(UsageError, match=r"data\.orders\.margin\.rate\.by: got brand; a simulated market has rates by"):
        rate_table(by_brand)


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ({"eligible": {"where": {"score": {"min": 3}}}}, r"eligible\.where\.score: a simulated market has no number"),
        ({"segments": {"s": {"where": {"score": {"min": 3}}}}}, r"segments\.s\.where\.score"),
    ],
)
def test_numbers_that_are_no_metric_are_refused(market: Market, block: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        lay_out("units", sheet_units(market.world), _spec(blocks=block))


def test_a_number_in_a_table_condition_is_refused(market: Market) -> None:
    with pytest.raises(UsageError, match=r"where\.weight: a simulated market has no such number"):
        _orders(market, where={"weight": {"min": 1}})


def test_a_role_that_the_spec_has_not_is_refused_and_empty_in_the_market() -> None:
    for role in ("refunds", "coupons", "contacts"):
        with pytest.raises(UsageError, match=rf"data\.{role}: the spec has no such table"):
            lay_out(role, Sheet({}), _spec())
    plain = make_market_for(_spec(), n_customers=20)
    assert plain.coupons.empty
    assert plain.contacts.empty
    campaign = plain.run(dict.fromkeys(plain.customers["id"], "coupon"), follow_up_days=30)
    assert campaign.coupons.empty
    assert len(campaign.orders) > 0


def test_columns_of_conditions_and_strata_are_made_up(market: Market) -> None:
    stage = {"lifecycle": {"column": "阶段"}, "columns": ["大区"]}
    where = {"any_of": [{"等级": ["金"]}, {"not": {"渠道": "线下"}}]}
    units = {"table": "u.csv", "id": None, "where": {"状态": "有效"}}
    data = {"units": units, "orders": ORDERS}
    spec = _spec(blocks={"strata": stage, "eligible": {"where": where}, "data": data})
    laid = lay_out("units", sheet_units(market.world), spec, seed=1)
    assert set(laid["阶段"]) == set(laid["大区"]) == {"A", "B", "C"}
    assert set(laid["等级"]) == {"金", "其他"}
    assert set(laid["渠道"]) == {"线下", "其他"}
    assert set(laid["状态"]) == {"有效"}
    assert "id" not in laid


def test_a_market_needs_orders() -> None:
    spec = parse_spec(
        {
            "version": 1,
            "experiment": {"id": "x", "currency": "CNY"},
            "data": {"units": {"table": "u.csv", "id": "id"}},
            "arms": [{"id": "control"}, {"id": "b"}],
            "assignment": {"method": "recorded", "arm": "arm"},
            "outcomes": {"primary": {"column": "y", "kind": "money"}},
        }
    )
    with pytest.raises(UsageError, match=r"data\.orders: the spec has none; a market is made of orders"):
        make_market_for(spec)


def test_a_rule_of_stages_with_own_thresholds_needs_no_column(market: Market) -> None:
    spec = _spec(blocks={"strata": {"lifecycle": {"rule": "six_stage", "silent_days": 60}}})
    plain = lay_out("units", sheet_units(market.world), _spec())
    assert list(lay_out("units", sheet_units(market.world), spec)) == list(plain)
