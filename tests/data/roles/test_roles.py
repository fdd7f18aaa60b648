from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from uplift.data import FactWindow, open_warehouse
from uplift.errors import DataError, MissingColumnError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from uplift.spec import ExperimentSpec

    SpecOf = Callable[..., ExperimentSpec]
    Frames = dict[str, pd.DataFrame]

TIME = pd.Timestamp("2026-03-05")
WINDOW = FactWindow(datetime(2026, 3, 2), 0, 90)
ROWS: dict[str, dict[str, Any]] = {
    "units": {"id": ["a", "b"]},
    "orders": {"id": ["a", "b"], "oid": ["1", "2"], "time": [TIME, TIME], "revenue": [10.0, 20.0]},
    "refunds": {"oid": ["1"], "time": [TIME], "amount": [1.0]},
    "coupons": {"id": ["a"], "campaign": ["OWN"], "redeemed": [TIME], "oid": ["1"], "face": [5.0], "share": [1.0]},
    "contacts": {"id": ["a"], "campaign": ["OWN"], "time": [TIME], "cost": [0.05], "unsubscribed": [False]},
    "service": {"id": ["a"], "time": [TIME], "complaint": [True], "rating": [4.5]},
    "behaviour": {"id": ["a"], "time": [TIME], "kind": ["visit"], "count": [2], "value": [0.0]},
}


def frames(*roles: str, **changes: dict[str, Any]) -> Frames:
    return {role: pd.DataFrame({**ROWS[role], **changes.get(role, {})}) for role in roles or ROWS}


TOUCHES = (
    *("orders", "tickets", "complaints", "ratings", "rating_sum"),
    *("events", "visits", "content_events", "shares", "referrals", "content_value", "referral_value"),
)


def facts(spec: ExperimentSpec, tables: Frames, names: Sequence[str] | None = None) -> dict[str, list[float]]:
    with open_warehouse(spec, tables=tables) as warehouse:
        found = warehouse.facts(warehouse.units(()).unit_id, WINDOW, names=names)
    return {name: found[name].tolist() for name in found.names}


BAD = [
    ("units", {"id": ["a", "a"]}, r"data\.units\.id \(column 'id' of data\.units\): 1 rows repeat an id, first: 'a'"),
    ("units", {"id": ["a", None]}, r"data\.units\.id .*: 1 of 2 rows have no value; fill them, or keep them out"),
    ("units", {"id": [1.0, 2.0]}, "the id column 'id' holds floats"),
    (
        "units",
        {"id": ["1.2E+18", "b"]},
        r"data\.units\.id .*: 1 of 2 rows cannot be read, first: '1\.2E\+18'; keep",
    ),
    ("orders", {"time": [TIME, pd.NaT]}, r"data\.orders\.time .*: 1 of 2 rows have no value"),
    ("orders", {"time": ["2026/3/1", "昨天"]}, r"data\.orders\.time .*: 1 of 2 rows cannot be read, first: '昨天'"),
    ("orders", {"revenue": [1.0, np.nan]}, r"data\.orders\.revenue .*: 1 of 2 rows have no value"),
    ("orders", {"revenue": ["1,5", "x"]}, r"data\.orders\.revenue .*: 2 of 2 rows cannot be read, first: '1,5'; write"),
    ("orders", {"oid": ["1", ""]}, r"data\.orders\.order_id .*: 1 of 2 rows have no value"),
    ("orders", {"oid": ["1", "1"]}, r"data\.orders\.order_id .*: 1 orders have lines of two units, first: '1'"),
    ("orders", {"id": ["A", "B"]}, r"data\.orders\.id .*: no order belongs to a unit; .*like 'A', in units like 'a'"),
    ("refunds", {"amount": [-1.0]}, r"data\.refunds\.amount .*: the least amount is -1\.0, must be 0 or more"),
    ("refunds", {"amount": [None]}, r"data\.refunds\.amount .*: 1 of 1 rows have no value"),
    ("refunds", {"time": ["soon"]}, r"data\.refunds\.time .*first: 'soon'"),
    ("coupons", {"face": [-5.0]}, r"data\.coupons\.face .*: the least face is -5\.0, must be 0 or more"),
    ("coupons", {"face": [None]}, r"data\.coupons\.face .*: 1 of 1 rows have no value"),
    ("coupons", {"share": [50]}, r"data\.coupons\.our_share .*: got 50\.0, must lie in \[0, 1\]; write 0\.5 or 50%"),
    ("coupons", {"share": [-0.5]}, r"data\.coupons\.our_share .*: got -0\.5, must lie"),
    ("coupons", {"redeemed": ["?"]}, r"data\.coupons\.redeemed .*: 1 of 1 rows cannot be read, first: '\?'"),
    ("contacts", {"cost": ["free"]}, r"data\.contacts\.cost .*first: 'free'"),
    ("contacts", {"unsubscribed": ["maybe"]}, r"data\.contacts\.unsubscribed .*first: 'maybe'; write true or false"),
    ("service", {"time": [pd.NaT]}, r"data\.service\.time .*: 1 of 1 rows have no value"),
    ("service", {"complaint": ["maybe"]}, r"data\.service\.complaint .*first: 'maybe'; write true or false"),
    ("service", {"rating": ["good"]}, r"data\.service\.rating .*first: 'good'; write 1234\.5"),
    ("behaviour", {"time": ["soon"]}, r"data\.behaviour\.time .*first: 'soon'"),
    ("behaviour", {"count": [None]}, r"data\.behaviour\.count .*: 1 of 1 rows have no value"),
    ("behaviour", {"count": [-1]}, r"data\.behaviour\.count .*: 1 of 1 rows are below 0 or not whole"),
    ("behaviour", {"count": [1.5]}, r"data\.behaviour\.count .*: 1 of 1 rows are below 0 or not whole"),
]


