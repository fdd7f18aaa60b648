from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from uplift.checks.contrast import contrast_test


def test_independent_contrasts_by_hand() -> None:
    """2² / 1 + 3² / 9 = 5 on 2 degrees of freedom."""
    test = contrast_test(np.array([2.0, 3.0]), np.diag([1.0, 9.0]))
    assert test.statistic == pytest.approx(5.0)
    assert test.df == 2
    assert test.p_value == pytest.approx(chi2.sf(5.0, 2))


def test_repeated_contrast_counts_once() -> None:
    value = np.array([2.0, 2.0, -4.0])
    once = np.array([1.0, 1.0, -2.0])
    test = contrast_test(value, np.outer(once, once))
    assert test.statistic == pytest.approx(4.0)
    assert test.df == 1


def test_units_do_not_matter() -> None:
    covariance = np.array([[2.0, 0.5], [0.5, 1.0]])
    scale = np.array([1e-6, 1e6])
    plain = contrast_test(np.array([1.0, -1.0]), covariance)
    scaled = contrast_test(np.array([1.0, -1.0]) * scale, covariance * np.outer(scale, scale))
    assert scaled.statistic == pytest.approx(plain.statistic)
    assert scaled.df == plain.df == 2


def test_no_spread_is_no_test() -> None:
    test = contrast_test(np.zeros(2), np.zeros((2, 2)))
    assert (test.statistic, test.df, test.p_value) == (0.0, 0, 1.0)
