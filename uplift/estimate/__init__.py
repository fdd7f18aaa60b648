"""What the campaign did on average."""

from uplift.estimate.itt import Contrast, Reading, estimate_itt
from uplift.stats.adjust import adjust_means

__all__ = ["Contrast", "Reading", "adjust_means", "estimate_itt"]