@pytest.mark.parametrize(("role", "change", "text"), BAD)
def test_bad_cells_are_refused_with_their_place(spec_of: SpecOf, role: str, change: dict[str, Any], text: str) -> None:
    roles = ("units", "orders", role) if role not in {"units", "orders"} else ("units", "orders")
    names = TOUCHES if role in {"service", "behaviour"} else None
    with pytest.raises(DataError, match=text):
        facts(spec_of(*dict.fromkeys(roles)), frames(*roles, **{role: change}), names)


def test_lines_are_orders_of_their_own_without_a_shared_id(spec_of: SpecOf) -> None:
    tables = frames("units", "orders", orders={"oid": [1, 2], "id": ["a", "a"], "revenue": ["1.2万", "¥1,234.50"]})
    found = facts(spec_of("units", "orders"), tables)
    assert found["orders"] == [2, 0]
    assert found["revenue"] == [13234.5, 0.0]


def test_a_coupon_on_no_order_counts_at_its_own_time(spec_of: SpecOf) -> None:
    rows = {
        "id": ["b", "a", "a"],
        "campaign": "OWN",
        "redeemed": [TIME, TIME, pd.NaT],
        "oid": [None, "2", "1"],
        "face": [5.0, 7.0, 9.0],
        "share": [0.5, None, 1.0],
    }
    found = facts(spec_of("units", "orders", "coupons"), frames("units", "orders", "coupons", coupons=rows))
    # b: 5 × .5 of a coupon on no order, and the 7 that a's coupon took off b's order.
    assert found["subsidy"] == [0.0, 9.5]
    assert found["redeemed_orders"] == [0, 1]
    assert found["list_value"] == [10.0, 27.0]


def test_contacts_of_other_campaigns_and_unsent_ones_are_left_out(spec_of: SpecOf) -> None:
    rows = {
        "id": ["a", "a", "a", "b"],
        "campaign": ["OWN", "OWN", "OTHER", "OWN"],
        "time": [TIME, TIME, TIME, pd.NaT],
        "cost": [0.05, None, 9.0, 9.0],
        "unsubscribed": ["否", "是", "否", "是"],
    }
    tables = frames("units", "orders", "contacts", contacts=rows)
    found = facts(spec_of("units", "orders", "contacts"), tables)
    assert found["contacts"] == [2, 0]
    assert found["contact_cost"] == [0.05, 0.0]
    assert found["unsubscribed"] == [1, 0]
    bare = spec_of("units", "orders", "contacts", contacts={"cost": None, "unsubscribed": None})
    with open_warehouse(bare, tables=tables) as warehouse:
        found_bare = warehouse.facts(np.array(["a"], object), WINDOW)
        with pytest.raises(MissingColumnError, match=r"the spec has no data\.contacts\.cost"):
            found_bare["contact_cost"]
        with pytest.raises(MissingColumnError, match=r"the spec has no data\.contacts\.unsubscribed"):
            found_bare["unsubscribed"]


