"""A small market in memory: BG/NBD order times, Gamma-Gamma values, and what is known at three moments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from uplift.clv import PastYear, PurchaseHistory, Snapshot, WideHistory

HORIZON = 365
NOW = 3 * HORIZON
YEARLY = 1.1 ** (-1 / 365)


@dataclass(frozen=True)
class Market:
    """Orders over four years of customers who come over the first three.

    ``seen``, one row a year, is a column of the wide table that order histories do not show: where the market has
    ``told`` set, what a customer buys in a year is worth 1.8 times as much with a 1, and a fifth with a 0.
    """

    n_units: int
    unit: np.ndarray
    day: np.ndarray
    value: np.ndarray
    seen: np.ndarray

    def snapshot(self, moment: float) -> Snapshot:
        """Units with an order before ``moment``, and their next year."""
        before, after = self.day < moment, (self.day >= moment) & (self.day < moment + HORIZON)
        past = before & (self.day >= moment - HORIZON)
        first, last = np.full(self.n_units, np.inf), np.full(self.n_units, -np.inf)
        np.minimum.at(first, self.unit[before], self.day[before])
        np.maximum.at(last, self.unit[before], self.day[before])
        here = np.isfinite(first)
        repeats = self._sum(before) - 1
        spent = self._sum(before & (self.day > first[self.unit]), self.value)
        mean_value = np.divide(spent, repeats, out=np.zeros(self.n_units), where=repeats > 0)
        orders, margin = self._sum(past), self._sum(past, self.value)
        features = {
            "silent": moment - last,
            "tenure": moment - first,
            "orders": repeats + 1,
            "orders_year": orders,
            "margin_year": margin,
            "basket": np.where(repeats > 0, mean_value, np.nan),
            "seen": self.seen[int(moment) // HORIZON],
        }
        history = PurchaseHistory(repeats, last - first, moment - first, mean_value)
        return Snapshot(
            value=self._sum(after, self.value * YEARLY ** (self.day - moment))[here],
            features={name: column[here] for name, column in features.items()},
            history=history.of(here),
            past=PastYear(margin[here], orders[here]),
        )

    def wide(self) -> WideHistory:
        now = self.snapshot(NOW)
        return WideHistory(self.snapshot(NOW - 2 * HORIZON), self.snapshot(NOW - HORIZON), now.features, ("seen",))

    def _sum(self, chosen: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
        weights = None if weight is None else weight[chosen]
        return np.bincount(self.unit[chosen], weights=weights, minlength=self.n_units).astype(float)


def make_market(seed: int, n_units: int, *, told: bool = False) -> Market:
    """Draw a market; with ``told`` the column ``seen`` says something of the next year."""
    rng = np.random.default_rng(seed)
    rate, stop = rng.gamma(0.8, 1 / 45, n_units), rng.beta(0.6, 2.5, n_units)
    level = rng.gamma(4.0, 1 / 80, n_units)
    seen = rng.integers(0, 2, (4, n_units)).astype(float)
    day, there = rng.uniform(0, NOW, n_units), np.arange(n_units)
    units, days = [there], [day]
    while len(there):
        day = day + rng.exponential(1, len(there)) / rate[there]
        stays = day < NOW + HORIZON
        there, day = there[stays], day[stays]
        units.append(there)
        days.append(day)
        goes_on = rng.random(len(there)) >= stop[there]
        there, day = there[goes_on], day[goes_on]
    unit, when = np.concatenate(units), np.concatenate(days)
    value = rng.gamma(6.0, 1, len(unit)) / level[unit]
    if told:
        value *= np.where(seen[(when // HORIZON).astype(int), unit] == 1, 1.8, 0.2)
    return Market(n_units, unit, when, value, seen)
