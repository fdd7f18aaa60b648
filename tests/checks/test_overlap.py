from __future__ import annotations

import numpy as np
import pytest

from uplift.checks import check_overlap
from uplift.errors import EstimationError, UsageError


def test_range_is_told() -> None:
    check = check_overlap([0.1, 0.2, 0.3, 0.9], [0, 1, 0, 1])
    assert check.status == "pass"
    assert check.facts == {
        "lowest": 0.1,
        "highest": 0.9,
        "n_outside": 0,
        "share_outside": 0.0,
        "common_lowest": 0.2,
        "common_highest": 0.3,
    }


@pytest.mark.parametrize("extreme", [0.049, 0.951])
def test_near_the_edge_warns(extreme: float) -> None:
    check = check_overlap([0.5, extreme, 0.5, 0.5], [0, 1, 0, 1])
    assert (check.name, check.status) == ("overlap", "warn")
    assert (check.facts["n_outside"], check.facts["share_outside"]) == (1, 0.25)


def test_the_limits_themselves_pass() -> None:
    assert check_overlap([0.05, 0.95], [0, 1]).status == "pass"


@pytest.mark.parametrize("impossible", [0.0, 1.0, -0.1, np.nan])
def test_no_counterpart_stops(impossible: float) -> None:
    with pytest.raises(EstimationError, match=r"propensity\[1\] == .*strictly between 0 and 1; 1 of 3 units"):
        check_overlap([0.5, impossible, 0.5], [0, 1, 1])


def test_refusals() -> None:
    with pytest.raises(UsageError, match=r"propensity has shape \(2,\) and arm \(3,\)"):
        check_overlap([0.5, 0.5], [0, 1, 1])
    with pytest.raises(UsageError, match=r"arm has the values \[0, 2\]"):
        check_overlap([0.5, 0.5], [0, 2])
