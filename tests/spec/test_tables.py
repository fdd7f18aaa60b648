from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from uplift.spec import parse_spec
from uplift.spec.tables import MarginRate, RateTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.errors import Problem

    Problems = Callable[[object], list[Problem]]


def test_defaults(minimal: dict[str, Any]) -> None:
    data = parse_spec(minimal).data
    assert data.units.table == ("u.csv",)
    assert (data.units.header_row, data.units.encoding, data.units.sheet) == (1, None, None)
    assert data.orders is not None
    assert (data.orders.revenue_is, data.orders.margin_basis) == ("paid", "before_coupon")
    assert (data.refunds, data.coupons, data.contacts) == (None, None, None)


def test_service_and_behaviour(minimal: dict[str, Any], problems: Problems) -> None:
    minimal["data"]["service"] = {"table": "工单.xlsx", "id": "uid", "time": "时间"}
    minimal["data"]["behaviour"] = {
        "table": "b.csv",
        "id": "uid",
        "time": "t",
        "kinds": {"到店": "visit", "分享": "other"},
    }
    data = parse_spec(minimal).data
    assert data.service is not None
    assert (data.service.complaint, data.service.rating) == (None, None)
    assert data.behaviour is not None
    kinds = data.behaviour.kind_names
    assert (kinds["到店"], kinds["分享"], kinds["种草"], kinds["referral"]) == ("visit", "other", "content", "referral")
    minimal["data"]["behaviour"]["kinds"] = {"到店": "visits"}
    minimal["data"]["service"]["rate"] = "r"
    del minimal["data"]["service"]["time"]
    assert {(one.code, one.path, one.message.split(";")[0]) for one in problems(minimal)} == {
        ("bad_value", "data.behaviour.kinds.到店", "got 'visits'"),
        ("unknown_key", "data.service.rate", "'rate' is no key of this block"),
        ("missing_key", "data.service.time", "'time' is missing"),
    }


def test_margin_forms(minimal: dict[str, Any]) -> None:
    minimal["data"]["orders"]["margin"] = "毛利"
    orders = parse_spec(minimal).data.orders
    assert orders is not None
    assert (orders.margin, orders.margin_basis) == ("毛利", "after_coupon")
    table = {"table": "r.xlsx", "by": ["平台", "类目"], "value": "毛利率"}
    minimal["data"]["orders"] |= {"margin": {"rate": table}, "margin_is": "after_coupon"}
    orders = parse_spec(minimal).data.orders
    assert orders is not None
    assert isinstance(orders.margin, MarginRate)
    assert isinstance(orders.margin.rate, RateTable)
    assert (orders.margin.rate.by, orders.margin.rate.value) == (("平台", "类目"), "毛利率")
    assert orders.margin_basis == "after_coupon"


@pytest.mark.parametrize("written", ["gbk", "GBK", "GB18030", "gb18030"])
def test_encoding_by_its_usual_names(minimal: dict[str, Any], written: str) -> None:
    minimal["data"]["units"]["encoding"] = written
    assert parse_spec(minimal).data.units.encoding == "gb18030"


@pytest.mark.parametrize(
    ("path", "value", "code", "message"),
    [
        ("encoding", "latin-1", "bad_value", "got 'latin-1'; allowed: 'utf-8', 'utf-8-sig' or 'gb18030'"),
        ("encoding", 8, "bad_value", "got 8; allowed:"),
        ("header_row", 0, "out_of_range", "got 0; it must be at least 1"),
        ("table", [], "wrong_length", "got 0 entries; at least 1 are needed"),
        ("table", {}, "wrong_type", "got a mapping; a list is needed"),
        ("revenue_is", "gross", "bad_value", "got 'gross'; allowed: 'paid' or 'list'"),
        ("revenu", "x", "unknown_key", "'revenu' is no key of this block; did you mean 'revenue'? allowed: table"),
        ("margin", {"rate": 1.2}, "out_of_range", "got 1.2; it must be at most 1"),
        ("margin", {"rate": "22%"}, "wrong_type", "got '22%'; a number is needed; write 0.22"),
        ("margin", {"rat": 1}, "unknown_key", "'rat' is no key of this block; did you mean 'rate'?"),
        ("where", ["x"], "wrong_type", "got a list; a condition is a mapping"),
    ],
)
def test_refusals(
    minimal: dict[str, Any], problems: Problems, path: str, value: object, code: str, message: str
) -> None:
    minimal["data"]["orders"][path] = value
    found = [problem for problem in problems(minimal) if problem.code != "missing_key"]
    assert [problem.code for problem in found] == [code]
    assert found[0].path.startswith(f"data.orders.{path}")
    assert found[0].message.startswith(message)


def test_id_is_asked_for_and_null_numbers_the_rows(minimal: dict[str, Any], problems: Problems) -> None:
    del minimal["data"]["units"]["id"]
    (problem,) = problems(minimal)
    told = "'id' is missing; write null to number the rows; this block needs: table, id"
    assert (problem.path, problem.message) == ("data.units.id", told)
    minimal["data"]["units"]["id"] = None
    assert parse_spec(minimal).data.units.id is None


def test_rate_table_names_its_missing_keys(minimal: dict[str, Any], problems: Problems) -> None:
    minimal["data"]["orders"]["margin"] = {"rate": {"table": "r.csv", "val": "x"}}
    assert [(problem.code, problem.path) for problem in problems(minimal)] == [
        ("missing_key", "data.orders.margin.rate.by"),
        ("missing_key", "data.orders.margin.rate.value"),
        ("unknown_key", "data.orders.margin.rate.val"),
    ]
