"""An effect on a predicted index, corrected on the sample that the index was learned from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import EstimationError
from uplift.stats.intervals import t_intervals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.results.effect import Effect


def correct_effect(effect: Effect, corrections: NDArray[np.float64], *, confidence_level: float = 0.95) -> Effect:
    """Add the mean of the past sample's correction terms to an effect on an index.

    Parameters
    ----------
    effect
        Effect of assignment on the cross-fitted index.
    corrections : ndarray of float, shape (m,)
        Correction terms of the past units, independent of the experiment.
    confidence_level
        Of the interval.

    Returns
    -------
    Effect
        With both samples' variances added, Satterthwaite's degrees of freedom, and no relative effect.

    Raises
    ------
    EstimationError
        When there are fewer than two terms, or one is not finite.

    Notes
    -----
    *Estimand*: the effect on residual value under surrogacy and comparability. *Variance*: that of the effect on the
    index plus s² / m of the terms; the nuisances are fitted on other folds and add none of first order.
    """
    m = len(corrections)
    if m < 2 or not np.isfinite(corrections).all():
        message = f"corrections: {m} terms, must be two or more finite numbers"
        raise EstimationError(message)
    own, added = effect.std_error**2, float(corrections.var(ddof=1)) / m
    total = own + added
    spread = (own**2 / effect.df if np.isfinite(effect.df) else 0.0) + added**2 / (m - 1)
    df = total**2 / spread if spread > 0 else np.inf
    estimate, error = effect.estimate + float(corrections.mean()), float(np.sqrt(total))
    limits = t_intervals(np.array([estimate]), np.array([error]), np.array([df]), confidence_level=confidence_level)
    return replace(
        effect,
        estimate=estimate,
        std_error=error,
        df=float(df),
        ci_lower=float(limits.lower[0]),
        ci_upper=float(limits.upper[0]),
        p_value=float(limits.p_value[0]),
        rel_effect=None,
        rel_ci_lower=None,
        rel_ci_upper=None,
    )
