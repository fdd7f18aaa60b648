"""Units in memory, one row each, for estimators that means cannot serve."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> UnitFrame:
        """Return some of the units."""
        return replace(
            self,
            unit_id=self.unit_id[rows],
            arm=self.arm[rows],
            stratum=self.stratum[rows],
            columns={name: column[rows] for name, column in self.columns.items()},
            weight=self.weight[rows],
            cluster=None if self.cluster is None else self.cluster[rows],
            propensity=None if self.propensity is None else self.propensity[rows],
        )

    def against_control(self, arm: str) -> UnitFrame:
        """Return the units of the control and of one arm, as a frame of two arms.

        Raises
        ------
        EstimationError
            When the arm is not a treatment arm.
        """
        if arm not in self.arms[1:]:
            message = f"arm: '{arm}' is not among the treatment arms: {', '.join(self.arms[1:])}"
            raise EstimationError(message)
        code = self.arms.index(arm)
        pair = self.take((self.arm == 0) | (self.arm == code))
        known = None if pair.propensity is None else pair.propensity[:, [0, code]]
        return replace(pair, arms=(self.arms[0], arm), arm=(pair.arm == code).astype(np.int64), propensity=known)
