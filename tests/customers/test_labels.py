from __future__ import annotations

import numpy as np
import pytest

from uplift.customers import (
    Axis,
    PreferenceRule,
    RiskRule,
    classify_preference,
    classify_risk,
    column_axis,
    label_customers,
)
from uplift.errors import DataError

NAN = np.nan


def texts(*values: str | None) -> np.ndarray:
    return np.array(values, dtype=object)


def test_the_first_clear_preference_is_given() -> None:
    axis = classify_preference(
        price_sensitivity=np.array([0.5, 0.49, 0.0, NAN]),
        content_engagement=np.array([9.0, 4.0, 1.0, 0.0]),
        category=texts("水果", "水果", "蔬菜", None),
        category_share=np.array([1.0, 1.0, 0.5, NAN]),
    )
    assert axis.labels.tolist() == ["price", "content", "category:蔬菜", "none"]
    assert axis.names["category:蔬菜"] == {"zh": "偏好蔬菜", "en": "likes 蔬菜"}
    assert axis.levels == ("price", "content", "category:水果", "category:蔬菜", "none")


def test_a_preference_needs_something_to_read() -> None:
    assert classify_preference(category=texts(None), category_share=np.array([NAN])).labels.tolist() == ["none"]
    rule = PreferenceRule(price_share=0.9)
    assert classify_preference(price_sensitivity=np.array([0.8]), rule=rule).labels.tolist() == ["none"]
    with pytest.raises(DataError, match="there is nothing to read"):
        classify_preference()
    favourite = classify_preference(category=texts("a", None, "b"))
    assert favourite.labels.tolist() == ["category:a", "none", "category:b"]
    with pytest.raises(DataError, match="of which category"):
        classify_preference(price_sensitivity=np.array([0.8]), category_share=np.array([0.8]))


def test_risk_is_the_band_and_one_up_after_a_complaint() -> None:
    alive = np.array([0.7, 0.69, 0.4, 0.39, 1.0, NAN])
    assert classify_risk(alive).labels.tolist() == ["low", "mid", "mid", "high", "unknown", "unknown"]
    after = classify_risk(alive, complaints=np.array([1, 0, 2, 1, 1, NAN]))
    assert after.labels.tolist() == ["mid", "mid", "high", "high", "unknown", "unknown"]
    assert classify_risk(alive, rule=RiskRule(0.3, 0.2)).labels.tolist()[:4] == ["low"] * 4


def axes(n: int = 3) -> dict[str, Axis]:
    stage = column_axis(
        texts("new", "lost", "new")[:n], axis_id="lifecycle", names={"new": {"zh": "新客", "en": "New"}}
    )
    value = column_axis(texts("低值", "高值", "低值")[:n], axis_id="value_tier")
    price = classify_preference(price_sensitivity=np.array([0.9, 0.0, 0.9])[:n])
    return {"life": stage, "value": value, "preference": price, "risk": classify_risk(np.array([0.9, 0.1, 0.8])[:n])}


def test_labels_are_joined_and_counted() -> None:
    labels = label_customers(texts("a", "b", "c"), **axes())
    assert labels.ids.tolist() == ["new|低值|price|low", "lost|高值|none|high", "new|低值|price|low"]
    lost, new = labels.count()
    assert (lost.n_units, new.n_units) == (1, 2)
    assert new.id == "new|低值|price|low"
    assert new.parts == {"life": "new", "value": "低值", "preference": "price", "risk": "low"}
    assert new.names == {"zh": "新客·低值·价格敏感·低风险", "en": "New · 低值 · price-sensitive · low risk"}


def test_labels_are_one_per_unit() -> None:
    with pytest.raises(DataError, match="life: labels of 2 units, must be 3"):
        label_customers(texts("a", "b", "c"), **axes(2))
