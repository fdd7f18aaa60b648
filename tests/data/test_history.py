from __future__ import annotations

import itertools
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from uplift.data import open_warehouse
from uplift.data.history import mark_quarters, sort_within

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.spec import ExperimentSpec

AS_OF = datetime(2026, 1, 1)
DAY = pd.Timedelta(days=1)
MICROS = 86_400_000_000


def naive_history(orders: pd.DataFrame, unit: str) -> dict[str, float]:
    """Summarise one unit's order times before the moment with a loop."""
    whole = orders[orders["id"] == unit].groupby("oid")["time"].min()
    times = sorted(time for time in whole if time < AS_OF)
    gaps = [(later - earlier) // pd.Timedelta(1, "us") for earlier, later in itertools.pairwise(times)]
    ages = [(AS_OF - time) / DAY for time in times]
    return {
        "n_orders": len(times),
        "n_gaps": len(gaps),
        "first_order_days": ages[0] if ages else np.nan,
        "last_order_days": ages[-1] if ages else np.nan,
        "median_gap": float(np.median(gaps)) / MICROS if gaps else np.nan,
        "last_gap": gaps[-1] / MICROS if gaps else np.nan,
        "orders_90d": sum(age <= 90 for age in ages),
        "orders_previous_90d": sum(90 < age <= 180 for age in ages),
        "registered_days": np.nan,
        "order_quarters": sum({1 << _quarters_before(time) for time in times}),
        "frequency": max(len({time.date() for time in times}) - 1, 0),
        "recency_days": (times[-1].date() - times[0].date()).days if times else np.nan,
        "age_days": (AS_OF - times[0].normalize()) / DAY if times else np.nan,
    }


def _quarters_before(time: pd.Timestamp) -> int:
    return (AS_OF.year - time.year) * 4 + (AS_OF.month - 1) // 3 - (time.month - 1) // 3


def test_history_agrees_with_a_loop(spec_of: Callable[..., ExperimentSpec], shop: dict[str, pd.DataFrame]) -> None:
    tables = {name: shop[name] for name in ("units", "orders")}
    lone = pd.DataFrame({"id": ["once", "never"], "city": "京"})
    tables["units"] = pd.concat([tables["units"], lone], ignore_index=True)
    first = pd.DataFrame({"id": ["once"], "oid": "z", "time": pd.Timestamp("2025-12-01"), "revenue": 1.0})
    tables["orders"] = pd.concat([tables["orders"], first], ignore_index=True)
    with open_warehouse(spec_of("units", "orders"), tables=tables) as warehouse:
        history = warehouse.history(AS_OF)
    for place, unit in enumerate(history.unit_id):
        expected = naive_history(tables["orders"], unit)
        assert set(history.names) == set(expected)
        for name, value in expected.items():
            np.testing.assert_equal(history[name][place], value, err_msg=f"{unit} {name}")


def test_an_order_at_the_moment_is_not_past_and_ties_are_gaps_of_zero(
    spec_of: Callable[..., ExperimentSpec],
) -> None:
    days = ["2025-12-22", "2025-12-30", "2025-12-30", "2026-01-01"]
    orders = pd.DataFrame({"id": "a", "oid": list("wxyz"), "time": pd.to_datetime(days), "revenue": 1.0})
    tables = {"units": pd.DataFrame({"id": ["a"]}), "orders": orders}
    with open_warehouse(spec_of("units", "orders"), tables=tables) as warehouse:
        history = warehouse.history(AS_OF)
    assert history["n_orders"][0] == 3
    assert history["last_order_days"][0] == 2.0
    assert history["median_gap"][0] == 4.0  # gaps of 8 and 0 days
    assert history["last_gap"][0] == 0.0


@pytest.mark.parametrize("step", [1, 1_000, 1_000_000, 10**13 + 1, 10**15])
def test_values_are_sorted_within_codes_whatever_their_grid(step: int) -> None:
    rng = np.random.default_rng(3)
    code = rng.integers(0, 50, 1_000)
    values = rng.integers(-9_000, 9_000, 1_000) * step + 7
    assert sort_within(code, values).tolist() == values[np.lexsort((values, code))].tolist()
    assert sort_within(code[:0], values[:0]).tolist() == []


def test_quarters_are_counted_back_from_the_moment() -> None:
    # From 2026-02-15: this quarter is bit 0, October 2025 bit 1, March 2025 bit 4; 2005-Q4, 81 ago, is folded to 57.
    moment = np.datetime64("2026-02-15", "us").astype(np.int64)
    days = ["2026-01-01", "2025-10-01", "2025-03-31", "2005-12-31", "2025-12-31", "2025-12-01"]
    day = np.array(days, dtype="datetime64[D]").astype(np.int64)
    got = mark_quarters(day, np.array([3, 0, 1, 2]), int(moment))
    assert got.tolist() == [1 << 0 | 1 << 1 | 1 << 4, 0, 1 << 57, 1 << 1]
    assert mark_quarters(day[:0], np.array([0, 0]), int(moment)).tolist() == [0, 0]


def test_purchase_days_are_those_of_the_warehouse(
    spec_of: Callable[..., ExperimentSpec], shop: dict[str, pd.DataFrame]
) -> None:
    tables = {name: shop[name] for name in ("units", "orders")}
    with open_warehouse(spec_of("units", "orders"), tables=tables) as warehouse:
        history, purchases = warehouse.history(AS_OF), warehouse.purchases(AS_OF)
    for name in ("frequency", "recency_days", "age_days"):
        np.testing.assert_array_equal(history[name], purchases[name])
