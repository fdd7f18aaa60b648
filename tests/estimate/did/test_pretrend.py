from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import norm

from uplift.errors import EstimationError
from uplift.estimate.did import (
    EventPath,
    check_before,
    check_pretrend,
    estimate_att_gt,
    estimate_event_study,
    pretrend_power,
)

if TYPE_CHECKING:
    from uplift.estimate.did import Panel


def test_one_period_by_hand() -> None:
    """-0.6 at -2 with variance 0.09: (0.6/0.3)² = 4 on one degree, p = .0455; slope 0.6 +- 0.3 per period.

    Detected four times in five: 0.3 (1.960 + 0.842) = 0.84 but for the other tail; at event time 0 it adds 0.84.
    """
    found = check_pretrend(EventPath(np.array([-2, 0]), np.array([-0.6, 1.0]), np.diag([0.09, 0.09])))
    assert (found.statistic, found.df) == pytest.approx((4.0, 1))
    assert found.p_value == pytest.approx(2 * norm.sf(2.0))
    assert (found.slope, found.slope_error) == pytest.approx((0.6, 0.3))
    assert found.slope_half_power == pytest.approx(0.3 * 1.960, abs=1e-4)
    assert found.slope_high_power == pytest.approx(0.3 * (1.960 + 0.8416), abs=1e-4)
    assert found.bias_high_power == pytest.approx(found.slope_high_power)
    assert found.is_seen


def test_detectable_slopes_have_their_power(counties: Panel) -> None:
    path = estimate_event_study(counties).path
    found = check_pretrend(path)
    before = path.distance[: path.n_before].astype(np.float64)
    assert pretrend_power(path, found.slope_half_power * before) == pytest.approx(0.5, abs=1e-6)
    assert pretrend_power(path, found.slope_high_power * before) == pytest.approx(0.8, abs=1e-6)
    assert pretrend_power(path, 0.0 * before) == pytest.approx(0.05, abs=1e-9)
    assert found.bias_high_power == pytest.approx(found.slope_high_power * (1 + 2 + 3 + 4) / 4)
    assert found.df == 3


def test_all_cells_before_treatment(counties: Panel) -> None:
    """R package did 2.5.1 prints 0.16812 for the five cells of 2006 and 2007."""
    found = check_before(estimate_att_gt(counties))
    assert found.df == 5
    assert found.p_value == pytest.approx(0.16812, abs=5.1e-6)
    with pytest.raises(EstimationError, match="no cohort has an effect before treatment"):
        check_before(estimate_att_gt(counties.take(counties.cohort != 2007), anticipation=2))


def test_power_by_simulation() -> None:
    """The share of 4,000 draws under a slope of 0.3 that the test rejects."""
    rng = np.random.default_rng(3)
    covariance = 0.25 * (np.eye(4) + 1.0)
    path = EventPath(np.array([-4, -3, -2, 0]), np.zeros(4), covariance)
    trend = 0.3 * np.array([-3.0, -2, -1])
    draws = trend + rng.multivariate_normal(np.zeros(3), covariance[:3, :3], 4000)
    statistic = np.einsum("ni,ij,nj->n", draws, np.linalg.inv(covariance[:3, :3]), draws)
    assert float((statistic > 7.8147).mean()) == pytest.approx(pretrend_power(path, trend), abs=0.03)


def test_scale() -> None:
    path = EventPath(np.array([-3, -2, 0]), np.array([0.2, -0.1, 1.0]), np.eye(3))
    large = EventPath(path.event_time, 100 * path.estimate, 1e4 * path.covariance)
    one, other = check_pretrend(path), check_pretrend(large)
    assert (other.statistic, other.p_value) == pytest.approx((one.statistic, one.p_value))
    assert other.slope_half_power == pytest.approx(100 * one.slope_half_power)


def test_impossible_input() -> None:
    path = EventPath(np.array([-3, -2, 0]), np.zeros(3), np.eye(3))
    with pytest.raises(EstimationError, match=r"alpha == 0.7 must be in \(0, 0.5\)"):
        check_pretrend(path, alpha=0.7)
    with pytest.raises(EstimationError, match="2 periods before treatment has rank 1"):
        check_pretrend(replace(path, covariance=np.ones((3, 3))))
    with pytest.raises(EstimationError, match=r"trend has the shape \(3,\), must be \(2,\)"):
        pretrend_power(path, np.zeros(3))
