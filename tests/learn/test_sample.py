"""What a learner is fitted on is checked at the door."""

from __future__ import annotations

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.learn.sample import check_sample

ARM = np.repeat([0, 1], 6)
Y = np.arange(12.0)


def test_a_sound_sample_is_kept() -> None:
    sample = check_sample(12, Y, treatment=ARM == 1, propensity=np.full(12, 0.3))
    assert sample.n_arms == 2
    np.testing.assert_allclose(sample.propensity, np.tile([0.7, 0.3], (12, 1)))  # type: ignore[arg-type]


def test_equal_weights_are_no_weights_and_others_have_mean_one() -> None:
    assert check_sample(12, Y, treatment=ARM, sample_weight=np.full(12, 7.0)).weight is None
    weighted = check_sample(12, Y, treatment=ARM, sample_weight=np.arange(1.0, 13.0)).weight
    assert weighted is not None
    assert weighted.mean() == pytest.approx(1.0)


def test_clusters_become_codes() -> None:
    sample = check_sample(12, Y, treatment=ARM, cluster=[f"c{i:02d}" for i in range(12)])
    assert sample.n_units == 12
    np.testing.assert_array_equal(sample.cluster, np.arange(12))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": Y[:5]}, r"y has shape \(5,\), must be \(12,\)"),
        ({"y": np.where(Y == 3, np.nan, Y)}, "y has 1 missing or infinite values"),
        ({"y": np.where(Y == 3, np.inf, Y)}, "y has 1 missing or infinite values"),
        ({"y": ["a"] * 12}, "y holds values that are no numbers"),
        ({"treatment": np.zeros(12)}, "treatment has the values 0.0, must be 0 for the control"),
        ({"treatment": ARM * 2}, "treatment has the values 0.0, 2.0, must be 0"),
        ({"treatment": ARM + 0.5}, "treatment has the values 0.5, 1.5, must be 0"),
        ({"treatment": np.arange(12) == 0}, "treatment 1 has 1 rows, must have at least 5"),
        ({"sample_weight": -Y}, "sample_weight goes from -11.0 to"),
        ({"sample_weight": np.zeros(12)}, "sample_weight goes from 0.0 to 0.0"),
        ({"sample_weight": 1.0 - ARM}, "treatment 1 has 0 rows, must have at least 5"),
        ({"propensity": np.full(12, 1.0)}, "propensity is 0 or 1 in 12 rows, must lie between"),
        ({"propensity": np.where(Y == 0, 0.0, 0.5)}, "propensity is 0 or 1 in 1 rows"),
        ({"propensity": np.full((12, 2), 0.4)}, "rows that do not sum to 1"),
        ({"propensity": np.full(12, np.nan)}, "propensity has missing values"),
        ({"propensity": np.full((12, 3), 0.3)}, r"propensity has shape \(12, 3\), must be \(12, 2\)"),
        ({"cluster": np.zeros(3)}, r"cluster has shape \(3,\), must be \(12,\)"),
        ({"cluster": np.arange(12) // 2}, "cluster has 6 labels, must have at least 10"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(change: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"y": Y, "treatment": ARM} | change
    with pytest.raises(EstimationError, match=message):
        check_sample(12, given.pop("y"), **given)  # type: ignore[arg-type]
