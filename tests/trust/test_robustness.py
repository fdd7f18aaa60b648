from __future__ import annotations

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.trust.robustness import benchmark_confounder, find_robustness

ESTIMATE, ERROR, DF = 0.09731582, 0.02325654, 783


def test_published_robustness() -> None:
    """Violence in Darfur, Cinelli and Hazlett (2020), table 1: 13.9 %, 7.6 %, 2.2 %."""
    found = find_robustness(ESTIMATE, ERROR, df=DF)
    assert found.value == pytest.approx(0.1388, abs=5e-5)
    assert found.value_at_level == pytest.approx(0.0763, abs=5e-5)
    assert found.partial_r2 == pytest.approx(0.0219, abs=5e-5)


@pytest.mark.parametrize(
    ("strength", "treatment", "outcome", "estimate", "error"),
    [(1, 0.0092, 0.1246, 0.0752, 0.0219), (2, 0.0183, 0.2493, 0.0529, 0.0204), (3, 0.0275, 0.3740, 0.0304, 0.0187)],
)
def test_published_benchmarks(strength: int, treatment: float, outcome: float, estimate: float, error: float) -> None:
    """The same study with a confounder 1, 2, 3 times as strong as being female."""
    found = benchmark_confounder(ESTIMATE, ERROR, df=DF, r2_treatment=0.009081, r2_outcome=0.10903, strength=strength)
    assert (found.r2_treatment, found.r2_outcome) == pytest.approx((treatment, outcome), abs=8e-5)
    assert (found.estimate, found.std_error) == pytest.approx((estimate, error), abs=6e-5)


def test_a_confounder_of_that_strength_just_explains_it_away() -> None:
    value = find_robustness(ESTIMATE, ERROR, df=DF).value
    bias = ERROR * np.sqrt(DF) * np.sqrt(value * value / (1 - value))
    assert bias == pytest.approx(ESTIMATE)


def test_half_of_it_needs_less() -> None:
    assert find_robustness(ESTIMATE, ERROR, df=DF, q=0.5).value < find_robustness(ESTIMATE, ERROR, df=DF).value


def test_what_is_not_significant_needs_nothing() -> None:
    assert find_robustness(0.01, 0.02, df=100).value_at_level == 0.0


def test_bias_in_simulated_regressions() -> None:
    """The omitted-variable formula is exact: dropping z moves the coefficient by what it says."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=4000)
    d = 0.3 * z + rng.normal(size=4000)
    y = 0.5 * d + 0.4 * z + rng.normal(size=4000)
    short, error = _ols(y, np.column_stack([d]))
    long_, _ = _ols(y, np.column_stack([d, z]))
    found = benchmark_confounder(short, error, df=3998, r2_treatment=0.0, r2_outcome=0.0, strength=0.0)
    assert found.estimate == pytest.approx(short)
    r2_d = np.corrcoef(d, z)[0, 1] ** 2
    left_y, left_z = _left(y, d), _left(z, d)
    r2_y = np.corrcoef(left_y, left_z)[0, 1] ** 2
    assert abs(short - long_) == pytest.approx(error * np.sqrt(3998 * r2_y * r2_d / (1 - r2_d)))


def _ols(y: np.ndarray, x: np.ndarray) -> tuple[float, float]:
    design = np.column_stack([np.ones(len(y)), x])
    slopes, *_ = np.linalg.lstsq(design, y, rcond=None)
    error = y - design @ slopes
    spread = error @ error / (len(y) - design.shape[1])
    return float(slopes[1]), float(np.sqrt(spread * np.linalg.inv(design.T @ design)[1, 1]))


def _left(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    design = np.column_stack([np.ones(len(y)), x])
    return np.asarray(y - design @ np.linalg.lstsq(design, y, rcond=None)[0])


def test_bad_input() -> None:
    with pytest.raises(EstimationError, match="a standard error and q above 0"):
        find_robustness(0.1, 0.0, df=10)
    with pytest.raises(EstimationError, match=r"each lies in \[0, 1\)"):
        benchmark_confounder(0.1, 0.1, df=10, r2_treatment=1.0, r2_outcome=0.1)
    with pytest.raises(EstimationError, match="ask for a smaller one"):
        benchmark_confounder(0.1, 0.1, df=10, r2_treatment=0.4, r2_outcome=0.1, strength=2)
