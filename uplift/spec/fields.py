"""Field types: numbers, shares, moments, ids and names, each with messages that say the way out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import CoreSchema

from uplift.spec.base import Section, refusal

Language = Literal["en", "zh"]
_ID = re.compile(r"\w[\w.\-]*")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?)?", re.ASCII)
_OTHER_DATE = re.compile(r"(\d{4})\s*[/.年-]\s*(\d{1,2})\s*[/.月-]\s*(\d{1,2})\s*日?")
_DECORATED = re.compile(r"[¥￥$€£]?\s*([+-]?[0-9][0-9,]*(?:\.[0-9]+)?)\s*([%\uff05万亿]?)\s*元?")
_TIMES = {"%": Fraction(1, 100), "\uff05": Fraction(1, 100), "万": Fraction(10**4), "亿": Fraction(10**8)}


@dataclass(frozen=True, slots=True)
class Moment:
    """A local time of the spec's zone.

    Parameters
    ----------
    at
        Naive local time; midnight when only a date was written.
    is_date
        True when no time of day was written.
    """

    at: datetime
    is_date: bool

    @property
    def closes(self) -> datetime:
        """First instant after it: the next midnight of a date, itself of a time."""
        return self.at + timedelta(days=1) if self.is_date else self.at

    def __str__(self) -> str:
        return self.at.date().isoformat() if self.is_date else self.at.isoformat()


def read_number(value: object) -> float | int:
    """Return a finite number, or refuse it with the plain form of what was written."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Fraction)):
        raise refusal("wrong_type", f"got {shown(value)}; a number is needed{_plain_form(value)}")
    if not math.isfinite(value):
        raise refusal("wrong_type", f"got {shown(value)}; a finite number is needed")
    return float(value) if isinstance(value, Fraction) else value


def read_whole(value: object) -> int:
    """Return a whole number, or refuse."""
    number = read_number(value)
    if number != int(number):
        raise refusal("wrong_type", f"got {number}; a whole number is needed")
    return int(number)


def read_fraction(value: object) -> Fraction:
    """Return an exact fraction from a number or a text such as ``1/3``."""
    if isinstance(value, str) and (found := re.fullmatch(r"([0-9]+)\s*/\s*([1-9][0-9]*)", value)):
        return Fraction(int(found[1]), int(found[2]))
    if isinstance(value, Fraction):
        return value
    return Fraction(str(read_number(value)))


def read_share(value: object) -> Fraction:
    """Return a share strictly between 0 and 1."""
    share = read_fraction(value)
    if not 0 < share < 1:
        raise refusal("out_of_range", f"got {value}; a share lies above 0 and below 1")
    return share


def read_moment(value: object) -> Moment:
    """Return a date or local time, or refuse with the form to write."""
    if isinstance(value, Moment):
        return value
    if isinstance(value, datetime):
        return _naive(value)
    if isinstance(value, date):
        return Moment(datetime(value.year, value.month, value.day), is_date=True)
    if not isinstance(value, str) or not (found := _DATE.fullmatch(value)):
        raise refusal("bad_date", f"got {shown(value)}; {_date_advice(value)}")
    try:
        at = datetime(*(int(part or 0) for part in found.groups()))  # type: ignore[arg-type]
    except ValueError as error:
        raise refusal("bad_date", f"got {shown(value)}; there is no such time: {error}") from None
    return Moment(at, is_date=found[4] is None)


def read_id(value: object) -> str:
    """Return an id: letters of any script, digits, ``_``, ``-`` and ``.``, at most 64."""
    text = read_text(value)
    if not _ID.fullmatch(text) or len(text) > 64:
        allowed = "an id starts with a letter or digit, then letters, digits, '_', '-', '.', at most 64 in all"
        raise refusal("bad_id", f"got {shown(value)}; {allowed}")
    return text


def read_text(value: object) -> str:
    """Return a text that is not blank."""
    if not isinstance(value, str):
        advice = "; put it in quotes" if isinstance(value, (int, float)) else ""
        raise refusal("wrong_type", f"got {shown(value)}; a text is needed{advice}")
    if not value.strip():
        raise refusal("wrong_type", "got an empty text; a text is needed")
    return value


