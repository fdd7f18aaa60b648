from __future__ import annotations

from datetime import datetime, timedelta
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

END = datetime(2025, 9, 1)
N_WEEKS = 30


def test_weeks_are_windows_and_purchases_of_their_ends(spec_of: SpecOf, shop: Shop) -> None:
    shop["units"] = pd.concat([shop["units"], pd.DataFrame({"id": ["never"], "city": "京"})], ignore_index=True)
    with open_warehouse(spec_of(orders={"margin": "margin"}), tables=shop) as warehouse:
        ids = warehouse.units(()).unit_id
        weekly = warehouse.weekly(ids, end=END, n_weeks=N_WEEKS)
        assert weekly.ends[-1] == np.datetime64(END, "D")
        assert (len(weekly), weekly.orders.shape, weekly.has_behaviour) == (31, (31, N_WEEKS), True)
        for week in range(0, N_WEEKS, 5):
            end = END - timedelta(weeks=N_WEEKS - 1 - week)
            facts = warehouse.facts(ids, FactWindow(end, -7, 0), names=["orders", "gross_margin", "events"])
            known = warehouse.purchases(end)
            np.testing.assert_array_equal(weekly.orders[:, week], facts["orders"])
            np.testing.assert_array_equal(weekly.margin[:, week], facts["gross_margin"])
            np.testing.assert_array_equal(weekly.activity[:, week], facts["events"])
            for name in ("frequency", "recency_days", "age_days", "mean_value"):
                np.testing.assert_array_equal(getattr(weekly, name)[:, week], known[name], err_msg=name)
    assert np.isnan(weekly.age_days[:, 0]).any()


def test_a_few_units_in_any_order_and_no_later_row(spec_of: SpecOf, shop: Shop) -> None:
    spec = spec_of(orders={"margin": "margin"})
    later = shop["orders"].assign(time=pd.Timestamp(END), oid=lambda rows: "n" + rows["oid"])
    event = shop["behaviour"].assign(time=pd.Timestamp(END))
    more = {**shop, "orders": pd.concat([later, shop["orders"]]), "behaviour": pd.concat([event, shop["behaviour"]])}
    few = np.array(["020", "001"], object)
    with open_warehouse(spec, tables=shop) as warehouse:
        every = warehouse.weekly(warehouse.units(()).unit_id, end=END, n_weeks=4)
    with open_warehouse(spec, tables=more, threads=2) as warehouse:
        some = warehouse.weekly(few, end=END, n_weeks=4)
    rows = [every.unit_id.tolist().index(unit) for unit in few]
    for name in ("orders", "activity", "margin", "frequency", "recency_days", "age_days", "mean_value"):
        assert getattr(every, name)[rows].tobytes() == getattr(some, name).tobytes(), name


def test_without_behaviour_orders_are_the_activity(spec_of: SpecOf, shop: Shop) -> None:
    tables = {name: shop[name] for name in ("units", "orders")}
    with open_warehouse(spec_of("units", "orders"), tables=tables) as warehouse:
        ids = warehouse.units(()).unit_id
        weekly = warehouse.weekly(ids, end=END, n_weeks=8)
        paid = warehouse.facts(ids, FactWindow(END, -56, 0), names=["revenue"])
        with pytest.raises(DataError, match=r"end == 2025-09-01T12:00:00 .*a week ends at a midnight"):
            warehouse.weekly(ids, end=END.replace(hour=12), n_weeks=8)
        with pytest.raises(DataError, match=r"n_weeks == 0: .*there is at least one"):
            warehouse.weekly(ids, end=END, n_weeks=0)
    np.testing.assert_array_equal(weekly.activity, weekly.orders)
    np.testing.assert_allclose(weekly.margin.sum(1), paid["revenue"])
    assert not weekly.has_behaviour
