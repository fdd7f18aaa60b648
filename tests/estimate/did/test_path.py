from __future__ import annotations

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.estimate.did import NEVER, EventPath, Panel, estimate_att_gt, read_path


def make_panel(rng: np.random.Generator) -> Panel:
    """Return 60 units over periods 1 to 5, a third treated from 3 on and a third from 4 on."""
    outcome = rng.normal(size=(60, 5)).round(2)
    cohort = np.repeat(np.array([3, 4, NEVER]), 20)
    return Panel(np.array([f"u{i}" for i in range(60)], object), np.arange(1, 6), outcome, cohort)


def test_reads_the_effects_by_event_time() -> None:
    effects = estimate_att_gt(make_panel(np.random.default_rng(1)), base="universal").aggregate("dynamic")
    path = read_path(effects)
    assert (path.event_time.tolist(), path.reference) == ([-3, -2, 0, 1, 2], -1)
    assert path.estimate.tolist() == [effect.estimate for effect in effects][1:]
    assert np.sqrt(np.diag(path.covariance)) == pytest.approx([effect.std_error for effect in effects][1:])
    assert (path.n_before, path.n_after, path.distance.tolist()) == (2, 3, [-2, -1, 1, 2, 3])
    assert path.average([0, 2]).tolist() == [0, 0, 0.5, 0, 0.5]


def test_another_reference() -> None:
    effects = estimate_att_gt(make_panel(np.random.default_rng(1)), base="universal", anticipation=1)
    path = read_path(effects.aggregate("dynamic"))
    assert (path.reference, path.n_before, path.n_after) == (-2, 1, 4)
    assert path.average().tolist() == [0, 0, *[1 / 3] * 3]


def test_impossible_input() -> None:
    found = estimate_att_gt(make_panel(np.random.default_rng(1)))
    with pytest.raises(EstimationError, match="estimate them with base='universal'"):
        read_path(found.aggregate("dynamic"))
    with pytest.raises(EstimationError, match="none is by event time"):
        read_path(found.aggregate("simple"))
    eye = np.eye(2)
    with pytest.raises(EstimationError, match="2 event times need shapes"):
        EventPath(np.array([-2, 0]), np.zeros(3), eye)
    with pytest.raises(EstimationError, match="without a gap or repetition"):
        EventPath(np.array([-2, 1]), np.zeros(2), eye)
    with pytest.raises(EstimationError, match="0 periods before the reference -1 and 2 after it"):
        EventPath(np.array([0, 1]), np.zeros(2), eye)
    with pytest.raises(EstimationError, match="must be finite"):
        EventPath(np.array([-2, 0]), np.array([np.nan, 1.0]), eye)
    with pytest.raises(EstimationError, match=r"event_times \[\] must be among those"):
        EventPath(np.array([-2, 0]), np.zeros(2), eye).average([])
