from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import uplift
from uplift.errors import DataError, EstimationError, UsageError
from uplift.results.alerts import AlertReport
from uplift.simulate.blueprint import spec_mapping
from uplift.simulate.market import make_market_for
from uplift.workflow import find_alerts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from uplift.spec import ExperimentSpec

WEEKS = 16
Tables = dict[str, pd.DataFrame]


def plain_spec(*, lacking: Mapping[str, str | None] | None = None, **changes: object) -> ExperimentSpec:
    """A spec over the tables of the scenario; ``lacking`` leaves out a table, or one key of it."""
    data = spec_mapping("fresh_grocery", touchpoints=True)["data"]
    assert isinstance(data, dict)
    kept = {name: dict(data[name]) for name in ("units", "orders", "behaviour")}
    for name, key in (lacking or {}).items():
        if key is None:
            del kept[name]
        else:
            del kept[name][key]
    mapping = {
        "version": 1,
        "experiment": {"id": "alerts", "currency": "CNY", "title": {"zh": "预警", "en": "Alerts"}},
        "campaign": {"start": "2026-03-02", "end": "2026-03-31"},
        "data": kept,
        "arms": [{"id": "control", "control": True}, {"id": "coupon"}],
        "outcomes": {"primary": "orders"},
    }
    return uplift.parse_spec({**mapping, **changes})


@pytest.fixture(scope="module")
def tables() -> Tables:
    spec = uplift.parse_spec(spec_mapping("fresh_grocery", touchpoints=True))
    market = make_market_for(spec, n_customers=2_500, seed=3)
    return {"units": market.customers, "orders": market.orders, "behaviour": market.behaviour}


@pytest.fixture(scope="module")
def report(tables: Tables) -> AlertReport:
    return find_alerts(plain_spec(), tables=tables, weeks=WEEKS)


def test_what_a_run_says(report: AlertReport) -> None:
    info, total = report.info, report.total
    assert (info.activity, info.as_of) == ("behaviour", "2026-03-02T00:00:00")
    assert (len(info.week_ends), len(info.judged), info.judged[-1]) == (24, 16, "2026-03-02")
    assert report.model.known_until == "2025-11-10T00:00:00"
    assert not report.model.reused
    assert {axis.id for axis in report.axes} == {"lifecycle", "value_tier"}
    for name in ("n_units", "n_judged", "at_risk", "new_at_risk", "cross_category"):
        assert sum(getattr(group, name) for group in report.groups) == getattr(total, name) > 0
    assert total.value_at_risk == pytest.approx(sum(group.value_at_risk for group in report.groups))
    rows = report.rows
    assert rows is not None
    assert (int(rows.at_risk.sum()), int((rows.severity > 0).sum())) == (total.at_risk, sum(total.warned))
    assert report.index[0].index == 100.0
    assert report.backtest is not None
    assert info.week_ends[report.backtest.last_week] == "2025-12-01"


def test_what_is_written_is_read_back(report: AlertReport, tmp_path: Path) -> None:
    path = report.save(tmp_path)
    read = AlertReport.load(tmp_path)
    assert read.to_json() == path.read_bytes()
    assert (read.total, read.customers, read.rows) == (report.total, report.customers, None)
    table = pq.read_table(tmp_path / "alerts.parquet")
    assert report.rows is not None
    assert table["unit_id"].to_pylist() == sorted(report.rows.unit_id.tolist())
    path.write_text('{"schema_version": 7}', encoding="utf-8")
    with pytest.raises(DataError, match="schema_version is 7, this release reads 1; run alerts again"):
        AlertReport.load(path)


def test_row_order_changes_no_byte(report: AlertReport, tables: Tables) -> None:
    shuffled = {name: frame.sample(frac=1.0, random_state=4) for name, frame in tables.items()}
    assert find_alerts(plain_spec(), tables=shuffled, weeks=WEEKS).to_json() == report.to_json()


def test_rows_at_and_after_as_of_change_no_number(report: AlertReport, tables: Tables) -> None:
    moments = pd.Timestamp("2026-03-02") + pd.to_timedelta(np.arange(400) * 3, unit="h")
    orders, visits = tables["orders"].head(400), tables["behaviour"].head(400)
    numbers = [f"later-{i}" for i in range(400)]
    orders = orders.assign(支付时间=moments, 订单号=numbers, 订单状态="已完成")
    added = {"orders": orders, "behaviour": visits.assign(发生时间=moments)}
    later = {**tables, **{name: pd.concat([tables[name], frame]) for name, frame in added.items()}}
    found = find_alerts(plain_spec(), tables=later, weeks=WEEKS, as_of=datetime(2026, 3, 2))
    assert replace(found, info=report.info).to_json() == report.to_json()
    assert find_alerts(plain_spec(), tables=later, weeks=1).info.as_of == "2026-04-21T00:00:00"


