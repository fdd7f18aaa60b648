from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from uplift.data import FactWindow, check_codes, metric_column, open_warehouse
from uplift.data.metrics import MetricColumn, compute_metric
from uplift.errors import DataError, MissingColumnError, MissingFileError
from uplift.spec import load_spec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from uplift.spec import ExperimentSpec

    SpecOf = Callable[..., ExperimentSpec]
    Shop = dict[str, pd.DataFrame]

AS_OF = datetime(2026, 1, 1)


def units_and_orders(**orders: object) -> Shop:
    base = {"id": ["a"], "oid": ["1"], "time": [pd.Timestamp("2025-11-01")], "revenue": [5.0]}
    return {"units": pd.DataFrame({"id": ["a", "b"]}), "orders": pd.DataFrame({**base, **orders})}


def test_metrics_are_formulas_of_facts(spec_of: SpecOf, shop: Shop) -> None:
    labels = {"category": "category", "platform": "platform"}
    spec = spec_of(orders={"margin": "margin", **labels}, eligible={"where": {"platform": "京东"}})
    wanted = [
        metric_column("orders_90d"),
        metric_column("trailing_margin"),
        metric_column("average_basket_365d"),
        MetricColumn("again", "repurchase_rate", 90),
        MetricColumn("count", "repurchase_count", 90),
        MetricColumn("back", "return_rate", 365),
        MetricColumn("net", "net_margin", 365),
        MetricColumn("away", "other_platform_margin", 365),
        MetricColumn("across", "cross_category_repurchase_30d", 365),
        MetricColumn("annoyed", "complaint_rate", 365),
    ]
    with open_warehouse(spec, tables=shop) as warehouse:
        ids = warehouse.units(()).unit_id
        metrics = warehouse.metrics(ids, wanted, as_of=AS_OF)
        quarter = warehouse.facts(ids, FactWindow(AS_OF, -90, 0, through=AS_OF))
        year = warehouse.facts(ids, FactWindow(AS_OF, -365, 0, through=AS_OF))
        extra = warehouse.facts(
            ids, FactWindow(AS_OF, -365, 0), names=("complaints", "other_platform_margin", "cross_category_30d")
        )
    assert metrics.names == tuple(one.name for one in wanted)
    np.testing.assert_array_equal(metrics["away"], extra["other_platform_margin"])
    np.testing.assert_array_equal(metrics["across"], extra["cross_category_30d"])
    assert 0 < extra["other_platform_margin"].sum() < year["gross_margin"].sum()
    some = year["orders"] > 0
    np.testing.assert_array_equal(metrics["annoyed"][some], (extra["complaints"] / year["orders"])[some])
    np.testing.assert_array_equal(metrics["orders_90d"], quarter["orders"])
    np.testing.assert_array_equal(metrics["trailing_margin"], year["gross_margin"])
    np.testing.assert_array_equal(metrics["again"], quarter["orders"] >= 2)
    np.testing.assert_array_equal(metrics["count"], np.maximum(quarter["orders"] - 1, 0))
    bought = year["orders"] > 0
    np.testing.assert_allclose(metrics["average_basket_365d"][bought], (year["revenue"] / year["orders"])[bought])
    costs = year["subsidy"] + year["contact_cost"] + year["returned_margin"]
    np.testing.assert_allclose(metrics["net"], year["gross_margin"] - costs)
    for metric in ("incremental_clv", "redeemed_orders", "retention", "full_price_margin", "unsubscribe_rate"):
        assert compute_metric(year, metric).shape == ids.shape


def test_metrics_without_days_or_of_no_name_are_refused(spec_of: SpecOf) -> None:
    with pytest.raises(DataError, match="metric == 'orders', must say its days, for example orders_90d"):
        metric_column("orders")
    with pytest.raises(DataError, match="did you mean 'orders'"):
        metric_column("order_90d")
    with open_warehouse(spec_of("units", "orders"), tables=units_and_orders()) as warehouse:
        ids = warehouse.units(()).unit_id
        with pytest.raises(DataError, match="metric == 'clv', must be one of: incremental_clv"):
            warehouse.metrics(ids, [MetricColumn("x", "clv", 30)], as_of=AS_OF)
        basket = warehouse.metrics(ids, [metric_column("average_basket_365d")], as_of=AS_OF)
    np.testing.assert_array_equal(basket["average_basket_365d"], [5.0, np.nan])


def test_times_are_local_in_the_zone_of_the_spec(spec_of: SpecOf) -> None:
    """2025-11-10 16:03 UTC is 2025-11-11 00:03 in Beijing: one day later."""
    tables = units_and_orders(time=pd.to_datetime(["2025-11-10T16:03:00Z"]))
    with open_warehouse(spec_of("units", "orders"), tables=tables) as warehouse:
        ids = np.array(["a"], object)
        tenth = warehouse.facts(ids, FactWindow(datetime(2025, 11, 10), 0, 1))
        eleventh = warehouse.facts(ids, FactWindow(datetime(2025, 11, 11), 0, 1))
        assert warehouse.time_bounds["orders"].first == datetime(2025, 11, 11, 0, 3)
    assert (tenth["orders"][0], eleventh["orders"][0]) == (0, 1)