def test_tickets_complain_only_when_they_say_so(spec_of: SpecOf) -> None:
    rows = {
        "id": ["a", "a", "b", "stranger"],
        "time": TIME,
        "complaint": ["是", None, "否", "是"],
        "rating": [1.0, None, 4.5, 5.0],
    }
    tables = frames("units", "orders", "service", service=rows)
    found = facts(spec_of("units", "orders", "service"), tables, TOUCHES)
    assert found["tickets"] == [2, 1]
    assert found["complaints"] == [1, 0]
    assert (found["ratings"], found["rating_sum"]) == ([1, 1], [1.0, 4.5])
    bare = facts(spec_of("units", "orders", "service", service={"complaint": None, "rating": None}), tables, TOUCHES)
    assert set(bare) == {"orders", "tickets"}
    with open_warehouse(spec_of("units", "orders", "service"), tables=tables) as warehouse:
        notes = [(note.code, dict(note.facts)) for note in warehouse.notes]
        assert warehouse.time_bounds["service"].last == TIME
        assert warehouse.row_counts["service"] == 4
    assert notes == [("data.tickets_of_nobody", {"n": 1, "total": 4})]


def test_events_mean_what_the_built_in_or_own_names_say(spec_of: SpecOf) -> None:
    """拉新 is built in, 到店 is given a meaning, 签到 has none: it counts as an event and nothing more."""
    rows = {
        "id": ["a", "a", "a", "b", "b", "stranger"],
        "time": TIME,
        "kind": ["浏览", "拉新", "到店", "签到", None, "浏览"],
        "count": [3, 1, 2, 5, 1, 9],
        "value": [None, 12.5, 1.0, 7.0, 7.0, 7.0],
    }
    tables = frames("units", "orders", "behaviour", behaviour=rows)
    spec = spec_of("units", "orders", "behaviour", behaviour={"kinds": {"到店": "visit", "拉新": "share"}})
    found = facts(spec, tables, TOUCHES)
    assert (found["events"], found["visits"]) == ([6, 6], [5, 0])
    # The spec's own meaning of 拉新 goes before the built-in one.
    assert (found["shares"], found["content_value"]) == ([1, 0], [12.5, 0.0])
    assert facts(spec_of("units", "orders", "behaviour"), tables, TOUCHES)["referral_value"] == [12.5, 0.0]
    with open_warehouse(spec, tables=tables) as warehouse:
        notes = {note.code: dict(note.facts) for note in warehouse.notes}
        assert warehouse.time_bounds["behaviour"].first == TIME
    assert notes == {
        "data.events_of_nobody": {"n": 1, "total": 6},
        "data.events_of_other_kinds": {"n": 2, "total": 6},
    }


def test_without_a_kind_or_count_every_row_is_one_visit(spec_of: SpecOf) -> None:
    spec = spec_of("units", "orders", "behaviour", behaviour={"kind": None, "count": None, "value": None})
    rows = {"id": ["a", "a", "b"], "time": TIME, "kind": "x", "count": -1, "value": 1.0}
    found = facts(spec, frames("units", "orders", "behaviour", behaviour=rows), TOUCHES)
    assert (found["visits"], found["events"]) == ([2, 1], [2, 1])
    assert "content_value" not in found


def test_consent_filters_units_but_not_their_facts(spec_of: SpecOf) -> None:
    tables = frames("units", "orders", units={"ok": ["是", "否"]})
    with open_warehouse(spec_of("units", "orders", units={"consent": "ok"}), tables=tables) as warehouse:
        assert warehouse.units(()).unit_id.tolist() == ["a"]
        assert warehouse.history(datetime(2026, 4, 1)).unit_id.tolist() == ["a"]
        assert warehouse.facts(np.array(["a", "b"], object), WINDOW)["orders"].tolist() == [1, 1]


def test_free_columns_of_text_are_typed_where_every_cell_allows_it(spec_of: SpecOf, tmp_path: Path) -> None:
    text = "id,age,code,vip,city,day,none\n00123,31,007,true,京,2026-01-01,\n0456,,010,FALSE,,,\n"
    (tmp_path / "u.csv").write_text(text, encoding="utf-8")
    with open_warehouse(spec_of("units"), tables={"units": tmp_path / "u.csv"}) as warehouse:
        assert warehouse.unit_column_names == ("age", "code", "vip", "city", "day", "none")
        units = warehouse.units()
        with pytest.raises(MissingColumnError, match="did you mean 'city'"):
            warehouse.units(["cities"])
    assert units.unit_id.tolist() == ["00123", "0456"]
    np.testing.assert_array_equal(units["age"], [31.0, np.nan])
    assert units["vip"].tolist() == [True, False]
    assert units["code"].tolist() == ["007", "010"]
    assert units["city"].tolist() == ["京", None]


