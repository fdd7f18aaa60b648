"""Purchase days inside a window, with and without the orders that used a coupon."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from uplift.data import FactWindow, open_warehouse
from uplift.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.spec import ExperimentSpec

    SpecOf = Callable[..., ExperimentSpec]
    Shop = dict[str, pd.DataFrame]

START = datetime(2026, 3, 2)
WINDOW = FactWindow(START, 0, 90, through=datetime(2026, 5, 1), annual_discount_rate=0.1)


def orders_of(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    table = pd.DataFrame([(time, margin) for _, time, margin in rows], columns=["time", "margin"])
    return table.assign(
        id=[unit for unit, _, _ in rows],
        oid=[f"o{place}" for place in range(len(rows))],
        revenue=10.0,
        time=pd.to_datetime(table["time"]).dt.as_unit("us"),
    )


ROWS = [
    ("a", "2026-03-01 23:59", 9.0),  # before the window
    ("a", "2026-03-02 08:00", 1.0),  # o1, day 0, couponed
    ("a", "2026-03-02 09:00", 2.0),  # day 0
    ("a", "2026-03-12 09:00", 4.0),  # o3, day 10, couponed
    ("a", "2026-03-22 09:00", -3.0),  # day 20, a loss
    ("a", "2026-05-01 09:00", 7.0),  # not known yet
    ("b", "2026-05-31 00:00", 7.0),  # after the window
]


def shop_of(rows: list[tuple[str, str, float]]) -> Shop:
    used = pd.to_datetime(["2026-03-02 08:00", "2026-03-12 09:00"])
    coupons = pd.DataFrame({"id": "a", "oid": ["o1", "o3"], "redeemed": used, "campaign": "OWN"})
    units = pd.DataFrame({"id": ["a", "b", "c"]})
    return {"units": units, "orders": orders_of(rows), "coupons": coupons.assign(face=1.0, share=1.0)}


def test_by_hand(spec_of: SpecOf) -> None:
    spec = spec_of("units", "orders", "coupons", orders={"margin": "margin"})
    with open_warehouse(spec, tables=shop_of(ROWS)) as warehouse:
        found = warehouse.window_purchases(np.array(["c", "a", "b"], dtype=object), WINDOW)
    # days 0, 10 and 20; positive margins before the coupon of 1.00: 2 + 2 and 5;
    # without couponed orders day 0 with 2.00 and day 20 with -3.00
    row = {name: found[name].tolist()[1] for name in found.names}
    assert (row["days"], row["last_day"], row["value"], row["n_positive"]) == (3, 20, 9.0, 2)
    assert (row["organic_days"], row["organic_last_day"]) == (2, 20)
    assert (row["organic_value"], row["organic_n_positive"]) == (2.0, 1)
    assert all(found[name][[0, 2]].tolist() == [0.0, 0.0] for name in found.names)


def test_without_coupons_every_order_is_organic(spec_of: SpecOf) -> None:
    spec = spec_of("units", "orders", orders={"margin": "margin"})
    tables = {name: table for name, table in shop_of(ROWS).items() if name != "coupons"}
    with open_warehouse(spec, tables=tables) as warehouse:
        found = warehouse.window_purchases(np.array(["a", "b", "c"], dtype=object), WINDOW)
    for name in ("days", "last_day", "value", "n_positive"):
        np.testing.assert_array_equal(found[name], found[f"organic_{name}"])


def test_each_unit_may_have_its_own_day_0(spec_of: SpecOf) -> None:
    spec = spec_of("units", "orders", "coupons", orders={"margin": "margin"})
    t0 = np.array(["2026-03-11", "2026-05-30", "2026-03-02"], dtype="datetime64[us]")
    with open_warehouse(spec, tables=shop_of(ROWS)) as warehouse:
        ids = np.array(["a", "b", "c"], dtype=object)
        found = warehouse.window_purchases(ids, FactWindow(t0, 0, 30))
    assert found["days"].tolist() == [2.0, 1.0, 0.0]
    assert found["last_day"].tolist() == [11.0, 1.0, 0.0]


def test_purchases_of_named_units(spec_of: SpecOf) -> None:
    spec = spec_of("units", "orders", units={"consent": "consent"}, orders={"margin": "margin"})
    units = shop_of(ROWS)["units"].assign(consent=[False, True, True])
    tables = {"units": units, "orders": orders_of(ROWS)}
    with open_warehouse(spec, tables=tables) as warehouse:
        everybody = warehouse.purchases(START)
        named = warehouse.purchases(START, ids=np.array(["b", "a"], dtype=object))
    assert everybody.unit_id.tolist() == ["b", "c"]
    assert named["n_days"].tolist() == [0, 1]
    assert everybody["n_days"].tolist() == [0, 0]


def test_a_margin_is_needed(spec_of: SpecOf) -> None:
    spec = spec_of("units", "orders")
    with (
        open_warehouse(spec, tables={key: shop_of(ROWS)[key] for key in ("units", "orders")}) as warehouse,
        pytest.raises(DataError, match=r"name data\.orders\.margin"),
    ):
        warehouse.window_purchases(np.array(["a"], dtype=object), WINDOW)
