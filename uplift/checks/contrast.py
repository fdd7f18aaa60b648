"""Joint test that a set of contrasts is zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE = 1e-9
"""Eigenvalue of a correlation matrix, per dimension, below which a direction is taken as absent."""


@dataclass(frozen=True, slots=True)
class JointTest:
    """A chi-square test of several contrasts at once.

    Parameters
    ----------
    statistic, df, p_value
        Quadratic form in the pseudo-inverse of the covariance, its rank, and the p-value
        (1 when the rank is 0).
    """

    statistic: float
    df: int
    p_value: float


def contrast_test(value: NDArray[np.float64], covariance: NDArray[np.float64]) -> JointTest:
    """Return the chi-square test that all contrasts are zero.

    Parameters
    ----------
    value : ndarray of float64, shape (Q,)
        Contrasts; linear dependence among them is allowed.
    covariance : ndarray of float64, shape (Q, Q)
        Their covariance.

    Returns
    -------
    JointTest
    """
    from scipy.special import chdtrc

    scale = np.sqrt(np.clip(np.diag(covariance), 0.0, None))
    known = scale > 0.0
    if not known.any():
        return JointTest(0.0, 0, 1.0)
    unit = value[known] / scale[known]
    correlation = covariance[np.ix_(known, known)] / np.outer(scale[known], scale[known])
    values, vectors = np.linalg.eigh(correlation)
    kept = values > TOLERANCE * len(values)
    statistic = float(((vectors[:, kept].T @ unit) ** 2 / values[kept]).sum())
    df = int(kept.sum())
    return JointTest(statistic, df, float(chdtrc(df, statistic)))
