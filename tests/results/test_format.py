from __future__ import annotations

import math

import pytest

from uplift.results.format import (
    Language,
    format_chance,
    format_count,
    format_date,
    format_dates,
    format_digest,
    format_interval,
    format_number,
    format_p,
    format_percent,
    format_percent_range,
    format_range,
    format_setting,
    format_statistic,
    symbol,
)
from uplift.results.measure import Measure

TOTAL = Measure("money", "CNY", "period", 90)
HEAD = Measure("money", "CNY", "treated", 90)
RATE = Measure("rate", per="assigned", days=90)


@pytest.mark.parametrize(
    ("value", "zh", "zh_cell", "en"),
    [
        (3_180_000, "318 万元", "318.0 万", "CNY 3.18 M"),
        (14_860_000, "1,486 万元", "1,486 万", "CNY 14.86 M"),
        (2_117_000, "212 万元", "211.7 万", "CNY 2.12 M"),
        (530_000, "53 万元", "53.0 万", "CNY 0.53 M"),
        (32_000, "3.2 万元", "3.2 万", "CNY 32.0 k"),
        (-1_040_000, "−104 万元", "−104.0 万", "−CNY 1.04 M"),
        (234_000_000, "2.34 亿元", "2.34 亿", "CNY 234.0 M"),
        (1_200_000_000, "12 亿元", "12.00 亿", "CNY 1.20 bn"),
        (812, "812 元", "812 元", "CNY 812"),
        (8.25, "8.2 元", "8.2 元", "CNY 8.2"),
        (0, "0", "0", "CNY 0"),
    ],
)
def test_sums_of_money(value: float, zh: str, zh_cell: str, en: str) -> None:
    assert format_number(value, TOTAL, "zh") == zh
    assert format_number(value, TOTAL, "zh", compact=True) == zh_cell
    assert format_number(value, TOTAL, "en") == en


def test_sums_of_other_currencies() -> None:
    dollars = Measure("money", "USD", "total")
    kronor = Measure("money", "SEK", "total")
    assert format_number(45_000, dollars, "zh") == "4.5 万美元"
    assert format_number(45_000, kronor, "zh") == "4.5 万 SEK"
    assert format_number(45_000, dollars, "en") == "USD 45.0 k"
    assert format_number(45_000, Measure("money", per="total"), "en") == "45.0 k"


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (19.8, "CNY", "+¥19.8"),
        (-8.7, "CNY", "−¥8.7"),
        (0.04, "CNY", "+¥0.04"),
        (0.769827, "USD", "+$0.77"),
        (1234.5, "JPY", "+JPY 1,234"),
        (0.0, "CNY", "¥0.0"),
    ],
)
def test_money_per_head(value: float, currency: str, text: str) -> None:
    assert format_number(value, Measure("money", currency, "assigned"), "en", signed=True) == text


def test_rates_and_their_differences() -> None:
    assert format_number(0.183, RATE, "zh") == "18.30%"
    assert format_number(0.07659, RATE, "en", signed=True) == "+7.66 pp"
    assert format_number(-0.07659, RATE, "zh", signed=True) == "−7.66 个百分点"
    assert format_number(0.07659, RATE, "zh", signed=True, compact=True) == "+7.66"


def test_other_kinds() -> None:
    assert format_number(1.2345, Measure("count"), "en") == "1.23"
    assert format_number(0.0012, Measure("count"), "en") == "0.001"
    assert format_number(12.34, Measure("days"), "zh") == "12.3"
    assert format_number(0.12345, Measure("score"), "en", signed=True) == "+0.123"


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_is_not_a_number_is_a_dash(value: float | None) -> None:
    assert format_number(value, TOTAL, "en") == "–"
    assert format_range(value, 1.0, TOTAL, "zh") == "–"
    assert format_interval(1.0, value, 1.0, TOTAL, "zh") == ""
    assert format_percent_range(value, 1.0, "zh") == ""
    texts = [format_percent(value), format_chance(value), format_p(value), format_statistic(value)]
    assert [*texts, format_setting(value)] == ["–"] * 5


