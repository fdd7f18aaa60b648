"""What a forest can be told beside its size."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from uplift.errors import EstimationError


@dataclass(frozen=True, slots=True)
class ForestSettings:
    """Settings of a forest that rarely change.

    Parameters
    ----------
    honest
        Whether one half of a tree's rows chooses its splits and the other half estimates its leaves.
    subsample
        Share of all rows (or clusters) that one tree takes from its bag's half-sample; at most .5.
    bag_size
        Trees that share a half-sample; 4 gives the best variance for a given number of trees.
    n_try
        Features tried at a node; None for all.
    n_bins
        Bins of a feature, 2 to 255.
    alpha
        Least share of its node's rows, and of its treatment variance, that a side of a split has.
    imbalance_penalty
        Taken from a split's gain times 1/left + 1/right.
    shrink
        Rows by which arm means of a side are drawn to those of its node (uplift criteria only).
    variance
        ``pooled``: one ratio of between-bag to within-bag variance for all points. ``pointwise``: each point by
        itself, kept positive as grf does.
    n_folds
        Folds of the cross-fitted outcome and propensity models.
    """

    honest: bool = True
    subsample: float = 0.45
    bag_size: int = 4
    n_try: int | None = None
    n_bins: int = 255
    alpha: float = 0.05
    imbalance_penalty: float = 0.0
    shrink: float = 10.0
    variance: Literal["pooled", "pointwise"] = "pooled"
    n_folds: int = 5

    def __post_init__(self) -> None:
        """Refuse values that no forest can have."""
        rules = {
            "subsample": (0 < self.subsample <= 0.5, "above 0 and at most .5"),
            "bag_size": (self.bag_size >= 1, "at least 1"),
            "n_try": (self.n_try is None or self.n_try >= 1, "None or at least 1"),
            "n_bins": (2 <= self.n_bins <= 255, "from 2 to 255"),
            "alpha": (0 <= self.alpha < 0.5, "from 0 to below .5"),
            "imbalance_penalty": (self.imbalance_penalty >= 0, "at least 0"),
            "shrink": (self.shrink >= 0, "at least 0"),
            "variance": (self.variance in {"pooled", "pointwise"}, "'pooled' or 'pointwise'"),
            "n_folds": (self.n_folds >= 2, "at least 2"),
        }
        for field in fields(self):
            fits, allowed = rules.get(field.name, (True, ""))
            if not fits:
                message = f"{field.name} == {getattr(self, field.name)!r}, must be {allowed}"
                raise EstimationError(message)
