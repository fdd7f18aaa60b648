"""``experiment``: who it is, in which money, language and zone."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator

from uplift.spec.base import Section, refusal
from uplift.spec.fields import Id, Language, Name, read_text


def _currency(value: str) -> str:
    if len(value) != 3 or not value.isascii() or not value.isupper():
        raise refusal("bad_currency", f"got '{value}'; a currency is three capital letters, such as CNY or EUR")
    return value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise refusal("bad_timezone", f"got '{value}'; a zone of the IANA list, such as Asia/Shanghai or UTC") from None
    return value


class Experiment(Section):
    """Identity of the experiment and the frame in which every number is read."""

    id: Id
    title: Name | None = None
    question: Name | None = None
    currency: Annotated[str, BeforeValidator(read_text), AfterValidator(_currency)]
    language: Language = "en"
    timezone: Annotated[str, BeforeValidator(read_text), AfterValidator(_timezone)] | None = None

    @property
    def zone(self) -> ZoneInfo:
        """Zone of every window: as written, else Asia/Shanghai for CNY, else UTC."""
        return ZoneInfo(self.timezone or ("Asia/Shanghai" if self.currency == "CNY" else "UTC"))
