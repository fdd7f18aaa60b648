from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from uplift.data.arrow import to_numpy


@pytest.mark.parametrize("n_levels", [1, 3, 600, 5_000])
def test_text_is_the_same_whether_levels_repeat_or_not(n_levels: int) -> None:
    texts = [None if i % 7 == 0 else f"级{i % n_levels}" for i in range(5_000)]
    column = pa.chunked_array([texts[:10], [], texts[10:]], pa.string())
    found = to_numpy(column)
    assert found.dtype == np.dtype(object)
    assert found.tolist() == texts
    assert to_numpy(column.slice(0, 0)).tolist() == []


def test_repeated_levels_share_one_object() -> None:
    found = to_numpy(pa.chunked_array([["高频", "低频", None] * 1_000]))
    assert len({id(text) for text in found.tolist()}) == 3
