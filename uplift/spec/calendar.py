"""``calendar``: days on which everybody buys more, shipped for a region or the shop's own."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from uplift.spec.base import Section
from uplift.spec.fields import Name, When

if TYPE_CHECKING:
    from collections.abc import Mapping

YEARS: Mapping[str, tuple[int, int]] = MappingProxyType({"CN": (2019, 2030)})
"""First and last year that is shipped of each region."""


class OwnDays(Section):
    """Days of the shop itself; both ends are included when they are dates."""

    name: Name
    first: When = Field(alias="from")
    last: When = Field(alias="to")

    @property
    def begins(self) -> datetime:
        """First instant, naive local time."""
        return self.first.at

    @property
    def ends(self) -> datetime:
        """First instant after the days."""
        return self.last.closes


class Calendar(Section):
    """Promotions and holidays; without a region and own days there are none."""

    region: Literal["CN"] | None = None
    extra: tuple[OwnDays, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether no day is special."""
        return self.region is None and not self.extra
