"""The spec of the known case: a stratified test of two coupons on a fresh-grocery market."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uplift.simulate.scenario import find_scenario
from uplift.simulate.yaml_text import yaml_text
from uplift.spec import parse_spec
from uplift.spec.model import Origin

if TYPE_CHECKING:
    from uplift.spec import ExperimentSpec

TABLES = {
    "units": "会员.parquet",
    "orders": "订单.parquet",
    "refunds": "退款.parquet",
    "coupons": "券.parquet",
    "contacts": "触达.parquet",
    "service": "售后工单.parquet",
    "behaviour": "行为.parquet",
}


def scenario_spec(scenario: str, *, touchpoints: bool = False) -> ExperimentSpec:
    """Return the spec of a scenario's market.

    Parameters
    ----------
    scenario
        One of :data:`uplift.simulate.scenario.SCENARIOS`. They differ in their name and in what coupons and
        contacts cost on plan.
    touchpoints
        Whether it names the tables of service tickets and behaviour.
    """
    mapping = spec_mapping(scenario, touchpoints=touchpoints)
    spec = parse_spec(mapping)
    return spec.with_origin(Origin(spec.source, spec.base_dir, yaml_text(mapping)))


def spec_mapping(scenario: str, *, touchpoints: bool = False) -> dict[str, object]:
    """Return the same as plain data, in the order in which it is written to a file."""
    world = find_scenario(scenario)
    free = world.free or world.free_offers
    name = "fresh_coupon_2026q2" if scenario == "fresh_grocery" else f"fresh_coupon_2026q2_{scenario}"
    return {
        "version": 1,
        "experiment": {
            "id": name,
            "title": {
                "zh": "生鲜发券：高频客还是成长客",
                "en": "Fresh-grocery coupons - frequent or growing customers",
            },
            "question": {
                "zh": "同样一块钱券，发给高频客和发给中频低客单成长客，90 天增量 CLV 差几倍？",
                "en": "The same coupon money for frequent or for growing customers: how far apart is incremental CLV?",
            },
            "currency": "CNY",
            "language": "zh",
            "timezone": "Asia/Shanghai",
        },
        "campaign": {
            "start": "2026-03-02",
            "end": "2026-03-31",
            "coupon_expiry": "2026-04-07",
            "codes": {"small": ["FG-59-8"], "large": ["FG-129-20"]},
        },
        "data": {**_data(), **(_touchpoints() if touchpoints else {})},
        "eligible": {
            "where": {"平台": "京东", "orders_365d": {"min": 1}},
            "exclude": {"账号类型": ["员工", "企业采购", "疑似黄牛"]},
        },
        "strata": _strata(),
        "segments": _segments(),
        "arms": _arms(free=free),
        "contrasts": [
            {"arms": ["small", "control"], "segments": ["growing_target", "frequent"]},
            {"arms": ["large", "small"]},
        ],
        "assignment": {"method": "blocked", "seed": 20260302, "holdout": 0.02},
        "outcomes": _outcomes(),
        "budget": _budget(),
    }


def _data() -> dict[str, object]:
    return {
        "units": {"table": TABLES["units"], "id": "会员ID", "consent": "营销授权"},
        "orders": {
            "table": TABLES["orders"],
            "id": "会员ID",
            "order_id": "订单号",
            "time": "支付时间",
            "revenue": "实付金额",
            "margin": "毛利",
            "margin_is": "before_coupon",
            "category": "类目",
            "platform": "平台",
            "where": {"订单状态": ["已发货", "已完成"]},
        },
        "refunds": {"table": TABLES["refunds"], "order_id": "订单号", "time": "退款成功时间", "amount": "退款金额"},
        "coupons": {
            "table": TABLES["coupons"],
            "id": "会员ID",
            "campaign": "活动编码",
            "tier": "券档",
            "issued": "发券时间",
            "redeemed": "核销时间",
            "order_id": "核销订单号",
            "face": "面额",
            "our_share": "商家承担比例",
        },
        "contacts": {
            "table": TABLES["contacts"],
            "id": "会员ID",
            "campaign": "活动编码",
            "time": "发送时间",
            "channel": "渠道",
            "cost": "单价",
            "unsubscribed": "退订",
        },
    }


def _touchpoints() -> dict[str, object]:
    return {
        "service": {
            "table": TABLES["service"],
            "id": "会员ID",
            "time": "创建时间",
            "complaint": "是否投诉",
            "rating": "物流评分",
            "reason": "原因",
            "resolved": "是否解决",
        },
        "behaviour": {
            "table": TABLES["behaviour"],
            "id": "会员ID",
            "time": "发生时间",
            "kind": "事件",
            "value": "带来毛利",
        },
    }


def _strata() -> dict[str, object]:
    return {
        "lifecycle": "five_stage",
        "value_tier": {"by": "trailing_margin", "cuts": [100, 500, 2000], "names": ["低值", "中值", "高值", "顶值"]},
        "frequency": {"by": "orders_90d", "cuts": [3, 9], "names": ["低频", "中频", "高频"]},
        "basket": {"by": "average_basket_365d", "quantiles": [0.5], "names": ["低客单", "高客单"]},
        "give_way": ["basket", "value_tier"],
        "min_cell": 50,
    }


def _segments() -> dict[str, object]:
    return {
        "frequent": {"name": {"zh": "高频活跃客", "en": "Frequent"}, "where": {"frequency": "高频"}},
        "growing_target": {
            "name": {"zh": "中频低客单成长客", "en": "Growing, mid-frequency, low basket"},
            "where": {"lifecycle": "成长客", "frequency": "中频", "basket": "低客单"},
        },
    }


def _arms(*, free: bool) -> list[dict[str, object]]:
    control = {"id": "control", "name": {"zh": "不发券", "en": "No coupon"}, "share": 0.2}
    small, large = _coupon("small", 8, 59, free=free), _coupon("large", 20, 129, free=free)
    if not free:
        small["expect"], large["expect"] = {"growing_target": 8}, {"frequent": 0}
    return [control, small, large]


def _coupon(arm: str, face: int, minimum: int, *, free: bool) -> dict[str, object]:
    cost = {"contact": 0, "redemption": 0} if free else {"contact": 0.05, "redemption": face}
    return {
        "id": arm,
        "name": {"zh": f"满{minimum}减{face}", "en": f"{face} off {minimum}"},
        "share": 0.4,
        "offer": {"face": 0 if free else face, "minimum": minimum},
        "touches": 2,
        "plan_cost": cost,
    }


def _outcomes() -> dict[str, object]:
    return {
        "primary": "incremental_clv",
        "window_days": 90,
        "settle_days": 30,
        "horizon_days": 365,
        "annual_discount_rate": 0.10,
        "secondary": ["repurchase_count", "repurchase_rate", "return_rate"],
    }


def _budget() -> dict[str, object]:
    return {
        "period": "quarter",
        "total": "current",
        "apply_to": "eligible",
        "current": [
            {"where": {"frequency": "高频"}, "arm": "large", "coverage": 0.90},
            {"where": {"lifecycle": "成长客"}, "arm": "small", "coverage": 0.15},
        ],
        "reserve": 0.2,
        "change_limit": {"decrease": 0.5, "cell_at_most": 0.4},
        "act_on": "A",
    }