def test_the_last_moment_is_the_midnight_after_the_last_row(spec_of: SpecOf, shop: Shop) -> None:
    spec = spec_of("units", "orders", "refunds", "coupons")
    tables = {name: shop[name] for name in spec.data.model_fields_set}
    with open_warehouse(spec, tables=tables) as warehouse:
        known = shop["orders"][shop["orders"]["id"] != "stranger"]
        refunds = shop["refunds"][shop["refunds"]["oid"].isin(known["oid"])]
        last = max(known.groupby("oid")["time"].min().max(), refunds["time"].max(), shop["coupons"]["redeemed"].max())
        assert warehouse.last_moment() == last.normalize() + pd.Timedelta(days=1)
    at_midnight = units_and_orders(time=pd.to_datetime(["2025-11-11"]))
    with open_warehouse(spec_of("units", "orders"), tables=at_midnight) as warehouse:
        assert warehouse.last_moment() == datetime(2025, 11, 12)
    alone = {"units": pd.DataFrame({"id": ["a"], "x": [1.0]})}
    with open_warehouse(spec_of("units"), tables=alone) as warehouse:
        assert warehouse.last_moment() is None
        with pytest.raises(DataError, match=r"needs data\.orders, which the spec does not have"):
            warehouse.history(AS_OF)


def test_what_is_left_out_is_counted(spec_of: SpecOf, shop: Shop) -> None:
    refunds = pd.DataFrame({"oid": ["o1", "lost"], "time": [pd.NaT, pd.Timestamp("2026-01-01")], "amount": 1.0})
    tables = {"units": shop["units"], "orders": shop["orders"], "refunds": refunds}
    steps: list[str] = []

    def tell(step: str, done: int, total: int) -> None:
        assert 0 <= done < total
        steps.append(step)

    with open_warehouse(spec_of("units", "orders", "refunds"), tables=tables, progress=tell) as warehouse:
        notes = {note.code: note.facts["n"] for note in warehouse.notes}
        assert warehouse.row_counts == {"units": 30, "orders": len(shop["orders"]), "refunds": 2}
        assert warehouse.roles == {"units", "orders", "refunds"}
    assert notes == {
        "data.orders_of_nobody": (shop["orders"]["id"] == "stranger").sum(),
        "data.refunds_without_time": 1,
        "data.refunds_of_no_order": 1,
    }
    assert steps == ["data.units", "data.orders", "data.refunds", "data.orders", "data.refunds"]


def test_codes_of_no_row_are_refused_with_those_seen(spec_of: SpecOf, shop: Shop) -> None:
    with open_warehouse(spec_of(), tables=shop) as warehouse:
        check_codes(warehouse)
    shop["contacts"] = shop["contacts"].assign(campaign="OTHER")
    with open_warehouse(spec_of(), tables=shop) as warehouse:
        text = r"data\.contacts\.campaign: no row belongs .*campaign\.codes: OWN.*codes in the table: OTHER"
        with pytest.raises(DataError, match=text):
            check_codes(warehouse)


def test_missing_files_and_columns_are_said_at_once(tmp_path: Path, spec_of: SpecOf) -> None:
    pd.DataFrame({"会员": ["a"], "城市": ["京"]}).to_parquet(tmp_path / "units.parquet")
    path = tmp_path / "spec.yaml"
    path.write_text(spec_of("units", "orders").text, encoding="utf-8")
    with pytest.raises(MissingColumnError) as caught:
        open_warehouse(load_spec(path))
    first, second = str(caught.value).splitlines()
    assert first.startswith("column 'id' is not in data.units (units.parquet), named by data.units.id")
    assert first.endswith("columns: 会员, 城市")
    assert second.startswith(f"data.orders: no file 'orders.parquet' (looked for {tmp_path / 'orders.parquet'})")
    (tmp_path / "units.parquet").unlink()
    (tmp_path / "order.parquet").touch()
    with pytest.raises(MissingFileError, match=r"did you mean 'order\.parquet'"):
        open_warehouse(load_spec(path))


def test_tables_must_be_roles_of_the_spec(spec_of: SpecOf) -> None:
    frame = pd.DataFrame({"id": ["a"], "x": [1.0]})
    with pytest.raises(DataError, match="tables: got 'user', must be one of: units, orders"):
        open_warehouse(spec_of("units"), tables={"user": frame})
    with pytest.raises(DataError, match=r"tables: got 'orders', and the spec has no data\.orders"):
        open_warehouse(spec_of("units"), tables={"units": frame, "orders": frame})


def test_the_folder_of_the_engine_goes_when_it_closes(spec_of: SpecOf, tmp_path: Path) -> None:
    (tmp_path / "units.csv").write_text("id,x\n001,1\n", encoding="utf-8")
    with open_warehouse(spec_of("units"), tables={"units": tmp_path / "units.csv"}) as warehouse:
        folder = warehouse._store.engine.folder
        assert any(folder.iterdir())
        assert warehouse.spec.experiment.id == "shop"
    assert not folder.exists()
