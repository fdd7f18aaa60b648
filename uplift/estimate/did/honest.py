"""How far trends may have departed from parallel before a difference-in-differences says nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from uplift.errors import EstimationError
from uplift.estimate.did.relative import Limits, RelativeTest
from uplift.estimate.did.smooth import bound_smooth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from uplift.estimate.did.path import EventPath

Departure = Literal["relative", "smooth"]
RELATIVE_LIMITS = (0.0, 0.5, 1.0, 1.5, 2.0)
"""Default multiples of the largest step before treatment."""
HEADLINE = 1.0
"""An effect is claimed only if it survives departures as large as the largest seen before treatment."""
_DRAWS = 10_000
_MOST = 64.0
_STEPS = 20


@dataclass(frozen=True, slots=True)
class TrendBound:
    """The interval under one limit on departures from parallel trends.

    Parameters
    ----------
    limit
        ``relative``: multiple of the largest step before treatment; ``smooth``: change of slope per period, in the unit
        of the outcome.
    ci_lower, ci_upper
        In the unit of the outcome.
    """

    limit: float
    ci_lower: float
    ci_upper: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the sign of the effect is known."""
        return self.ci_lower > 0.0 or self.ci_upper < 0.0


@dataclass(frozen=True, slots=True)
class TrendBounds:
    """Intervals under rising limits.

    Parameters
    ----------
    departure
        ``relative`` or ``smooth``.
    event_times
        The periods whose mean effect is bounded.
    estimate, std_error
        Under parallel trends, in the unit of the outcome.
    confidence_level
        Two-sided.
    rows
        One per limit, ascending.
    breakdown
        Largest limit at which the interval still excludes 0; 0 when none does, infinite beyond what was searched.
    """

    departure: Departure
    event_times: tuple[int, ...]
    estimate: float
    std_error: float
    confidence_level: float
    rows: tuple[TrendBound, ...]
    breakdown: float

    @property
    def is_claimed(self) -> bool:
        """Whether the effect may be a headline: relative departures as large as those seen leave its sign known."""
        return self.departure == "relative" and self.breakdown >= HEADLINE


def bound_trends(
    path: EventPath,
    *,
    departure: Departure = "relative",
    limits: Sequence[float] | None = None,
    event_times: Sequence[int] | None = None,
    confidence_level: float = 0.95,
    seed: int = 0,
) -> TrendBounds:
    """Bound a mean effect when trends need not be parallel.

    Parameters
    ----------
    path
        Effects by event time against one period (see :func:`read_path`).
    departure
        ``relative``: from one period to the next the gap between trends moves after treatment at most ``limit`` times
        as far as it ever did before; ``smooth``: its slope changes by at most ``limit``.
    limits
        Default 0, 0.5, 1, 1.5, 2 for ``relative``; for ``smooth`` the same multiples of the estimate's standard error.
    event_times
        Bounded is the mean over these periods; default all from 0 on.
    confidence_level
        Two-sided.
    seed
        Of the draws behind the first stage's critical value (``relative`` only).

    Returns
    -------
    TrendBounds

    Raises
    ------
    EstimationError
        When a limit is negative or not finite, a period is not after treatment, the level is not between 0.5 and 1, or
        the covariance is singular.

    Notes
    -----
    *Estimand*: the mean of E[Y(treated) - Y(untreated) | treated] over ``event_times``. *Assumptions*: the estimates
    are jointly normal with this covariance; the departure is within the limit. ``relative`` inverts the conditional
    least-favourable hybrid test for each step that may have been the largest, and takes the union; ``smooth`` is the
    shortest fixed-length interval around a linear estimator. Both may be wider than 95 %, never narrower.

    References
    ----------
    Rambachan and Roth (2023), Rev. Econ. Stud. 90(5). https://doi.org/10.1093/restud/rdad018 Andrews, Roth and Pakes
    (2023), Rev. Econ. Stud. 90(6). https://doi.org/10.1093/restud/rdad004
    """
    weights = path.average(event_times)
    error = float(np.sqrt(weights @ path.covariance @ weights))
    if not 0.5 < confidence_level < 1.0 or error <= 0.0:
        message = f"confidence_level == {confidence_level} must be in (0.5, 1) and the variance ({error}²) positive"
        raise EstimationError(message)
    unit = 1.0 if departure == "relative" else error
    wanted = [unit * one for one in RELATIVE_LIMITS] if limits is None else sorted(float(one) for one in limits)
    if not wanted or not all(0.0 <= one < np.inf for one in wanted):
        message = (
            f"limits {wanted} must be numbers from 0 on; 0 is parallel trends (relative) or a straight gap (smooth)"
        )
        raise EstimationError(message)
    alpha = 1.0 - confidence_level
    if departure == "relative":
        rng = np.random.default_rng(seed)
        draws = rng.multivariate_normal(np.zeros(len(weights)), path.covariance, _DRAWS, method="eigh")
        test = RelativeTest(path, weights, draws, alpha)
        rows = tuple(_bound(limit, test.interval(limit)) for limit in wanted)
        breakdown = _breakdown(lambda limit: not test.accepts_zero(limit), unit)
    else:
        rows = tuple(_bound(limit, bound_smooth(path, weights, limit, alpha=alpha)) for limit in wanted)
        breakdown = _breakdown(
            lambda limit: _bound(limit, bound_smooth(path, weights, limit, alpha=alpha)).excludes_zero, unit
        )
    chosen = tuple(path.event_time[weights > 0].tolist())
    return TrendBounds(departure, chosen, float(weights @ path.estimate), error, confidence_level, rows, breakdown)


def _bound(limit: float, found: Limits) -> TrendBound:
    return TrendBound(limit, found.lower, found.upper)


def _breakdown(excludes: Callable[[float], bool], unit: float) -> float:
    """Return the largest limit that excludes zero, by doubling and halving."""
    if not excludes(0.0):
        return 0.0
    high = unit
    while excludes(high):
        if high >= _MOST * unit:
            return float("inf")
        high *= 2.0
    low = 0.0 if high == unit else high / 2.0
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if excludes(middle) else (low, middle)
    return low
