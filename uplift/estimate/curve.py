"""How an effect builds up: a cumulative curve with a band that holds all of it at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.estimate.itt import Reading, arm_weights
from uplift.results.facts import Curve
from uplift.results.measure import Measure
from uplift.stats.cells import evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.estimate.itt import Contrast
    from uplift.stats.cells import CellMeans

CUMULATIVE_MARGIN = "cumulative_margin"
DRAWS = 20_000
_NO_SPREAD = 1e-12


def sup_t_critical(
    covariance: NDArray[np.float64], *, df: float = np.inf, confidence_level: float = 0.95, rng: np.random.Generator
) -> float:
    """Return how many standard errors a band needs to hold all points at once.

    Parameters
    ----------
    covariance : ndarray of float, shape (T, T)
        Joint covariance of the points.
    df
        Degrees of freedom of the covariance.
    confidence_level
        Of the whole band.
    rng
        Source of the 20,000 draws.

    Returns
    -------
    float
        The ``confidence_level`` quantile of max |t| over the points; never below that of one point.

    References
    ----------
    Montiel Olea, J. L., Plagborg-Møller, M. (2019). Simultaneous confidence bands. *J. Applied Econometrics* 34(1).
    """
    from scipy.special import stdtrit

    alone = float(stdtrit(df, 0.5 + confidence_level / 2.0))
    error = np.sqrt(np.clip(np.diag(covariance), 0.0, None))
    moving = error > _NO_SPREAD * error.max(initial=0.0)
    if not moving.any():
        return alone
    correlation = (covariance / np.outer(np.where(moving, error, 1.0), np.where(moving, error, 1.0)))[
        np.ix_(moving, moving)
    ]
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.clip(values, 0.0, None))
    normal = rng.standard_normal((DRAWS, len(root)))
    # einsum and not BLAS: the same bytes whatever the number of threads
    largest = np.abs(np.einsum("dk,tk->dt", normal, root)).max(axis=1)
    if np.isfinite(df):
        largest = largest / np.sqrt(rng.chisquare(df, DRAWS) / df)
    return max(alone, float(np.quantile(largest, confidence_level, method="inverted_cdf")))


def estimate_curve(
    means: CellMeans,
    *,
    outcomes: Sequence[str],
    days: Sequence[int],
    contrast: Contrast,
    reading: Reading | None = None,
    rng: np.random.Generator,
) -> Curve:
    """Estimate the cumulative effect after each step, with a simultaneous band.

    Parameters
    ----------
    means
        Adjusted means of one outcome per step.
    outcomes
        The steps, in time; T of them.
    days
        Day on which each step ends, shape (T,).
    contrast
        Which arm against which.
    reading
        Unit and confidence level.
    rng
        Source of the band's draws.

    Returns
    -------
    Curve
        ``cumulative_margin`` with its band by sup-t over the T points.

    Raises
    ------
    EstimationError
        When there are no steps or no stratum offers both arms.

    Notes
    -----
    *Estimand*: ``sum_s w_s (E[Y_1 + ... + Y_t | s, a] - E[Y_1 + ... + Y_t | s, b])`` for every t, jointly.
    *Assumptions*: as of :func:`uplift.estimate.estimate_itt`; joint normality of the T sums of means.
    """
    if not outcomes or len(outcomes) != len(days):
        message = f"outcomes: {len(outcomes)} steps for {len(days)} days; a curve needs one day per step, and a step"
        raise EstimationError(message)
    label = reading or Reading(Measure("money"))
    chosen = means.only(outcomes)
    treated, control = arm_weights(chosen, contrast, np.ones(len(chosen.weight), bool))
    if treated is None or control is None:
        message = f"no stratum has units of both arms of {contrast.arm} against {contrast.reference}"
        raise EstimationError(message)
    until = np.tril(np.ones((len(outcomes), len(outcomes))))
    found = evaluate(chosen, np.einsum("ga,tm->tgam", treated - control, until))
    critical = sup_t_critical(
        found.covariance, df=float(found.df.min()), confidence_level=label.confidence_level, rng=rng
    )
    half = critical * found.std_error
    return Curve(
        name=CUMULATIVE_MARGIN,
        arm=contrast.arm,
        x=tuple(float(day) for day in days),
        y=tuple(found.value.tolist()),
        ci_lower=tuple((found.value - half).tolist()),
        ci_upper=tuple((found.value + half).tolist()),
        x_measure=Measure("days"),
        y_measure=label.measure,
    )
