from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from uplift.customers import History, summarize_orders
from uplift.errors import DataError, MissingColumnError

if TYPE_CHECKING:
    from numpy.typing import NDArray

AS_OF = datetime(2026, 3, 2)


@dataclass
class Given:
    unit_id: NDArray[np.object_]
    values: dict[str, NDArray[np.generic]]


def orders() -> pd.DataFrame:
    days_ago: dict[str, list[float]] = {"b": [100, 40, 10], "a": [5], "c": [200, 120, 119, 0.5]}
    rows = [(unit, pd.Timestamp(AS_OF) - pd.Timedelta(days=ago)) for unit, agos in days_ago.items() for ago in agos]
    return pd.DataFrame(rows, columns=["id", "at"])


def test_summary_by_hand() -> None:
    got = summarize_orders(orders(), as_of=AS_OF, unit_id="id", time="at")
    assert list(got.unit_id) == ["a", "b", "c"]
    assert got.n_orders.tolist() == [1, 3, 4]
    assert got.first_order_days.tolist() == [5, 100, 200]
    assert got.last_order_days.tolist() == [5, 10, 0.5]
    assert got.n_gaps.tolist() == [0, 2, 3]
    # b: gaps 60, 30 -> 45; c: gaps 80, 1, 118.5 -> 80
    np.testing.assert_array_equal(got.median_gap, [np.nan, 45, 80])
    np.testing.assert_array_equal(got.last_gap, [np.nan, 30, 118.5])
    assert got.orders_90d.tolist() == [1, 2, 1]
    assert got.orders_previous_90d.tolist() == [0, 1, 2]
    assert np.isnan(got.registered_days).all()
    assert len(got) == 3


@pytest.mark.parametrize("kind", ["polars", "arrow", "mapping", "shuffled"])
def test_any_frame_and_any_order_give_the_same(kind: str) -> None:
    frame = orders()
    given: object = {
        "polars": pl.from_pandas(frame),
        "arrow": pa.Table.from_pandas(frame),
        "mapping": {name: frame[name].to_numpy() for name in frame.columns},
        "shuffled": frame.sample(frac=1, random_state=3),
    }[kind]
    got = summarize_orders(given, as_of=AS_OF, unit_id="id", time="at")
    want = summarize_orders(frame, as_of=AS_OF, unit_id="id", time="at")
    for name in History.__slots__:
        np.testing.assert_array_equal(getattr(got, name), getattr(want, name))


def test_an_order_at_the_moment_is_a_leak() -> None:
    frame = pd.concat([orders(), pd.DataFrame({"id": ["b"], "at": [pd.Timestamp(AS_OF)]})])
    with pytest.raises(DataError, match=r"unit 'b' \(1 units in all\) has an order at or after its moment"):
        summarize_orders(frame, as_of=AS_OF, unit_id="id", time="at")


def test_each_row_is_held_against_its_own_moment() -> None:
    frame = orders()
    frame["moment"] = np.where(frame["id"] == "a", np.datetime64("2026-02-20", "us"), np.datetime64(AS_OF, "us"))
    with pytest.raises(DataError, match="unit 'a'"):
        summarize_orders(frame, as_of="moment", unit_id="id", time="at")


def test_missing_columns_and_times_are_named() -> None:
    frame = orders()
    with pytest.raises(MissingColumnError, match="column 'idd' is not in the order table; did you mean 'id'"):
        summarize_orders(frame, as_of=AS_OF, unit_id="idd", time="at")
    frame.loc[0, "at"] = pd.NaT
    with pytest.raises(DataError, match="1 times are missing"):
        summarize_orders(frame, as_of=AS_OF, unit_id="id", time="at")
    with pytest.raises(DataError, match="must hold naive local times"):
        summarize_orders(frame.assign(at="2026-01-01"), as_of=AS_OF, unit_id="id", time="at")
    with pytest.raises(DataError, match="ids are text or whole numbers"):
        summarize_orders(orders().assign(id=0.5), as_of=AS_OF, unit_id="id", time="at")
    with pytest.raises(MissingColumnError, match="'id' is not in the order table"):
        summarize_orders(object(), as_of=AS_OF, unit_id="id", time="at")


def columns_of(history: History) -> Given:
    names = [name for name in History.__slots__ if name not in {"unit_id", "registered_days"}]
    return Given(history.unit_id, {name: getattr(history, name) for name in names})


def test_columns_of_the_warehouse_are_checked_for_leaks() -> None:
    history = summarize_orders(orders(), as_of=AS_OF, unit_id="id", time="at")
    given = columns_of(history)
    held = given.values  # noqa: PD011
    assert History.from_columns(given).n_orders.tolist() == [1, 3, 4]
    held["registered_days"] = np.array([1.0, 2.0, 3.0])
    assert History.from_columns(given).registered_days.tolist() == [1, 2, 3]
    held["last_order_days"] = np.array([1.0, 0.0, 1.0])
    with pytest.raises(DataError, match="unit 'b'"):
        History.from_columns(given)
    del held["last_gap"]
    with pytest.raises(MissingColumnError, match="'last_gap' is not in the order history"):
        History.from_columns(given)
