from __future__ import annotations

import numpy as np
import pytest

from uplift.customers import classify_value
from uplift.errors import DesignError


def test_zero_spenders_are_a_tier_of_their_own_under_quantiles() -> None:
    axis = classify_value(np.array([0, 0, -5, 10, 20, 30, 40, 50, 60]))
    assert axis.levels == ("zero", "low", "mid", "high")
    assert axis.codes.tolist() == [0, 0, 0, 1, 1, 2, 2, 3, 3]
    assert axis.cut_points == (0.0, 30.0, 50.0)
    assert axis.rule == {"zero_apart": 1.0}
    assert axis.names["zero"] == {"zh": "无消费", "en": "no spend"}


def test_zero_spenders_fall_in_the_first_class_of_cuts() -> None:
    axis = classify_value(
        np.array([0, 99.99, 100, 2000]), cuts=[100, 500, 2000], names=["低值", "中值", "高值", "顶值"]
    )
    assert axis.levels == ("低值", "中值", "高值", "顶值")
    assert axis.codes.tolist() == [0, 0, 1, 3]


def test_ties_are_never_split() -> None:
    # Standing of 7 among (7, 7, 7, 8): average rank 2 -> (2 - .5) / 4 = .375 < .5, so 7 is low.
    axis = classify_value(np.array([7, 7, 7, 8]), quantiles=[0.5])
    assert axis.codes.tolist() == [1, 1, 1, 2]
    assert axis.cut_points == (0.0, 8.0)


def test_classes_do_not_know_the_order_of_rows() -> None:
    values = np.round(np.random.default_rng(1).gamma(1, 50, 500), 2)
    axis = classify_value(values)
    order = np.random.default_rng(2).permutation(500)
    again = classify_value(values[order])
    assert again.cut_points == axis.cut_points
    np.testing.assert_array_equal(again.codes, axis.codes[order])
    shares = np.bincount(axis.codes, minlength=4)[1:] / 500
    np.testing.assert_allclose(shares, 1 / 3, atol=0.01)


def test_without_any_spender_everybody_is_zero() -> None:
    axis = classify_value(np.zeros(3))
    assert axis.codes.tolist() == [0, 0, 0]
    assert all(np.diff(axis.cut_points) >= 0)


def test_refusals() -> None:
    with pytest.raises(DesignError, match="got cuts and quantiles"):
        classify_value(np.ones(2), cuts=[1], quantiles=[0.5])
    with pytest.raises(DesignError, match="1 values are NaN"):
        classify_value(np.array([1, np.nan]))
    with pytest.raises(DesignError, match="2 names for 2 cut-points"):
        classify_value(np.ones(2), cuts=[1, 2], names=["a", "b"])
