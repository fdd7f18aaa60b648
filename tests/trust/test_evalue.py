from __future__ import annotations

import numpy as np
import pytest

from uplift.errors import EstimationError
from uplift.trust.evalue import find_e_value, find_e_value_of_difference

PRINTED = [
    (3.9, 1.8, 8.7, 7.2630, 3.0),
    (10.73, 8.02, 14.36, 20.94777, 15.52336),
    (0.80, 0.71, 0.91, 1.80902, 1.428571),
]


@pytest.mark.parametrize(("ratio", "low", "high", "estimate", "limit"), PRINTED)
def test_printed_values(ratio: float, low: float, high: float, estimate: float, limit: float) -> None:
    """VanderWeele and Ding (2017) and the vignette of the R package EValue."""
    found = find_e_value(ratio, ci_lower=low, ci_upper=high)
    assert found.estimate == pytest.approx(estimate, abs=5e-5)
    if ratio > 1:
        assert found.limit == pytest.approx(limit, abs=5e-5)


def test_an_interval_with_one_needs_no_confounder() -> None:
    assert find_e_value(1.2, ci_lower=0.9, ci_upper=1.6).limit == 1.0
    assert find_e_value(1.0, ci_lower=0.9, ci_upper=1.1).estimate == 1.0


def test_a_ratio_and_its_inverse_need_the_same() -> None:
    up, down = find_e_value(2.0, ci_lower=1.5, ci_upper=3.0), find_e_value(0.5, ci_lower=1 / 3, ci_upper=1 / 1.5)
    assert (up.estimate, up.limit) == pytest.approx((down.estimate, down.limit))


def test_of_a_difference() -> None:
    found = find_e_value_of_difference(-0.5, 0.1)
    assert found.risk_ratio == pytest.approx(np.exp(-0.455))
    inverse = np.exp(0.455)
    assert found.estimate == pytest.approx(inverse + np.sqrt(inverse * (inverse - 1)))
    limit = np.exp(0.455 - 0.178)
    assert found.limit == pytest.approx(limit + np.sqrt(limit * (limit - 1)))


def test_bad_input() -> None:
    with pytest.raises(EstimationError, match="must lie above 0 and in its interval"):
        find_e_value(2.0, ci_lower=3.0, ci_upper=4.0)
    with pytest.raises(EstimationError, match="a standard error is 0 or more"):
        find_e_value_of_difference(0.1, -1.0)
