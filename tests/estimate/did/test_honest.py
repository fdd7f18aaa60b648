from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.estimate.did import EventPath, bound_trends
from uplift.estimate.did.relative import RelativeTest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from uplift.estimate.did.honest import Departure


@pytest.fixture(scope="module")
def medicaid(data_file: Callable[[str], Path]) -> EventPath:
    """Return the effect of Medicaid's expansion in 2014 on coverage by year, 2008 to 2015 against 2013."""
    with np.load(data_file("honest_did/ehec.npz")) as held:
        return EventPath(np.array([-6, -5, -4, -3, -2, 0, 1]), held["b"], held["V"])


def make_path(trend: NDArray[np.float64], rng: np.random.Generator | None = None, error: float = 0.1) -> EventPath:
    """Return estimates of a zero effect under ``trend``, at event times -3, -2, 0, 1."""
    covariance = error**2 * (np.eye(4) + 1.0)
    noise = np.zeros(4) if rng is None else rng.multivariate_normal(np.zeros(4), covariance)
    return EventPath(np.array([-3, -2, 0, 1]), trend + noise, covariance)


def test_relative_limits_as_published(medicaid: EventPath) -> None:
    """HonestDiD README (hybrid test, 1,000 grid points), to its grid."""
    found = bound_trends(medicaid, limits=[0.5, 1.0, 1.5, 2.0], event_times=[0])
    assert [row.ci_lower for row in found.rows] == pytest.approx([0.0241, 0.0171, 0.00859, -0.00107], abs=1e-3)
    assert [row.ci_upper for row in found.rows] == pytest.approx([0.0673, 0.0720, 0.0796, 0.0883], abs=1e-3)
    assert (found.estimate, found.std_error) == pytest.approx((0.046447, 0.009152), abs=1e-6)
    assert 1.5 < found.breakdown < 2.0
    assert found.is_claimed


def test_smooth_limits_as_published(medicaid: EventPath) -> None:
    """HonestDiD README, fixed-length intervals."""
    found = bound_trends(medicaid, departure="smooth", limits=[0.0, 0.01, 0.02, 0.03, 0.04, 0.05], event_times=[0])
    lower, upper = [0.0259, 0.0132, 0.00286, -0.00714, -0.0171, -0.0271], [0.0607, 0.0787, 0.0907, 0.101, 0.111, 0.121]
    assert [row.ci_lower for row in found.rows] == pytest.approx(lower, abs=3e-4)
    assert [row.ci_upper for row in found.rows] == pytest.approx(upper, abs=3e-4)
    assert 0.02 < found.breakdown < 0.03
    assert not found.is_claimed


def test_smooth_with_one_period_before_by_hand() -> None:
    """Event times -2 and 0, independent, variance 1: a straight gap is removed by adding the estimate of -2.

    3 + 1 = 4 with variance 2; a bend of M at -1 biases by M: half = sqrt(2) cv(M / sqrt(2)).
    """
    path = EventPath(np.array([-2, 0]), np.array([1.0, 3.0]), np.eye(2))
    found = bound_trends(path, departure="smooth", limits=[0.0, 100.0])
    assert found.rows[0].ci_lower == pytest.approx(4.0 - 1.959964 * np.sqrt(2.0), abs=1e-6)
    assert found.rows[1].ci_upper == pytest.approx(4.0 + 100.0 + 1.644854 * np.sqrt(2.0), abs=1e-6)


def test_certain_estimates_give_the_identified_set() -> None:
    """Steps before: 0.3 and -0.1, so 0.3 is the largest; effect 2 at 0 is in 2 -+ 0.3 M."""
    path = EventPath(np.array([-3, -2, 0]), np.array([-0.2, 0.1, 2.0]), 1e-10 * np.eye(3))
    found = bound_trends(path, limits=[0.5, 2.0])
    assert [(row.ci_lower, row.ci_upper) for row in found.rows] == [
        pytest.approx((1.85, 2.15), abs=1e-3),
        pytest.approx((1.4, 2.6), abs=1e-3),
    ]
    assert found.breakdown == pytest.approx(2.0 / 0.3, abs=1e-3)


