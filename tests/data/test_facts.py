from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from uplift.data import FactWindow, open_warehouse
from uplift.errors import DataError, MissingColumnError

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.spec import ExperimentSpec

RATES = pd.DataFrame({"category": ["菜", "果", "肉"], "rate": [0.18, 0.25, 0.3]})
RATE = dict(zip(RATES["category"], RATES["rate"], strict=True))
START = datetime(2026, 1, 10)
LABELS = {"category": "category", "platform": "platform"}
HOME = {"where": {"platform": "京东"}}
TABLE = {"rate": {"table": "rates.csv", "by": ["category"], "value": "rate"}}


def micro(amount: float) -> int:
    return int(math.copysign(math.floor(abs(amount * 1e6) + 0.5), amount))


def whole(amount: float) -> int:
    return int(math.copysign(math.floor(abs(amount) + 0.5), amount))


def naive_orders(shop: dict[str, pd.DataFrame], form: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Add lines up to orders, one at a time, by the money terms as they are written."""
    redeemed = shop["coupons"].dropna(subset=["redeemed", "oid"])
    coupons = {oid: rows.to_dict("records") for oid, rows in redeemed.groupby("oid")}
    orders: dict[str, dict[str, Any]] = {}
    for oid, lines in shop["orders"].groupby("oid"):
        rows = lines.to_dict("records")
        amount = sum(micro(row["revenue"]) for row in rows)
        mine = coupons.get(oid, [])
        face = sum(micro(row["face"]) for row in mine)
        shares = [1.0 if math.isnan(row["share"]) else row["share"] for row in mine]
        ours = sum(micro(row["face"] * share) for row, share in zip(mine, shares, strict=True))
        is_paid = form.get("revenue_is", "paid") == "paid"
        orders[str(oid)] = {
            "id": rows[0]["id"],
            "time": min(row["time"] for row in rows),
            "paid": amount if is_paid else amount - face,
            "list_value": amount + face if is_paid else amount,
            "gross": naive_gross(rows, form, amount, face, ours),
            "couponed": bool(mine),
            "elsewhere": any(row["platform"] == "天猫" for row in rows),
            "categories": {row["category"] for row in rows},
            "redeemed": any(row["campaign"] == "OWN" for row in mine),
        }
    return orders


def naive_gross(rows: list[Any], form: dict[str, Any], amount: int, face: int, ours: int) -> int:
    is_rate = isinstance(form["margin"], dict)
    basis = form.get("margin_is") or ("before_coupon" if is_rate else "after_coupon")
    if not is_rate:
        return sum(micro(row["margin"]) for row in rows) + (ours if basis == "after_coupon" else 0)
    constant = form["margin"]["rate"]
    rates = [RATE[row["category"]] if isinstance(constant, dict) else constant for row in rows]
    margin = sum(micro(rate * row["revenue"]) for rate, row in zip(rates, rows, strict=True))
    mean = sum(micro(rate) for rate in rates) / 1e6 / len(rates)
    on_face = whole(face * (margin / amount if amount > 0 else mean)) if face else 0
    is_paid = form.get("revenue_is", "paid") == "paid"
    if basis == "before_coupon":
        return margin + on_face if is_paid else margin
    return (margin if is_paid else margin - on_face) + ours


def naive_facts(
    shop: dict[str, pd.DataFrame], orders: dict[str, dict[str, Any]], unit: str, window: FactWindow, t0: datetime
) -> dict[str, float]:
    """Sum what one unit did, row by row."""
    low, high = t0 + timedelta(days=window.start_day), t0 + timedelta(days=window.end_day)
    through = window.through or datetime(9999, 1, 1)
    total: dict[str, float] = dict.fromkeys(NAMES, 0)
    last: datetime | None = None

    def factor(time: datetime) -> float:
        return float((1.0 + window.annual_discount_rate) ** (-((time - t0) // timedelta(days=1)) / 365))

    for oid, order in orders.items():
        if order["id"] != unit or not (low <= order["time"] < high and order["time"] < through):
            continue
        at = factor(order["time"])
        gross = whole(order["gross"] * at)
        last = max(last or low, order["time"])
        total["orders"] += 1
        total["other_platform_margin"] += gross * order["elsewhere"]
        total["orders_last_30"] += order["time"] >= high - timedelta(days=30)
        total["revenue"] += whole(order["paid"] * at)
        total["list_value"] += whole(order["list_value"] * at)
        total["gross_margin"] += gross
        total["couponed_margin" if order["couponed"] else "organic_margin"] += gross
        total["couponed_orders"] += order["couponed"]
        if order["redeemed"]:
            total["redeemed_orders"] += 1
            total["redeemed_margin"] += gross
            total["redeemed_revenue"] += whole(order["paid"] * at)
        until = min(high + timedelta(days=window.settle_days), through)
        back = shop["refunds"][(shop["refunds"]["oid"] == oid) & (shop["refunds"]["time"] < until)]["amount"]
        refunded = sum(micro(amount) for amount in back)
        if len(back):
            part = refunded / order["paid"] if refunded < order["paid"] else 1.0
            total["refunded"] += whole(refunded * at)
            total["returned_margin"] += whole(order["gross"] * part * at)
    total |= naive_costs(shop, orders, unit, (low, min(high, through)), factor)
    total |= naive_touches(shop, unit, (low, min(high, through)), factor)
    mine = [one for one in orders.values() if one["id"] == unit and low <= one["time"] < min(high, through)]
    total["cross_category_30d"] = naive_cross(mine)
    total["last_order_days"] = math.nan if last is None else (high - last) / timedelta(days=1)
    return total


def naive_costs(
    shop: dict[str, pd.DataFrame],
    orders: dict[str, dict[str, Any]],
    unit: str,
    between: tuple[datetime, datetime],
    factor: Callable[[datetime], float],
) -> dict[str, float]:
    total: dict[str, float] = {"subsidy": 0, "contacts": 0, "contact_cost": 0, "unsubscribed": 0}
    for row in shop["coupons"].dropna(subset=["redeemed"]).to_dict("records"):
        order = orders.get(row["oid"])
        owner, time = (order["id"], order["time"]) if order else (row["id"], row["redeemed"])
        if row["campaign"] == "OWN" and owner == unit and between[0] <= time < between[1]:
            share = 1.0 if math.isnan(row["share"]) else row["share"]
            total["subsidy"] += whole(micro(row["face"] * share) * factor(time))
    for row in shop["contacts"].to_dict("records"):
        if row["campaign"] == "OWN" and row["id"] == unit and between[0] <= row["time"] < between[1]:
            total["contacts"] += 1
            total["contact_cost"] += whole(micro(row["cost"]) * factor(row["time"]))
            total["unsubscribed"] = max(total["unsubscribed"], row["unsubscribed"])
    return total


def naive_touches(
    shop: dict[str, pd.DataFrame], unit: str, between: tuple[datetime, datetime], factor: Callable[[datetime], float]
) -> dict[str, float]:
    total: dict[str, float] = dict.fromkeys((*TOUCHES, *OF_TOUCHES), 0)
    for row in shop["service"].to_dict("records"):
        if row["id"] == unit and between[0] <= row["time"] < between[1]:
            total["tickets"] += 1
            total["complaints"] += row["complaint"] == "是"
            if not math.isnan(row["rating"]):
                total["ratings"] += 1
                total["rating_sum"] += micro(row["rating"])
    for row in shop["behaviour"].to_dict("records"):
        if row["id"] == unit and between[0] <= row["time"] < between[1]:
            value = 0 if math.isnan(row["value"]) else whole(micro(row["value"]) * factor(row["time"]))
            total["events"] += row["count"]
            total["visits"] += row["count"] * (row["kind"] == "浏览")
            total["shares"] += row["count"] * (row["kind"] == "Share")
            total["content_events"] += row["count"] * (row["kind"] in {"Share", "种草"})
            total["content_value"] += value * (row["kind"] in {"Share", "种草"})
            total["referrals"] += row["count"] * (row["kind"] == "referral")
            total["referral_value"] += value * (row["kind"] == "referral")
    return total


def naive_cross(orders: list[dict[str, Any]]) -> int:
    month = timedelta(days=30)
    return int(
        any(
            one["time"] < later["time"] <= one["time"] + month and later["categories"] - one["categories"]
            for one in orders
            for later in orders
        )
    )


TOUCHES = (
    *("tickets", "complaints", "ratings"),
    *("events", "visits", "shares", "content_events", "referrals"),
)
OF_TOUCHES = ("rating_sum", "content_value", "referral_value")
COUNTS = (
    *("orders", "couponed_orders", "redeemed_orders", "orders_last_30", "contacts", "unsubscribed"),
    *(*TOUCHES, "cross_category_30d"),
)
MONEY = (
    "revenue",
    "list_value",
    "gross_margin",
    "organic_margin",
    "couponed_margin",
    "redeemed_margin",
    "redeemed_revenue",
    "refunded",
    "returned_margin",
    "subsidy",
    "contact_cost",
    "other_platform_margin",
    *OF_TOUCHES,
)
NAMES = (*COUNTS, *MONEY)

CASES = [
    ({"margin": {"rate": 0.22}}, {}, False),
    ({"margin": TABLE}, {"annual_discount_rate": 0.1}, True),
    ({"margin": TABLE, "revenue_is": "list"}, {"settle_days": 30}, True),
    ({"margin": {"rate": 0.22}, "margin_is": "after_coupon"}, {"through": datetime(2026, 2, 20, 12)}, False),
    ({"margin": TABLE, "margin_is": "after_coupon", "revenue_is": "list"}, {"settle_days": 10}, True),
    ({"margin": "margin"}, {"annual_discount_rate": 0.3, "through": datetime(2026, 3, 1), "settle_days": 90}, False),
    ({"margin": "margin", "margin_is": "before_coupon"}, {"start_day": -90, "end_day": 0}, True),
]


@pytest.mark.parametrize(("form", "options", "own_t0"), CASES)
def test_facts_agree_with_rows_added_up_one_by_one(
    spec_of: Callable[..., ExperimentSpec],
    shop: dict[str, pd.DataFrame],
    form: dict[str, Any],
    options: dict[str, Any],
    *,
    own_t0: bool,
) -> None:
    ids = np.array(["007", "003", "029", "011", "000", "015"], object)
    starts = [START + timedelta(days=7 * place if own_t0 else 0) for place in range(len(ids))]
    t0 = np.array(starts, "datetime64[us]") if own_t0 else START
    window = FactWindow(**{"t0": t0, "start_day": 0, "end_day": 90, **options})
    spec = spec_of(orders={**form, **LABELS}, eligible=HOME)
    with open_warehouse(spec, tables={**shop, "rates": RATES}) as warehouse:
        facts = warehouse.facts(ids, window, names=(*NAMES, "last_order_days"))
        plain = warehouse.facts(ids, window)
    assert set(plain.names) == set(facts.names) - {*TOUCHES, *OF_TOUCHES, "cross_category_30d"}
    assert facts.unit_id.tolist() == ids.tolist()
    orders = naive_orders(shop, form)
    for place, unit in enumerate(ids):
        expected = naive_facts(shop, orders, unit, window, starts[place])
        for name in NAMES:
            assert facts[name][place] == expected[name] / (1 if name in COUNTS else 1e6), (unit, name)
        np.testing.assert_equal(facts["last_order_days"][place], expected["last_order_days"])
    assert facts["orders"].sum() > 0
    assert set(facts.names) == {*NAMES, "last_order_days"}


def test_one_order_by_hand(spec_of: Callable[..., ExperimentSpec]) -> None:
    """Two lines, 10 and 20 paid, a coupon of 8 of which half is ours, 15 of 30 refunded, rate .22."""
    time = pd.Timestamp("2026-03-05 09:00")
    tables = {
        "units": pd.DataFrame({"id": ["a"]}),
        "orders": pd.DataFrame({"id": "a", "oid": "1", "time": [time, time], "revenue": [10.0, 20.0]}),
        "coupons": pd.DataFrame(
            {"id": ["a"], "campaign": "OWN", "redeemed": time, "oid": "1", "face": 8.0, "share": "50%"}
        ),
        "refunds": pd.DataFrame({"oid": ["1"], "time": pd.Timestamp("2026-04-01"), "amount": 15.0}),
    }
    spec = spec_of("units", "orders", "coupons", "refunds", orders={"margin": {"rate": 0.22}})
    with open_warehouse(spec, tables=tables) as warehouse:
        facts = warehouse.facts(np.array(["a"], object), FactWindow(datetime(2026, 3, 2), 0, 90))
    assert facts["revenue"][0] == 30.0
    assert facts["list_value"][0] == 38.0  # 30 + 8
    assert facts["gross_margin"][0] == 8.36  # .22 × 38
    assert facts["subsidy"][0] == 4.0  # 8 × .5
    assert facts["returned_margin"][0] == 4.18  # 8.36 × 15 / 30
    assert facts["last_order_days"][0] == 86.625  # 90 - 3 days 9 hours


def test_columns_of_absent_tables_say_what_is_missing(
    spec_of: Callable[..., ExperimentSpec], shop: dict[str, pd.DataFrame]
) -> None:
    tables = {name: shop[name] for name in ("units", "orders")}
    with open_warehouse(spec_of("units", "orders"), tables=tables) as warehouse:
        facts = warehouse.facts(warehouse.units(()).unit_id, FactWindow(START, 0, 90))
    assert set(facts.names) == {"orders", "revenue", "list_value", "orders_last_30", "last_order_days"}
    assert "subsidy" not in facts
    roles = {"subsidy": "coupons", "refunded": "refunds", "contacts": "contacts", "complaints": "service"}
    for name, role in {**roles, "visits": "behaviour", "cross_category_30d": r"orders\.category"}.items():
        with pytest.raises(MissingColumnError, match=f"'{name}' is not known: the spec has no data.{role}"):
            facts[name]
    with pytest.raises(MissingColumnError, match=r"'gross_margin' is not known: the spec has no data\.orders\.margin"):
        facts["gross_margin"]
    with pytest.raises(MissingColumnError, match="did you mean 'orders'"):
        facts["order"]


@pytest.mark.parametrize(
    "names", [("orders", "gross_margin"), ("subsidy",), ("refunded", "contacts"), ("nothing",), ("tickets", "visits")]
)
def test_asked_for_a_few_facts_gives_those_of_all(
    spec_of: Callable[..., ExperimentSpec], shop: dict[str, pd.DataFrame], names: tuple[str, ...]
) -> None:
    window = FactWindow(START, 0, 90, settle_days=30, annual_discount_rate=0.1)
    with open_warehouse(spec_of(orders={"margin": "margin"}), tables=shop) as warehouse:
        ids = warehouse.units(()).unit_id
        every = warehouse.facts(ids, window, names=(*NAMES, "last_order_days"))
        few = warehouse.facts(ids, window, names=names)
    assert set(few.names) == set(names) & set(every.names)
    for name in few.names:
        np.testing.assert_array_equal(few[name], every[name])


def test_nothing_depends_on_row_order_or_threads(
    spec_of: Callable[..., ExperimentSpec], shop: dict[str, pd.DataFrame]
) -> None:
    spec = spec_of(orders={"margin": "margin"})
    window = FactWindow(START, 0, 90, settle_days=30, annual_discount_rate=0.1)
    found = []
    for threads, tables in (
        (1, shop),
        (2, {name: table.sample(frac=1, random_state=5) for name, table in shop.items()}),
    ):
        with open_warehouse(spec, tables=tables, threads=threads) as warehouse:
            units = warehouse.units()
            found.append((units, warehouse.facts(units.unit_id, window), warehouse.history(START)))
    for one, other in zip(*found, strict=True):
        assert one.unit_id.tolist() == other.unit_id.tolist() == sorted(one.unit_id)
        for name in one.names:
            np.testing.assert_array_equal(one[name], other[name])


def test_a_unit_that_is_not_there_is_refused(
    spec_of: Callable[..., ExperimentSpec], shop: dict[str, pd.DataFrame]
) -> None:
    tables = {name: shop[name] for name in ("units", "orders")}
    with open_warehouse(spec_of("units", "orders"), tables=tables) as warehouse:
        ids = np.array(["000", "x1"], object)
        assert warehouse.known(ids).tolist() == [True, False]
        with pytest.raises(DataError, match="1 of 2 units that were asked for are not in the table, first: 'x1'"):
            warehouse.facts(ids, FactWindow(START, 0, 90))


def test_facts_that_are_told_by_name_alone(spec_of: Callable[..., ExperimentSpec]) -> None:
    march = [pd.Timestamp(f"2026-03-{day:02d}") for day in range(1, 32)]
    tables = {
        "units": pd.DataFrame({"id": ["a", "b"]}),
        "orders": pd.DataFrame({"id": "a", "oid": list("123"), "time": march[4:7], "revenue": [10.0, 20.0, 30.0]}),
        "refunds": pd.DataFrame({"oid": ["1", "1", "3"], "time": [*march[9:11], march[30]], "amount": [1.0, 2.0, 3.0]}),
        "service": pd.DataFrame(
            {"id": "a", "time": [march[2], march[7], march[7], march[8]], "rating": [5.0, 2.0, 4.0, None]}
        ).assign(complaint="否"),
    }
    spec = spec_of("units", "orders", "refunds", "service", orders={"margin": {"rate": 0.22}})
    with open_warehouse(spec, tables=tables) as warehouse:
        ids = np.array(["a", "b"], object)
        window = FactWindow(datetime(2026, 3, 1), 0, 10, settle_days=10)
        facts = warehouse.facts(ids, window, names=("refunded_orders", "rating_last", "refunded"))
    # Two refunds of order 1, that of order 3 came too late; of two ratings of one moment the lower one is the last.
    assert facts["refunded_orders"].tolist() == [1, 0]
    assert facts["rating_last"].tolist() == [2.0, 0.0]
    assert facts["refunded"].tolist() == [3.0, 0.0]