def read_flag(value: object) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise refusal("wrong_type", f"got {shown(value)}; true or false is needed")
    return value


def as_list(value: object) -> object:
    """Return a lone text or number as a list of one."""
    return [value] if isinstance(value, (str, int, float)) and not isinstance(value, bool) else value


def shown(value: object) -> str:
    """Return a value as an error message shows it."""
    if isinstance(value, str):
        return f"'{value if len(value) <= 60 else value[:57] + '...'}'"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a mapping"
    return "a list" if isinstance(value, (list, tuple)) else str(value)


def _plain_form(value: object) -> str:
    found = _DECORATED.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return ""
    exact = Fraction(found[1].replace(",", "")) * _TIMES.get(found[2], Fraction(1))
    return f"; write {int(exact) if exact.denominator == 1 else float(exact)}"


def _date_advice(value: object) -> str:
    found = _OTHER_DATE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found:
        return f"write {found[1]}-{found[2].zfill(2)}-{found[3].zfill(2)}"
    return "write a date 2026-03-01 or a local time 2026-03-01T20:00:00, without a zone (experiment.timezone says it)"


def _naive(value: datetime) -> Moment:
    if value.tzinfo is not None:
        raise refusal("bad_date", f"got {value.isoformat()}; {_date_advice(None)}")
    return Moment(value, is_date=False)


class Name(Section):
    """A name in Chinese, English or both; a plain text is the name in every language."""

    zh: Annotated[str, BeforeValidator(read_text)] | None = None
    en: Annotated[str, BeforeValidator(read_text)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        if isinstance(value, str):
            return {"zh": read_text(value), "en": value}
        if not isinstance(value, (Mapping, Name)):
            raise refusal("wrong_type", f"got {shown(value)}; a text or {{zh: ..., en: ...}} is needed")
        if isinstance(value, Mapping) and not value:
            raise refusal("wrong_type", "got no name; write a text or {zh: ..., en: ...}")
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe both forms: a text, or a text per language."""
        return {"anyOf": [{"type": "string"}, handler.resolve_ref_schema(handler(core))]}

    def in_language(self, lang: str) -> str:
        """Return the name in ``lang``, else in the other language.

        Parameters
        ----------
        lang
            ``zh`` or ``en``.

        Returns
        -------
        str
            The name.
        """
        first, second = (self.zh, self.en) if lang == "zh" else (self.en, self.zh)
        return first or second or ""


_ID_SCHEMA = {"type": "string", "pattern": r"^[^\s|+,:/\\]+$", "maxLength": 64}
_COLUMNS_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
TEXT_FRACTION_SCHEMA = {"type": "string", "pattern": r"^[0-9]+\s*/\s*[1-9][0-9]*$"}
"""A fraction written as text, such as ``1/3``."""
_FRACTION_SCHEMA = {"anyOf": [{"type": "number"}, TEXT_FRACTION_SCHEMA]}
_SHARE_SCHEMA = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        TEXT_FRACTION_SCHEMA,
    ]
}
_MOMENT_SCHEMA = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?$"}

Text = Annotated[str, BeforeValidator(read_text)]
Id = Annotated[str, BeforeValidator(read_id), WithJsonSchema(_ID_SCHEMA)]
Flag = Annotated[bool, BeforeValidator(read_flag)]
Number = Annotated[float, BeforeValidator(read_number)]
Amount = Annotated[float, Field(ge=0), BeforeValidator(read_number)]
Count = Annotated[int, Field(ge=0), BeforeValidator(read_whole)]
Positive = Annotated[int, Field(ge=1), BeforeValidator(read_whole)]
Share = Annotated[Fraction, PlainValidator(read_share), WithJsonSchema(_SHARE_SCHEMA)]
Exact = Annotated[Fraction, PlainValidator(read_fraction), WithJsonSchema(_FRACTION_SCHEMA)]
When = Annotated[Moment, PlainValidator(read_moment), WithJsonSchema(_MOMENT_SCHEMA)]
Columns = Annotated[tuple[Text, ...], Field(min_length=1), BeforeValidator(as_list), WithJsonSchema(_COLUMNS_SCHEMA)]
