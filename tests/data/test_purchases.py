from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from uplift.data import open_warehouse
from uplift.errors import DataError, MissingColumnError

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.spec import ExperimentSpec

    SpecOf = Callable[..., ExperimentSpec]
    Shop = dict[str, pd.DataFrame]

AS_OF = datetime(2026, 1, 1, 12)


def naive_purchases(orders: pd.DataFrame, unit: str, as_of: datetime) -> dict[str, float]:
    """Summarise one unit's purchase days with a loop."""
    whole = orders[orders["id"] == unit].groupby("oid").agg(time=("time", "min"), margin=("margin", "sum"))
    days: dict[pd.Timestamp, float] = {}
    past = whole[whole["time"] < as_of]
    for time, margin in zip(past["time"], past["margin"].to_numpy(), strict=True):
        days[time.normalize()] = days.get(time.normalize(), 0.0) + float(margin)
    dates = sorted(days)
    repeat = [days[day] for day in dates[1:]]
    positive = [margin for margin in repeat if round(margin, 6) > 0]
    return {
        "n_days": len(dates),
        "frequency": max(len(dates) - 1, 0),
        "recency_days": (dates[-1] - dates[0]).days if dates else np.nan,
        "age_days": (as_of - dates[0]) / pd.Timedelta(days=1) if dates else np.nan,
        "mean_value": sum(positive) / len(positive) if positive else 0.0,
        "first_margin": days[dates[0]] if dates else 0.0,
        "repeat_margin": sum(repeat),
        "n_positive_days": len(positive),
    }


def busy(shop: Shop) -> Shop:
    """Return units and orders with several orders a day, a loss, one order, none, and a unit without consent."""
    lone = pd.DataFrame({"id": ["never", "no", "once"], "city": "京"})
    units = pd.concat([shop["units"], lone], ignore_index=True).assign(consent=True)
    units.loc[units["id"] == "no", "consent"] = False
    days = ["2025-12-01 09:00", "2025-12-01 23:00", "2025-12-30 10:00", "2025-12-31 10:00", "2026-01-01 12:00"]
    extra = pd.DataFrame({"id": "once", "oid": list("vwxyz"), "time": pd.to_datetime(days), "revenue": 1.0})
    extra["margin"] = [1.0, 2.0, -5.0, 4.0, 100.0]
    return {"units": units, "orders": pd.concat([shop["orders"], extra, extra.assign(id="no", oid=list("abcde"))])}


def test_purchases_agree_with_a_loop(spec_of: SpecOf, shop: Shop) -> None:
    spec = spec_of("units", "orders", units={"consent": "consent"}, orders={"margin": "margin"})
    tables = busy(shop)
    with open_warehouse(spec, tables=tables) as warehouse:
        found = warehouse.purchases(AS_OF)
    assert found.unit_id.tolist() == sorted(set(tables["units"]["id"]) - {"no"})
    for place, unit in enumerate(found.unit_id):
        expected = naive_purchases(tables["orders"], unit, AS_OF)
        assert set(found.names) == set(expected)
        for name, value in expected.items():
            np.testing.assert_allclose(found[name][place], value, rtol=1e-12, atol=1e-9, err_msg=f"{unit} {name}")


def test_one_unit_by_hand(spec_of: SpecOf, shop: Shop) -> None:
    """Days 1 (1 + 2), 30 (-5) and 31 (4) December: two repeat days, of which one brought something."""
    with open_warehouse(spec_of("units", "orders", orders={"margin": "margin"}), tables=busy(shop)) as warehouse:
        found = warehouse.purchases(AS_OF)
    (place,) = np.flatnonzero(found.unit_id == "once")
    assert [found[name][place] for name in ("n_days", "frequency", "recency_days", "age_days")] == [3, 2, 30.0, 31.5]
    assert [found[name][place] for name in ("mean_value", "repeat_margin", "n_positive_days")] == [4.0, -1.0, 1]
    (place,) = np.flatnonzero(found.unit_id == "never")
    assert [found[name][place] for name in ("n_days", "frequency", "mean_value")] == [0, 0, 0.0]
    assert np.isnan([found["recency_days"][place], found["age_days"][place]]).all()


