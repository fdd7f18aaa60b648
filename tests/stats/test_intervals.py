from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, t

from uplift.stats.intervals import fieller, t_intervals


@pytest.mark.parametrize("df", [3.0, 17.5, 1e6])
def test_t_interval_is_scipys(df: float) -> None:
    limits = t_intervals(np.array([1.2]), np.array([0.5]), np.array([df]), confidence_level=0.9)
    assert limits.lower[0] == pytest.approx(1.2 - 0.5 * t.ppf(0.95, df))
    assert limits.upper[0] == pytest.approx(1.2 + 0.5 * t.ppf(0.95, df))
    assert limits.p_value[0] == pytest.approx(2 * t.sf(2.4, df))


def test_infinite_df_is_normal() -> None:
    limits = t_intervals(np.array([-1.2]), np.array([0.5]), np.array([np.inf]))
    assert limits.upper[0] == pytest.approx(-1.2 + 0.5 * norm.ppf(0.975))
    assert limits.p_value[0] == pytest.approx(2 * norm.sf(2.4))


def test_without_spread_the_limits_are_the_estimate() -> None:
    limits = t_intervals(np.array([2.0, 0.0]), np.zeros(2), np.array([5.0, 5.0]))
    assert limits.lower.tolist() == limits.upper.tolist() == [2.0, 0.0]
    assert limits.p_value.tolist() == [0.0, 1.0]


def test_p_value_and_interval_agree() -> None:
    """The 1 - p interval ends at zero."""
    limits = t_intervals(np.array([1.0]), np.array([0.6]), np.array([9.0]))
    again = t_intervals(
        np.array([1.0]), np.array([0.6]), np.array([9.0]), confidence_level=1.0 - float(limits.p_value[0])
    )
    assert again.lower[0] == pytest.approx(0.0, abs=1e-12)


def test_fieller_interval_by_hand() -> None:
    """Independent 10 and 5 with variance 1: a = 25 - c, b = 50, c0 = 100 - c at c = 1.96²."""
    critical = norm.ppf(0.975) ** 2
    a, b, c = 25 - critical, 50.0, 100 - critical
    found = fieller(10.0, 5.0, np.eye(2))
    assert (found.kind, found.estimate) == ("interval", 2.0)
    assert found.lower == pytest.approx((b - np.sqrt(b * b - a * c)) / a)
    assert found.upper == pytest.approx((b + np.sqrt(b * b - a * c)) / a)


@pytest.mark.parametrize(
    ("numerator", "denominator", "kind"),
    [(10.0, 5.0, "interval"), (-10.0, 5.0, "interval"), (10.0, 1.0, "rays"), (-10.0, -1.0, "rays"), (1.0, 1.0, "line")],
)
def test_three_outcomes_hold_the_right_ratios(numerator: float, denominator: float, kind: str) -> None:
    """Membership is checked against the definition, (N - r D)² <= c Var(N - r D), on a grid of ratios."""
    covariance = np.array([[1.0, 0.3], [0.3, 1.0]])
    critical = t.ppf(0.975, 12) ** 2
    found = fieller(numerator, denominator, covariance, df=12)
    assert found.kind == kind
    for ratio in np.linspace(-60.0, 60.0, 481):
        variance = 1.0 - 2 * ratio * 0.3 + ratio**2
        inside = (numerator - ratio * denominator) ** 2 <= critical * variance
        match found.kind:
            case "interval":
                assert inside == (found.lower <= ratio <= found.upper)
            case "rays":
                assert inside == (ratio <= found.lower or ratio >= found.upper)
            case "line":
                assert inside
    if kind == "line":
        assert (found.lower, found.upper) == (-np.inf, np.inf)


def test_zero_denominator_has_no_estimate() -> None:
    found = fieller(1.0, 0.0, np.eye(2))
    assert np.isnan(found.estimate)
    assert found.kind == "line"


def test_fieller_has_its_level_where_the_denominator_is_weak(rng: np.random.Generator) -> None:
    """Ratio 3 / 1.5 with unit variances: the set covers 2 in 95 %, whichever of its shapes it takes."""
    covariance = np.array([[1.0, 0.4], [0.4, 1.0]])
    draws = rng.multivariate_normal([3.0, 1.5], covariance, size=4000)
    covered, kinds = 0, set()
    for numerator, denominator in draws:
        found = fieller(float(numerator), float(denominator), covariance)
        kinds.add(found.kind)
        inside = found.lower <= 2.0 <= found.upper
        covered += found.kind == "line" or (inside if found.kind == "interval" else not found.lower < 2.0 < found.upper)
    assert kinds == {"interval", "rays", "line"}
    assert abs(covered / 4000 - 0.95) <= 3 * np.sqrt(0.05 * 0.95 / 4000)
