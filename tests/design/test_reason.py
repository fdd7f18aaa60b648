from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.design.conftest import START, mapping
from uplift.data import open_warehouse
from uplift.design.classify import classify_audience
from uplift.design.reason import bad_experience, missing_facts
from uplift.errors import DataError
from uplift.results.catalogue import message
from uplift.spec import parse_spec
from uplift.spec.condition import Any_, Range

DAY = pd.Timedelta(days=1)
SERVICE = {"table": "s.csv", "id": "id", "time": "at", "complaint": "angry", "rating": "stars"}
REFUNDS = {"table": "r.csv", "order_id": "order", "time": "at", "amount": "back"}
NAMES = ("ticket", "early", "refund", "late_refund", "rated", "recovered", "nothing", "active", "never")


def tables() -> dict[str, pd.DataFrame]:
    """Weekly buyers whose last order was 200 days ago, an active one, and one who never bought.

    Three gaps of 7 days, all alike: the next order was due 193 days ago, so the days before the silence are those from
    253 to 193 days ago.
    """
    rows = []
    for name in NAMES[:-1]:
        last = 2 if name == "active" else 200
        rows += [(name, f"{name}{k}", START - (last + 7 * k) * DAY, 50.0) for k in range(4)]
    orders = pd.DataFrame(rows, columns=["id", "order", "at", "paid"])
    refunds = [("refund0", 190), ("late_refund0", 20), ("active0", 1)]
    service = [("ticket", 194, "是", None), ("early", 254, "是", None), ("active", 1, "是", 1.0),
               ("rated", 210, "否", 5.0), ("rated", 195, "否", 2.0), ("recovered", 210, "否", 2.0),
               ("recovered", 195, "否", 5.0)]  # fmt: skip
    told = ["price" if name == "nothing" else "" for name in NAMES]
    return {
        "units": pd.DataFrame({"id": NAMES, "kind": "person", "told": told}),
        "orders": orders,
        "refunds": pd.DataFrame([(o, START - d * DAY, 5.0) for o, d in refunds], columns=["order", "at", "back"]),
        "service": pd.DataFrame([(u, START - d * DAY, a, s) for u, d, a, s in service],
                                columns=["id", "at", "angry", "stars"]),
    }  # fmt: skip


def reasons(experience: dict[str, Any] | None, *, roles: tuple[str, ...] = ("service", "refunds")) -> dict[str, str]:
    written = {} if experience is None else {"experience": experience}
    block = mapping(strata={"lifecycle": "five_stage", "churn_reason": written, "min_cell": 2}, segments=None)
    block["data"] |= {role: {"service": SERVICE, "refunds": REFUNDS}[role] for role in roles}
    spec = parse_spec(block)
    given = {name: table for name, table in tables().items() if name in {"units", "orders", *roles}}
    with open_warehouse(spec, tables=given) as warehouse:
        audience = classify_audience(spec, warehouse)
    return dict(zip(audience.known.unit_id, audience.axes["churn_reason"].labels, strict=True))


def only(found: dict[str, str]) -> set[str]:
    assert found["active"] == "none"
    assert {found[name] for name in NAMES if name != "active"} <= {"experience", "interest"}
    return {name for name, reason in found.items() if reason == "experience"}


def test_a_refund_counts_when_it_came_in_time() -> None:
    # The refund of 20 days ago came more than 60 days after the silence began.
    assert only(reasons({"refunds_60d": {"min": 1}})) == {"refund"}


def test_tickets_complaints_and_the_last_rating() -> None:
    assert only(reasons({"complaints_60d": {"min": 1}})) == {"ticket"}
    assert only(reasons({"complaints_90d": {"min": 1}})) == {"ticket", "early"}
    assert only(reasons({"service_tickets_60d": {"min": 1}})) == {"ticket", "rated", "recovered"}
    assert only(reasons({"delivery_rating_last": {"below": 3}})) == {"rated"}
    both = {"any_of": [{"complaints_60d": {"min": 1}}, {"refunds_60d": {"min": 1}}]}
    assert only(reasons(both)) == {"ticket", "refund"}


def test_the_default_takes_what_the_data_hold() -> None:
    assert only(reasons(None)) == {"ticket", "refund", "rated", "recovered"}
    assert only(reasons(None, roles=("refunds",))) == {"refund"}
    block = mapping()
    block["data"]["service"] = {**SERVICE, "rating": None}
    assert bad_experience(parse_spec(block)) == Any_((Range("service_tickets_60d", min=1),))


def test_a_column_of_units_may_tell() -> None:
    assert only(reasons({"told": "price"})) == {"nothing"}
    with pytest.raises(DataError, match="condition on 'tolled': there is no such column; did you mean 'told'"):
        reasons({"any_of": [{"tolled": "price"}, {"told": "price"}]})


def test_who_never_bought_lost_interest() -> None:
    found = reasons({"refunds_60d": {"min": 1}})
    assert found["never"] == "interest"


def test_nothing_after_the_moment_is_a_reason() -> None:
    later = {name: table.copy() for name, table in tables().items()}
    more = later["service"].assign(at=START + 3 * DAY, id="nothing", angry="是")
    spec = mapping(strata={"churn_reason": {}}, segments=None)
    spec["data"]["service"] = SERVICE
    parsed = parse_spec(spec)
    later["service"] = pd.concat([later["service"], more])
    del later["refunds"]
    with open_warehouse(parsed, tables=later) as warehouse:
        audience = classify_audience(parsed, warehouse)
    labels = audience.axes["churn_reason"].labels
    assert labels[np.flatnonzero(audience.known.unit_id == "nothing")[0]] == "interest"


def test_a_fact_that_the_data_lack_tells_of_nobody_and_is_noted() -> None:
    told: dict[str, Any] = {"any_of": [{"complaints_60d": {"min": 1}}, {"refunds_60d": {"min": 1}}]}
    assert only(reasons(told, roles=("service",))) == {"ticket"}
    block = mapping(strata={"churn_reason": {"experience": told}})
    block["data"]["service"] = SERVICE
    assert missing_facts(parse_spec(block)) == ("refunds_60d",)
    assert missing_facts(parse_spec(mapping())) == ()
    note = message("churn_reason.unknown", {"facts": ("refunds_60d",)}, "en")
    assert note.startswith("The data do not hold refunds_60d")
