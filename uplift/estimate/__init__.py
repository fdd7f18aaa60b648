"""What the campaign did on average."""

from uplift.estimate.curve import estimate_curve
from uplift.estimate.cutoff import check_density, estimate_cutoff
from uplift.estimate.did import (
    bound_trends,
    check_dip,
    check_pretrend,
    estimate_att_gt,
    estimate_did,
    estimate_did_panel,
    estimate_event_study,
    estimate_triple,
)
from uplift.estimate.itt import Contrast, Reading, estimate_itt
from uplift.estimate.late import check_first_stage, estimate_late, find_late_set
from uplift.estimate.pull_forward import estimate_pull_forward
from uplift.estimate.residual import correct_effect
from uplift.stats.adjust import adjust_means

__all__ = [
    "Contrast",
    "Reading",
    "adjust_means",
    "bound_trends",
    "check_density",
    "check_dip",
    "check_first_stage",
    "check_pretrend",
    "correct_effect",
    "estimate_att_gt",
    "estimate_curve",
    "estimate_cutoff",
    "estimate_did",
    "estimate_did_panel",
    "estimate_event_study",
    "estimate_itt",
    "estimate_late",
    "estimate_pull_forward",
    "estimate_triple",
    "find_late_set",
]
