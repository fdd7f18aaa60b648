"""What the campaign did, from before and after, where nobody drew lots."""

from uplift.estimate.did.group_time import AttGt, estimate_att_gt
from uplift.estimate.did.panel import NEVER, CohortSums, Panel, read_cohorts, sum_cohorts

__all__ = ["NEVER", "AttGt", "CohortSums", "Panel", "estimate_att_gt", "read_cohorts", "sum_cohorts"]
