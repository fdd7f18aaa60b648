"""``campaign``: its days, its coupons' expiry, its codes, and the moment up to which design may look."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Discriminator, Field, Tag

from uplift.spec.base import Section
from uplift.spec.fields import Columns, Id, Positive, Text, When


def _form(value: object) -> str:
    return "tag:map" if isinstance(value, Mapping) else "tag:list"


_List = Annotated[Columns, Tag("tag:list")]
_Map = Annotated[Mapping[Id, Columns], Field(min_length=1), Tag("tag:map")]


class Campaign(Section):
    """Days of the campaign, as local times of the spec's zone; windows are half-open."""

    start: When | None = None
    end: When | None = None
    coupon_expiry: When | None = None
    coupon_valid_days: Positive | None = None
    codes: Annotated[_List | _Map, Discriminator(_form)] | None = None
    as_of: When | None = None

    @property
    def start_at(self) -> datetime | None:
        """Day 0 of every window, naive local time; None for a unit-level trial without one."""
        return self.start.at if self.start else None

    @property
    def end_at(self) -> datetime | None:
        """First instant after the campaign; a date includes its day."""
        return self.end.closes if self.end else None

    @property
    def expiry_at(self) -> datetime | None:
        """First instant at which no coupon is valid any more; the end when nothing is said."""
        if self.coupon_expiry:
            return self.coupon_expiry.closes
        if self.end_at and self.coupon_valid_days:
            return self.end_at + timedelta(days=self.coupon_valid_days)
        return self.end_at

    @property
    def as_of_at(self) -> datetime | None:
        """All that design uses is known strictly before this moment; default the start."""
        return self.as_of.at if self.as_of else self.start_at


def all_codes(codes: tuple[Text, ...] | Mapping[str, tuple[Text, ...]] | None) -> tuple[str, ...]:
    """Return every code once, in the order written; empty when none is."""
    if codes is None:
        return ()
    lists = codes.values() if isinstance(codes, Mapping) else (codes,)
    return tuple(dict.fromkeys(code for part in lists for code in part))
