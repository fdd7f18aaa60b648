from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.simulate import Market, make_market

if TYPE_CHECKING:
    from pathlib import Path

N = 3000


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """Return a seed that is the test's own id."""
    return int(hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:8], 16)


@pytest.fixture(scope="session")
def market() -> Market:
    return make_market(n_customers=N, seed=7)


@pytest.fixture(scope="session")
def null_market() -> Market:
    return make_market("null", n_customers=1500, seed=7)


@pytest.fixture(scope="session")
def costly_market() -> Market:
    return make_market("null_costly", n_customers=1500, seed=7)


@pytest.fixture(scope="session")
def assignment(market: Market) -> dict[str, str]:
    arms = np.random.default_rng(1).choice(["control", "small", "large"], N, p=[0.2, 0.4, 0.4])
    return dict(zip(market.customers["会员ID"].tolist(), arms.tolist(), strict=True))


LIKE = """
version: 1
experiment: {id: fresh, currency: CNY, language: zh}
campaign: {start: 2026-03-02, end: 2026-03-31, coupon_expiry: 2026-04-07, codes: {small: [S], large: [L]}}
data:
  units:   {table: 会员.xlsx, sheet: 会员, header_row: 2, id: 会员ID, consent: 营销授权}
  orders:  {table: "订单/*.csv", encoding: gb18030, id: 会员ID, order_id: 订单号, time: 支付时间, revenue: 实付金额,
            margin: {rate: {table: 毛利率.xlsx, by: [平台, 类目], value: 毛利率}}, category: 类目, platform: 平台,
            where: {订单状态: [已发货, 已完成]}}
  refunds: {table: 退款.csv, order_id: 订单号, time: 退款成功时间, amount: 退款金额, id: 会员ID}
  coupons: {table: 券.csv.gz, id: 会员ID, campaign: 活动编码, tier: 券档, issued: 发券时间, redeemed: 核销时间,
            order_id: 核销订单号, face: 面额, our_share: 商家承担比例}
  contacts: {table: 触达.parquet, id: 会员ID, campaign: 活动编码, time: 发送时间, delivered: 送达, channel: 渠道,
             cost: 单价, unsubscribed: 退订}
eligible: {where: {平台: 京东, orders_365d: {min: 1}, 会员等级: [金, 银]}, exclude: {账号类型: [员工], 黑名单: 是}}
strata: {lifecycle: five_stage, columns: [大区]}
segments: {gold: {where: {会员等级: 金}}}
arms:
  - {id: control, share: 0.2}
  - {id: small, share: 0.4, offer: {face: 8, minimum: 59}, touches: 2, plan_cost: {contact: 0.05, redemption: 8}}
  - {id: large, share: 0.4, offer: {face: 20, minimum: 129}, touches: 2, plan_cost: {contact: 0.05, redemption: 20}}
"""


@pytest.fixture
def like_spec(tmp_path: Path) -> Path:
    path = tmp_path / "written" / "spec.yaml"
    path.parent.mkdir()
    path.write_text(LIKE, encoding="utf-8")
    return path
