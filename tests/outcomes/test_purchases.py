"""A purchase history some days later, by hand."""

from __future__ import annotations

import numpy as np

from uplift.outcomes.purchases import PurchaseState, SeenPurchases, advance


def array(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


# a: three purchase days in 60 of 100 days, repeat margins 8 and 12; b: one purchase 40 days ago; c: none
BEFORE = PurchaseState(array(2, 0, 0), array(60, 0, np.nan), array(100, 40, np.nan), array(10, 0, 0), array(2, 0, 0))


def test_purchases_move_recency_and_mean() -> None:
    seen = SeenPurchases(array(2, 1, 3), array(30, 5, 80), array(20, 7, 90), array(1, 1, 3))
    later = advance(BEFORE, seen, days=90)
    assert later.frequency.tolist() == [4.0, 1.0, 3.0]
    # a: first day 100 days before day 0, so the purchase of day 30 is 130 days after it
    assert later.recency[:2].tolist() == [130.0, 45.0]
    assert later.age[:2].tolist() == [190.0, 130.0]
    # a: (2 x 10 + 20) / 3
    np.testing.assert_allclose(later.mean_value[:2], [40 / 3, 7.0])
    assert later.known.tolist() == [True, True, False]


def test_without_purchases_only_time_passes() -> None:
    nothing = SeenPurchases(*(array(0, 0, 0) for _ in range(4)))
    later = advance(BEFORE, nothing, days=90)
    assert later.frequency.tolist() == [2.0, 0.0, 0.0]
    assert later.recency[:2].tolist() == [60.0, 0.0]
    assert later.age[:2].tolist() == [190.0, 130.0]
    assert later.mean_value.tolist() == [10.0, 0.0, 0.0]


def test_who_was_seen_to_do_something_else() -> None:
    one = SeenPurchases(array(1, 1), array(5, 5), array(9, 9), array(1, 1))
    other = SeenPurchases(array(1, 1), array(5, 5), array(9, 8), array(1, 1))
    assert one.differs(other).tolist() == [False, True]


def test_columns_of_the_warehouse_and_some_units() -> None:
    columns = {
        "frequency": np.array([2, 0]), "recency_days": array(60, np.nan), "age_days": array(100, np.nan),
        "mean_value": array(10, 0), "n_positive_days": np.array([2, 0]),
    }  # fmt: skip
    state = PurchaseState.from_columns(columns)
    assert len(state) == 2
    assert state.take(np.array([1])).known.tolist() == [False]
