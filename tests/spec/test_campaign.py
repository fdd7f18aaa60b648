from __future__ import annotations

from datetime import datetime
from typing import Any

from uplift.spec import parse_spec
from uplift.spec.campaign import Campaign, all_codes


def campaign(**written: object) -> Campaign:
    return Campaign.model_validate(written)


def test_days_are_half_open() -> None:
    days = campaign(start="2026-03-02", end="2026-03-31", coupon_expiry="2026-04-07", as_of="2026-03-01")
    assert days.start_at == datetime(2026, 3, 2)
    assert days.end_at == datetime(2026, 4, 1)
    assert days.expiry_at == datetime(2026, 4, 8)
    assert days.as_of_at == datetime(2026, 3, 1)


def test_a_time_of_day_is_the_instant_itself() -> None:
    days = campaign(start="2025-10-31T20:00:00", end="2025-11-11T23:59:59")
    assert days.start_at == datetime(2025, 10, 31, 20)
    assert days.end_at == days.expiry_at == datetime(2025, 11, 11, 23, 59, 59)
    assert days.as_of_at == days.start_at


def test_valid_days_count_from_the_end() -> None:
    assert campaign(start="2026-04-01", end="2026-06-30", coupon_valid_days=14).expiry_at == datetime(2026, 7, 15)


def test_nothing_said() -> None:
    empty = campaign()
    assert (empty.start_at, empty.end_at, empty.expiry_at, empty.as_of_at) == (None, None, None, None)


def test_codes(minimal: dict[str, Any]) -> None:
    assert all_codes(None) == ()
    spec = parse_spec(minimal)
    assert spec.campaign_codes == ("fresh",)
    assert spec.codes_by_arm == {"coupon": ("fresh",)}
    minimal["campaign"]["codes"] = ["A", "B"]
    assert parse_spec(minimal).codes_by_arm == {"coupon": ("A", "B")}
    minimal["campaign"]["codes"] = {"coupon": ["A", "B"], "control": "A"}
    spec = parse_spec(minimal)
    assert spec.campaign_codes == ("A", "B")
    assert spec.codes_by_arm == {"coupon": ("A", "B"), "control": ("A",)}
