"""Newton's method for a likelihood of few positive parameters, in their logarithms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

MAX_STEPS = 200
LONGEST_STEP = 1.5
FARTHEST = 14.0
"""Distance from the start, in logarithms, beyond which a parameter is taken to run away."""
PRECISION = 1e-11
_HALVINGS = 40
_SINGULAR, _FLATTEST, _TINY = 1e-10, 1e-6, 1e-300


@dataclass(frozen=True, slots=True)
class Peak:
    """A function of m parameters at one place.

    Parameters
    ----------
    value
        The function.
    gradient
        Slopes, shape (m,).
    hessian
        Curvatures, shape (m, m).
    """

    value: float
    gradient: NDArray[np.float64]
    hessian: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where a likelihood is greatest.

    Parameters
    ----------
    parameters
        Shape (m,).
    value
        The log-likelihood there.
    covariance
        Inverse of the observed information of the parameters' logarithms, (m, m).
    """

    parameters: NDArray[np.float64]
    value: float
    covariance: NDArray[np.float64]


def maximize(
    evaluate: Callable[[NDArray[np.float64]], Peak],
    start: NDArray[np.float64],
    *,
    names: Sequence[str],
    what: str,
) -> Maximum:
    """Find the maximum of a log-likelihood over positive parameters.

    Parameters
    ----------
    evaluate
        The log-likelihood with its derivatives, as a function of the parameters themselves.
    start
        Positive values to start from, shape (m,).
    names
        Names of the parameters, shape (m,).
    what
        Name of the model, for messages.

    Returns
    -------
    Maximum

    Raises
    ------
    EstimationError
        When a parameter runs away, or no maximum is found: the data do not determine the model.

    Notes
    -----
    A direction in which the function is not concave is climbed by the size of its curvature (saddle-free Newton), and
    a step is halved until it climbs. It ends when the gain left is below 1e-11 of the value.
    """
    place = np.log(np.asarray(start, dtype=np.float64))
    begin = place
    peak = _in_logarithms(evaluate, place)
    for _ in range(MAX_STEPS):
        step = _climb(peak)
        gain = float(np.sum(peak.gradient * step)) / 2
        if gain <= PRECISION * (1 + abs(peak.value)):
            place = place + step
            peak = _in_logarithms(evaluate, place)
            return Maximum(np.exp(place), peak.value, _invert(peak, what))
        place, peak = _step_up(evaluate, place, peak=peak, step=step, what=what)
        _stay_near(place, begin, names=names, what=what)
    message = f"{what}: no maximum after {MAX_STEPS} steps; the data do not determine its parameters"
    raise EstimationError(message)


def _in_logarithms(evaluate: Callable[[NDArray[np.float64]], Peak], place: NDArray[np.float64]) -> Peak:
    values = np.exp(place)
    peak = evaluate(values)
    slope = peak.gradient * values
    return Peak(peak.value, slope, peak.hessian * np.outer(values, values) + np.diag(slope))


def _climb(peak: Peak) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(-peak.hessian)
    floor = max(_SINGULAR * float(np.abs(values).max()), _FLATTEST * float(np.abs(peak.gradient).max()), _TINY)
    size = np.maximum(np.abs(values), floor)
    step = vectors @ ((vectors.T @ peak.gradient) / size)
    longest = float(np.abs(step).max())
    shorter: NDArray[np.float64] = step * min(1.0, LONGEST_STEP / longest) if longest > 0 else step
    return shorter


def _step_up(
    evaluate: Callable[[NDArray[np.float64]], Peak],
    place: NDArray[np.float64],
    *,
    peak: Peak,
    step: NDArray[np.float64],
    what: str,
) -> tuple[NDArray[np.float64], Peak]:
    for halving in range(_HALVINGS):
        there = place + step / 2**halving
        found = _in_logarithms(evaluate, there)
        if np.isfinite(found.value) and found.value > peak.value:
            return there, found
    message = f"{what}: the likelihood does not rise from {np.exp(place).tolist()}; the data do not determine the model"
    raise EstimationError(message)


def _stay_near(place: NDArray[np.float64], begin: NDArray[np.float64], *, names: Sequence[str], what: str) -> None:
    far = np.flatnonzero(np.abs(place - begin) > FARTHEST)
    if len(far):
        toward = "infinity" if place[far[0]] > begin[far[0]] else "0"
        message = (
            f"{what}: the likelihood keeps rising as {names[far[0]]} goes to {toward}, so these customers do not "
            "determine it; use a longer past, more customers or another model"
        )
        raise EstimationError(message)


def _invert(peak: Peak, what: str) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(-peak.hessian)
    if values[0] <= _SINGULAR * values[-1]:
        message = f"{what}: the likelihood is flat at its top; the data do not determine all of its parameters"
        raise EstimationError(message)
    covariance: NDArray[np.float64] = (vectors / values) @ vectors.T
    return (covariance + covariance.T) / 2
