"""What the campaign did, from before and after, where nobody drew lots."""

from uplift.estimate.did.dip import check_dip
from uplift.estimate.did.event_study import (
    EventStudy,
    estimate_event_study,
    multiplier_critical,
    read_event_study,
    simultaneous_critical,
)
from uplift.estimate.did.group_time import AttGt, estimate_att_gt
from uplift.estimate.did.honest import TrendBound, TrendBounds, bound_trends
from uplift.estimate.did.panel import NEVER, CohortSums, Panel, read_cohorts, sum_cohorts
from uplift.estimate.did.path import EventPath, read_path
from uplift.estimate.did.pretrend import Pretrend, check_before, check_pretrend, pretrend_power
from uplift.estimate.did.triple import Season, estimate_triple
from uplift.estimate.did.two_by_two import estimate_did, estimate_did_panel

__all__ = [
    "NEVER",
    "AttGt",
    "CohortSums",
    "EventPath",
    "EventStudy",
    "Panel",
    "Pretrend",
    "Season",
    "TrendBound",
    "TrendBounds",
    "bound_trends",
    "check_before",
    "check_dip",
    "check_pretrend",
    "estimate_att_gt",
    "estimate_did",
    "estimate_did_panel",
    "estimate_event_study",
    "estimate_triple",
    "multiplier_critical",
    "pretrend_power",
    "read_cohorts",
    "read_event_study",
    "read_path",
    "simultaneous_critical",
    "sum_cohorts",
]
