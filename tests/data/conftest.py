"""A small shop in memory, and the spec that names its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from uplift.spec import parse_spec

if TYPE_CHECKING:
    from collections.abc import Callable

    from uplift.spec import ExperimentSpec

Form = dict[str, Any]

ROLES: dict[str, Form] = {
    "units": {"table": "units.parquet", "id": "id"},
    "orders": {"table": "orders.parquet", "id": "id", "order_id": "oid", "time": "time", "revenue": "revenue"},
    "refunds": {"table": "refunds.parquet", "order_id": "oid", "time": "time", "amount": "amount"},
    "coupons": {
        "table": "coupons.parquet",
        "id": "id",
        "campaign": "campaign",
        "redeemed": "redeemed",
        "order_id": "oid",
        "face": "face",
        "our_share": "share",
    },
    "contacts": {
        "table": "contacts.parquet",
        "id": "id",
        "campaign": "campaign",
        "time": "time",
        "cost": "cost",
        "unsubscribed": "unsubscribed",
    },
    "service": {"table": "service.parquet", "id": "id", "time": "time", "complaint": "complaint", "rating": "rating"},
    "behaviour": {
        "table": "behaviour.parquet",
        "id": "id",
        "time": "time",
        "kind": "kind",
        "count": "count",
        "value": "value",
    },
}


@pytest.fixture
def spec_of() -> Callable[..., ExperimentSpec]:
    """Return a maker of specs: names of roles, with changes by role (``None`` drops a key), and further blocks."""

    def make(*roles: str, **changes: Form) -> ExperimentSpec:
        data: Form = {}
        blocks: Form = {name: changes.pop(name) for name in ("eligible", "calendar") if name in changes}
        for role in roles or tuple(ROLES):
            form = {**ROLES[role], **changes.get(role, {})}
            data[role] = {key: value for key, value in form.items() if value is not None}
        return parse_spec(
            {
                "version": 1,
                "experiment": {"id": "shop", "currency": "CNY"},
                "campaign": {"start": "2026-03-02", "end": "2026-03-31", "codes": ["OWN"]},
                "data": data,
                "strata": {},
                **blocks,
                "arms": [{"id": "control", "share": 0.5}, {"id": "coupon", "share": 0.5}],
                "outcomes": {"primary": "revenue" if "orders" in data else {"column": "x", "kind": "money"}},
            }
        )

    return make


@pytest.fixture
def shop(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return seven tables with several lines an order, strangers, ties and times on the borders."""
    ids = np.array([f"{number:03d}" for number in range(30)])
    orders = _orders(rng, ids)
    first = orders.groupby("oid", as_index=False).first()
    used = first.sample(99, random_state=1)
    coupons = pd.DataFrame({"id": used["id"], "oid": used["oid"], "redeemed": used["time"]}).reset_index(drop=True)
    coupons.loc[88:93, "oid"] = coupons.loc[0:5, "oid"].to_numpy()
    coupons.loc[94:, "oid"] = None
    coupons.loc[80:87, "redeemed"] = pd.NaT
    coupons["campaign"] = rng.choice(["OWN", "OTHER"], len(coupons))
    coupons["face"] = rng.choice([5.0, 8.0, 20.0], len(coupons))
    coupons["share"] = rng.choice([0.5, 1.0, np.nan], len(coupons))
    refunded = first.sample(60, random_state=2)
    wait = pd.to_timedelta(rng.integers(0, 60, len(refunded)), unit="D")
    refunds = pd.DataFrame({"oid": refunded["oid"], "time": refunded["time"] + wait})
    refunds["amount"] = (refunded["revenue"] * rng.choice([0.3, 1.0, 2.0], len(refunds))).abs().round(2)
    refunds = pd.concat([refunds, refunds.head(9).assign(amount=1.0)], ignore_index=True)
    contacts = pd.DataFrame({"id": rng.choice(ids, 80), "campaign": rng.choice(["OWN", "OTHER"], 80)})
    contacts["time"] = _times(rng, 80)
    contacts["cost"] = 0.05
    contacts["unsubscribed"] = rng.random(80) < 0.2
    units = pd.DataFrame({"id": rng.permutation(ids), "city": rng.choice(["京", "沪"], len(ids))})
    orders["platform"] = rng.choice(np.array(["京东", "天猫", None], object), len(orders))
    return {
        "units": units,
        "orders": orders,
        "refunds": refunds,
        "coupons": coupons,
        "contacts": contacts,
        "service": _service(rng, ids),
        "behaviour": _behaviour(rng, ids),
    }


def _service(rng: np.random.Generator, ids: np.ndarray[Any, Any]) -> pd.DataFrame:
    tickets = pd.DataFrame({"id": rng.choice([*ids, "stranger"], 90), "time": _times(rng, 90)})
    tickets["complaint"] = rng.choice(np.array(["是", "否", None], object), 90)
    tickets["rating"] = rng.choice([1.0, 3.5, 5.0, np.nan], 90)
    return tickets


def _behaviour(rng: np.random.Generator, ids: np.ndarray[Any, Any]) -> pd.DataFrame:
    events = pd.DataFrame({"id": rng.choice([*ids, "stranger"], 400), "time": _times(rng, 400)})
    events["kind"] = rng.choice(np.array(["浏览", "种草", "Share", "referral", "签到", None], object), 400)
    events["count"] = rng.integers(0, 4, 400)
    events["value"] = rng.choice([0.0, 12.345, np.nan], 400)
    return events


def _times(rng: np.random.Generator, n: int) -> pd.Series[pd.Timestamp]:
    days = pd.to_timedelta(rng.integers(0, 480, n), unit="D") + pd.to_timedelta(
        rng.integers(0, 3, n) * 43_200, unit="s"
    )
    return pd.Series(pd.Timestamp("2025-01-01") + days).dt.as_unit("us")


def _orders(rng: np.random.Generator, ids: np.ndarray[Any, Any]) -> pd.DataFrame:
    n = 400
    heads = pd.DataFrame({"oid": [f"o{number}" for number in range(n)], "id": rng.choice([*ids, "stranger"], n)})
    heads["time"] = _times(rng, n)
    lines = heads.loc[np.repeat(np.arange(n), rng.integers(1, 4, n))].reset_index(drop=True)
    lines["time"] += pd.to_timedelta(rng.integers(0, 2, len(lines)), unit="min")
    lines["revenue"] = rng.integers(-200, 9000, len(lines)) / 100
    lines["margin"] = (lines["revenue"] * 0.2).round(3)
    lines["category"] = rng.choice(["菜", "果", "肉"], len(lines))
    return lines.sample(frac=1, random_state=3).reset_index(drop=True)
