"""Settings that no forest can have are refused."""

from __future__ import annotations

import pytest

from uplift.errors import EstimationError
from uplift.learn import ForestSettings


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("subsample", 0.6, "above 0 and at most .5"),
        ("bag_size", 0, "at least 1"),
        ("n_try", 0, "None or at least 1"),
        ("n_bins", 256, "from 2 to 255"),
        ("alpha", 0.5, "from 0 to below .5"),
        ("imbalance_penalty", -1.0, "at least 0"),
        ("shrink", -1.0, "at least 0"),
        ("variance", "jackknife", "'pooled' or 'pointwise'"),
        ("n_folds", 1, "at least 2"),
    ],
)
def test_a_value_outside_is_refused(name: str, value: object, allowed: str) -> None:
    with pytest.raises(EstimationError, match=f"{name} == {value!r}, must be {allowed}"):
        ForestSettings(**{name: value})  # type: ignore[arg-type]


def test_defaults_are_allowed() -> None:
    assert ForestSettings().bag_size == 4
