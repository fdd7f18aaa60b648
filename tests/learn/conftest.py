"""Trials with a known effect, and rules by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.learn.forest.honest import padded_width
from uplift.learn.forest.rules import GRADIENT, Rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Features, outcome, arm and the true effect of each treatment."""

    features: NDArray[np.float64]
    outcome: NDArray[np.float64]
    arm: NDArray[np.int64]
    effect: NDArray[np.float64]


@pytest.fixture(scope="session")
def make_trial() -> Callable[..., Trial]:
    """Return the maker of a trial: the effect of treatment k is k where feature 0 is above 0, else 0."""

    def make(n: int, *, seed: int = 0, n_arms: int = 2, n_features: int = 4, noise: float = 1.0) -> Trial:
        rng = np.random.default_rng(seed)
        features = rng.normal(size=(n, n_features))
        arm = rng.integers(0, n_arms, n)
        effect = (features[:, :1] > 0) * np.arange(1.0, n_arms)
        gain = np.concatenate([np.zeros((n, 1)), effect], axis=1)[np.arange(n), arm]
        outcome = features[:, 1] + gain + noise * rng.normal(size=n)
        return Trial(features, outcome, arm, effect)

    return make


@pytest.fixture(scope="session")
def make_rules() -> Callable[..., Rules]:
    """Return the maker of rules that limit nothing unless told."""

    def make(kind: int = GRADIENT, *, n_treatments: int = 1, weighted: bool = False, **limits: float) -> Rules:
        pairs = n_treatments * (n_treatments + 1) // 2
        width = padded_width((2 + 2 * n_treatments + pairs if kind == GRADIENT else 3) + weighted)
        plain = {"min_leaf": 1, "min_arm": 0, "max_depth": 0, "n_try": 0}
        counts = {name: int(limits.get(name, value)) for name, value in plain.items()}
        free = {"alpha": 0.0, "penalty": 0.0, "shrink": 0.0, "min_gain": 1e-12}
        shares = {name: float(limits.get(name, value)) for name, value in free.items()}
        n_sums = width if kind == GRADIENT else width * (n_treatments + 1)
        return Rules(
            kind=kind,
            n_treatments=n_treatments,
            first=int(weighted),
            n_values=width,
            n_sums=n_sums,
            min_leaf=counts["min_leaf"],
            min_arm=counts["min_arm"],
            max_depth=counts["max_depth"],
            n_try=counts["n_try"],
            alpha=shares["alpha"],
            penalty=shares["penalty"],
            shrink=shares["shrink"],
            min_gain=shares["min_gain"],
        )

    return make
