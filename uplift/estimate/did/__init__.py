"""What the campaign did, from before and after, where nobody drew lots."""

from uplift.estimate.did.group_time import AttGt, estimate_att_gt
from uplift.estimate.did.honest import TrendBound, TrendBounds, bound_trends
from uplift.estimate.did.panel import NEVER, CohortSums, Panel, read_cohorts, sum_cohorts
from uplift.estimate.did.path import EventPath, read_path

__all__ = [
    "NEVER",
    "AttGt",
    "CohortSums",
    "EventPath",
    "Panel",
    "TrendBound",
    "TrendBounds",
    "bound_trends",
    "estimate_att_gt",
    "read_cohorts",
    "read_path",
    "sum_cohorts",
]