def test_units_without_ids_are_numbered(spec_of: SpecOf) -> None:
    spec = spec_of("units", units={"id": "x"})
    unnamed = spec.model_copy(update={"data": spec.data.model_copy(update={"units": _without_id(spec)})})
    tables = {"units": pd.DataFrame({"x": [float(n) for n in range(12)]})}
    with open_warehouse(unnamed, tables=tables) as warehouse:
        units = warehouse.units()
    assert units.unit_id.tolist() == sorted(str(n) for n in range(1, 13))
    assert dict(zip(units.unit_id, units["x"], strict=True))["12"] == 11.0


def _without_id(spec: ExperimentSpec) -> object:
    return spec.data.units.model_copy(update={"id": None})


def test_where_keeps_rows_by_role_or_column(spec_of: SpecOf) -> None:
    tables = frames("units", "orders", orders={"id": ["a", "a"], "state": ["完成", "取消"]})
    kept = spec_of("units", "orders", orders={"where": {"state": ["完成"], "revenue": {"min": 5}}})
    assert facts(kept, tables)["revenue"] == [10.0, 0.0]
    with pytest.raises(MissingColumnError, match=r"'status' is not in data\.orders, named by data\.orders\.where"):
        facts(spec_of("units", "orders", orders={"where": {"status": "x"}}), tables)


RATED = {"margin": {"rate": {"table": "rates.csv", "by": ["platform", "cat"], "value": "rate"}}, "platform": "shop"}
RATES = {"shop": ["jd", "tb"], "cat": ["x", "x"], "rate": ["20%", "0.5"]}


def test_rates_are_looked_up_by_role_or_column(spec_of: SpecOf) -> None:
    tables = frames("units", "orders", orders={"shop": ["jd", "tb"], "cat": ["x", "x"]})
    spec = spec_of("units", "orders", orders=RATED)
    assert facts(spec, {**tables, "rates": pd.DataFrame(RATES)})["gross_margin"] == [2.0, 10.0]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {"cat": ["x", "y"]},
            r"1 rows of data\.orders have no rate, for 1 combinations: \(platform = tb, cat = x\)",
        ),
        ({"rate": [0.2, 1.5]}, r"the rate of shop = tb, cat = x is 1\.5, must lie in \[0, 1\]"),
        ({"rate": [0.2, None]}, r"data\.orders\.margin\.rate\.value .*: 1 of 2 rows have no value"),
        ({"shop": ["jd", "jd"]}, "shop = jd, cat = x stands twice; keep one rate"),
    ],
)
def test_rates_that_cannot_be_used_are_refused(spec_of: SpecOf, change: dict[str, Any], text: str) -> None:
    tables = frames("units", "orders", orders={"shop": ["jd", "tb"], "cat": ["x", "x"]})
    with pytest.raises(DataError, match=text):
        facts(spec_of("units", "orders", orders=RATED), {**tables, "rates": pd.DataFrame({**RATES, **change})})


def test_missing_columns_of_rates_are_named(spec_of: SpecOf) -> None:
    tables = frames("units", "orders", orders={"shop": ["jd", "tb"], "cat": ["x", "x"]})
    spec = spec_of("units", "orders", orders=RATED)
    rates = pd.DataFrame(RATES)
    with pytest.raises(MissingColumnError, match=r"'cat' is not in data\.orders, named by data\.orders\.margin"):
        facts(spec, {**frames("units", "orders", orders={"shop": "jd"}), "rates": rates})
    with pytest.raises(MissingColumnError, match=r"'cat' is not in .*, named by data\.orders\.margin\.rate\.by"):
        facts(spec, {**tables, "rates": rates.drop(columns="cat")})
    with pytest.raises(MissingColumnError, match=r"'rate' is not in data\.orders\.margin\.rate"):
        facts(spec, {**tables, "rates": rates.rename(columns={"rate": "r"})})
    with pytest.raises(DataError, match=r"data\.orders\.margin\.rate: no file 'rates\.csv'"):
        facts(spec, tables)
