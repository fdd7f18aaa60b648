"""Windows that are too short for some customers, and windows with promotions in them."""

from __future__ import annotations

from uplift.checks import check_calendar, check_window_length

UNITS = {"often": 300, "rare": 100, "new": 100}


def test_strata_with_long_gaps_are_listed() -> None:
    # 2.5 x 36 = 90 is just enough, 2.5 x 36.5 = 91.25 is not
    found = check_window_length({"often": 36.0, "rare": 36.5}, UNITS, window_days=90)
    assert found.status == "warn"
    assert found.facts == {
        "strata": ("rare",), "n_strata": 1, "share": 0.2, "longest": 36.5, "days": 90, "least": 2.5,
    }  # fmt: skip


def test_a_long_window_passes() -> None:
    found = check_window_length({"often": 20.0, "rare": 30.0}, UNITS, window_days=90)
    assert (found.status, found.facts["strata"], found.facts["share"]) == ("pass", (), 0.0)


def test_nobody_with_a_rhythm() -> None:
    found = check_window_length({}, {}, window_days=90)
    assert (found.status, found.facts["longest"], found.facts["share"]) == ("pass", None, 0.0)


def test_promotions_are_named() -> None:
    found = check_calendar([("618", 20), ("店庆", 3)], window_days=90)
    assert (found.status, found.facts["names"], found.facts["days"]) == ("warn", ("618", "店庆"), (20, 3))
    assert found.facts["total"] == 23
    assert check_calendar([], window_days=90).status == "pass"
