"""What treatment did to customers near the threshold of a rule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.estimate.itt import Reading
from uplift.estimate.labels import Labels, label_effect
from uplift.results.effect import Effects
from uplift.results.evidence import grade
from uplift.results.facts import CheckResult
from uplift.stats.biased import biased_critical

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ORDER = 4
_CANDIDATES = 60


@dataclass(frozen=True, slots=True)
class CutoffEstimate:
    """The effect at a threshold, and what it rests on.

    Parameters
    ----------
    effects
        One effect, estimator ``cutoff``, estimand ``att`` at the threshold.
    bandwidth
        Units farther from the threshold than this are not used, in the unit of the running variable.
    curvature
        Bound on the second derivative of the mean outcome on either side.
    bias
        Largest bias that this curvature allows, in the unit of the outcome; the interval counts it in.
    n_above, n_below
        Units used on either side.
    """

    effects: Effects
    bandwidth: float
    curvature: float
    bias: float
    n_above: int
    n_below: int


def estimate_cutoff(
    running: NDArray[np.float64],
    outcome: NDArray[np.float64],
    *,
    threshold: float,
    curvature: float | None = None,
    bandwidth: float | None = None,
    name: str = "outcome",
    reading: Reading | None = None,
) -> CutoffEstimate:
    """Estimate the effect on units at the threshold of a rule.

    Parameters
    ----------
    running : ndarray of float64, shape (n,)
        What the rule looks at, known before treatment. Few distinct values are welcome.
    outcome : ndarray of float64, shape (n,)
        Measured after.
    threshold
        Units at or above it were treated, and nobody below.
    curvature
        Bound on the second derivative of the mean outcome on either side; default the largest that a polynomial of
        fourth degree shows, a rule of thumb that no interval is honest without.
    bandwidth
        Default that with the least worst-case mean squared error.
    name
        Of the outcome.
    reading
        Labels and confidence level.

    Returns
    -------
    CutoffEstimate
        Local linear with triangular weights. The interval holds whatever the mean outcome is within the curvature,
        discrete running variables included.

    Raises
    ------
    EstimationError
        When shapes differ, values are not finite, a side has too few distinct values, or the bandwidth leaves fewer
        than two of them.

    Notes
    -----
    *Estimand*: E[Y(1) - Y(0) | running = threshold], for customers near the rule only. *Assumptions*: mean outcomes are
    smooth at the threshold within the curvature; nothing else changes there; customers cannot place themselves above it
    (:func:`check_density`).

    References
    ----------
    Armstrong and Kolesar (2020), Quantitative Econ. 11(1). Kolesar and Rothe (2018), Am. Econ. Rev. 108(8).
    """
    x, y = _clean(running, outcome, threshold)
    bound = _curvature(x, y) if curvature is None else float(curvature)
    if not 0.0 <= bound < np.inf:
        message = f"curvature == {curvature} must be a number from 0 on, the largest second derivative"
        raise EstimationError(message)
    width = _bandwidth(x, _variance(x, y), bound) if bandwidth is None else float(bandwidth)
    line = _line(x, width)
    value = float(line @ y)
    bias = bound * _bend(x, line)
    error = float(np.sqrt((line**2 * _left_over(x, y, width)).sum()))
    if error <= 0.0:
        message = f"outcome '{name}' does not vary near the threshold {threshold}; there is no error to tell"
        raise EstimationError(message)
    near = np.abs(x) < width
    above, below = int((near & (x >= 0)).sum()), int((near & (x < 0)).sum())
    labels = Labels(name, "cutoff", "att", "treated", "below", above, below)
    effects = _honest(value, error, bias, labels, reading or Reading())
    return CutoffEstimate(effects, width, bound, bias, above, below)


def check_density(running: NDArray[np.float64], *, threshold: float, alpha: float = 0.05) -> CheckResult:
    """Look for customers who placed themselves on one side of a threshold.

    Parameters
    ----------
    running : ndarray of float64, shape (n,)
        What the rule looks at.
    threshold
        Where it cuts.
    alpha
        Level.

    Returns
    -------
    CheckResult
        ``cutoff.density``: ``fail`` when the number of units jumps at the threshold by more than the curvature of their
        distribution explains. Facts: ``jump`` (share by which the count above exceeds that below), ``z`` and
        ``bandwidth``.

    Raises
    ------
    EstimationError
        As :func:`estimate_cutoff`.

    References
    ----------
    McCrary (2008), J. Econometrics 142(2); the curvature as in :func:`estimate_cutoff`.
    """
    x, _ = _clean(running, np.zeros(len(running)), threshold)
    whole = bool(np.all(x == np.rint(x)))
    step = 1.0 if whole else 2.0 * float(x.std()) / np.sqrt(len(x))
    place = np.floor(x / step).astype(np.int64)
    count = np.bincount(place - place.min()).astype(np.float64)
    middle = (np.arange(len(count)) + place.min() + 0.5) * step
    spread = np.maximum(count, 1.0)
    bound = _curvature(middle, count)
    width = _bandwidth(middle, spread, bound)
    line = _line(middle, width)
    jump, error = float(line @ count), float(np.sqrt((line**2 * spread).sum()))
    p_value = _p_value(jump, error, bound * _bend(middle, line))
    below = -float(np.where(middle < 0, line, 0.0) @ count)
    facts = {"jump": jump / below if below > 0 else None, "z": jump / error, "bandwidth": width}
    return CheckResult("cutoff.density", "fail" if p_value < alpha else "pass", jump / error, p_value, facts)


def _clean(
    running: NDArray[np.float64], outcome: NDArray[np.float64], threshold: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if running.shape != outcome.shape or running.ndim != 1:
        message = f"running has the shape {running.shape} and outcome {outcome.shape}; both must be (n,)"
        raise EstimationError(message)
    missing = int((~(np.isfinite(running) & np.isfinite(outcome))).sum())
    if missing or not np.isfinite(threshold):
        message = f"{missing} units have no running variable or outcome (threshold {threshold}); fill them in first"
        raise EstimationError(message)
    x = running - threshold
    sides = [len(np.unique(x[x >= 0])), len(np.unique(x[x < 0]))]
    if min(sides) < 2:
        message = (
            f"running: {sides[0]} distinct values at or above the threshold {threshold} and {sides[1]} below; two or "
            "more of each are needed: ask for a finer variable, or compare in another way"
        )
        raise EstimationError(message)
    order = np.lexsort((outcome, x))
    return x[order], outcome[order]


def _sides(x: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    return x >= 0.0, x < 0.0


def _curvature(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return the largest second derivative of a quartic on either side."""
    most = 0.0
    for rows in _sides(x):
        values = np.unique(x[rows])
        if len(values) <= _ORDER:
            message = (
                f"running: {len(values)} distinct values on one side of the threshold are too few to guess a "
                "curvature; give curvature"
            )
            raise EstimationError(message)
        fit = np.polynomial.Polynomial.fit(x[rows], y[rows], _ORDER)
        most = max(most, float(np.abs(fit.deriv(2)(values)).max()))
    return most


