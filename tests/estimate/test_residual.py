"""An effect on an index with the correction of the past sample."""

from __future__ import annotations

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.estimate import correct_effect
from uplift.results import Effect, Measure


def effect(estimate: float, error: float, df: float) -> Effect:
    return Effect(
        "residual", Measure("money", "CNY"), "surrogate_boosted", "itt", "a", "control", "overall", "", estimate,
        error, df, 0.0, 0.0, 1.0, None, 10.0, 0.5, 0.1, 0.9, 50, 50, "A",
    )  # fmt: skip


def test_by_hand() -> None:
    # terms 0, 1, 2, 3: mean 1.5, s² = 5/3, s² / m = 5/12; own variance 1 on 9 df
    found = correct_effect(effect(2.0, 1.0, 9.0), np.array([0.0, 1.0, 2.0, 3.0]))
    assert found.estimate == 3.5
    assert found.std_error == pytest.approx(np.sqrt(1 + 5 / 12))
    # Satterthwaite: (17/12)² / (1/9 + (5/12)² / 3)
    assert found.df == pytest.approx((17 / 12) ** 2 / (1 / 9 + (5 / 12) ** 2 / 3))
    assert found.ci_lower < 3.5 < found.ci_upper
    assert (found.ci_lower + found.ci_upper) / 2 == pytest.approx(3.5)
    assert found.rel_effect is None


def test_terms_without_spread_add_their_mean_alone() -> None:
    found = correct_effect(effect(2.0, 1.0, np.inf), np.ones(5))
    assert (found.estimate, found.std_error, found.df) == (3.0, 1.0, np.inf)


def test_refusals() -> None:
    with pytest.raises(EstimationError, match="1 terms, must be two or more finite numbers"):
        correct_effect(effect(2.0, 1.0, 9.0), np.ones(1))
    with pytest.raises(EstimationError, match="must be two or more finite"):
        correct_effect(effect(2.0, 1.0, 9.0), np.array([1.0, np.nan]))
