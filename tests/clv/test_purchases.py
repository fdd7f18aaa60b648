from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from uplift.clv import BGNBD, GammaGamma, PurchaseSummary, summarize_purchases
from uplift.errors import EstimationError

if TYPE_CHECKING:
    from tests.clv.histories import Orders, Summary


def test_customers_by_hand() -> None:
    # a: 1, 11 (5 + 7), 21 January (-3); b: 5 January; c: only at as_of, not seen. Last day seen: 30 January
    days = ["2026-01-11", "2026-01-01", "2026-01-21", "2026-01-11", "2026-01-05", "2026-01-31"]
    found = summarize_purchases(list("aaaabc"), days, as_of="2026-01-31", values=[5, 99, -3, 7, 8, 1])
    np.testing.assert_array_equal(found.unit_ids, ["a", "b"])
    np.testing.assert_array_equal(found.frequency, [2, 0])
    np.testing.assert_array_equal(found.recency, [20, 0])
    np.testing.assert_array_equal(found.age, [29, 25])
    np.testing.assert_array_equal(found.mean_value, [12, 0])


def test_moments_of_a_day_are_one_purchase() -> None:
    moments = [datetime(2026, 1, 1, 9), datetime(2026, 1, 1, 23), datetime(2026, 1, 3, 1)]
    seen = [
        summarize_purchases([7, 7, 7], np.array(moments), as_of=moment).age.tolist()
        for moment in (datetime(2026, 1, 3), datetime(2026, 1, 3, 0, 30), date(2026, 1, 4))
    ]
    assert seen == [[1], [2], [2]]
    found = summarize_purchases([7, 7, 7], np.array(moments), as_of=date(2026, 1, 4), unit="weeks")
    assert (found.frequency.tolist(), found.recency.tolist()) == ([1], [2 / 7])


def test_days_may_be_numbers() -> None:
    found = summarize_purchases([1, 1, 2], [0.5, 3.2, 3.9], as_of=4, values=[1, 2, 3])
    np.testing.assert_array_equal(found.recency, [3, 0])
    np.testing.assert_array_equal(found.age, [3, 0])
    np.testing.assert_array_equal(found.mean_value, [2, 0])
    assert len(summarize_purchases([1], [5.0], as_of=4).unit_ids) == 0


def test_the_future_and_the_order_of_rows_do_not_show(rng: np.random.Generator) -> None:
    ids, days, values = rng.integers(0, 50, 800), rng.integers(0, 90, 800), rng.normal(20, 15, 800)
    one = summarize_purchases(ids, days, as_of=90, values=values)
    rows = rng.permutation(900)
    ids, days = np.append(ids, rng.integers(0, 60, 100)), np.append(days, rng.integers(90, 99, 100))
    values = np.append(values, np.full(100, 1e6))
    other = summarize_purchases(ids[rows], days[rows], as_of=90, values=values[rows])
    for name in PurchaseSummary.__slots__:
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


def draw_sample(orders: Orders, cdnow: Summary) -> Orders:
    """Return the rows of one customer of the master file for each row of the published 1/10 sample."""
    found = summarize_purchases(orders.customer, orders.day, as_of="1997-10-01", values=orders.value, unit="weeks")
    known = defaultdict(list)
    for row, key in enumerate(zip(found.frequency, found.recency.round(2), found.age.round(2), strict=True)):
        known[key].append(row)
    chosen = []
    for x, t, age, value in zip(cdnow.frequency, cdnow.recency, cdnow.age, cdnow.value, strict=True):
        same = known[x, t, age]
        best = min(same, key=lambda row: abs(found.mean_value[row] - value))
        assert abs(found.mean_value[best] - value) < 0.0051
        same.remove(best)
        chosen.append(best)
    kept = np.isin(orders.customer, found.unit_ids[chosen])
    return type(orders)(orders.customer[kept], orders.day[kept], orders.value[kept])


def test_cdnow_from_raw_rows(cdnow_orders: Orders, cdnow: Summary) -> None:
    sample = draw_sample(cdnow_orders, cdnow)
    found = summarize_purchases(sample.customer, sample.day, as_of="1997-10-01", values=sample.value, unit="weeks")
    assert len(found.unit_ids) == 2357
    # the published file rounds weeks to two decimals, and mean values to cents, halves up
    model = BGNBD().fit(found.frequency, found.recency.round(2), found.age.round(2))
    best = [model.r_, model.alpha_, model.a_, model.b_]
    np.testing.assert_allclose(best, [0.242593, 4.413532, 0.792886, 2.425754], atol=1e-6)
    assert model.log_likelihood_ == pytest.approx(-9582.4256, abs=5e-5)
    spend = GammaGamma().fit(found.frequency, np.floor(100 * found.mean_value + 0.5 + 1e-7) / 100)
    np.testing.assert_allclose([spend.p_, spend.q_, spend.v_], [6.2488, 3.74459, 15.44774], atol=1e-5)
    assert spend.log_likelihood_ == pytest.approx(-4055.923, abs=5e-4)


def test_cdnow_from_raw_rows_unrounded(cdnow_orders: Orders, cdnow: Summary) -> None:
    sample = draw_sample(cdnow_orders, cdnow)
    found = summarize_purchases(sample.customer, sample.day, as_of="1997-10-01", values=sample.value, unit="weeks")
    # the papers: .243 4.414 .793 2.426, -9582.4 and 6.25 3.74 15.44; CLVTools (R): -4055.9177
    model, spend = BGNBD().fit(found.frequency, found.recency, found.age), GammaGamma()
    best = [model.r_, model.alpha_, model.a_, model.b_]
    np.testing.assert_allclose(best, [0.243, 4.414, 0.793, 2.426], atol=5e-4)
    assert model.log_likelihood_ == pytest.approx(-9582.4, abs=5e-2)
    spend.fit(found.frequency, found.mean_value)
    np.testing.assert_allclose([spend.p_, spend.q_, spend.v_], [6.25, 3.74, 15.44], atol=5e-3)
    assert spend.log_likelihood_ == pytest.approx(-4055.9177, abs=5e-5)


def test_refusals() -> None:
    with pytest.raises(EstimationError, match=r"shapes \(2,\), \(1,\) and \(2,\), must be columns of one length"):
        summarize_purchases([1, 2], [1.0], as_of=3)
    with pytest.raises(EstimationError, match="1 of 2 rows are missing or not finite"):
        summarize_purchases([1, 2], [1.0, np.nan], as_of=3)
    with pytest.raises(EstimationError, match="2 of 2 rows are missing"):
        summarize_purchases([1, 2], ["2026-01-01", "NaT"], as_of="2026-02-01", values=[np.inf, 1])
