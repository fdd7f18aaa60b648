"""The grid of a column: the step of which its values are whole multiples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.data.sums import LARGEST

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FINEST = 12
_COARSEST = -12


@dataclass(frozen=True, slots=True, eq=False)
class Gridded:
    """A column as integers.

    Parameters
    ----------
    values : ndarray of int64, shape (n,)
        Multiples of ``step``.
    step
        A power of ten.
    is_exact
        Whether every value is a multiple of the step (to 1e-9 of itself).
    """

    values: NDArray[np.int64]
    step: float
    is_exact: bool


def find_grid(values: NDArray[np.float64], *, largest_sum: float | None = None) -> Gridded:
    """Put a column on the coarsest grid 1, .1, .01, ... that represents every value exactly.

    Where none does, the finest step is taken that keeps the integers below the limit of the sums.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Finite values.
    largest_sum
        Largest size that a sum over a cluster can reach; default the largest value.
    """
    reach = max(largest_sum or 0.0, float(np.abs(values).max(initial=0.0)))
    places = [place for place in range(_COARSEST, _FINEST + 1) if reach * 10.0**place < LARGEST - 1]
    finest = max(places, default=_COARSEST)
    for place in range(min(0, finest), finest + 1):
        candidate = _on_grid(values, place)
        if candidate.is_exact:
            return candidate
    return _on_grid(values, finest)


def to_grid(values: NDArray[np.float64], step: float) -> NDArray[np.int64]:
    """Return values as whole multiples of a step, half away from zero, shape (n,)."""
    scaled = np.asarray(values, np.float64) / step if step >= 1 else np.asarray(values, np.float64) * round(1 / step)
    return (np.sign(scaled) * np.floor(np.abs(scaled) + 0.5)).astype(np.int64)


def _on_grid(values: NDArray[np.float64], place: int) -> Gridded:
    step = float(f"1e{-place}")
    integers = to_grid(values, step)
    back = integers * step if place <= 0 else integers / 10.0**place
    is_exact = bool(np.all(np.abs(back - values) <= 1e-9 * np.abs(values)))
    return Gridded(integers, step, is_exact)
