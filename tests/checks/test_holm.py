from __future__ import annotations

import pytest

from uplift.checks.holm import adjust_family
from uplift.results import CheckResult


def test_holm_over_those_that_ran() -> None:
    """Of three tests .0004 is times 3 and .0006 times 2; .0012 fails neither."""
    family = [
        CheckResult("srm.loss", "pass", 1.0, 0.0006, level="a"),
        CheckResult("srm.loss", "skipped", level="b"),
        CheckResult("srm.loss", "pass", 1.0, 0.0003, level="c"),
        CheckResult("srm.loss", "pass", 1.0, 0.5, level="d"),
    ]
    adjusted = adjust_family(family, 0.001)
    assert [check.status for check in adjusted] == ["pass", "skipped", "fail", "pass"]
    assert [check.p_value for check in adjusted] == [pytest.approx(0.0012), None, pytest.approx(0.0009), 0.5]
    assert adjusted[0].facts["p_unadjusted"] == 0.0006


def test_nothing_to_adjust() -> None:
    assert adjust_family([], 0.001) == ()
