"""Regression errors between clusters, when there are few of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KEEP = 1e-10
_MOST_EXACT = 12


@dataclass(frozen=True, slots=True)
class ClusterFit:
    """One linear combination of regression coefficients, with its error between clusters.

    Parameters
    ----------
    estimate
        In the unit of the outcome per unit of the design.
    std_error
        CR2: unbiased when errors are independent with one variance.
    df
        Bell and McCaffrey's degrees of freedom of its t interval; far below the number of clusters when these are
        unequal or few are treated.
    n_clusters
        Clusters.
    """

    estimate: float
    std_error: float
    df: float
    n_clusters: int


@dataclass(frozen=True, slots=True)
class WildTest:
    """A wild cluster bootstrap test.

    Parameters
    ----------
    statistic
        t statistic at the hypothesis.
    p_value
        Two-sided: share of draws at least as large in absolute value.
    n_draws
        Draws; all sign patterns once where these are no more than asked for.
    """

    statistic: float
    p_value: float
    n_draws: int


def fit_clustered(
    design: NDArray[np.float64],
    outcome: NDArray[np.float64],
    cluster: NDArray[np.int64],
    *,
    contrast: NDArray[np.float64],
) -> ClusterFit:
    """Fit least squares and return a combination of coefficients with its CR2 error.

    Parameters
    ----------
    design : ndarray of float64, shape (n, p)
        Independent columns.
    outcome : ndarray of float64, shape (n,)
        What is explained.
    cluster : ndarray of int64, shape (n,)
        Codes.
    contrast : ndarray of float64, shape (p,)
        The combination is ``contrast @ coefficients``.

    Returns
    -------
    ClusterFit

    Raises
    ------
    EstimationError
        When shapes differ, columns are dependent, or clusters are too few to tell the combination's error.

    Notes
    -----
    *Assumptions*: clusters are independent. Degrees of freedom are those of errors with one variance, uncorrelated.

    References
    ----------
    Bell and McCaffrey (2002), Survey Methodology 28(2). Pustejovsky and Tipton (2018), J. Bus. Econ. Stat. 36(4).
    """
    code, inverse = _prepare(design, outcome, cluster, contrast)
    n_clusters = int(code.max()) + 1
    left = outcome - design @ (inverse @ (design.T @ outcome))
    # Each cluster's weight on its residuals, a_g = A_g X_g (X'X)^-1 c with A_g = (I - H_g)^(-1/2), and what of
    # independent errors reaches it: (I - H)_g' a_g has the inner products that the degrees of freedom are made of.
    reached = np.zeros((n_clusters, design.shape[1]))
    own, score = np.zeros(n_clusters), np.zeros(n_clusters)
    for g in range(n_clusters):
        rows = code == g
        x = design[rows]
        adjusted = _adjust(x, inverse, x @ (inverse @ contrast))
        score[g] = adjusted @ left[rows]
        own[g] = adjusted @ adjusted
        reached[g] = x.T @ adjusted
    gram = np.diag(own) - reached @ inverse @ reached.T
    squares = float((gram**2).sum())
    if squares <= _KEEP * max(float(own.sum()) ** 2, 1e-300) or n_clusters < 2:
        message = f"{n_clusters} clusters leave the error of this effect unknown; two or more per group are needed"
        raise EstimationError(message)
    estimate = float(contrast @ inverse @ (design.T @ outcome))
    return ClusterFit(estimate, float(np.sqrt((score**2).sum())), float(np.trace(gram)) ** 2 / squares, n_clusters)


def _prepare(
    design: NDArray[np.float64],
    outcome: NDArray[np.float64],
    cluster: NDArray[np.int64],
    contrast: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    n, p = design.shape
    if outcome.shape != (n,) or cluster.shape != (n,) or contrast.shape != (p,):
        message = (
            f"design has the shape ({n}, {p}), so outcome and cluster must be ({n},) and contrast ({p},); got "
            f"{outcome.shape}, {cluster.shape} and {contrast.shape}"
        )
        raise EstimationError(message)
    if np.linalg.matrix_rank(design) < p:
        message = f"design: its {p} columns are dependent; leave one out"
        raise EstimationError(message)
    inverse = np.asarray(np.linalg.inv(design.T @ design), dtype=np.float64)
    return np.unique(cluster, return_inverse=True)[1].reshape(-1), inverse


def _adjust(x: NDArray[np.float64], inverse: NDArray[np.float64], vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (I - X (X'X)^-1 X')^(-1/2) times a vector of X's columns, by p x p matrices only."""
    root = np.linalg.cholesky(inverse)
    within = root.T @ x.T @ x @ root
    values, vectors = np.linalg.eigh(within)
    kept = values > _KEEP
    basis = x @ root @ vectors[:, kept] / np.sqrt(values[kept])
    slack = 1.0 - values[kept]
    scale = np.zeros_like(slack)
    np.divide(1.0, np.sqrt(np.clip(slack, 0.0, None)), out=scale, where=slack > _KEEP)
    adjusted: NDArray[np.float64] = basis @ (scale * (basis.T @ vector))
    return adjusted


