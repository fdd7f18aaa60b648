from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from uplift.spec import parse_spec

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.errors import Problem

    Problems = Callable[[object], list[Problem]]

DAYS = {"name": "店庆", "from": "2026-03-18", "to": "2026-03-20"}


def test_days_include_both_ends(minimal: dict[str, Any]) -> None:
    assert parse_spec(minimal).calendar.is_empty
    minimal["calendar"] = {"region": "CN", "extra": [DAYS, {**DAYS, "to": "2026-03-20T06:00:00"}]}
    calendar = parse_spec(minimal).calendar
    assert [(days.begins, days.ends) for days in calendar.extra] == [
        (datetime(2026, 3, 18), datetime(2026, 3, 21)),
        (datetime(2026, 3, 18), datetime(2026, 3, 20, 6)),
    ]
    assert not calendar.is_empty


@pytest.mark.parametrize(
    ("written", "code", "path", "message"),
    [
        ({"region": "US"}, "bad_value", "region", "got 'US'; allowed: 'CN'"),
        (
            {"extra": [{**DAYS, "to": "2026-03-17"}]},
            "bad_order",
            "extra[0].to",
            "got 2026-03-17, before 'from' 2026-03-18",
        ),
        ({"extra": [{**DAYS, "to": "3/20"}]}, "bad_date", "extra[0].to", "got '3/20'; write a date 2026-03-01"),
        (
            {"extra": [{**DAYS, "until": 1}]},
            "unknown_key",
            "extra[0].until",
            "'until' is no key of this block; allowed: name, from, to",
        ),
        (
            {"extra": [{"name": "x", "to": "2026-03-17"}]},
            "missing_key",
            "extra[0].from",
            "'from' is missing; this block needs: name, from, to",
        ),
        ({"regoin": "CN"}, "unknown_key", "regoin", "'regoin' is no key of this block; did you mean 'region'?"),
    ],
)
def test_refusals(
    minimal: dict[str, Any], problems: Problems, written: dict[str, object], code: str, path: str, message: str
) -> None:
    minimal["calendar"] = written
    (problem,) = problems(minimal)
    assert (problem.code, problem.path) == (code, f"calendar.{path}")
    assert problem.message.startswith(message)


def test_a_window_beyond_the_years_that_are_shipped_is_refused(minimal: dict[str, Any], problems: Problems) -> None:
    minimal["calendar"] = {"region": "CN"}
    minimal["campaign"] = {"start": "2030-10-20", "end": "2030-10-31"}
    (problem,) = problems(minimal)
    assert (problem.code, problem.path) == ("out_of_range", "calendar.region")
    assert problem.message == (
        "CN holds the years 2019 to 2030, and the window runs from 2030-10-20 to 2031-01-18; "
        "remove it, and write the days under calendar.extra"
    )
    minimal["campaign"] = {"start": "2030-09-20", "end": "2030-10-31"}
    assert problems(minimal) == []
