from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from uplift.data import open_warehouse, promotion_days, windows_in
from uplift.data.calendar.windows import CalendarWindow, uncovered_years
from uplift.errors import DataError
from uplift.spec.calendar import YEARS

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.spec import ExperimentSpec

    SpecOf = Callable[..., ExperimentSpec]

ANNIVERSARY = {"name": {"zh": "店庆", "en": "Anniversary"}, "from": "2026-03-18", "to": "2026-03-20"}
FIRST_LUNAR_DAY = (
    *("2019-02-05", "2020-01-25", "2021-02-12", "2022-02-01", "2023-01-22", "2024-02-10"),
    *("2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26", "2029-02-13", "2030-02-03"),
)


def calendar(spec_of: SpecOf, **block: Any) -> ExperimentSpec:  # noqa: ANN401 - a block of a spec
    return spec_of("units", calendar=block)


def windows_of(spec: ExperimentSpec, year: int) -> list[CalendarWindow]:
    return list(windows_in(spec, datetime(year, 1, 1), datetime(year + 1, 1, 1)))


def test_spring_festival_runs_from_new_years_eve_for_seven_days(spec_of: SpecOf) -> None:
    spec = calendar(spec_of, region="CN")
    for text in FIRST_LUNAR_DAY:
        first = date.fromisoformat(text)
        (found,) = [one for one in windows_of(spec, first.year) if one.name == "spring_festival"]
        assert (found.first, found.last, found.n_days) == (first - timedelta(1), first + timedelta(5), 7)


@pytest.mark.parametrize("year", range(2019, 2031))
def test_every_year_holds_the_days_that_everybody_knows(spec_of: SpecOf, year: int) -> None:
    spec = calendar(spec_of, region="CN")
    days = set(promotion_days(spec, date(year, 1, 1), date(year, 12, 31)).tolist())
    assert {date(year, 3, 8), date(year, 6, 18), date(year, 11, 11), date(year, 12, 12)} <= days
    names = {one.name for one in windows_of(spec, year)}
    assert names == {
        *("new_year_goods", "spring_festival", "womens_day", "mid_year_618", "double_11", "double_12"),
    }
    phases = {(one.name, one.phase) for one in windows_of(spec, year)}
    assert {("double_11", "presale"), ("double_11", "payment"), ("mid_year_618", "payment")} <= phases
    assert (("mid_year_618", "presale") in phases) == (year != 2024)
    announced = {one.by_rule for one in windows_of(spec, year) if one.name in {"double_11", "mid_year_618"}}
    assert announced == {year > 2025}


def test_phases_of_a_promotion_follow_each_other(spec_of: SpecOf) -> None:
    windows = windows_in(calendar(spec_of, region="CN"), datetime(2020, 10, 1), datetime(2020, 12, 1))
    assert [(one.phase, str(one.first), str(one.last)) for one in windows] == [
        ("presale", "2020-10-21", "2020-10-31"),
        ("payment", "2020-11-01", "2020-11-03"),
        ("presale", "2020-11-04", "2020-11-10"),
        ("main", "2020-11-11", "2020-11-11"),
    ]


def test_windows_are_cut_to_the_days_that_are_asked_for(spec_of: SpecOf) -> None:
    """[2 March, 20 March): 1 day of the anniversary is left out; a day of which a part lies inside counts."""
    spec = calendar(spec_of, region="CN", extra=[ANNIVERSARY])
    found = windows_in(spec, datetime(2026, 3, 2), datetime(2026, 3, 20))
    assert [(one.name, one.zh, one.n_days) for one in found] == [
        ("womens_day", "38 节", 6),
        ("womens_day", "38 节", 1),
        ("Anniversary", "店庆", 2),
    ]
    assert windows_in(spec, datetime(2026, 3, 20, 23), datetime(2026, 3, 21))[0].n_days == 1
    assert windows_in(spec, datetime(2026, 3, 21), datetime(2026, 3, 22)) == ()


def test_people_look_in_a_presale_and_buy_in_payment_main_and_own_days(spec_of: SpecOf) -> None:
    spec = calendar(spec_of, region="CN", extra=[ANNIVERSARY, {**ANNIVERSARY, "to": "2026-03-19"}])
    march = promotion_days(spec, date(2026, 3, 1), date(2026, 3, 31))
    assert [str(day)[-2:] for day in march] == ["08", "18", "19", "20"]
    assert not len(promotion_days(calendar(spec_of), date(2026, 1, 1), date(2026, 12, 31)))


def test_years_that_are_not_shipped_are_no_silence(spec_of: SpecOf) -> None:
    spec = calendar(spec_of, region="CN")
    assert uncovered_years(spec, date(2017, 5, 1), date(2032, 1, 1)) == (2017, 2018, 2031, 2032)
    assert YEARS["CN"] == (2019, 2030)
    with pytest.raises(DataError, match=r"CN holds the years 2019 to 2030, and 2030-12-01 to 2031-02-28 lies outside"):
        windows_in(spec, datetime(2030, 12, 1), datetime(2031, 3, 1))
    own = calendar(spec_of, extra=[ANNIVERSARY])
    assert windows_in(own, datetime(2030, 12, 1), datetime(2031, 3, 1)) == ()
    assert uncovered_years(own, date(2017, 5, 1), date(2032, 1, 1)) == ()


def test_orders_of_promotions_are_orders_and_no_rhythm(spec_of: SpecOf) -> None:
    """Without 11 November and 17, 18 February (new year): gaps of 30, 45 and 42 days; the last order is the last."""
    days = ["2025-10-01", "2025-10-31", "2025-11-11", "2025-12-15", "2026-01-26", "2026-02-17", "2026-02-18"]
    orders = pd.DataFrame({"id": "a", "oid": list("abcdefg"), "time": pd.to_datetime(days), "revenue": 1.0})
    orders = pd.concat([orders, orders.head(1).assign(id="b", oid="z", time=pd.Timestamp("2018-11-11"))])
    tables = {"units": pd.DataFrame({"id": ["a", "b", "c"]}), "orders": orders}
    moment = datetime(2026, 2, 20)
    found = {}
    for region in (None, "CN"):
        with open_warehouse(spec_of("units", "orders", calendar={"region": region}), tables=tables) as warehouse:
            found[region] = warehouse.history(moment)
            notes = [(note.code, dict(note.facts)) for note in warehouse.notes]
    plain, cleaned = found[None], found["CN"]
    for name in ("n_orders", "first_order_days", "last_order_days", "orders_90d", "order_quarters"):
        np.testing.assert_array_equal(plain[name], cleaned[name])
    assert (plain["n_gaps"][0], plain["last_gap"][0]) == (6, 1.0)
    assert (cleaned["n_gaps"][0], cleaned["last_gap"][0], cleaned["median_gap"][0]) == (3, 42.0, 42.0)
    assert cleaned["last_order_days"][0] == 2.0
    assert cleaned["n_gaps"][1:].tolist() == [0, 0]
    assert notes == [("data.calendar_years", {"n": 1, "first": 2018, "last": 2018})]
