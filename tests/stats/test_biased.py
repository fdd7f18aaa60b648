from __future__ import annotations

import pytest
from scipy.stats import norm

from uplift.stats.biased import biased_critical


def test_no_bias_is_the_normal_interval() -> None:
    assert biased_critical(0.0) == pytest.approx(1.959964, abs=1e-6)


@pytest.mark.parametrize("ratio", [0.1, 0.5, 1.0, 2.0, 3.9, 4.1, 30.0])
def test_covers_exactly_at_the_largest_bias(ratio: float) -> None:
    """P(|N(b, 1)| <= c) = Phi(c - b) - Phi(-c - b)."""
    reach = biased_critical(ratio, confidence_level=0.9)
    assert norm.cdf(reach - ratio) - norm.cdf(-reach - ratio) == pytest.approx(0.9, abs=1e-8)


def test_published_value() -> None:
    """Armstrong and Kolesar (2018): a bias of half a standard error makes 1.96 into 2.18."""
    assert biased_critical(0.5) == pytest.approx(2.18, abs=0.005)
