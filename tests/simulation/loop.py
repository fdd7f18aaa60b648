"""The whole loop on a market in memory: design, campaign, analysis."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pandas as pd

import uplift
from uplift.simulate import make_market

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uplift.simulate import Market

ROLES = ("orders", "refunds", "coupons", "contacts", "service", "behaviour")


def tables_of(market: Market) -> dict[str, pd.DataFrame]:
    """Return the tables that the market's spec names."""
    named = [role for role in ROLES if getattr(market.spec.data, role) is not None]
    return {"units": market.customers, **{role: getattr(market, role) for role in named}}


def run_on(market: Market, *, follow_up_days: int | None = None) -> tuple[uplift.Design, Mapping[str, pd.DataFrame]]:
    """Design and run the campaign; return the design and the tables after it."""
    before = tables_of(market)
    design = uplift.design_experiment(market.spec, tables=before)
    assigned = {"unit_id": design.assignment.unit_id, "arm": design.assignment.arm_labels}
    after = market.run(assigned, follow_up_days=follow_up_days)
    added = {role: getattr(after, role) for role in before if role != "units"}
    return design, before | {role: pd.concat([before[role], rows], ignore_index=True) for role, rows in added.items()}


@cache
def run_loop(scenario: str, *, n_customers: int, seed: int, follow_up_days: int | None = None) -> uplift.Analysis:
    """Return the analysis of a scenario's market."""
    market = make_market(scenario, n_customers=n_customers, seed=seed)
    design, tables = run_on(market, follow_up_days=follow_up_days)
    return uplift.analyze_experiment(market.spec, design, tables=tables)
