"""Null distributions of counts where the chi-square approximation is not to be trusted."""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Statistic = Callable[[NDArray[np.int64]], NDArray[np.float64]]

MIN_EXPECTED = 5.0
"""An expected count below this makes a test exact."""

N_DRAWS = 99_999
"""Draws of a Monte Carlo null distribution: p-values in steps of 1e-5."""

MAX_TABLES = 100_000
"""Up to this many outcomes are enumerated, more are drawn."""

SEED = 20_110_711
"""Fixes the draws, so that a check gives the same p-value every time."""

TIE = 1e-9
"""Relative slack within which two statistics count as equal."""


def list_compositions(total: int, parts: int) -> NDArray[np.int64]:
    """Return every way to write ``total`` as an ordered sum of ``parts`` counts.

    Parameters
    ----------
    total
        At least 0.
    parts
        At least 1.

    Returns
    -------
    ndarray of int64, shape (C(total + parts - 1, parts - 1), parts)
    """
    rows = np.zeros((1, 0), np.int64)
    left = np.array([total])
    for _ in range(parts - 1):
        repeat = left + 1
        first = np.concatenate([np.arange(size) for size in repeat])
        rows = np.column_stack([np.repeat(rows, repeat, axis=0), first])
        left = np.repeat(left, repeat) - first
    return np.column_stack([rows, left]).astype(np.int64)


def can_enumerate(total: int, parts: int) -> bool:
    """Whether the compositions of ``total`` into ``parts`` are few enough to be listed."""
    return comb(total + parts - 1, parts - 1) <= MAX_TABLES


def multinomial_p(
    counts: NDArray[np.int64],
    shares: NDArray[np.float64],
    statistic: Statistic,
) -> float:
    """Return P(statistic of a multinomial draw >= statistic of ``counts``).

    Parameters
    ----------
    counts : ndarray of int64, shape (A,)
        Observed counts.
    shares : ndarray of float64, shape (A,)
        Probabilities under the null.
    statistic
        From counts of shape (R, A) to shape (R,).

    Returns
    -------
    float
        Exact by enumeration where possible, else by ``N_DRAWS`` draws of a fixed seed.
    """
    from scipy.special import gammaln, xlogy

    total = int(counts.sum())
    observed = float(statistic(counts[None, :])[0]) * (1.0 - TIE)
    if not can_enumerate(total, len(counts)):
        draws = np.random.default_rng(SEED).multinomial(total, shares, size=N_DRAWS)
        return _drawn_p(statistic(draws), observed)
    tables = list_compositions(total, len(counts))
    log_p = gammaln(total + 1) - gammaln(tables + 1).sum(axis=1) + xlogy(tables, shares).sum(axis=1)
    return _enumerated_p(statistic(tables), log_p, observed)


def hypergeometric_p(counts: NDArray[np.int64], sizes: NDArray[np.int64], statistic: Statistic) -> float:
    """Return P(statistic >= observed) when ``counts.sum()`` units are taken at random from groups of ``sizes``.

    Parameters
    ----------
    counts, sizes : ndarray of int64, shape (A,)
        Units taken from each group, and the size of each group.
    statistic
        From counts of shape (R, A) to shape (R,).

    Returns
    -------
    float
        Exact by enumeration (Fisher-Freeman-Halton, ordered by the statistic) where possible,
        else by ``N_DRAWS`` draws of a fixed seed.
    """
    from scipy.special import gammaln

    total = int(counts.sum())
    observed = float(statistic(counts[None, :])[0]) * (1.0 - TIE)
    if not can_enumerate(total, len(counts)):
        draws = draw_hypergeometric(sizes, total, np.random.default_rng(SEED))
        return _drawn_p(statistic(draws), observed)
    tables = list_compositions(total, len(counts))
    tables = tables[(tables <= sizes).all(axis=1)]
    log_p = (gammaln(sizes + 1) - gammaln(tables + 1) - gammaln(sizes - tables + 1)).sum(axis=1)
    return _enumerated_p(statistic(tables), log_p, observed)


def draw_hypergeometric(
    sizes: NDArray[np.int64], total: int, rng: np.random.Generator, *, n_draws: int = N_DRAWS
) -> NDArray[np.int64]:
    """Return ``n_draws`` draws of ``total`` units from groups of ``sizes``, shape (n_draws, A)."""
    return rng.multivariate_hypergeometric(sizes, total, size=n_draws, method="marginals").astype(np.int64)


def _enumerated_p(values: NDArray[np.float64], log_p: NDArray[np.float64], observed: float) -> float:
    weight = np.exp(log_p - log_p.max())
    return float(min(weight[values >= observed].sum() / weight.sum(), 1.0))


def _drawn_p(values: NDArray[np.float64], observed: float) -> float:
    return float((1 + np.count_nonzero(values >= observed)) / (len(values) + 1))
