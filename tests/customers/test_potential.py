from __future__ import annotations

import numpy as np
import pytest

from uplift.customers import BehaviourIndex, classify_potential, classify_value, split_value
from uplift.errors import DataError, MissingColumnError

VISITS = {"visits": np.array([10.0, np.nan, 0.0]), "referrals": np.array([0.0, 2.0, 1.0])}


def test_behaviour_is_worth_what_was_declared() -> None:
    # 10 x .05, 2 x 12, 1 x 12
    index = BehaviourIndex({"visits": 0.05, "referrals": 12.0})
    np.testing.assert_allclose(index.worth(VISITS), [0.5, 24.0, 12.0])


def test_what_is_missing_is_named() -> None:
    with pytest.raises(MissingColumnError, match="'shares' is not in the behaviour"):
        BehaviourIndex({"shares": 1.0}).worth(VISITS)
    with pytest.raises(DataError, match="must name at least one column"):
        BehaviourIndex().worth(VISITS)


def test_potential_is_an_axis_beside_value() -> None:
    spent, predicted = np.array([900.0, 0.0, 40.0, 500.0]), np.array([5.0, np.nan, 300.0, 200.0])
    current = classify_value(spent, cuts=[100])
    potential = classify_potential(predicted, cuts=[100])
    pairs = list(zip(current.labels, potential.labels, strict=True))
    assert pairs == [("high", "low"), ("low", "low"), ("low", "high"), ("high", "high")]
    assert (potential.id, potential.metric, potential.cut_points) == ("potential", "predicted_clv", (100.0,))
    assert potential.names["high"] == {"zh": "高潜力", "en": "high potential"}


def test_behaviour_may_lift_the_potential() -> None:
    worth = np.array([0.0, 60.0, 0.0, 0.0])
    axis = classify_potential(np.array([0.0, 50.0, 90.0, 120.0]), behaviour=worth, cuts=[100])
    assert axis.labels.tolist() == ["low", "high", "low", "high"]


def test_no_prediction_is_a_tier_of_its_own_under_quantiles() -> None:
    predicted = np.array([np.nan, 0.0, 1.0, 2.0, 3.0])
    axis = classify_potential(predicted, quantiles=[0.5])
    # Of 1, 2, 3 the average ranks are 1/6, 1/2, 5/6: the median cut is 2.
    assert axis.labels.tolist() == ["zero", "zero", "low", "high", "high"]
    assert axis.names["zero"] == {"zh": "无潜力", "en": "no potential"}
    assert classify_potential(predicted).levels == ("zero", "low", "mid", "high")


def test_value_is_split_where_the_data_hold_it() -> None:
    margin = np.array([100.0, 50.0, 0.0])
    parts = split_value(
        margin, VISITS, referral=BehaviourIndex({"referrals": 12.0}), content=BehaviourIndex({"reviews": 2.0})
    )
    assert parts.referral is not None
    assert parts.referral.tolist() == [0, 24, 12]
    assert parts.content is None
    assert parts.total.tolist() == [100, 74, 12]
    whole = split_value(margin, {"referral_value": np.array([3.0, np.nan, 1.0])})
    assert (whole.total.tolist(), whole.content) == ([103, 50, 1], None)
    assert split_value(margin, {}).total.tolist() == margin.tolist()
    with pytest.raises(MissingColumnError, match="'reviews'"):
        split_value(margin, VISITS, content=BehaviourIndex({"visits": 1.0, "reviews": 2.0}))
