from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from uplift.stats.multiplicity import adjust_bh, adjust_holm

PUBLISHED = np.array(
    [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0000,
    ]
)
"""The 15 p-values of Benjamini and Hochberg (1995), section 3.2."""


def test_published_example() -> None:
    """BH rejects four, Holm and Bonferroni three at 5 %."""
    adjusted = adjust_bh(PUBLISHED)
    assert adjusted[:5] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625, 0.0603])
    assert int((adjusted <= 0.05).sum()) == 4
    assert int((adjust_holm(PUBLISHED) <= 0.05).sum()) == 3
    assert int((PUBLISHED * 15 <= 0.05).sum()) == 3


def test_holm_by_hand() -> None:
    """Sorted .01 .03 .04: 3 · .01 = .03, 2 · .03 = .06, max(.06, .04) = .06."""
    assert adjust_holm(np.array([0.04, 0.01, 0.03])) == pytest.approx([0.06, 0.03, 0.06])


def test_against_statsmodels(rng: np.random.Generator) -> None:
    for size in (1, 2, 7, 24):
        p_values = np.round(rng.random(size) ** 3, 2)
        assert adjust_holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])
        assert adjust_bh(p_values) == pytest.approx(multipletests(p_values, method="fdr_bh")[1])


def test_order_is_kept(rng: np.random.Generator) -> None:
    p_values = rng.random(12)
    order = rng.permutation(12)
    assert adjust_bh(p_values[order]).tolist() == adjust_bh(p_values)[order].tolist()
    assert adjust_holm(p_values[order]).tolist() == adjust_holm(p_values)[order].tolist()


def test_nothing_to_adjust() -> None:
    assert len(adjust_bh(np.array([]))) == len(adjust_holm(np.array([]))) == 0


def test_false_discovery_rate_is_held(rng: np.random.Generator) -> None:
    """20 nulls and 4 effects of 3 standard errors: mean false discovery proportion <= q · 20 / 24 + 3 errors."""
    z = rng.normal(size=(2000, 24))
    z[:, 20:] += 3.0
    from scipy.stats import norm

    proportions = []
    for row in 2 * norm.sf(np.abs(z)):
        rejected = adjust_bh(row) <= 0.1
        proportions.append(rejected[:20].sum() / max(rejected.sum(), 1))
    error = float(np.std(proportions)) / np.sqrt(2000)
    assert abs(np.mean(proportions) - 0.1 * 20 / 24) <= 3 * error


def test_family_wise_error_is_held(rng: np.random.Generator) -> None:
    wrong = np.mean([adjust_holm(row).min() <= 0.05 for row in rng.random((4000, 10))])
    assert abs(wrong - (1 - (1 - 0.05 / 10) ** 10)) <= 3 * np.sqrt(0.05 * 0.95 / 4000)
