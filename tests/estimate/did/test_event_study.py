from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.estimate.did import (
    NEVER,
    CohortSums,
    Panel,
    estimate_att_gt,
    estimate_event_study,
    multiplier_critical,
    read_event_study,
    simultaneous_critical,
    sum_cohorts,
)
from uplift.estimate.itt import Reading

if TYPE_CHECKING:
    from numpy.typing import NDArray


def test_one_cohort_by_hand() -> None:
    """Treated 5, 6, 9 and controls 1, 1, 2 on average: against period 2, -1+0 = -1 at -2 and 3-1 = 2 at 0.

    Both groups have two units whose changes to period 2 differ by 2: variance 2 / 2 / 2 x (1/2 per group) each.
    """
    outcome = np.array([[4.0, 6, 8], [6, 6, 10], [0, 1, 3], [2, 1, 1]])
    panel = Panel(np.array(list("abcd"), object), np.array([1, 2, 3]), outcome, np.array([3, 3, NEVER, NEVER]))
    study = estimate_event_study(panel)
    assert study.path.event_time.tolist() == [-2, 0]
    assert study.path.estimate.tolist() == [-1.0, 2.0]
    assert [effect.level for effect in study.effects] == ["", "-2", "0"]
    # Changes to -2: treated -2, 0, controls -1, 1: sum of squares 2 each over n² = 4; so 1/2 + 1/2.
    assert study.path.covariance[0, 0] == pytest.approx(1.0)


def test_after_treatment_the_base_makes_no_difference(counties: Panel) -> None:
    """R package did 2.5.1 for 0 to 3; before treatment the universal base adds up the varying one's steps."""
    study = estimate_event_study(counties)
    varying = [effect.estimate for effect in estimate_att_gt(counties).aggregate("dynamic")]
    after = study.path.event_time >= 0
    assert study.path.estimate[after] == pytest.approx([-0.01993, -0.05096, -0.13726, -0.10081], abs=5.1e-6)
    assert np.sqrt(np.diag(study.path.covariance))[after] == pytest.approx(
        [0.01183, 0.01689, 0.03644, 0.03436], abs=6e-6
    )
    assert study.effects[0].estimate == pytest.approx(varying[0])


def test_sums_serve_as_the_panel(counties: Panel) -> None:
    plain = estimate_event_study(counties)
    sums = estimate_event_study(sum_cohorts(counties))
    assert sums.band_lower.tolist() == plain.band_lower.tolist()
    assert sums.critical == plain.critical


def test_the_band_is_wider_than_each_interval(counties: Panel) -> None:
    study = estimate_event_study(counties, reading=Reading(confidence_level=0.9))
    each = study.effects.select(by="event_time")
    assert 1.645 < study.critical < 2.6
    assert all(low < effect.ci_lower for low, effect in zip(study.band_lower, each, strict=True))
    assert all(high > effect.ci_upper for high, effect in zip(study.band_upper, each, strict=True))


def test_critical_values() -> None:
    """Alone or perfectly correlated 1.96; K independent: Phi^-1((1 + .95^(1/K)) / 2) = 2.631 for K = 6."""
    assert simultaneous_critical(np.array([[4.0]])) == pytest.approx(1.960, abs=0.04)
    assert simultaneous_critical(np.ones((3, 3))) == pytest.approx(1.960, abs=0.04)
    assert simultaneous_critical(np.diag([1.0, 4, 9, 16, 25, 36])) == pytest.approx(2.631, abs=0.04)


def held(worlds: int) -> float:
    """Return how often the band holds a whole true path, with units that keep their level and grow together."""
    rng = np.random.default_rng(7)
    truth = np.array([0.0, 0.0, 0.0, 0.3, 0.6])
    cohort = np.repeat(np.array([4, NEVER]), 60)
    inside = []
    for _ in range(worlds):
        walk: NDArray[np.float64] = rng.normal(size=(120, 6)).cumsum(axis=1) + np.arange(6.0)
        walk[:60, 4:] += truth[3:]
        panel = Panel(np.array([f"u{i}" for i in range(120)], object), np.arange(6), walk, cohort)
        study = estimate_event_study(panel)
        inside.append(bool(np.all((study.band_lower <= truth) & (truth <= study.band_upper))))
    return float(np.mean(inside))


def test_the_band_holds_the_path_briefly() -> None:
    assert held(60) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 60)


@pytest.mark.slow
def test_the_band_holds_the_path() -> None:
    assert abs(held(500) - 0.95) <= 3.3 * np.sqrt(0.95 * 0.05 / 500)


def test_multiplier_bands_agree_with_the_gaussian_ones(counties: Panel) -> None:
    """Influence has the analytic covariance, and 500 counties are many enough for both critical values to agree."""
    found = estimate_att_gt(counties, keep_influence=True)
    assert found.influence is not None
    assert found.influence.T @ found.influence == pytest.approx(estimate_att_gt(counties).covariance, abs=1e-12)
    assert multiplier_critical(found) == pytest.approx(simultaneous_critical(found.covariance), abs=0.2)
    with pytest.raises(EstimationError, match="no influence was kept"):
        multiplier_critical(estimate_att_gt(counties))
    with pytest.raises(EstimationError, match="sums know no covariates and no units"):
        estimate_att_gt(sum_cohorts(counties), keep_influence=True)


def test_impossible_input(counties: Panel) -> None:
    with pytest.raises(EstimationError, match="base='universal'"):
        read_event_study(estimate_att_gt(counties))
    with pytest.raises(EstimationError, match="1 of 2 estimates have no variance"):
        simultaneous_critical(np.diag([1.0, 0.0]))
    lone = CohortSums(np.arange(2), np.array([1, NEVER]), np.array([2, 2]), np.zeros((2, 2)), np.ones((2, 2, 2)))
    with pytest.raises(EstimationError, match="two periods or more before treatment"):
        estimate_event_study(lone)
