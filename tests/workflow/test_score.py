from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import uplift
from uplift.errors import DataError, UsageError
from uplift.report import render_customers
from uplift.results.customers import CustomerReport
from uplift.simulate.blueprint import spec_mapping
from uplift.simulate.market import make_market_for
from uplift.workflow import score_customers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from uplift.spec import ExperimentSpec

AS_OF = datetime(2026, 3, 2)
HORIZON = 180
ROLES = ("units", "orders", "refunds", "contacts", "behaviour")
Tables = dict[str, pd.DataFrame]


def plain_spec(*, roles: tuple[str, ...] = ROLES, margin: bool = True, **changes: object) -> ExperimentSpec:
    """A spec over the tables of the scenario, without a draw."""
    data = cast("Mapping[str, Any]", spec_mapping("fresh_grocery", touchpoints=True)["data"])
    kept = {name: dict(data[name]) for name in roles}
    if not margin:
        del kept["orders"]["margin"]
    mapping = {
        "version": 1,
        "experiment": {"id": "scores", "currency": "CNY", "title": {"zh": "客户", "en": "Customers"}},
        "campaign": {"start": "2026-03-02", "end": "2026-03-31"},
        "data": kept,
        "arms": [{"id": "control", "control": True}, {"id": "coupon"}],
        "outcomes": {"primary": "orders"},
    }
    return uplift.parse_spec({**mapping, **changes})


def some(tables: Tables, *roles: str) -> Tables:
    return {name: tables[name] for name in roles}


@pytest.fixture(scope="module")
def tables() -> Tables:
    spec = uplift.parse_spec(spec_mapping("fresh_grocery", touchpoints=True))
    market = make_market_for(spec, n_customers=2_500, seed=3)
    return {name: getattr(market, "customers" if name == "units" else name) for name in ROLES}


@pytest.fixture(scope="module")
def report(tables: Tables) -> CustomerReport:
    return score_customers(plain_spec(), tables=tables, as_of=AS_OF, horizon_days=HORIZON, method="bgnbd")


def test_every_split_of_the_customers_adds_up(report: CustomerReport) -> None:
    total, rows = report.total, report.rows
    assert rows is not None
    predicted = rows.columns["predicted_clv"]
    assert len(rows) == total.n_units == report.info.n_units
    assert total.predicted_total == pytest.approx(predicted.sum())
    assert total.predicted_clv == pytest.approx(predicted.mean())
    for split in (report.stages, report.matrix):
        assert sum(row.n_units for row in split) == total.n_units
    assert sum(row.share for row in report.stages) == pytest.approx(1.0)
    for name in ("historic", "predicted"):
        whole = getattr(total, f"{name}_total")
        assert sum(getattr(row, f"{name}_total") for row in report.stages) == pytest.approx(whole)
        assert sum(getattr(cell, name) for cell in report.matrix) == pytest.approx(whole)
    assert sum(row.n_units for row in report.churn) == int((rows.columns["churn"] != "none").sum())
    assert report.disagreement is not None
    assert sum(map(sum, report.disagreement.counts)) == total.n_units
    assert total.margin is not None
    assert report.parts["purchase"] == pytest.approx(total.margin * total.n_units)


def test_one_row_per_customer(report: CustomerReport, tmp_path: Path) -> None:
    report.save(tmp_path)
    table = pq.read_table(tmp_path / "customers.parquet").to_pandas()
    assert table["unit_id"].is_monotonic_increasing
    named = {
        "stage", "stage_by_model", "alive", "value_tier", "potential", "frequency", "basket", "label", "churn",
        "churn_reason", "preference", "risk", "predicted_clv", "clv_method", "gross_margin", "orders",
    }  # fmt: skip
    assert named <= set(table.columns)
    without = table["lifetime_orders"].fillna(0) == 0
    assert without.any()
    assert (table.loc[without, "predicted_clv"] == 0).all()
    assert table.loc[without, "alive"].isna().all()
    assert set(table["clv_method"]) == {"bgnbd"}
    one = table.iloc[0]
    assert one["label"] == "|".join((one["stage"], one["value_tier"], one["preference"], one["risk"]))


def test_what_is_written_is_read_back(report: CustomerReport, tmp_path: Path) -> None:
    path = report.save(tmp_path)
    read = CustomerReport.load(tmp_path)
    assert read.to_json() == path.read_bytes()
    assert (read.stages, read.accuracy, read.drivers, read.rows) == (
        report.stages,
        report.accuracy,
        report.drivers,
        None,
    )


