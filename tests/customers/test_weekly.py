from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.customers.weeks import Fading, panel_of
from uplift.customers.weekly import WeeklyPanel, trace_value
from uplift.errors import DataError


def test_value_by_week_is_the_models_at_each_weeks_end() -> None:
    path = trace_value(Fading(), panel_of([[0, 1, 0]]))
    # last order 1 day before week 0, so 8 days before its end; in week 1 it is 4 days before the end, 5 + 1 orders.
    expected = [50 * np.exp(-0.08), 60 * np.exp(-0.04), 60 * np.exp(-0.11)]
    np.testing.assert_allclose(path.clv, [expected], rtol=1e-12)
    np.testing.assert_allclose(path.change[0, 1:], [1.2 * np.exp(0.04) - 1, np.exp(-0.07) - 1], rtol=1e-12)
    assert np.isnan(path.change[0, 0])


def test_before_the_first_purchase_there_is_no_value() -> None:
    panel = panel_of([[0, 0, 0]])
    age = np.array([[np.nan, 3.0, 10.0]])
    recency = np.array([[np.nan, 0.0, 0.0]])
    path = trace_value(Fading(), replace(panel, age_days=age, recency_days=recency))
    assert np.isnan(path.clv).tolist() == [[True, False, False]]
    assert np.isnan(path.change).tolist() == [[True, True, False]]


def test_the_expectation_looks_a_week_ahead_and_the_decay_is_what_silence_does() -> None:
    path = trace_value(Fading(renewal=0.03), panel_of([[0, 1, 0], [0, 0, 0]]), annual_discount_rate=0.1)
    rows = np.array([0, 1])
    np.testing.assert_allclose(path.silent_change(1, rows), np.exp(-0.07) - 1, rtol=1e-12)
    # the model's own value of days 7 to 372 is seen from a week later: it is worth 1.1 ** (7 / 365) as much
    wanted = np.exp(-0.07) * 1.03 * 1.1 ** (7 / 365) - 1
    np.testing.assert_allclose(path.expected_change(1, rows), wanted, rtol=1e-12)
    # a silent week changes value by exactly the decay, which is why the decay cannot be what alerts are held against
    assert path.change[1, 1] == pytest.approx(path.silent_change(1, rows)[1], rel=1e-12)


def test_a_panel_is_read_from_the_columns_of_a_warehouse() -> None:
    columns = SimpleNamespace(
        unit_id=np.array(["a"], dtype=object),
        orders=np.array([[1, 0]]),
        activity=np.array([[3, 4]]),
        frequency=np.array([[0, 0]]),
        recency_days=np.array([[0.0, 0.0]]),
        age_days=np.array([[2.0, 9.0]]),
        mean_value=np.array([[0.0, 0.0]]),
    )
    panel = WeeklyPanel.from_columns(columns)
    assert (panel.n_weeks, panel.orders.dtype) == (2, np.dtype(np.float64))
    assert panel.known.all()


def test_what_cannot_be_is_refused() -> None:
    panel = panel_of([[0, 1], [1, 0]])
    with pytest.raises(DataError, match=r"weekly activity: got the shape \(2, 1\), must be \(2, 'weeks'\)"):
        replace(panel, activity=np.zeros((2, 1)))
    with pytest.raises(DataError, match="weekly orders: 1 values are out of range, first of customer 'c001'"):
        replace(panel, orders=np.array([[0.0, 1.0], [-1.0, 0.0]]))
    with pytest.raises(DataError, match="weekly recency_days: 2 values are out of range"):
        replace(panel, recency_days=panel.age_days + np.array([[1.0], [-1.0]]))
