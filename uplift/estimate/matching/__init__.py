"""Treated units beside untreated ones that were as likely to be treated."""

from uplift.estimate.matching.abadie_imbens import estimate_att_abadie_imbens
from uplift.estimate.matching.att import estimate_att_matched
from uplift.estimate.matching.balance import Balance, BalanceRow, check_match_balance, describe_balance
from uplift.estimate.matching.matches import Matches, match_propensity

__all__ = [
    "Balance",
    "BalanceRow",
    "Matches",
    "check_match_balance",
    "describe_balance",
    "estimate_att_abadie_imbens",
    "estimate_att_matched",
    "match_propensity",
]
