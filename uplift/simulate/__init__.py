"""A market with known truth, before and after a campaign."""

from __future__ import annotations

from uplift.simulate.market import Campaign, Market, make_market, make_market_for

__all__ = ["Campaign", "Market", "make_market", "make_market_for"]
