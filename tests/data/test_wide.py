from __future__ import annotations

import itertools
import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

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

AS_OF = datetime(2026, 2, 1, 12)
DAYS = 200
FORM = {"margin": "margin", "category": "category"}


def naive_orders(shop: Shop, unit: str) -> list[dict[str, Any]]:
    """Return one unit's orders before the moment, earliest first."""
    used = shop["coupons"].dropna(subset=["redeemed", "oid"])
    orders = []
    for oid, rows in shop["orders"][shop["orders"]["id"] == unit].groupby("oid"):
        mine = used[used["oid"] == oid]
        share = mine["share"].fillna(1.0)
        face, ours = mine["face"].sum(), (mine["face"] * share).sum()
        amounts = rows.groupby("category")["revenue"].sum().round(6).to_dict()
        one = {"oid": oid, "time": rows["time"].min(), "paid": rows["revenue"].sum(), "face": face, "amounts": amounts}
        orders.append({**one, "gross": rows["margin"].sum() + ours, "couponed": bool(len(mine))})
    return sorted((one for one in orders if one["time"] < AS_OF), key=lambda one: one["time"])


def over(part: float, whole: float) -> float:
    return part / whole if whole > 0 else math.nan


def naive_of_orders(shop: Shop, unit: str) -> dict[str, Any]:
    """Describe one unit by its orders with loops."""
    month, start = timedelta(days=30), AS_OF - timedelta(days=DAYS)
    life = naive_orders(shop, unit)
    orders = [one for one in life if one["time"] >= start]
    paid, n = sum(one["paid"] for one in orders), len(orders)
    gmv = paid + sum(one["face"] for one in orders)
    pairs = [(one, later) for one in life for later in orders if one["time"] < later["time"] <= one["time"] + month]
    next_ones = [later["time"] - one["time"] for one, later in itertools.pairwise(life) if later["time"] >= start]
    months = {(AS_OF - timedelta(microseconds=1) - one["time"]) // month for one in orders}
    first = (AS_OF - life[0]["time"]) / timedelta(days=1) if life else math.nan
    totals: dict[str, float] = {}
    for one in orders:
        totals = {name: totals.get(name, 0) + one["amounts"].get(name, 0) for name in {*totals, *one["amounts"]}}
    refunds = shop["refunds"][shop["refunds"]["time"] < AS_OF]
    refunded = refunds[refunds["oid"].isin([one["oid"] for one in orders])]["amount"].sum()
    return {
        "gmv": gmv,
        "net_revenue": paid - refunded,
        "gross_margin": sum(one["gross"] for one in orders),
        "orders": n,
        "average_basket": over(paid, n),
        "repurchase_30d": float(any(timedelta(0) < gap <= month for gap in next_ones)),
        "cross_category_repurchase_30d": float(any(set(b["amounts"]) - set(a["amounts"]) for a, b in pairs)),
        "retention": float(any(one["time"] >= AS_OF - month for one in orders)),
        "active_month_share": len({k for k in months if k < 6}) / min(6, math.ceil(first / 30)) if life else math.nan,
        "return_rate": over(refunded, paid),
        "category_breadth": len(totals),
        "favourite_category": min(totals, key=lambda name: (-round(totals[name], 6), name)) if totals else None,
        "price_sensitivity": over(sum(one["paid"] for one in orders if one["face"] > 0), paid),
        "discount_depth": over(gmv - paid, gmv),
        "coupon_dependence": over(sum(one["couponed"] for one in orders), n),
        "last_order_days": (AS_OF - life[-1]["time"]) / timedelta(days=1) if life else math.nan,
        "first_order_days": first,
        "lifetime_orders": len(life),
        "lifetime_margin": sum(one["gross"] for one in life),
    }


def naive_of_the_rest(shop: Shop, unit: str) -> dict[str, float]:
    """Describe one unit by tickets, events and touches."""
    past = {name: shop[name][shop[name]["id"] == unit] for name in ("service", "behaviour", "contacts")}
    past = {name: rows[rows["time"] < AS_OF] for name, rows in past.items()}
    window = {name: rows[rows["time"] >= AS_OF - timedelta(days=DAYS)] for name, rows in past.items()}
    tickets, events = window["service"], window["behaviour"]
    count = {
        kind: float(events[events["kind"] == kind]["count"].sum()) for kind in ("浏览", "种草", "Share", "referral")
    }
    value = {kind: float(events[events["kind"] == kind]["value"].sum()) for kind in count}
    return {
        "delivery_satisfaction": tickets["rating"].mean(),
        "tickets": len(tickets),
        "complaints": (tickets["complaint"] == "是").sum(),
        "visits": count["浏览"],
        "content_engagement": (count["种草"] + count["Share"]) * 30 / DAYS,
        "shares": count["Share"],
        "referrals": count["referral"],
        "content_value": value["种草"] + value["Share"],
        "referral_value": value["referral"],
        "contacts": len(window["contacts"]),
        "unsubscribed": float(past["contacts"]["unsubscribed"].any()),
    }


def test_the_wide_table_agrees_with_loops(spec_of: SpecOf, shop: Shop) -> None:
    shop["units"] = pd.concat([shop["units"], pd.DataFrame({"id": ["never"], "city": "京"})], ignore_index=True)
    with open_warehouse(spec_of(orders=FORM), tables=shop) as warehouse:
        wide = warehouse.wide(AS_OF, days=DAYS)
    assert wide.unit_id.tolist() == sorted(shop["units"]["id"])
    for place, unit in enumerate(wide.unit_id):
        expected = naive_of_orders(shop, unit) | naive_of_the_rest(shop, unit)
        assert set(wide.names) == set(expected)
        for name, value in expected.items():
            got = wide[name][place]
            if name == "favourite_category":
                assert got == value, unit
            else:
                np.testing.assert_allclose(got, value, rtol=1e-12, atol=1e-9, err_msg=f"{unit} {name}")
    assert {0.0, 1.0} == set(wide["repurchase_30d"]) == set(wide["cross_category_repurchase_30d"])


def test_rows_at_and_after_the_moment_change_nothing(spec_of: SpecOf, shop: Shop) -> None:
    """Every table gets its own rows again, dated from the moment on, in another order, on another number of threads."""
    later = dict(shop)
    times = {"orders": "time", "refunds": "time", "coupons": "redeemed", "contacts": "time"}
    for name, time in {**times, "service": "time", "behaviour": "time"}.items():
        wait = pd.to_timedelta(np.arange(len(shop[name])) % 50, unit="h")
        again = shop[name].assign(**{time: pd.Timestamp(AS_OF) + wait})
        if name in {"orders", "coupons"}:
            again["oid"] = "new " + again["oid"]
        later[name] = pd.concat([shop[name], again], ignore_index=True).sample(frac=1, random_state=4)
    found = []
    for threads, tables in ((1, shop), (2, later)):
        with open_warehouse(spec_of(orders=FORM), tables=tables, threads=threads) as warehouse:
            found.append((warehouse.wide(AS_OF), warehouse.purchases(AS_OF), warehouse.history(AS_OF)))
    for one, other in zip(*found, strict=True):
        assert one.names == other.names
        for name in one.names:
            assert one[name].dtype == other[name].dtype
            if one[name].dtype == object:
                assert one[name].tolist() == other[name].tolist()
            else:
                assert one[name].tobytes() == other[name].tobytes(), name


def test_columns_of_absent_tables_say_what_is_missing(spec_of: SpecOf, shop: Shop) -> None:
    tables = {name: shop[name] for name in ("units", "orders")}
    with open_warehouse(spec_of("units", "orders"), tables=tables) as warehouse:
        wide = warehouse.wide(AS_OF)
    for name, place in (
        *(("net_revenue", "refunds"), ("gross_margin", "orders.margin"), ("category_breadth", "orders.category")),
        *(("price_sensitivity", "coupons"), ("complaints", "service"), ("visits", "behaviour")),
        *(("contacts", "contacts"), ("unsubscribed", "contacts")),
    ):
        with pytest.raises(MissingColumnError, match=rf"'{name}' is not known: the spec has no data\.{place}"):
            wide[name]
    assert {"gmv", "orders", "retention", "last_order_days"} < set(wide.names)


def test_months_and_days_have_limits(spec_of: SpecOf, shop: Shop) -> None:
    tables = {name: shop[name] for name in ("units", "orders")}
    with open_warehouse(spec_of("units", "orders"), tables=tables) as warehouse:
        whole = warehouse.wide(AS_OF, days=1860)
        assert whole["orders"].tolist() == whole["lifetime_orders"].tolist()
        assert warehouse.wide(AS_OF, days=1)["active_month_share"].max() <= 1
        for days in (0, 1861):
            with pytest.raises(DataError, match=f"days == {days}, must be from 1 to 1860"):
                warehouse.wide(AS_OF, days=days)
