from __future__ import annotations

import numpy as np
import pytest

from uplift.customers import basket_axis, column_axis, cut, frequency_axis
from uplift.customers.axes import quantile_cuts, rank_levels
from uplift.errors import DesignError


def test_frequency_cuts_are_closed_below() -> None:
    axis = frequency_axis(np.array([0, 2, 3, 8, 9, 40]))
    assert axis.levels == ("low", "mid", "high")
    assert axis.codes.tolist() == [0, 0, 1, 1, 2, 2]
    assert axis.cut_points == (3.0, 9.0)
    assert axis.names["mid"] == {"zh": "中频", "en": "mid frequency"}
    assert axis.metric == "orders_90d"


def test_named_levels_are_their_ids() -> None:
    axis = frequency_axis(np.array([1, 5, 9]), cuts=[3, 9], names={"低频": {}, "中频": {"en": "mid"}, "高频": {}})
    assert axis.labels.tolist() == ["低频", "中频", "高频"]
    assert axis.level_of("mid") == "中频"
    assert axis.level_of("高频") == "高频"
    assert axis.level_of("nobody") is None


def test_units_without_an_order_are_a_basket_of_their_own() -> None:
    axis = basket_axis(np.array([np.nan, 10, 20, 30, 40]))
    assert axis.levels == ("none", "low", "high")
    assert axis.codes.tolist() == [0, 1, 1, 2, 2]
    assert axis.names["none"] == {"zh": "无订单", "en": "no orders"}
    assert basket_axis(np.array([10.0, 20.0])).levels == ("low", "high")


def test_frequency_by_quantiles_uses_all_units() -> None:
    assert frequency_axis(np.array([0, 0, 4, 8]), quantiles=[0.5]).cut_points == (4.0,)
    assert frequency_axis(np.array([np.nan, 4, 8]), quantiles=[0.5]).labels.tolist() == ["none", "low", "high"]


def test_a_null_of_a_column_is_unknown() -> None:
    axis = column_axis(np.array(["gold", None, "base", np.nan], dtype=object), axis_id="club")
    assert axis.levels == ("base", "gold", "unknown")
    assert axis.labels.tolist() == ["gold", "unknown", "base", "unknown"]
    assert axis.names["unknown"] == {"zh": "未知", "en": "unknown"}


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        (np.array([1.0, 2.5, np.nan]), ("1", "2.5", "unknown")),
        (np.array([True, False]), ("false", "true")),
        (np.array([3, 1]), ("1", "3")),
    ],
)
def test_column_levels_are_texts(values: np.ndarray[tuple[int], np.dtype[np.generic]], levels: tuple[str, ...]) -> None:
    assert column_axis(values, axis_id="x").levels == levels


def test_a_given_order_of_levels_is_kept() -> None:
    values = np.array(["b", "a", "z"], dtype=object)
    assert column_axis(values, axis_id="x", levels=("b", "gone", "a")).levels == ("b", "a", "z")


def test_many_classes_are_numbered() -> None:
    assert tuple(rank_levels(5)) == ("tier_1", "tier_2", "tier_3", "tier_4", "tier_5")


def test_a_quantile_above_every_value_cuts_just_above_the_largest() -> None:
    points = quantile_cuts(np.array([5.0, 5.0]), [0.4, 0.9])
    assert points[0] == 5.0
    assert points[1] == np.nextafter(5.0, np.inf)


def test_cut_points_must_not_decrease() -> None:
    with pytest.raises(DesignError, match=r"cut-points \[9, 3\] decrease"):
        cut(np.array([1.0]), [9, 3])