def test_values_without_a_margin_are_absent(spec_of: SpecOf, shop: Shop) -> None:
    tables = {name: shop[name] for name in ("units", "orders")}
    with open_warehouse(spec_of("units", "orders"), tables=tables) as warehouse:
        found = warehouse.purchases(AS_OF)
    assert found.names == ("n_days", "frequency", "recency_days", "age_days")
    with pytest.raises(MissingColumnError, match=r"'mean_value' is not known: the spec has no data\.orders\.margin"):
        found["mean_value"]


@pytest.mark.parametrize("step", [1, 7, 400])
def test_cells_count_the_units_of_purchases(spec_of: SpecOf, shop: Shop, step: int) -> None:
    spec = spec_of("units", "orders", units={"consent": "consent"}, orders={"margin": "margin"})
    with open_warehouse(spec, tables=busy(shop)) as warehouse:
        each, cells = warehouse.purchases(AS_OF), warehouse.purchase_cells(AS_OF, step_days=step)
    bought = each.take(each["n_days"] > 0)
    assert cells.weight.sum() == len(bought)
    for name, values in (("recency_days", cells.recency_days), ("age_days", cells.age_days)):
        np.testing.assert_allclose((values * cells.weight).sum(), bought[name].sum(), rtol=1e-12)
    keys = {
        (x, recency // step, age // step)
        for x, recency, age in zip(bought["frequency"], bought["recency_days"], bought["age_days"], strict=True)
    }
    assert len(cells) == len(keys)
    assert (cells.recency_days < cells.age_days).all()
    if step == 1:
        exact = sorted(zip(bought["frequency"], bought["age_days"], bought["recency_days"], strict=True))
        repeated = zip(cells.frequency, cells.age_days, cells.recency_days, cells.weight, strict=True)
        assert [cell[:3] for cell in repeated for _ in range(cell[3])] == exact


def test_cells_need_a_width(spec_of: SpecOf, shop: Shop) -> None:
    tables = {name: shop[name] for name in ("units", "orders")}
    with (
        open_warehouse(spec_of("units", "orders"), tables=tables) as warehouse,
        pytest.raises(DataError, match="step_days == 0, must be 1 or more"),
    ):
        warehouse.purchase_cells(AS_OF, step_days=0)


def test_no_row_order_no_thread_and_no_later_row_changes_a_purchase(spec_of: SpecOf, shop: Shop) -> None:
    spec = spec_of("units", "orders", orders={"margin": "margin"})
    tables = busy(shop)
    later = tables["orders"].assign(time=pd.Timestamp(AS_OF), oid=[f"n{row}" for row in range(len(tables["orders"]))])
    shuffled = {**tables, "orders": pd.concat([tables["orders"], later]).sample(frac=1, random_state=1)}
    found = []
    for threads, given in ((1, tables), (2, shuffled)):
        with open_warehouse(spec, tables=given, threads=threads) as warehouse:
            found.append((warehouse.purchases(AS_OF), warehouse.purchase_cells(AS_OF)))
    (one, some), (other, same) = found
    for name in one.names:
        np.testing.assert_array_equal(one[name], other[name])
    for name in ("frequency", "recency_days", "age_days", "weight"):
        np.testing.assert_array_equal(getattr(some, name), getattr(same, name))


def test_days_before_1970_are_days(spec_of: SpecOf) -> None:
    times = pd.to_datetime(["1969-12-30 23:00", "1970-01-02 01:00"])
    orders = pd.DataFrame({"id": "a", "oid": ["1", "2"], "time": times, "revenue": 1.0})
    with open_warehouse(
        spec_of("units", "orders"), tables={"units": pd.DataFrame({"id": ["a"]}), "orders": orders}
    ) as warehouse:
        found = warehouse.purchases(datetime(1970, 1, 5))
    assert (found["recency_days"][0], found["age_days"][0]) == (3.0, 6.0)


def test_some_units_are_asked_for_alone(spec_of: SpecOf, shop: Shop) -> None:
    spec = spec_of("units", "orders", units={"consent": "consent"}, orders={"margin": "margin"})
    with open_warehouse(spec, tables=busy(shop)) as warehouse:
        everybody = warehouse.purchases(AS_OF)
        some = everybody.unit_id[::3]
        few = warehouse.purchases(AS_OF, ids=some)
    for name in everybody.names:
        np.testing.assert_array_equal(few[name], everybody[name][::3], err_msg=name)
