"""How a cell is read: ids as text, numbers, local times and flags, from typed columns or from text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uplift.data.sources.xlsx import TRUSTED
from uplift.errors import DataError

if TYPE_CHECKING:
    from uplift.data.engine import Expression
    from uplift.data.sources import RawTable

_NOTHING = ("NULL", "null", "None", "NaN", "nan", "N/A", "#N/A", "\\N")
_PERCENT = "%\uff05"
_NUMBER = rf"^[+-]?[¥￥$€£]?[+-]?(\d{{1,3}}([,，]\d{{3}})+|\d+)(\.\d+)?[{_PERCENT}万亿]?元?$"
_DECORATION = f"[¥￥$€£,，{_PERCENT}万亿元]"
_TIME_OF_DAY = r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?"
_LOCAL = rf"^\d{{4}}-\d{{1,2}}-\d{{1,2}}({_TIME_OF_DAY})?$"
_OFFSET = rf"^\d{{4}}-\d{{1,2}}-\d{{1,2}}{_TIME_OF_DAY} ?(Z|[+-]\d{{2}}(:?\d{{2}})?)$"
_OTHER_DATE = r"^(\d{4})\s*[年/.]\s*(\d{1,2})\s*[月/.]\s*(\d{1,2})\s*日?\s*"
_ROUNDED_ID = r"^\d+(\.\d*)?[eE]\+\d+$|^\d+\.0+$"
_TRUE = ("true", "1", "1.0", "t", "y", "yes", "是", "已", "有", "同意", "已授权", "授权", "已退订", "退订", "✓", "√")
_FALSE = ("false", "0", "0.0", "f", "n", "no", "否", "未", "无", "不同意", "拒绝", "未授权", "未退订", "×", "✗")

ID_REMEDY = "keep ids as text: format the column as text before export, or read it with a text type"
NUMBER_REMEDY = "write 1234.5; also read are 1,234.50, ¥1,234, 1.2万 and 12%"
TIME_REMEDY = "write 2026-03-01 12:00:00; also read are 2026/3/1, 2026年3月1日 and times with an offset"
FLAG_REMEDY = "write true or false; also read are 1, 0, yes, no, 是, 否"


@dataclass(frozen=True, slots=True)
class Parsed:
    """A column as it is read.

    Parameters
    ----------
    value
        The typed value; null where the cell is blank or cannot be read.
    written
        The cell as text, for messages.
    bad
        Whether the cell holds something that cannot be read.
    remedy
        What to write instead.
    """

    value: Expression
    written: Expression
    bad: Expression
    remedy: str


def parse_id(raw: RawTable, name: str) -> Parsed:
    """Read ids as text: ``00123`` stays, whole numbers become their digits, floats are refused.

    Raises
    ------
    DataError
        When the column holds floats, dates or flags.
    """
    column = raw.table[name]
    kind = column.type()
    if kind.is_string():
        text = column.nullif("")
        # The pattern is slow, and no id without a point or a plus meets it.
        may_be = (text.contains(".") | text.contains("+")).fill_null(False)  # noqa: FBT003 - Ibis
        bad = may_be.ifelse(text.re_search(_ROUNDED_ID), False)  # noqa: FBT003 - Ibis
        return Parsed(text, text, bad, ID_REMEDY)
    if kind.is_integer() or (kind.is_decimal() and kind.scale == 0):
        return _fine(column.cast("string"))
    if kind.is_floating() and raw.is_spreadsheet:
        bad = ((column != column.floor()) | (column.abs() >= TRUSTED)).fill_null(False)  # noqa: FBT003 - Ibis
        value = bad.ifelse(None, column).try_cast("int64").cast("string")
        return Parsed(value, column.cast("string"), bad, ID_REMEDY)
    if kind.is_uuid():
        return _fine(column.cast("string"))
    message = f"{raw.name}: the id column '{name}' holds {_kind_name(kind)}; {ID_REMEDY}"
    raise DataError(message)


def parse_number(raw: RawTable, name: str) -> Parsed:
    """Read finite numbers as float64.

    Raises
    ------
    DataError
        When the column holds dates or flags.
    """
    column = raw.table[name]
    kind = column.type()
    if kind.is_string():
        text = _text(raw, column)
        plain = text.re_search(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$").ifelse(text.try_cast("float64"), None)
        value = plain.coalesce(text.re_search(_NUMBER).ifelse(_decorated(text), None))
        return Parsed(value, text, text.notnull() & value.isnull(), NUMBER_REMEDY)
    if kind.is_numeric() and not kind.is_boolean():
        number = column.cast("float64")
        # NaN is above infinity in the engine: one comparison leaves out both.
        finite = (number.abs() < float("inf")).ifelse(number, None)
        return Parsed(finite, column.cast("string"), number.isinf().fill_null(False), NUMBER_REMEDY)  # noqa: FBT003 - Ibis
    message = f"{raw.name}: the column '{name}' holds {_kind_name(kind)}, must hold numbers; {NUMBER_REMEDY}"
    raise DataError(message)


def parse_time(raw: RawTable, name: str) -> Parsed:
    """Read times as naive local times of the engine's zone, to the microsecond.

    Raises
    ------
    DataError
        When the column holds numbers or flags.
    """
    column = raw.table[name]
    kind = column.type()
    if kind.is_timestamp():
        return _fine(column.cast("timestamp(6)"))
    if kind.is_date():
        return _fine(column.cast("timestamp(6)"))
    if kind.is_string():
        text = _text(raw, column)
        value = _local(text).coalesce(_with_offset(text), _local(_iso(text)))
        return Parsed(value, text, text.notnull() & value.isnull(), TIME_REMEDY)
    message = f"{raw.name}: the column '{name}' holds {_kind_name(kind)}, must hold times; {TIME_REMEDY}"
    raise DataError(message)


def parse_flag(raw: RawTable, name: str) -> Parsed:
    """Read yes and no.

    Raises
    ------
    DataError
        When the column holds dates.
    """
    column = raw.table[name]
    kind = column.type()
    if kind.is_boolean():
        return _fine(column)
    if kind.is_string() or kind.is_numeric():
        text = _text(raw, column.cast("string")).lower()
        value = text.isin(_TRUE).ifelse(True, text.isin(_FALSE).ifelse(False, None))  # noqa: FBT003 - Ibis
        return Parsed(value, text, text.notnull() & value.isnull(), FLAG_REMEDY)
    message = f"{raw.name}: the column '{name}' holds {_kind_name(kind)}, must hold yes or no; {FLAG_REMEDY}"
    raise DataError(message)


def parse_text(raw: RawTable, name: str) -> Expression:
    """Return levels as text; a whole number has no decimal point."""
    column = raw.table[name]
    kind = column.type()
    if kind.is_floating() or kind.is_decimal():
        number = column.cast("float64")
        whole = number == number.floor()
        return (whole & (number.abs() < TRUSTED)).ifelse(number.try_cast("int64").cast("string"), number.cast("string"))
    return column if kind.is_string() else column.cast("string")


def _fine(value: Expression) -> Parsed:
    never = value.isnull() & value.notnull()
    return Parsed(value, value.cast("string"), never, "")


def _text(raw: RawTable, column: Expression) -> Expression:
    # Text of files is trimmed when it is read; the engine is slow at it.
    text = column if raw.is_text else column.strip().nullif("")
    return text.isin(_NOTHING).ifelse(None, text)


def _decorated(text: Expression) -> Expression:
    number = text.re_replace(_DECORATION, "").try_cast("float64")
    hundredth = text.re_search(f"[{_PERCENT}]").ifelse(100.0, 1.0)
    times = text.contains("万").ifelse(1e4, text.contains("亿").ifelse(1e8, 1.0))
    return number * times / hundredth


def _local(text: Expression) -> Expression:
    return text.re_search(_LOCAL).ifelse(text.try_cast("timestamp(6)"), None)


def _with_offset(text: Expression) -> Expression:
    moment = text.re_search(_OFFSET).ifelse(text.try_cast("timestamp('UTC')"), None)
    return moment.cast("timestamp(6)")


def _iso(text: Expression) -> Expression:
    dashed = text.re_replace(_OTHER_DATE, r"\1-\2-\3 ").re_replace(r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3")
    clock = dashed.re_replace(r"(\d{1,2})[时点](\d{1,2})分?", r"\1:\2").re_replace(r"(:\d{1,2})(\d{2})秒$", r"\1:\2")
    return clock.strip()


def _kind_name(kind: Expression) -> str:
    names = (
        (kind.is_boolean(), "flags (true, false)"),
        (kind.is_floating(), "floats (numbers with a decimal point)"),
        (kind.is_numeric(), "numbers"),
        (kind.is_temporal(), "dates or times"),
    )
    return next((name for holds, name in names if holds), str(kind))