def test_later_periods_and_means_widen_with_time() -> None:
    """At event time 1 the gap may have moved twice: 2 -+ 2 x 0.3; the mean of 0 and 1 by 1.5 x 0.3."""
    path = EventPath(np.array([-3, -2, 0, 1]), np.array([-0.2, 0.1, 2.0, 2.0]), 1e-10 * np.eye(4))
    for times, reach in ([1], 0.6), (None, 0.45):
        row = bound_trends(path, limits=[1.0], event_times=times).rows[0]
        assert (row.ci_lower, row.ci_upper) == pytest.approx((2.0 - reach, 2.0 + reach), abs=1e-3)


@pytest.mark.parametrize(("departure", "limit", "scale"), [("relative", 0.5, 1.0), ("smooth", 0.01, 10.0)])
def test_scale_and_sign(medicaid: EventPath, departure: Departure, limit: float, scale: float) -> None:
    turned = EventPath(medicaid.event_time, -10.0 * medicaid.estimate, 100.0 * medicaid.covariance)
    plain = bound_trends(medicaid, departure=departure, limits=[limit]).rows[0]
    other = bound_trends(turned, departure=departure, limits=[limit * scale]).rows[0]
    assert other.ci_lower == pytest.approx(-10.0 * plain.ci_upper, rel=0.01)
    assert other.ci_upper == pytest.approx(-10.0 * plain.ci_lower, rel=0.02)


def test_breakdown_ends() -> None:
    """No effect breaks down at once; an effect without any trend before it never."""
    assert bound_trends(make_path(np.zeros(4)), limits=[0]).breakdown == 0.0
    certain = EventPath(np.array([-2, 0]), np.array([0.0, 1.0]), 1e-10 * np.eye(2))
    assert bound_trends(certain, limits=[0]).breakdown == np.inf


def coverage(worlds: int, trend: tuple[float, ...], limit: float) -> float:
    """Return how often 0 is accepted at event time 0, by the honest test."""
    rng = np.random.default_rng(int(1e6 * limit) + worlds)
    covariance = make_path(np.zeros(4)).covariance
    draws = rng.multivariate_normal(np.zeros(4), covariance, 10_000)
    inside = []
    for _ in range(worlds):
        path = make_path(np.array(trend), rng)
        inside.append(RelativeTest(path, path.average([0]), draws, 0.05).accepts_zero(limit))
    return float(np.mean(inside))


def test_covers_a_violation_within_the_limit_briefly() -> None:
    """Steps of 0.4 and 0 before, 0.4 after: the plain interval would miss nearly always."""
    assert coverage(60, (-0.4, 0.0, 0.4, 0.4), 1.0) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 60)
    assert coverage(60, (-0.4, 0.0, 0.4, 0.4), 0.0) <= 0.3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("trend", "limit"),
    [((0.0, 0.0, 0.0, 0.0), 0.0), ((-0.4, 0.0, 0.4, 0.4), 1.0), ((0.1, 0.05, -0.1, -0.2), 2.0)],
)
def test_covers_a_violation_within_the_limit(trend: tuple[float, ...], limit: float) -> None:
    worlds = 500
    assert coverage(worlds, trend, limit) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / worlds)


def test_impossible_input(medicaid: EventPath) -> None:
    with pytest.raises(EstimationError, match=r"limits \[-1.0\] must be numbers from 0 on"):
        bound_trends(medicaid, limits=[-1.0])
    with pytest.raises(EstimationError, match=r"event_times \[-2\] must be among those after the reference: \[0, 1\]"):
        bound_trends(medicaid, event_times=[-2])
    with pytest.raises(EstimationError, match=r"confidence_level == 0.1 must be in \(0.5, 1\)"):
        bound_trends(medicaid, confidence_level=0.1)
    flat = EventPath(np.array([-3, -2, 0]), np.ones(3), np.diag([0.0, 0.0, 1.0]))
    joined = EventPath(np.array([-2, 0, 1]), np.ones(3), np.array([[1.0, 0, 0], [0, 1, 1], [0, 1, 1]]))
    with pytest.raises(EstimationError, match="a step between two periods has no variance"):
        bound_trends(joined, limits=[0.0])
    with pytest.raises(EstimationError, match="periods before treatment is singular"):
        bound_trends(flat, departure="smooth")
