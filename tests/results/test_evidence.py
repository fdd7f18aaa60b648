from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from uplift.results import grade

if TYPE_CHECKING:
    from uplift.results.evidence import Evidence, Method


@pytest.mark.parametrize(
    ("method", "compliance", "bounds_pass", "expected"),
    [
        ("randomised", True, False, "A"),
        ("randomised", False, False, "B"),
        ("late", True, False, "B"),
        ("aipw", True, False, "B"),
        ("aipw", True, True, "B"),
        ("cutoff", True, False, "C"),
        ("did", True, True, "C"),
        ("did", True, False, "D"),
        ("adjusted", True, True, "D"),
    ],
)
def test_grade_table(method: Method, compliance: bool, bounds_pass: bool, expected: Evidence) -> None:  # noqa: FBT001
    assert grade(method, compliance=compliance, bounds_pass=bounds_pass) == expected


def test_by_default_bounds_have_not_been_passed() -> None:
    assert grade("did") == "D"
    assert grade("randomised") == "A"