def test_row_order_changes_no_byte(report: CustomerReport, tables: Tables) -> None:
    shuffled = {name: frame.sample(frac=1.0, random_state=4) for name, frame in tables.items()}
    again = score_customers(plain_spec(), tables=shuffled, as_of=AS_OF, horizon_days=HORIZON, method="bgnbd")
    assert again.to_json() == report.to_json()


def test_rows_at_and_after_as_of_change_no_number(report: CustomerReport, tables: Tables) -> None:
    moments = pd.Timestamp(AS_OF) + pd.to_timedelta(np.arange(400) * 3, unit="h")
    numbers = [f"later-{i}" for i in range(400)]
    added = tables["orders"].head(400).assign(支付时间=moments, 订单号=numbers, 订单状态="已完成")
    visits = tables["behaviour"].head(400).assign(发生时间=moments)
    later = {
        **tables,
        "orders": pd.concat([tables["orders"], added]),
        "behaviour": pd.concat([tables["behaviour"], visits]),
    }
    found = score_customers(plain_spec(), tables=later, as_of=AS_OF, horizon_days=HORIZON, method="bgnbd")
    assert replace(found, info=report.info).to_json() == report.to_json()


def test_the_test_of_the_past_is_that_of_the_tables(report: CustomerReport, tables: Tables) -> None:
    spec, then = plain_spec(), pd.Timestamp(AS_OF - timedelta(days=HORIZON))
    assert spec.data.orders is not None
    assert report.accuracy is not None
    orders = tables["orders"]
    orders = orders[orders["订单状态"].isin(["已发货", "已完成"])]
    units = tables["units"]
    orders = orders[orders["会员ID"].isin(units.loc[units["营销授权"].astype(bool), "会员ID"])]
    days = (orders["支付时间"] - then) / pd.Timedelta(days=1)
    bought = orders.loc[days < 0, "会员ID"].unique()
    mine = orders["会员ID"].isin(bought)
    after, before = mine & (days >= 0) & (days < HORIZON), mine & (days < 0) & (days >= -HORIZON)
    discounted = orders["毛利"] * 1.1 ** (-np.floor(days) / 365)
    came = discounted[after].groupby(orders["会员ID"]).sum().reindex(bought, fill_value=0.0)
    past = orders.loc[before, "毛利"].groupby(orders["会员ID"]).sum().reindex(bought, fill_value=0.0)
    line = next(row for row in report.accuracy.rows if (row.prediction, row.axis) == ("naive_repeat", "overall"))
    assert (report.accuracy.n_units, line.n_units) == (len(bought), len(bought))
    assert line.actual_mean == pytest.approx(came.mean(), rel=1e-9)
    assert line.mae == pytest.approx((past - came).abs().mean(), rel=1e-9)
    assert line.total_ratio == pytest.approx(past.sum() / came.sum(), rel=1e-9)
    last = orders[(days >= 0) & (days < HORIZON)]
    assert report.total.historic_total == pytest.approx(last["毛利"].sum(), rel=1e-9)
    axes = {row.axis for row in report.accuracy.rows}
    assert axes == {"overall", "stage", "category"}
    assert sum(row.n_units for row in report.accuracy.deciles) == len(bought)


def test_drivers_are_associations_of_the_stages_of_then(report: CustomerReport) -> None:
    assert report.drivers is not None
    assert report.drivers.moment == (AS_OF - timedelta(days=HORIZON)).isoformat()
    assert (report.drivers.label.code, report.drivers.evidence) == ("note.clv.drivers.association", "D")
    assert {row.touchpoint for row in report.drivers.rows} >= {"category_breadth", "return_rate", "visits"}
    for row in report.drivers.rows:
        assert row.ci_lower < row.estimate < row.ci_upper


@pytest.mark.slow
def test_boosted_trees_are_tested_beside_and_named(tables: Tables) -> None:
    found = score_customers(plain_spec(), tables=tables, as_of=AS_OF, horizon_days=HORIZON, method="boosted")
    assert (found.method.asked, found.method.method, found.method.parameters) == ("boosted", "boosted", {})
    assert found.accuracy is not None
    overall = [row.prediction for row in found.accuracy.rows if row.axis == "overall"]
    assert overall == ["boosted", "naive_repeat", "naive_orders", "naive_mean"]
    assert found.accuracy.deciles
    assert found.accuracy.moment == (AS_OF - timedelta(days=HORIZON)).isoformat()


