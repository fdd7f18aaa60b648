"""Units in memory, one row each, for estimators that means cannot serve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class UnitFrame:
    """NumPy columns with roles, one row per unit.

    Parameters
    ----------
    unit_id : ndarray of object (str), shape (n,)
        Ids, sorted by code point.
    arms, strata
        Labels of the codes; the control is the first arm.
    arm, stratum : ndarray of int64, shape (n,)
        Codes per unit.
    columns
        Name to values, shape (n,): floats, or integer codes for the names in ``categories``.
    categories
        Name to level labels.
    weight : ndarray of float64, shape (n,)
        1 over the sampling rate; 1 without sampling.
    cluster : ndarray of int64, shape (n,), optional
        Codes of the clusters.
    propensity : ndarray of float64, shape (n, n_arms), optional
        Known assignment probabilities.
    """

    unit_id: NDArray[np.object_]
    arms: tuple[str, ...]
    strata: tuple[str, ...]
    arm: NDArray[np.int64]
    stratum: NDArray[np.int64]
    columns: Mapping[str, NDArray[np.float64]]
    categories: Mapping[str, tuple[str, ...]]
    weight: NDArray[np.float64]
    cluster: NDArray[np.int64] | None = None
    propensity: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.unit_id)
