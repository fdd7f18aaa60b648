"""A small market in memory: two years of orders, coupons of the past, and a spec over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from uplift.data import open_warehouse
from uplift.design import Design, plan_experiment
from uplift.spec import parse_spec

if TYPE_CHECKING:
    from uplift.spec import ExperimentSpec

START = pd.Timestamp("2026-03-02")
UNITS = 1_500


def mapping(**changes: object) -> dict[str, Any]:
    """The spec of the small market; a change of None removes the block."""
    spec: dict[str, Any] = {
        "version": 1,
        "experiment": {"id": "small_market", "currency": "CNY", "language": "zh"},
        "campaign": {"start": "2026-03-02", "end": "2026-03-31", "coupon_expiry": "2026-04-07", "codes": ["SM"]},
        "data": {
            "units": {"table": "units.csv", "id": "id"},
            "orders": {
                "table": "orders.csv",
                "id": "id",
                "order_id": "order",
                "time": "at",
                "revenue": "paid",
                "margin": {"rate": 0.25},
            },
        },
        "eligible": {"where": {"kind": "person"}},
        "strata": {
            "lifecycle": "five_stage",
            "value_tier": {"by": "gross_margin_365d", "quantiles": [0.5]},
            "give_way": ["value_tier"],
            "min_cell": 20,
        },
        "segments": {"frequent": {"where": {"orders_90d": {"min": 6}}}},
        "arms": [
            {"id": "coupon", "name": {"zh": "发券"}, "share": 0.6, "plan_cost": {"contact": 0.05, "redemption": 8}},
            {"id": "control", "share": 0.4},
        ],
        "assignment": {"method": "blocked", "seed": 7, "holdout": 0.05},
        "outcomes": {"primary": "incremental_clv", "secondary": ["repurchase_rate"]},
    }
    merged = {**spec, **changes}
    return {key: value for key, value in merged.items() if value is not None}


@dataclass
class Market:
    units: pd.DataFrame
    orders: pd.DataFrame

    def plan(self, spec: ExperimentSpec, **changed: pd.DataFrame) -> Design:
        tables = {"units": self.units, "orders": self.orders, **changed}
        with open_warehouse(spec, tables=tables) as warehouse:
            return plan_experiment(spec, warehouse)


def make_small_market(seed: int = 5) -> Market:
    rng = np.random.default_rng(seed)
    rate = rng.gamma(1.5, 1 / 40, UNITS)
    joined = np.where(rng.random(UNITS) < 0.7, 760.0, rng.uniform(5, 400, UNITS))
    counts = rng.poisson(rate * joined)
    owner = np.repeat(np.arange(UNITS), counts)
    ago = rng.random(len(owner)) * joined[owner]
    ids = np.array([f"c{i:05d}" for i in range(UNITS)])
    orders = pd.DataFrame(
        {
            "id": ids[owner],
            "order": [f"o{i:06d}" for i in range(len(owner))],
            "at": START - pd.to_timedelta((ago * 86_400).round(), unit="s") - pd.Timedelta(seconds=1),
            "paid": np.round(rng.gamma(4, 20, len(owner)), 2),
        }
    )
    kind = np.where(np.arange(UNITS) % 50 == 0, "staff", "person")
    return Market(pd.DataFrame({"id": ids, "kind": kind, "arm": np.where(np.arange(UNITS) % 3 == 0, "0", "1")}), orders)


@pytest.fixture(scope="session")
def market() -> Market:
    return make_small_market()


@pytest.fixture(scope="session")
def design(market: Market) -> Design:
    return market.plan(parse_spec(mapping()))
