"""Was it sound: counts, loss, balance, overlap, conduct, and what strata hide."""

from uplift.checks.balance import check_balance
from uplift.checks.conduct import check_assignment, check_contamination, check_cost_stand_in, check_settled
from uplift.checks.hidden import check_hidden_difference
from uplift.checks.loss import check_loss
from uplift.checks.overlap import check_overlap
from uplift.checks.srm import check_srm, check_srm_strata, skip_srm

__all__ = [
    "check_assignment",
    "check_balance",
    "check_contamination",
    "check_cost_stand_in",
    "check_hidden_difference",
    "check_loss",
    "check_overlap",
    "check_settled",
    "check_srm",
    "check_srm_strata",
    "skip_srm",
]