def test_a_short_past_is_said_and_not_tested(tables: Tables) -> None:
    spec = plain_spec(roles=("units", "orders"))
    early = tables["orders"]["支付时间"].min().normalize().to_pydatetime() + timedelta(days=120)
    found = score_customers(spec, tables=some(tables, "units", "orders"), as_of=early, horizon_days=HORIZON)
    assert (found.accuracy, found.drivers) == (None, None)
    codes = [note.code for note in found.notes]
    assert {"customers.no_past", "customers.no_reason"} <= set(codes)
    assert found.method.method == "rfm"
    assert "churn_reason" not in {axis.id for axis in found.axes}
    assert {row.reason for row in found.churn} == {""}
    assert any(code == "note.clv.heuristic" for code in (note.code for note in found.method.notes))


def test_six_stages_and_tiers_of_the_spec(tables: Tables) -> None:
    strata = {
        "lifecycle": "six_stage",
        "value_tier": {"by": "gross_margin_90d", "cuts": [50], "names": ["small", "big"]},
        "potential": {"cuts": [100]},
    }
    spec = plain_spec(roles=("units", "orders"), strata=strata)
    found = score_customers(spec, tables=some(tables, "units", "orders"), as_of=AS_OF, horizon_days=90, method="rfm")
    levels = {axis.id: tuple(axis.levels) for axis in found.axes}
    assert found.info.stage_rule == "six_stage"
    assert [row.stage for row in found.stages] == ["potential", "new", "growing", "mature", "declining", "lost"]
    assert levels["value_tier"] == ("small", "big")
    assert len(levels["potential"]) == 2
    nobody = found.stages[0]
    assert (nobody.n_units, nobody.predicted_total) == (found.info.n_units - found.info.n_buyers, 0.0)
    assert found.accuracy is not None
    assert found.accuracy.method == "rfm"


def test_a_stage_of_the_company_stands_beside_the_rule(tables: Tables) -> None:
    spec = plain_spec(roles=("units", "orders"), strata={"lifecycle": {"column": "平台"}})
    found = score_customers(spec, tables=some(tables, "units", "orders"), as_of=AS_OF, horizon_days=90, method="rfm")
    assert found.info.stage_rule == "column"
    assert {row.stage for row in found.stages} == set(tables["units"]["平台"])
    assert found.rows is not None
    assert {"new", "growing", "active"} <= set(found.rows.columns["stage_by_rule"])
    assert found.disagreement is not None
    assert found.disagreement.n_compared == 0
    assert found.accuracy is not None
    assert {row.level for row in found.accuracy.rows if row.axis == "stage"} >= {"new", "growing", "active"}
    assert "Growing" in render_customers(found, language="en")


def test_the_default_date_is_the_midnight_after_the_last_order(tables: Tables) -> None:
    spec = plain_spec(roles=("units", "orders"))
    found = score_customers(spec, tables=some(tables, "units", "orders"), horizon_days=60, method="mbgnbd")
    assert found.info.as_of == AS_OF.isoformat()
    assert set(found.method.parameters) == {"r", "alpha", "a", "b", "p", "q", "v"}


def test_what_cannot_be_scored(tables: Tables) -> None:
    spec, frames = plain_spec(roles=("units", "orders")), some(tables, "units", "orders")
    bare = plain_spec(roles=("units", "orders"), margin=False, strata={"lifecycle": "five_stage"})
    with pytest.raises(UsageError, match="method: 'magic', must be one of auto, bgnbd, mbgnbd, boosted, rfm"):
        score_customers(spec, tables=frames, method="magic")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="horizon_days: got 0, must be 1 or more"):
        score_customers(spec, tables=frames, horizon_days=0)
    with pytest.raises(DataError, match=r"name data\.orders and data\.orders\.margin"):
        score_customers(bare, tables=frames)
    with pytest.raises(DataError, match="'boosted' learns from customers two horizons of 500 days ago"):
        score_customers(spec, tables=frames, as_of=AS_OF, horizon_days=500, method="boosted")
    with pytest.raises(DataError, match="ordered before 2001-01-01"):
        score_customers(spec, tables=frames, as_of=datetime(2001, 1, 1))
