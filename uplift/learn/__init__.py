"""Who answers: effects that vary with features, learned from all units."""

from uplift.learn.cate import CateEstimate
from uplift.learn.causal_forest import CausalForest
from uplift.learn.nuisance import Nuisance
from uplift.learn.settings import ForestSettings
from uplift.learn.uplift_forest import UpliftForest

__all__ = ["CateEstimate", "CausalForest", "ForestSettings", "Nuisance", "UpliftForest"]
