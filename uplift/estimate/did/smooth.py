"""Intervals when the gap between trends bends at most so much from one period to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.estimate.did.relative import Limits
from uplift.stats.biased import biased_critical

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.estimate.did.path import EventPath


@dataclass(frozen=True, slots=True, eq=False)
class _Family:
    """Linear estimators that a straight gap between trends cannot bias: ``start + slopes @ x``.

    A bend of 1 at the k-th inner period before treatment biases them by ``x_k``; one after, by what the weights on
    effects make of it.
    """

    start: NDArray[np.float64]
    slopes: NDArray[np.float64]
    bias_after: float


def bound_smooth(path: EventPath, weights: NDArray[np.float64], limit: float, *, alpha: float) -> Limits:
    """Return the shortest interval of fixed length for bends of at most ``limit``.

    Parameters
    ----------
    path
        Effects by event time.
    weights : ndarray of float64, shape (K,)
        What is bounded is their weighted sum; 0 before treatment.
    limit
        Largest change of the gap's slope between successive periods.
    alpha
        One minus the confidence level.

    Returns
    -------
    Limits

    Raises
    ------
    EstimationError
        When the covariance is singular.
    """
    family = _family(path, weights)
    spread = family.slopes.T @ path.covariance @ family.slopes
    pull = family.slopes.T @ path.covariance @ family.start
    try:
        root = np.asarray(np.linalg.cholesky(spread), dtype=np.float64)
    except np.linalg.LinAlgError as error:
        message = "path: the covariance of the periods before treatment is singular; leave out periods"
        raise EstimationError(message) from error
    centre, half = _shortest(path, family, root, pull, limit, alpha)
    return Limits(centre - half, centre + half)


def _family(path: EventPath, weights: NDArray[np.float64]) -> _Family:
    distance = path.distance
    n = path.n_before
    # Bias per unit of each inner bend before the reference, and per unit of slope: square in the free weights.
    bends = np.maximum(distance[1:n, None] - distance[None, :n], 0).astype(np.float64)
    system = np.vstack([bends, distance[:n].astype(np.float64)])
    right = np.zeros((n, n))
    right[:-1, 1:] = np.eye(n - 1)
    right[-1, 0] = -float(weights[n:] @ distance[n:])
    solved = np.linalg.solve(system, right)
    start, slopes = weights.copy(), np.zeros((len(distance), n - 1))
    start[:n], slopes[:n] = solved[:, 0], solved[:, 1:]
    corners = np.arange(int(distance[-1]))
    after = np.maximum(distance[None, n:] - corners[:, None], 0) @ weights[n:]
    return _Family(start, slopes, float(np.abs(after).sum()))


def _shortest(
    path: EventPath,
    family: _Family,
    root: NDArray[np.float64],
    pull: NDArray[np.float64],
    limit: float,
    alpha: float,
) -> tuple[float, float]:
    from scipy.optimize import lsq_linear, minimize_scalar

    free = len(pull)
    inverse = np.linalg.inv(root)

    def mix(price: float) -> NDArray[np.float64]:
        """Return the estimator of least variance + 2 price x bias, by the dual, which has only box constraints."""
        if not free:
            return family.start
        bound = max(price, 1e-14 * float(np.abs(pull).max() + 1e-300))
        dual = lsq_linear(inverse, -inverse @ pull, (-bound, bound), method="bvls", tol=1e-14).x
        return family.start - family.slopes @ (inverse.T @ (inverse @ (pull + dual)))

    def half(loading: NDArray[np.float64]) -> float:
        error = float(np.sqrt(loading @ path.covariance @ loading))
        chosen = np.linalg.lstsq(family.slopes, loading - family.start, rcond=None)[0] if free else np.zeros(0)
        bias = limit * (float(np.abs(chosen).sum()) + family.bias_after)
        return error * biased_critical(bias / error, confidence_level=1.0 - alpha)

    if limit == 0.0 or not free:
        best = mix(0.0)
        return float(best @ path.estimate), half(best)
    most = float(np.abs(pull).max())
    found = minimize_scalar(lambda share: half(mix(share * most)), bounds=(0.0, 1.0), method="bounded")
    best = min((mix(float(found.x) * most), mix(0.0), mix(most)), key=half)
    return float(best @ path.estimate), half(best)