def test_an_earlier_run_lends_its_parameters_and_its_index(tables: Tables) -> None:
    end = datetime(2026, 3, 2)
    early = find_alerts(plain_spec(), tables=tables, weeks=8, as_of=end - timedelta(days=14))
    again = find_alerts(plain_spec(), tables=tables, weeks=8, previous=early)
    assert (again.model.reused, again.model.parameters) == (True, early.model.parameters)
    assert again.model.fitted_at == "2026-02-16T00:00:00"
    assert again.change is None
    assert [point.week_end for point in again.index][:2] == [point.week_end for point in early.index][:2]
    assert again.index[-1].index == pytest.approx(early.index[-1].index * again.index[-1].total / early.index[-1].total)
    anew = find_alerts(plain_spec(), tables=tables, weeks=8, previous=early, refit_days=14)
    change = anew.change
    assert change is not None
    assert not anew.model.reused
    assert change.fitted_before == "2026-02-16T00:00:00"
    assert (change.after, change.before) == pytest.approx((anew.index[-1].total, again.index[-1].total), rel=1e-9)
    assert [point.week_end for point in anew.index if point.model_changed] == ["2026-02-23"]
    # what the index does from the link on is the new model's own growth
    growth = [point.total for point in anew.index[-2:]]
    assert anew.index[-1].index / anew.index[-2].index == pytest.approx(growth[1] / growth[0])
    assert abs(change.jump) < 0.2


def test_promotion_weeks_are_left_out(tables: Tables) -> None:
    own = {"extra": [{"name": "店庆", "from": "2026-02-24", "to": "2026-02-25"}]}
    found = find_alerts(plain_spec(calendar=own), tables=tables, weeks=WEEKS)
    assert found.info.removed == ("2026-03-02",)
    assert found.info.judged[-1] == "2026-02-23"
    notes = {note.code: note.facts for note in found.notes}
    assert notes["alerts.last_removed"] == {"week": "2026-02-23"}
    assert notes["alerts.removed"] == {"n": 1}


def test_without_behaviour_or_backtest_the_run_says_so(tables: Tables) -> None:
    spec = plain_spec(lacking={"behaviour": None}, strata={})
    found = find_alerts(spec, tables={name: tables[name] for name in ("units", "orders")}, weeks=4)
    assert found.info.activity == "orders"
    assert {"alerts.orders_only", "alerts.no_backtest"} <= {note.code for note in found.notes}
    assert found.backtest is None
    assert [group.id for group in found.groups] == ["all"]


def test_refusals(tables: Tables) -> None:
    with pytest.raises(UsageError, match="weeks, refit_days: got 0 and 28; allowed are 1 or more"):
        find_alerts(plain_spec(), tables=tables, weeks=0)
    with pytest.raises(DataError, match=r"nobody who consented ordered before 2001-01-01T00:00:00; give a later as_of"):
        find_alerts(plain_spec(), tables=tables, as_of=datetime(2001, 1, 1))
    bare = plain_spec(lacking={"orders": "margin", "behaviour": None}, strata={})
    with pytest.raises(DataError, match=r"name data\.orders and data\.orders\.margin"):
        find_alerts(bare, tables={name: tables[name] for name in ("units", "orders")})
    few = {name: frame.head(30) for name, frame in tables.items()}
    with pytest.raises((EstimationError, DataError)):
        find_alerts(plain_spec(), tables=few)


def test_real_households_are_foreseen_better_than_by_chance(data_file: Callable[[str], Path]) -> None:
    baskets = pd.read_parquet(data_file("completejourney/transactions_sample.parquet"))
    units = pd.DataFrame({"household_id": sorted(baskets["household_id"].unique())})
    orders = {"id": "household_id", "order_id": "basket_id", "time": "transaction_timestamp", "revenue": "sales_value"}
    spec = plain_spec(
        experiment={"id": "journey", "currency": "USD", "timezone": "America/New_York"},
        campaign={"start": "2017-12-01", "end": "2017-12-31"},
        data={
            "units": {"table": "units.parquet", "id": "household_id"},
            "orders": {"table": "orders.parquet", **orders, "margin": {"rate": 0.25}},
        },
    )
    found = find_alerts(spec, tables={"units": units, "orders": baskets}).backtest
    assert found is not None
    for row in (row for row in found.rows if row.by == "overall"):
        assert row.n_alarms > 500
        assert row.lift.ci_lower is not None
        assert row.lift.ci_lower > 1.0
