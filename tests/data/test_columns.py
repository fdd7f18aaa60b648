from __future__ import annotations

import numpy as np
import pytest

from uplift.data import Columns
from uplift.data.columns import positions
from uplift.errors import DataError, MissingColumnError

IDS = np.array(["a", "b", "c"], object)
COLUMNS = Columns(IDS, {"x": np.array([1.0, 2.0, 3.0]), "y": np.array([4, 5, 6])}, {"z": "nobody measured it"})


def test_columns_are_taken_replaced_and_selected_together() -> None:
    assert len(COLUMNS) == 3
    assert "x" in COLUMNS
    assert "z" not in COLUMNS
    masked = COLUMNS.take(np.array([True, False, True]))
    assert masked.unit_id.tolist() == ["a", "c"]
    assert masked["x"].tolist() == [1.0, 3.0]
    assert COLUMNS.take(np.array([2, 0])).unit_id.tolist() == ["c", "a"]
    more = COLUMNS.with_values({"x": np.zeros(3), "w": np.ones(3)})
    assert more.names == ("x", "y", "w")
    assert more["x"].tolist() == [0.0, 0.0, 0.0]
    assert COLUMNS["x"].tolist() == [1.0, 2.0, 3.0]
    assert COLUMNS.select(("y",)).names == ("y",)


def test_a_column_that_is_not_there_says_why() -> None:
    with pytest.raises(MissingColumnError, match="column 'z' is not known: nobody measured it"):
        COLUMNS.take(np.array([0]))["z"]
    with pytest.raises(MissingColumnError, match="column 'v' is not in the columns of units; columns: x, y"):
        COLUMNS["v"]
    with pytest.raises(DataError, match=r"column 'x' has shape \(2,\), must be \(3,\)"):
        Columns(IDS, {"x": np.zeros(2)})


def test_positions_of_ids() -> None:
    assert positions(IDS, IDS).tolist() == [0, 1, 2]
    assert positions(IDS.copy(), IDS).tolist() == [0, 1, 2]
    assert positions(np.array(["c", "q", "a"], object), IDS).tolist() == [2, -1, 0]
