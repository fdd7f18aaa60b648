"""Least squares column by column, with errors that hold under unequal spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Robust = Literal["hc1", "hc2"]
_COLLINEAR = 1e-10
_LEVERAGE = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class LeastSquares:
    """A fit of one column on others.

    Parameters
    ----------
    coefficients : ndarray of float, shape (p,)
        One per column of the design.
    covariance : ndarray of float, shape (p, p)
        Heteroscedasticity-robust covariance of the coefficients.
    residuals : ndarray of float, shape (n,)
        What is left of the outcome.
    df
        n - p.
    """

    coefficients: NDArray[np.float64]
    covariance: NDArray[np.float64]
    residuals: NDArray[np.float64]
    df: int


def fit_least_squares(
    design: Sequence[NDArray[np.float64]], outcome: NDArray[np.float64], *, robust: Robust = "hc1"
) -> LeastSquares:
    """Fit ``outcome`` on linearly independent columns.

    Parameters
    ----------
    design
        Columns, each of shape (n,), of which ``p`` < n are given; none is determined by the others
        (`independent_columns` chooses them).
    outcome : ndarray of float, shape (n,)
        What is explained.
    robust
        ``hc1``: n / (n - p) in the meat; ``hc2``: 1 / (1 - leverage) per unit.

    Returns
    -------
    LeastSquares
        Sums run by column and not by BLAS: the same bytes whatever the number of threads.

    Notes
    -----
    *Estimand*: the best linear approximation of E[outcome | columns].

    *Assumptions*: independent units; spread may differ between them.

    References
    ----------
    MacKinnon and White (1985), J. Econometrics 29. https://doi.org/10.1016/0304-4076(85)90158-7
    """
    scale = np.array([np.sqrt(dot(column, column) / len(outcome)) for column in design])
    scaled = [column / size for column, size in zip(design, scale, strict=True)]
    inverse = np.asarray(np.linalg.inv(_cross(scaled)), dtype=np.float64)
    slopes = inverse @ np.array([dot(column, outcome) for column in scaled])
    left = outcome - sum(column * slope for column, slope in zip(scaled, slopes, strict=True))
    df = len(outcome) - len(design)
    error = left if robust == "hc1" else left / np.sqrt(_slack(scaled, inverse))
    covariance = inverse @ _cross([column * error for column in scaled]) @ inverse
    if robust == "hc1":
        covariance = covariance * len(outcome) / df
    return LeastSquares(slopes / scale, covariance / np.outer(scale, scale), left, df)


def independent_columns(columns: NDArray[np.float64]) -> list[int]:
    """Return which columns vary and are not determined by a constant and the ones before them.

    Parameters
    ----------
    columns : ndarray of float, shape (n, q)
        Candidates, in order of preference.

    Returns
    -------
    list of int
        Positions that stay, by the columns alone.
    """
    kept: list[int] = []
    basis = [np.ones(len(columns))]
    for j in range(columns.shape[1]):
        column = columns[:, j]
        left = column
        for _ in range(2):
            for known in basis:
                left = left - known * (dot(known, left) / dot(known, known))
        if dot(left, left) > _COLLINEAR * dot(column, column):
            kept.append(j)
            basis.append(left)
    return kept


def dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return the sum of products of two columns, by pairwise summation and not by BLAS."""
    return float(np.sum(a * b))


def _slack(columns: Sequence[NDArray[np.float64]], inverse: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 - leverage per unit; a unit that the fit must meet has no error, and counts as 0."""
    leverage = np.zeros(len(columns[0]))
    for i, column in enumerate(columns):
        for j, other in enumerate(columns):
            leverage += inverse[i, j] * column * other
    slack = 1.0 - leverage
    return np.where(slack > _LEVERAGE, slack, np.inf)


def _cross(columns: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.array([[dot(a, b) for b in columns] for a in columns])
