"""What the campaign did on average."""

from uplift.estimate.curve import estimate_curve
from uplift.estimate.itt import Contrast, Reading, estimate_itt
from uplift.estimate.late import check_first_stage, estimate_late, find_late_set
from uplift.estimate.pull_forward import estimate_pull_forward
from uplift.estimate.residual import correct_effect
from uplift.stats.adjust import adjust_means

__all__ = [
    "Contrast",
    "Reading",
    "adjust_means",
    "check_first_stage",
    "correct_effect",
    "estimate_curve",
    "estimate_itt",
    "estimate_late",
    "estimate_pull_forward",
    "find_late_set",
]
