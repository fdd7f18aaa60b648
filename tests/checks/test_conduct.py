from __future__ import annotations

import pytest

from uplift.checks import check_assignment, check_contamination, check_cost_stand_in, check_settled
from uplift.errors import UsageError


def test_assignment_is_equality() -> None:
    check = check_assignment(n_missing=0, n_extra=0, n_changed=0)
    assert (check.name, check.status, check.p_value) == ("assignment.lock", "pass", None)


@pytest.mark.parametrize("counts", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_one_unit_off_fails(counts: tuple[int, int, int]) -> None:
    check = check_assignment(n_missing=counts[0], n_extra=counts[1], n_changed=counts[2])
    assert check.status == "fail"
    assert check.facts == {"n_missing": counts[0], "n_extra": counts[1], "n_changed": counts[2]}


def test_contamination() -> None:
    assert check_contamination(n_redeemed=5, n_control=1000).status == "pass"
    check = check_contamination(n_redeemed=20, n_control=1000)
    assert (check.name, check.status, check.facts["share"]) == ("contamination", "warn", 0.02)
    assert check_contamination(n_redeemed=20, n_control=1000, limit=0.05).status == "pass"
    assert check_contamination(n_redeemed=0, n_control=0).status == "skipped"


def test_settled() -> None:
    check = check_settled(n_settled=10, n_units=10, through="2026-08-01")
    assert (check.status, check.facts["share"], check.facts["through"]) == ("pass", 1.0, "2026-08-01")
    check = check_settled(n_settled=4, n_units=10, through="2026-06-01")
    assert (check.name, check.status, check.facts["share"]) == ("settled", "warn", 0.4)
    assert check_settled(n_settled=0, n_units=0, through="2026-06-01").status == "warn"


def test_cost_stand_in() -> None:
    assert check_cost_stand_in(()) == ()
    (check,) = check_cost_stand_in(("coupons", "contacts"))
    assert (check.name, check.status, check.facts) == ("cost.stand_in", "warn", {"roles": ("coupons", "contacts")})


def test_impossible_counts() -> None:
    with pytest.raises(UsageError, match="n_extra == -1, must not be negative"):
        check_assignment(n_missing=0, n_extra=-1, n_changed=0)
    with pytest.raises(UsageError, match="n_redeemed == 3, must not exceed n_control == 2"):
        check_contamination(n_redeemed=3, n_control=2)
    with pytest.raises(UsageError, match="n_settled == 3, must not exceed n_units == 2"):
        check_settled(n_settled=3, n_units=2, through="2026-06-01")