def check_wild(
    design: NDArray[np.float64],
    outcome: NDArray[np.float64],
    cluster: NDArray[np.int64],
    *,
    column: int,
    value: float = 0.0,
    n_draws: int = 999,
    seed: int = 0,
) -> WildTest:
    """Test a coefficient by the wild cluster bootstrap, with the hypothesis imposed.

    Parameters
    ----------
    design, outcome, cluster
        As in :func:`fit_clustered`.
    column
        Which coefficient.
    value
        Its hypothetical value.
    n_draws
        Draws of signs by cluster; with few clusters all patterns are used instead.
    seed
        Of the draws.

    Returns
    -------
    WildTest

    Raises
    ------
    EstimationError
        As :func:`fit_clustered`, when no such column exists, or when there is nothing left to draw.

    Notes
    -----
    *Assumptions*: clusters are independent and many enough on each side: with one or two treated clusters the test is
    far from its level, whichever way the hypothesis is imposed.

    References
    ----------
    Cameron, Gelbach and Miller (2008), Rev. Econ. Stat. 90(3). MacKinnon and Webb (2018), Econometrics J. 21(2).
    """
    n, p = design.shape
    if not 0 <= column < p or n_draws < 99:
        message = f"column == {column} must be in 0..{p - 1} and n_draws == {n_draws} at least 99"
        raise EstimationError(message)
    code, inverse = _prepare(design, outcome, cluster, np.eye(p)[column])
    rest = np.delete(design, column, axis=1)
    shifted = outcome - value * design[:, column]
    fitted = rest @ np.linalg.lstsq(rest, shifted, rcond=None)[0] if p > 1 else np.zeros(n)
    signs = _signs(int(code.max()) + 1, n_draws, seed)
    # The first draw is the sample itself: signs of one.
    samples = fitted[:, None] + (shifted - fitted)[:, None] * signs[:, code].T
    statistics = _t_statistics(design, samples, code, inverse, column)
    own = float(statistics[0])
    if not np.isfinite(own):
        message = "outcome: nothing varies between clusters; there is nothing to test"
        raise EstimationError(message)
    tied = np.abs(statistics) >= abs(own) * (1.0 - 1e-9)
    return WildTest(own, float(tied.mean()), len(signs))


def _signs(n_clusters: int, n_draws: int, seed: int) -> NDArray[np.float64]:
    if n_clusters <= _MOST_EXACT and 2**n_clusters <= n_draws + 1:
        bits = (np.arange(2**n_clusters)[:, None] >> np.arange(n_clusters)) & 1
        return (1 - 2 * bits).astype(np.float64)
    rng = np.random.default_rng(seed)
    drawn = 1 - 2 * rng.integers(0, 2, (n_draws, n_clusters))
    return np.vstack([np.ones(n_clusters), drawn]).astype(np.float64)


def _t_statistics(
    design: NDArray[np.float64],
    samples: NDArray[np.float64],
    code: NDArray[np.intp],
    inverse: NDArray[np.float64],
    column: int,
) -> NDArray[np.float64]:
    slopes = inverse @ (design.T @ samples)
    left = samples - design @ slopes
    lever = design @ inverse[column]
    scores = np.zeros((int(code.max()) + 1, samples.shape[1]))
    np.add.at(scores, code, lever[:, None] * left)
    error = np.sqrt((scores**2).sum(axis=0))
    statistics = np.full(samples.shape[1], np.inf)
    np.divide(slopes[column], error, out=statistics, where=error > 0.0)
    return statistics
