"""The one place where a number becomes text, in English and in Chinese.

Tables and sentences call the same functions, so a number has the same digits wherever it stands.
No locale is read: the same value gives the same text on every machine.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Literal

from uplift.results.measure import Measure

Language = Literal["en", "zh"]

DASH = "–"
MINUS = "−"
_SYMBOLS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£"}
_ZH_UNITS = {"CNY": "元", "USD": "美元", "EUR": "欧元", "GBP": "英镑"}
_HEAD_DECIMALS = {"CNY": 1, "JPY": 0, "KRW": 0}
_KIND_DECIMALS = {"count": 2, "days": 1, "score": 3}
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_SUMS = {"total", "period"}
_HEX_SHOWN = 12


@dataclass(frozen=True, slots=True)
class _Style:
    """How a number is cut and dressed: divided, rounded, trimmed of zeros, then put between two texts."""

    divisor: float = 1.0
    decimals: int = 0
    prefix: str = ""
    suffix: str = ""
    trim: bool = False


def format_number(
    value: float | None, measure: Measure, language: Language, *, compact: bool = False, signed: bool = False
) -> str:
    """Return ``value`` with the unit of its measure.

    Parameters
    ----------
    value
        The number; None and NaN give a dash.
    measure
        What it means. Sums of money are shown in 万元/亿元 or k/M, money per head with a symbol, rates as per cent,
        differences of rates (``signed``) in percentage points.
    language
        ``en`` or ``zh``.
    compact
        For a table cell whose header names the unit: no currency, no ``pp``; Chinese counts in 万.
    signed
        Whether a plus is shown: for effects and gains.

    Returns
    -------
    str
        For example ``318 万元``, ``CNY 3.18 M``, ``+¥19.8``, ``7.66%``.
    """
    if value is None or not math.isfinite(value):
        return DASH
    style = _style(abs(value), measure, language, compact=compact, signed=signed)
    return _dress(value, style, signed=signed)


def format_interval(
    estimate: float | None, lower: float | None, upper: float | None, measure: Measure, language: Language
) -> str:
    """Return ``(lower, upper)`` cut as the compact estimate beside it is, without a unit; empty without limits."""
    if lower is None or upper is None or not (math.isfinite(lower) and math.isfinite(upper)):
        return ""
    basis = estimate if estimate is not None and math.isfinite(estimate) else max(abs(lower), abs(upper))
    style = _style(abs(basis), measure, language, compact=True, signed=True)
    ends = f"{_digits(lower, style)}, {_digits(upper, style)}"
    return f"（{ends}）" if language == "zh" else f"({ends})"


def format_range(lower: float | None, upper: float | None, measure: Measure, language: Language) -> str:
    """Return a range for a sentence, the unit named once: ``214–422 万元``, ``2.14 to 4.22 M``."""
    if lower is None or upper is None or not (math.isfinite(lower) and math.isfinite(upper)):
        return DASH
    style = _style(max(abs(lower), abs(upper)), measure, language, compact=False, signed=True)
    prefix = style.prefix if measure.per not in _SUMS else ""
    ends = [f"{MINUS if text.startswith(MINUS) else ''}{prefix}{text.removeprefix(MINUS)}"
            for text in (_digits(lower, style), _digits(upper, style))]  # fmt: skip
    return f"{_join_ends(ends, language, negative=lower < 0)}{style.suffix}"


def format_count(value: float | None, language: Language, *, compact: bool = False) -> str:
    """Return a whole number of units: ``120,000``, or ``12.0 万`` where Chinese space is short."""
    return format_number(value, Measure("count", per="total"), language, compact=compact)


def format_percent(value: float | None, *, signed: bool = False) -> str:
    """Return a share in [0, 1] as per cent: two digits from 10 % on, more below."""
    if value is None or not math.isfinite(value):
        return DASH
    return _dress(value, _Style(0.01, _share_decimals(abs(value)), suffix="%"), signed=signed)


def format_percent_range(lower: float | None, upper: float | None, language: Language) -> str:
    """Return a range of shares: ``58%–81%``; empty when one end is missing."""
    if lower is None or upper is None or not (math.isfinite(lower) and math.isfinite(upper)):
        return ""
    style = _Style(0.01, _share_decimals(max(abs(lower), abs(upper))), suffix="%")
    ends = [_dress(end, style, signed=False) for end in (lower, upper)]
    return _join_ends(ends, language if lower < 0 else "zh", negative=lower < 0)


def format_setting(value: float | None) -> str:
    """Return a share that somebody chose, as it was chosen: ``95%``, ``97.5%``."""
    if value is None or not math.isfinite(value):
        return DASH
    return _strip(_group(value * 100, 1)) + "%"


def format_chance(value: float | None) -> str:
    """Return a probability in whole per cent, never 0 or 100: ``< 1%``."""
    if value is None or not math.isfinite(value):
        return DASH
    if value < 0.01:
        return "< 1%"
    return "> 99%" if value > 0.99 else f"{value * 100:.0f}%"


def format_p(value: float | None) -> str:
    """Return a p-value with three decimals: ``0.034``, ``< 0.001``."""
    if value is None or not math.isfinite(value):
        return DASH
    return "< 0.001" if value < 0.0005 else f"{value:.3f}"


def format_statistic(value: float | None) -> str:
    """Return a test statistic or any number without a unit, with two decimals (more where it is small)."""
    if value is None or not math.isfinite(value):
        return DASH
    return _group(value, _enough(abs(value), 2))


def format_date(iso: str | None, language: Language) -> str:
    """Return the day of an ISO date or moment: ``2026-03-02``, ``2 March 2026``."""
    if not iso:
        return DASH
    day = dt.date.fromisoformat(iso[:10])
    return day.isoformat() if language == "zh" else f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def format_day(iso: str, language: Language) -> str:
    """Return the day of an ISO date without its year, for an axis: ``03-02``, ``2 Mar``."""
    day = dt.date.fromisoformat(iso[:10])
    return day.isoformat()[5:] if language == "zh" else f"{day.day} {_MONTHS[day.month - 1][:3]}"


def format_index(value: float) -> str:
    """Return a point of an index whose first point is 100, with one decimal where it is not whole."""
    return _strip(_group(value, 1))


def format_dates(start: str, end: str, language: Language) -> str:
    """Return a span of days: ``2026-03-02 至 2026-03-31``, ``2–31 March 2026``."""
    if language == "zh":
        return f"{format_date(start, language)} 至 {format_date(end, language)}"
    first, last = dt.date.fromisoformat(start[:10]), dt.date.fromisoformat(end[:10])
    head = format_date(start, language)
    if first.year == last.year:
        head = f"{first.day} {_MONTHS[first.month - 1]}" if first.month != last.month else f"{first.day}"
    dash = DASH if head.isdigit() else f" {DASH} "
    return f"{head}{dash}{format_date(end, language)}"


def format_digest(hexdigest: str) -> str:
    """Return the first digits of a digest."""
    return f"{hexdigest[:_HEX_SHOWN]}…" if hexdigest else DASH


def is_number(value: float | None) -> bool:
    """Return whether there is anything to print but a dash."""
    return value is not None and math.isfinite(value)


def symbol(currency: str) -> str:
    """Return the sign of a currency, its code where there is none: ``¥``, ``SEK``."""
    return _SYMBOLS.get(currency, currency)


def _style(magnitude: float, measure: Measure, language: Language, *, compact: bool, signed: bool) -> _Style:
    match measure.kind:
        case "money" if measure.per in _SUMS:
            scale = _scale_zh if language == "zh" else _scale_en
            return scale(magnitude, measure.currency, compact=compact)
        case "money":
            return _head_style(magnitude, measure.currency, compact=compact)
        case "rate":
            return _rate_style(language, compact=compact, difference=signed)
        case "count" if measure.per in _SUMS:
            in_ten_thousands = compact and language == "zh" and magnitude >= 1e4
            return _Style(1e4, 1 if magnitude < 1e6 else 0, suffix=" 万") if in_ten_thousands else _Style()
    return _Style(decimals=_enough(magnitude, _KIND_DECIMALS[measure.kind]))


def _head_style(magnitude: float, currency: str, *, compact: bool) -> _Style:
    decimals = _enough(magnitude, _HEAD_DECIMALS.get(currency, 2))
    sign = symbol(currency)
    prefix = "" if compact else sign if len(sign) == 1 else f"{sign} "
    return _Style(decimals=decimals, prefix=prefix)


def _rate_style(language: Language, *, compact: bool, difference: bool) -> _Style:
    if not difference:
        return _Style(0.01, 2, suffix="%")
    unit = "" if compact else " 个百分点" if language == "zh" else " pp"
    return _Style(0.01, 2, suffix=unit)


def _scale_zh(magnitude: float, currency: str, *, compact: bool) -> _Style:
    named = _ZH_UNITS.get(currency, f" {currency}".rstrip())
    unit = "" if compact else named
    if magnitude >= 1e8:
        return _Style(1e8, 2, suffix=f" 亿{unit}", trim=not compact)
    if magnitude >= 1e4:
        short = magnitude / 1e4
        # A table keeps one decimal so that its columns add up; a sentence keeps three digits.
        decimals = (1 if short < 999.95 else 0) if compact else (0 if short >= 99.95 else 1 if short >= 9.995 else 2)
        return _Style(1e4, decimals, suffix=f" 万{unit}", trim=not compact)
    small = "" if magnitude == 0 or not named else f" {named.strip()}"
    return _Style(decimals=_small_decimals(magnitude), suffix=small)


def _scale_en(magnitude: float, currency: str, *, compact: bool) -> _Style:
    prefix = "" if compact or not currency else f"{currency} "
    if magnitude >= 1e9:
        return _Style(1e9, 2, prefix, " bn")
    if magnitude >= 1e5:
        return _Style(1e6, 2 if magnitude < 1e8 else 1, prefix, " M")
    if magnitude >= 1e3:
        return _Style(1e3, 1, prefix, " k")
    return _Style(decimals=_small_decimals(magnitude), prefix=prefix)


def _small_decimals(magnitude: float) -> int:
    return 0 if magnitude >= 99.5 or magnitude == 0 else 1


def _dress(value: float, style: _Style, *, signed: bool) -> str:
    digits = _digits(value, style)
    body = f"{style.prefix}{digits.removeprefix(MINUS)}{style.suffix}"
    if digits.startswith(MINUS):
        return f"{MINUS}{body}"
    return f"+{body}" if signed and digits.strip("0.,") else body


def _digits(value: float, style: _Style) -> str:
    text = _group(value / style.divisor, style.decimals)
    return _strip(text) if style.trim else text


def _group(value: float, decimals: int) -> str:
    text = f"{abs(value):,.{decimals}f}"
    negative = value < 0 and text.strip("0.,")
    return f"{MINUS}{text}" if negative else text


def _strip(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _enough(magnitude: float, decimals: int) -> int:
    """Return one or two decimals more where ``decimals`` would show a small number as zero, and they would not."""
    shown = (more for more in range(decimals, decimals + 3) if magnitude >= 0.5 * 10.0**-more)
    return next(shown, decimals)


def _share_decimals(magnitude: float) -> int:
    return 0 if magnitude >= 0.0995 or magnitude == 0 else 1 if magnitude >= 0.00995 else 2


def _join_ends(ends: list[str], language: Language, *, negative: bool) -> str:
    if language == "en":
        return " to ".join(ends)
    return (" 至 " if negative else DASH).join(ends)
