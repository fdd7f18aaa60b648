"""Variance of a forest's effects from little bags.

*Estimand*: the variance of τ̂(x) about E[τ̂(x)] over samples, with that of a finite number of trees.

References
----------
Sexton, J. and Laake, P. (2009). Standard errors for bagged and random forest estimators. *Computational Statistics &
Data Analysis* 53(3). Athey, S., Tibshirani, J. and Wager, S. (2019). Generalized random forests. *Annals of
Statistics* 47(2). https://doi.org/10.1214/18-AOS1709
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.learn.forest.predict import Spread


def pool_ratio(spread: Spread, *, bag_size: int) -> NDArray[np.float64]:
    """Return by how much the variance between bags exceeds Monte Carlo noise, pooled over rows.

    A row's own variance, between - within / bag_size, is a small difference of noisy numbers and is often
    negative. The ratio of the sums over rows is not, and the noise of a row says how it differs from others.

    Parameters
    ----------
    spread
        Effects of rows that no bag has seen.
    bag_size
        Trees of a bag.

    Returns
    -------
    ndarray of float64, shape (n_treatments,)
        Not below 0; NaN where no row has a spread.
    """
    noise = spread.within / bag_size
    known = np.isfinite(noise) & np.isfinite(spread.between)
    above = np.where(known, spread.between - noise, 0.0).sum(axis=0)
    total = np.where(known, noise, 0.0).sum(axis=0)
    ratio = np.divide(above, total, out=np.zeros_like(above), where=total > 0)
    return np.where(known.any(axis=0), np.maximum(ratio, 0.0), np.nan)


def pooled_variance(spread: Spread, ratio: NDArray[np.float64], *, bag_size: int) -> NDArray[np.float64]:
    """Return ratio * within / bag_size + within / n_trees, shape (n, n_treatments).

    Parameters
    ----------
    spread
        Effects of rows.
    ratio : ndarray of float64, shape (n_treatments,)
        What ``pool_ratio`` gave.
    bag_size
        Trees of a bag.
    """
    return ratio * spread.within / bag_size + monte_carlo_variance(spread, bag_size=bag_size)


def monte_carlo_variance(spread: Spread, *, bag_size: int) -> NDArray[np.float64]:
    """Return the variance that more trees would take away, within / n_trees, shape (n, n_treatments)."""
    return spread.within / (bag_size * np.maximum(spread.n_bags, 1))[:, None]


def pointwise_variance(spread: Spread, *, bag_size: int) -> NDArray[np.float64]:
    """Return between - within / bag_size of each row by itself, kept positive as grf does, shape (n, n_treatments).

    The difference is the mean of a normal whose standard error is the larger of its two terms times
    sqrt(2 / n_bags), and is known to be positive under a flat prior: the answer is the posterior mean.

    Parameters
    ----------
    spread
        Effects of rows.
    bag_size
        Trees of a bag.
    """
    from scipy.special import erfcx

    noise = spread.within / bag_size
    raw = spread.between - noise
    error = np.maximum(spread.between, noise) * np.sqrt(2.0 / np.maximum(spread.n_bags, 1))[:, None]
    ratio = np.divide(raw, error, out=np.zeros_like(raw), where=error > 0)
    # phi(r) / Phi(r), with erfcx in place of a quotient of two numbers that may both be 0
    hazard: NDArray[np.float64] = np.sqrt(2.0 / np.pi) / erfcx(-ratio / np.sqrt(2.0))
    return raw + error * hazard