def test_ranges_name_their_unit_once() -> None:
    assert format_range(2.14e6, 4.22e6, TOTAL, "zh") == "214–422 万元"
    assert format_range(2.14e6, 4.22e6, TOTAL, "en") == "2.14 to 4.22 M"
    assert format_range(-1.2e5, 3.4e5, TOTAL, "zh") == "−12 至 34 万元"
    assert format_range(-1.2, 3.4, HEAD, "en") == "−¥1.2 to ¥3.4"
    assert format_percent_range(0.58, 0.81, "en") == "58%–81%"
    assert format_percent_range(-0.08, 0.81, "en") == "−8% to 81%"


def test_an_interval_is_cut_like_its_estimate() -> None:
    assert format_interval(-8.7, -11.8, -5.6, HEAD, "zh") == "（−11.8, −5.6）"
    assert format_interval(2.2, -0.4, 4.81, HEAD, "en") == "(−0.4, 4.8)"
    assert format_interval(None, -0.4, 4.81, HEAD, "en") == "(−0.4, 4.8)"
    assert format_interval(-1.04e6, -1.5e6, -2e5, TOTAL, "en") == "(−1.50, −0.20)"


def test_shares() -> None:
    assert [format_percent(value) for value in (0.94, 0.0312, 0.004, 0.0)] == ["94%", "3.1%", "0.40%", "0%"]
    assert format_percent(0.121, signed=True) == "+12%"
    assert [format_setting(value) for value in (0.95, 0.975, 0.2)] == ["95%", "97.5%", "20%"]
    assert [format_chance(value) for value in (0.0001, 0.37, 0.999)] == ["< 1%", "37%", "> 99%"]


def test_statistics() -> None:
    assert [format_p(value) for value in (0.0342, 0.00001, 1.0)] == ["0.034", "< 0.001", "1.000"]
    assert [format_statistic(value) for value in (-3.456, 0.004, 1234.5)] == ["−3.46", "0.004", "1,234.50"]


@pytest.mark.parametrize(("value", "zh", "en"), [(9500, "9,500", "9,500"), (120_000, "12.0 万", "120,000")])
def test_counts(value: int, zh: str, en: str) -> None:
    assert format_count(value, "zh", compact=True) == zh
    assert format_count(value, "en", compact=True) == en
    assert format_count(value, "zh") == en


@pytest.mark.parametrize(
    ("start", "end", "zh", "en"),
    [
        ("2026-03-02", "2026-03-31", "2026-03-02 至 2026-03-31", "2–31 March 2026"),
        ("2026-03-02", "2026-04-05", "2026-03-02 至 2026-04-05", "2 March – 5 April 2026"),
        ("2025-12-02", "2026-01-05", "2025-12-02 至 2026-01-05", "2 December 2025 – 5 January 2026"),
    ],
)
def test_spans_of_days(start: str, end: str, zh: str, en: str) -> None:
    assert format_dates(start, end, "zh") == zh
    assert format_dates(start, end, "en") == en


@pytest.mark.parametrize(("language", "text"), [("zh", "2026-07-01"), ("en", "1 July 2026")])
def test_the_day_of_a_moment(language: Language, text: str) -> None:
    assert format_date("2026-07-01T00:00:00+08:00", language) == text
    assert format_date(None, language) == "–"


def test_digests_and_symbols() -> None:
    assert format_digest("9f3a" * 16) == "9f3a9f3a9f3a…"
    assert format_digest("") == "–"
    assert (symbol("EUR"), symbol("SEK")) == ("€", "SEK")


def test_rounding_to_zero_has_no_sign() -> None:
    assert format_number(-0.00001, TOTAL, "en", signed=True) == "CNY 0.0"
    assert format_number(-1e-12, Measure("money", "USD", "assigned"), "en", signed=True) == "$0.00"
