"""Boosted trees, by the name under which value models know them."""

from uplift.stats.trees import Objective, TreeRules, Trees, fit_trees, hash_order

__all__ = ["Objective", "TreeRules", "Trees", "fit_trees", "hash_order"]
