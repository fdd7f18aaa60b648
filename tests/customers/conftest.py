"""Customers who order at constant rates and stop by chance: BG/NBD, and what is known of them at a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.customers import History, summarize_orders

if TYPE_CHECKING:
    from numpy.typing import NDArray

BASE = np.datetime64("2020-01-01", "us")
DAY = np.timedelta64(86_400_000_000, "us")
NAN = np.nan


def person(**given: float) -> History:
    """One customer's history; what is not given is nothing."""
    values: dict[str, float] = {
        "n_orders": 0, "first_order_days": NAN, "last_order_days": NAN, "n_gaps": 0, "median_gap": NAN,
        "last_gap": NAN, "orders_90d": 0, "orders_previous_90d": 0, "registered_days": NAN, "order_quarters": 0,
    }  # fmt: skip
    values |= given
    counts = {"n_orders", "n_gaps", "orders_90d", "orders_previous_90d", "order_quarters"}
    arrays = {name: np.array([value], np.int64 if name in counts else np.float64) for name, value in values.items()}
    return History(unit_id=np.array(["u"], dtype=object), **arrays)  # type: ignore[arg-type]


def regular(*, orders: int, gap: float, since: float, **given: float) -> History:
    """One customer who orders every ``gap`` days, the last time ``since`` days ago."""
    first = since + gap * (orders - 1)
    base = {"n_orders": orders, "n_gaps": orders - 1, "median_gap": gap, "last_gap": gap}
    return person(**{**base, "first_order_days": first, "last_order_days": since, **given})


def history_of(*dates: str, as_of: str) -> History:
    """One customer's history from the dates of the orders."""
    times = np.array(dates, dtype="datetime64[us]")
    ids = np.full(len(dates), "u", dtype=object)
    return summarize_orders({"id": ids, "at": times}, as_of=np.datetime64(as_of, "us").item(), unit_id="id", time="at")


@dataclass(frozen=True)
class Parameters:
    """Gamma(r, alpha) rates a day, Beta(a, b) chance to stop after a repeat order."""

    r: float
    alpha: float
    a: float
    b: float


@dataclass(frozen=True)
class World:
    """Orders of ``n`` customers, the first of each on the day it joined; days since the start of time."""

    parameters: Parameters
    owner: NDArray[np.int64]
    day: NDArray[np.float64]

    def history(self, at: float) -> History:
        """What is known of the customers with an order before a day."""
        known = self.day < at
        times = BASE + (self.day[known] * 86_400e6).astype("timedelta64[us]")
        ids = np.char.zfill(self.owner[known].astype(str), 7)
        moment = (BASE + np.timedelta64(round(at * 86_400e6), "us")).item()
        return summarize_orders({"id": ids, "at": times}, as_of=moment, unit_id="id", time="at")

    def alive(self, at: float) -> NDArray[np.float64]:
        """P(alive) under the true parameters, of the customers of :meth:`history` (Fader, Hardie and Lee 2005)."""
        known = self.day < at
        key = np.unique(self.owner[known] * 100_000 + np.floor(self.day[known]).astype(np.int64))
        _, start, n = np.unique(key // 100_000, return_index=True, return_counts=True)
        first, last, x = key[start] % 100_000, key[start + n - 1] % 100_000, n - 1
        them = self.parameters
        ratio = (them.alpha + at - first) / (them.alpha + last - first)
        left = them.a / (them.b + np.maximum(x, 1) - 1) * ratio ** (them.r + x)
        return np.where(x == 0, 1.0, 1 / (1 + left))


def make_world(parameters: Parameters, *, n: int, days: float, seed: int) -> World:
    """Customers who join at a constant rate over ``days``."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(parameters.r, 1 / parameters.alpha, n)
    stops = rng.beta(parameters.a, parameters.b, n)
    joined = rng.uniform(0, days, n)
    lives = rng.geometric(np.maximum(stops, 1e-12))
    counts = rng.poisson(rate * (days - joined))
    owner = np.repeat(np.arange(n), counts)
    day = joined[owner] + rng.random(len(owner)) * (days - joined[owner])
    order = np.lexsort((day, owner))
    owner, day = owner[order], day[order]
    rank = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    stays = rank < lives[owner]
    return World(parameters, np.concatenate((np.arange(n), owner[stays])), np.concatenate((joined, day[stays])))
