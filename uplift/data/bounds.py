"""First and last times of the tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.data.window import DAY, to_micros

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from uplift.data.engine import Engine, Table
    from uplift.data.store import Store

_KNOWN_THROUGH = ("orders", "refunds", "coupons")


@dataclass(frozen=True, slots=True)
class TimeBounds:
    """First and last time of a role, naive and local; None without rows."""

    first: datetime | None
    last: datetime | None


def find_bounds(store: Store) -> dict[str, TimeBounds]:
    """Return the bounds of every role with times; redemptions are those of coupons."""
    return {role: _bounds(store.engine, table, time) for role, (table, time) in _timed(store).items()}


def last_moment(bounds: Mapping[str, TimeBounds]) -> datetime | None:
    """Return the midnight after the last order, refund or redemption; None without any."""
    lasts = [bounds[role].last for role in _KNOWN_THROUGH if role in bounds]
    known = [to_micros(last) for last in lasts if last is not None]
    return _moment((max(known) // DAY + 1) * DAY) if known else None


def _timed(store: Store) -> dict[str, tuple[Table, str]]:
    timed: dict[str, tuple[Table, str]] = {}
    if store.has("orders"):
        timed["orders"] = (store.orders.orders, "us")
        if store.refunds is not None:
            timed["refunds"] = (store.refunds.refunds, "refund_us")
    if store.coupons is not None:
        timed["coupons"] = (store.coupons.redemptions, "us")
    if store.contacts is not None:
        timed["contacts"] = (store.contacts.contacts, "us")
    if store.service is not None:
        timed["service"] = (store.service.tickets, "us")
    if store.behaviour is not None:
        timed["behaviour"] = (store.behaviour.events, "us")
    return timed


def _bounds(engine: Engine, table: Table, time: str) -> TimeBounds:
    found = engine.fetch(table.aggregate(first=table[time].min(), last=table[time].max())).to_pylist()[0]
    return TimeBounds(_moment(found["first"]), _moment(found["last"]))


def _moment(micros: int | None) -> datetime | None:
    moment: datetime | None = None if micros is None else np.datetime64(micros, "us").item()
    return moment
