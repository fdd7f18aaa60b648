"""Was it sound: counts, loss, balance, overlap, conduct, and what strata hide."""

from uplift.checks.balance import check_balance
from uplift.checks.conduct import check_assignment, check_contamination, check_cost_stand_in, check_settled
from uplift.checks.hidden import check_hidden_difference
from uplift.checks.loss import check_loss
from uplift.checks.overlap import check_overlap
from uplift.checks.residual import (
    FeatureRange,
    check_backends,
    check_comparability,
    check_kappa,
    check_lifetime,
    check_surrogacy,
)
from uplift.checks.srm import check_srm, check_srm_strata, skip_srm
from uplift.checks.window import check_calendar, check_window_length

__all__ = [
    "FeatureRange",
    "check_assignment",
    "check_backends",
    "check_balance",
    "check_calendar",
    "check_comparability",
    "check_contamination",
    "check_cost_stand_in",
    "check_hidden_difference",
    "check_kappa",
    "check_lifetime",
    "check_loss",
    "check_overlap",
    "check_settled",
    "check_srm",
    "check_srm_strata",
    "check_surrogacy",
    "check_window_length",
    "skip_srm",
]