def _variance(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one variance per side, around means by distinct value or a polynomial."""
    out = np.zeros(len(x))
    for rows in _sides(x):
        degree = min(_ORDER, len(np.unique(x[rows])) - 1)
        fit = np.polynomial.Polynomial.fit(x[rows], y[rows], degree)
        out[rows] = ((y[rows] - fit(x[rows])) ** 2).sum() / max(int(rows.sum()) - degree - 1, 1)
    return out


def _line(x: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Return each unit's weight in the jump of two local lines."""
    kernel = np.maximum(1.0 - np.abs(x) / width, 0.0) if width > 0 else np.zeros(len(x))
    out = np.zeros(len(x))
    for rows, sign in zip(_sides(x), (1.0, -1.0), strict=True):
        k, u = kernel[rows], x[rows]
        if len(np.unique(u[k > 0])) < 2:
            message = f"bandwidth == {width} leaves fewer than two distinct values on a side; give a larger one"
            raise EstimationError(message)
        s0, s1, s2 = float(k.sum()), float((k * u).sum()), float((k * u**2).sum())
        out[rows] = sign * k * (s2 - s1 * u) / (s0 * s2 - s1**2)
    return out


def _bend(x: NDArray[np.float64], line: NDArray[np.float64]) -> float:
    """Return the largest bias per unit of curvature: a local line at a boundary is worst off against a parabola."""
    return float(sum(abs((line[rows] * x[rows] ** 2).sum()) for rows in _sides(x)) / 2.0)


def _bandwidth(x: NDArray[np.float64], variance: NDArray[np.float64], bound: float) -> float:
    nearest = [np.unique(np.abs(x[rows])) for rows in _sides(x)]
    least = max(float(values[1]) for values in nearest)
    most = max(float(values[-1]) for values in nearest)
    candidates = np.geomspace(1.01 * least, max(1.01 * most, 1.02 * least), _CANDIDATES)
    risks = []
    for width in candidates.tolist():
        line = _line(x, width)
        risks.append((bound * _bend(x, line)) ** 2 + float((line**2 * variance).sum()))
    return float(candidates[int(np.argmin(risks))])


def _left_over(x: NDArray[np.float64], y: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Return squared residuals of the local lines, corrected for what each unit pulls the line."""
    kernel = np.maximum(1.0 - np.abs(x) / width, 0.0)
    out = np.zeros(len(x))
    for rows in _sides(x):
        root = np.sqrt(kernel[rows])
        design = np.column_stack([root, root * x[rows]])
        inverse = np.linalg.inv(design.T @ design)
        slopes = inverse @ (design.T @ (root * y[rows]))
        pull = np.einsum("ij,jk,ik->i", design, inverse, design)
        left = y[rows] - slopes[0] - slopes[1] * x[rows]
        out[rows] = np.where(root > 0, left**2 / np.maximum(1.0 - pull, 1e-10), 0.0)
    return out


def _honest(value: float, error: float, bias: float, labels: Labels, reading: Reading) -> Effects:
    (plain,) = label_effect(value, error, labels=labels, reading=reading, evidence=grade("cutoff"))
    reach = error * biased_critical(bias / error, confidence_level=reading.confidence_level)
    effect = replace(plain, ci_lower=value - reach, ci_upper=value + reach, p_value=_p_value(value, error, bias))
    return Effects((effect,), np.array([[error**2]]))


def _p_value(value: float, error: float, bias: float) -> float:
    """Return the largest probability of so large an estimate without an effect, over all biases within the bound."""
    from scipy.special import ndtr

    far, ratio = abs(value) / error, bias / error
    return float(ndtr(ratio - far) + ndtr(-ratio - far))
