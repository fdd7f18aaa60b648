from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from uplift.data import Roles, read_units
from uplift.errors import DataError

N = 400
FRAME = pd.DataFrame(
    {
        "id": [f"{number:04d}" for number in range(N)],
        "arm": ["none", "a", "b", "none"] * 100,
        "city": ["x"] * 300 + ["y"] * 100,
        "level": (["low", "high", None, "low"] * 100),
        "spend": np.arange(N) / 10,
        "day": pd.Timestamp("2026-01-01"),
        "p": 0.25,
        "q": 0.5,
        "w": np.arange(1, N + 1),
    }
)


def test_a_frame_holds_every_column_that_plays_no_part() -> None:
    roles = Roles("id", "arm", "none", strata=("city",), propensity=("q", "p", "p"), weight="w")
    frame = read_units(FRAME, roles).frame()
    assert len(frame) == N
    assert frame.arms == ("none", "a", "b")
    assert list(frame.columns) == ["level", "spend"]
    assert frame.categories == {"level": ("high", "low")}
    np.testing.assert_array_equal(frame.columns["level"][:4], [1, 0, np.nan, 1])
    assert frame.weight.tolist() == list(range(1, N + 1))
    assert frame.propensity is not None
    assert frame.propensity[0].tolist() == [0.5, 0.25, 0.25]
    assert frame.cluster is None


def test_a_sample_keeps_cells_and_stands_for_all() -> None:
    units = read_units(FRAME, Roles("id", "arm", "none", strata=("city",)))
    frame = units.frame(max_units=100)
    cell = frame.stratum * 3 + frame.arm
    # A quarter of 150, 75, 75, 50, 25, 25, half up.
    assert np.bincount(cell).tolist() == [38, 19, 19, 13, 6, 6]
    np.testing.assert_allclose(np.bincount(cell, frame.weight), [150, 75, 75, 50, 25, 25])
    shuffled = read_units(FRAME.sample(frac=1, random_state=2), units.roles).frame(max_units=100)
    assert frame.unit_id.tolist() == shuffled.unit_id.tolist()
    assert frame.unit_id.tolist() == sorted(frame.unit_id)


def test_samples_and_roles_that_cannot_be_used_are_refused() -> None:
    units = read_units(FRAME, Roles("id", "arm", "none", strata=("city",)))
    with pytest.raises(DataError, match="max_units == 11, must be at least 12: 2 for each stratum x arm cell"):
        units.frame(max_units=11)
    with pytest.raises(DataError, match=r"roles\.propensity names 1 columns for 3 arms"):
        read_units(FRAME, Roles("id", "arm", "none", propensity="p")).frame()
    with pytest.raises(DataError, match="a probability is 0 or 1 or beyond"):
        read_units(FRAME.assign(q=1.0), Roles("id", "arm", "none", propensity=("q", "p", "p"))).frame()
    with pytest.raises(DataError, match=r"weight column 'w': the least weight is 0\.0, must be above 0"):
        read_units(FRAME.assign(w=0.0), Roles("id", "arm", "none", weight="w")).frame()


def test_one_propensity_serves_two_arms() -> None:
    two = FRAME[FRAME["arm"] != "b"]
    frame = read_units(two, Roles("id", "arm", "none", propensity="p")).frame()
    assert frame.propensity is not None
    assert frame.propensity[0].tolist() == [0.75, 0.25]
