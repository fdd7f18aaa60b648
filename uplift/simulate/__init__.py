"""A market with known truth, before and after a campaign."""

from __future__ import annotations

from uplift.simulate.market import Campaign, Market, make_market, make_market_for
from uplift.simulate.trial import Trial, make_trial, write_trial
from uplift.simulate.write import read_market, write_campaign, write_market

__all__ = [
    "Campaign",
    "Market",
    "Trial",
    "make_market",
    "make_market_for",
    "make_trial",
    "read_market",
    "write_campaign",
    "write_market",
    "write_trial",
]
