from __future__ import annotations

import numpy as np
import pytest

from uplift.data.grid import find_grid, to_grid
from uplift.data.sums import LARGEST


@pytest.mark.parametrize(
    ("values", "step", "integers"),
    [
        ([0.0, 1.0, -3.0], 1.0, [0, 1, -3]),
        ([0.5, 2.0], 0.1, [5, 20]),
        ([29.99, 0.01, -500.0], 0.01, [2999, 1, -50000]),
        ([0.1 + 0.2], 0.1, [3]),
        ([1234.5678], 0.0001, [12345678]),
        ([2e9, 5.0], 1.0, [2_000_000_000, 5]),
        ([1e11], 100.0, [10**9]),
        ([], 1.0, []),
    ],
)
def test_the_coarsest_exact_step_is_found(values: list[float], step: float, integers: list[int]) -> None:
    found = find_grid(np.array(values))
    assert found.step == step
    assert found.values.tolist() == integers
    assert found.is_exact


def test_values_on_no_grid_take_the_finest_step_that_fits() -> None:
    found = find_grid(np.array([np.pi, 1000 * np.e]))
    assert found.step == 1e-6
    assert not found.is_exact
    assert np.abs(found.values).max() < LARGEST
    assert find_grid(np.array([np.pi]), largest_sum=1e6).step == 1e-3


def test_halves_are_rounded_away_from_zero() -> None:
    assert to_grid(np.array([0.125, -0.125, 0.124]), 0.01).tolist() == [13, -13, 12]
    assert to_grid(np.array([15.0, -25.0]), 10.0).tolist() == [2, -3]
