from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from pydantic_core import PydanticCustomError

from uplift.spec.fields import (
    Moment,
    Name,
    as_list,
    read_flag,
    read_fraction,
    read_id,
    read_moment,
    read_number,
    read_share,
    read_text,
    read_whole,
    shown,
)


def told(error: pytest.ExceptionInfo[PydanticCustomError]) -> str:
    context = error.value.context
    assert context is not None
    return str(context["parts"][0][2])


@pytest.mark.parametrize(
    ("written", "fix"),
    [
        ("40%", "write 0.4"),
        ("40\uff05", "write 0.4"),
        ("1.2万", "write 12000"),
        ("3亿", "write 300000000"),
        ("¥1,234.00", "write 1234"),
        ("8元", "write 8"),
        ("0.5", "write 0.5"),
    ],
)
def test_number_as_people_write_it_is_refused_with_the_plain_form(written: str, fix: str) -> None:
    with pytest.raises(PydanticCustomError) as error:
        read_number(written)
    assert told(error) == f"got '{written}'; a number is needed; {fix}"


@pytest.mark.parametrize("value", [True, None, "many", [1], {"a": 1}])
def test_number_refuses_what_is_none(value: object) -> None:
    with pytest.raises(PydanticCustomError) as error:
        read_number(value)
    assert told(error) == f"got {shown(value)}; a number is needed"


def test_number_refuses_infinity() -> None:
    with pytest.raises(PydanticCustomError) as error:
        read_number(float("inf"))
    assert told(error) == "got inf; a finite number is needed"


def test_whole_number() -> None:
    assert read_whole(3.0) == 3
    with pytest.raises(PydanticCustomError) as error:
        read_whole(3.5)
    assert told(error) == "got 3.5; a whole number is needed"


def test_fractions_are_exact() -> None:
    assert read_fraction(0.1) + read_fraction(0.2) == Fraction(3, 10)
    assert read_fraction("1/3") * 3 == 1
    assert read_fraction(Fraction(2, 7)) == Fraction(2, 7)
    assert read_number(Fraction(1, 4)) == 0.25


@pytest.mark.parametrize("value", [0, 1, 1.5, "3/2"])
def test_share_lies_inside_zero_and_one(value: object) -> None:
    with pytest.raises(PydanticCustomError) as error:
        read_share(value)
    assert told(error) == f"got {value}; a share lies above 0 and below 1"


def test_date_includes_its_day_and_time_does_not() -> None:
    day, hour = read_moment("2026-03-31"), read_moment("2026-03-31T20:00")
    assert (day.at, day.closes) == (datetime(2026, 3, 31), datetime(2026, 4, 1))
    assert hour.at == hour.closes == datetime(2026, 3, 31, 20)
    assert (str(day), str(hour)) == ("2026-03-31", "2026-03-31T20:00:00")
    assert read_moment(date(2026, 3, 31)) == day
    assert read_moment(datetime(2026, 3, 31, 20)) == hour
    assert read_moment(day) is day
    assert read_moment("2026-03-31 20:00:05").at.second == 5


@pytest.mark.parametrize("written", ["2026/3/1", "2026年3月1日", "2026.3.1", "2026-3-1"])
def test_other_forms_of_a_date_are_refused_with_the_fix(written: str) -> None:
    with pytest.raises(PydanticCustomError) as error:
        read_moment(written)
    assert told(error) == f"got '{written}'; write 2026-03-01"


@pytest.mark.parametrize("value", ["soon", 20260301, datetime(2026, 3, 1, tzinfo=ZoneInfo("UTC"))])
def test_what_is_no_local_time_is_refused(value: object) -> None:
    with pytest.raises(PydanticCustomError) as error:
        read_moment(value)
    assert "write a date 2026-03-01 or a local time 2026-03-01T20:00:00, without a zone" in told(error)


def test_day_that_does_not_exist_is_refused() -> None:
    with pytest.raises(PydanticCustomError) as error:
        read_moment("2026-02-30")
    assert "there is no such time" in told(error)


def test_ids() -> None:
    assert read_id("中频_2-a.b") == "中频_2-a.b"
    for bad in ("a b", "a|b", "a+b", "-a", "a/b", "x" * 65):
        with pytest.raises(PydanticCustomError) as error:
            read_id(bad)
        assert "an id starts with a letter or digit" in told(error)


def test_text_flag_and_list() -> None:
    with pytest.raises(PydanticCustomError) as error:
        read_text(123)
    assert told(error) == "got 123; a text is needed; put it in quotes"
    with pytest.raises(PydanticCustomError) as error:
        read_text("  ")
    assert told(error) == "got an empty text; a text is needed"
    with pytest.raises(PydanticCustomError) as error:
        read_flag("yes")
    assert told(error) == "got 'yes'; true or false is needed"
    assert as_list("a") == ["a"]
    assert as_list(["a"]) == ["a"]


def test_values_as_messages_show_them() -> None:
    values: tuple[object, ...] = (None, True, [1], {}, 2.5)
    assert [shown(value) for value in values] == ["nothing", "true", "a list", "a mapping", "2.5"]
    assert shown("x" * 70) == "'" + "x" * 57 + "...'"


def test_name_in_a_language() -> None:
    both, one, plain = Name(zh="高频", en="Frequent"), Name(zh="高频"), Name.model_validate("A")
    assert (both.in_language("en"), both.in_language("zh")) == ("Frequent", "高频")
    assert (one.in_language("en"), plain.in_language("zh"), plain.in_language("en")) == ("高频", "A", "A")
    assert Name.model_validate(both) == both
    assert Moment(datetime(2026, 1, 1), is_date=True).is_date
