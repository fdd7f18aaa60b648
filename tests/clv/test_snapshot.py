from __future__ import annotations

import numpy as np
import pytest

from uplift.clv import PurchaseHistory, Snapshot
from uplift.clv.snapshot import check_purchases
from uplift.errors import UsageError


def history(**changes: list[float]) -> PurchaseHistory:
    columns = {
        "frequency": [2.0, 0, 0],
        "recency": [30.0, 0, np.nan],
        "age": [50.0, 10, np.nan],
        "mean_value": [20.0, 0, 0],
    }
    return PurchaseHistory(**{name: np.array(column) for name, column in (columns | changes).items()})


def test_units_are_counted() -> None:
    known = check_purchases(history())
    assert (len(known), known.n_buyers, known.n_repeaters, known.span_days) == (3, 2, 1, 50.0)
    np.testing.assert_array_equal(known.bought, [True, True, False])
    assert known.of(known.bought).age.tolist() == [50, 10]
    assert history(age=[np.nan, np.nan, np.nan]).span_days == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"recency": [60.0, 0, np.nan]},
        {"frequency": [-1.0, 0, 0]},
        {"recency": [np.nan, 0, np.nan]},
        {"mean_value": [np.nan, 0, 0]},
    ],
)
def test_times_that_do_not_fit_are_refused(wrong: dict[str, list[float]]) -> None:
    with pytest.raises(UsageError, match=r"history: unit at position 0 has frequency .* allowed: frequency >= 0"):
        check_purchases(history(**wrong))


def test_shapes_are_one() -> None:
    with pytest.raises(UsageError, match=r"history\.age: has shape \(1,\), must have shape \(3,\) as frequency"):
        check_purchases(history(age=[1.0]))


def test_a_snapshot_is_of_one_set_of_units() -> None:
    with pytest.raises(UsageError, match="history: has 3 units, must have the 2 units of value"):
        Snapshot(np.ones(2), history=history())
