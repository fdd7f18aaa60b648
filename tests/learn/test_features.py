"""Features from arrays and frames."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from uplift.errors import EstimationError, MissingColumnError
from uplift.learn.features import read_features


def test_an_array_has_numbered_features() -> None:
    features = read_features(np.array([[1, 2], [3, np.inf]]))
    assert features.names == ("x0", "x1")
    assert features.is_category == (False, False)
    assert features.n_rows == 2
    np.testing.assert_array_equal(features.columns[1], [2, np.inf])


def test_a_frame_keeps_kinds_and_missing_values() -> None:
    frame = pd.DataFrame(
        {
            "spend": [1.5, None, 3.0],
            "orders": pd.array([1, None, 3], dtype="Int64"),
            "member": [True, False, True],
            "tier": pd.Categorical(["gold", None, "silver"]),
            "city": ["上海", None, "北京"],
            "price": [Decimal("1.5"), None, Decimal(2)],
            "empty": [None, None, None],
        }
    )
    features = read_features(frame)
    assert features.is_category == (False, False, False, True, True, False, False)
    np.testing.assert_array_equal(features.columns[1], [1, np.nan, 3])
    np.testing.assert_array_equal(features.columns[2], [1, 0, 1])
    assert features.columns[4].tolist() == ["上海", None, "北京"]
    np.testing.assert_array_equal(features.columns[5], [1.5, np.nan, 2])
    assert np.isnan(features.columns[6]).all()


def test_columns_are_found_by_name_in_any_order() -> None:
    frame = pd.DataFrame({"b": [1.0, 2.0], "a": ["x", "y"]})
    features = read_features(frame, names=("a", "b"), is_category=(True, False))
    assert features.columns[0].tolist() == ["x", "y"]
    np.testing.assert_array_equal(features.columns[1], [1, 2])


def test_a_number_is_a_label_where_a_category_was_fitted() -> None:
    features = read_features(pd.DataFrame({"a": [1, 2]}), names=("a",), is_category=(True,))
    assert features.columns[0].tolist() == [1, 2]


def test_polars_frames_are_read() -> None:
    features = read_features(pl.DataFrame({"a": [1.0, None], "b": ["x", "y"]}))
    assert features.is_category == (False, True)


def test_a_missing_column_is_named_with_the_nearest() -> None:
    with pytest.raises(MissingColumnError, match="column 'spent' is not in X; did you mean 'spend'"):
        read_features(pd.DataFrame({"spend": [1.0]}), names=("spent",))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1.0, 2.0], "X has 1 dimensions, must have 2"),
        ([["a"], ["b"]], "X is an array with values that are no numbers"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "X has two columns named 'a'"),
        (pd.DataFrame({"t": pd.to_datetime(["2026-01-01"])}), r"column 't' of X is datetime64\[ns\]"),
        (pd.DataFrame({"z": [1j]}), "column 'z' of X is complex128"),
    ],
)
def test_what_is_no_feature_is_refused(given: object, message: str) -> None:
    with pytest.raises(EstimationError, match=message):
        read_features(given)  # type: ignore[arg-type]


def test_an_array_must_fit_what_was_fitted() -> None:
    with pytest.raises(EstimationError, match="X has 1 columns, must have 2: a, b"):
        read_features([[1.0]], names=("a", "b"))
    with pytest.raises(EstimationError, match="must be a data frame: feature 1 was a category"):
        read_features([[1.0, 2.0]], names=("a", "b"), is_category=(False, True))
    with pytest.raises(EstimationError, match="column 'a' of X is object, must be numbers"):
        read_features(pd.DataFrame({"a": ["x"]}), names=("a",), is_category=(False,))
