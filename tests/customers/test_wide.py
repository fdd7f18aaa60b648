from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from uplift.customers import WIDE_COLUMNS, make_wide_table
from uplift.data import open_warehouse
from uplift.errors import MissingColumnError
from uplift.spec import parse_spec

if TYPE_CHECKING:
    from uplift.spec import ExperimentSpec

AS_OF = datetime(2026, 3, 1)
TIMES = pd.to_datetime(["2026-01-01", "2026-01-20", "2025-12-01"])
TABLES = {
    "units": pd.DataFrame({"id": ["a", "b", "c"]}),
    "orders": pd.DataFrame({"id": ["a", "a", "b"], "oid": ["1", "2", "3"], "time": TIMES, "paid": [10.0, 30.0, 5.0]}),
}


def test_every_column_is_described_and_there_or_absent_with_a_reason() -> None:
    with open_warehouse(_spec(), tables=_tables()) as warehouse:
        wide = make_wide_table(warehouse, AS_OF)
    assert {entry.id for entry in wide.entries} | set(wide.absent) == set(WIDE_COLUMNS)
    assert not {entry.id for entry in wide.entries} & set(wide.absent)
    assert [entry.id for entry in wide.entries] == [name for name in WIDE_COLUMNS if name in wide.columns]
    assert wide.absent["complaints"] == "the spec has no data.service"
    with pytest.raises(MissingColumnError, match=r"'visits' is not known: the spec has no data\.behaviour"):
        wide.columns["visits"]
    for entry in WIDE_COLUMNS.values():
        assert entry.zh
        assert entry.en
        assert entry.meaning.endswith(".")


def test_a_table_by_hand() -> None:
    """Customer a: 10 + 30 paid in two orders 19 days apart, the last 40 days ago, in 2 of the 2 months since."""
    with open_warehouse(_spec(), tables=_tables()) as warehouse:
        wide = make_wide_table(warehouse, AS_OF, days=90)
    numbers = wide.numbers()
    assert (wide.days, wide.as_of, wide.columns.unit_id.tolist()) == (90, AS_OF, ["a", "b", "c"])
    assert "favourite_category" not in numbers
    assert numbers["gmv"].tolist() == [40.0, 5.0, 0.0]
    assert numbers["average_basket"][:2].tolist() == [20.0, 5.0]
    assert numbers["repurchase_30d"].tolist() == [1.0, 0.0, 0.0]
    assert numbers["retention"].tolist() == [0.0, 0.0, 0.0]
    assert numbers["last_order_days"][:2].tolist() == [40.0, 90.0]
    # a: 40 and 59 days ago are both in the second month; b: 90 days ago is in the third.
    assert numbers["active_month_share"][:2].tolist() == [1 / 2, 1 / 3]
    assert wide.columns["favourite_category"].tolist() == ["果", "菜", None]
    assert np.isnan([numbers[name][2] for name in ("average_basket", "last_order_days", "active_month_share")]).all()


def _tables() -> dict[str, pd.DataFrame]:
    return {"units": TABLES["units"], "orders": TABLES["orders"].assign(category=["菜", "果", "菜"])}


def _spec() -> ExperimentSpec:
    orders = {
        "table": "o.csv",
        "id": "id",
        "order_id": "oid",
        "time": "time",
        "revenue": "paid",
        "category": "category",
    }
    return parse_spec(
        {
            "version": 1,
            "experiment": {"id": "wide", "currency": "CNY"},
            "campaign": {"start": "2026-03-01", "end": "2026-03-10"},
            "data": {"units": {"table": "u.csv", "id": "id"}, "orders": {**orders, "category": "category"}},
            "strata": {},
            "arms": [{"id": "control", "share": 0.5}, {"id": "coupon"}],
            "outcomes": {"primary": "revenue"},
        }
    )


def test_the_documentation_lists_every_column() -> None:
    text = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    rows = [f"| `{e.id}` | {e.zh} | {e.kind} | {e.source} | {e.meaning} |" for e in WIDE_COLUMNS.values()]
    assert [row for row in rows if row not in text] == []
