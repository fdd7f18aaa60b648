"""Can the predicted part be trusted: do back-ends agree, and does what each assumes hold where it can be seen."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from uplift.results import CheckResult
from uplift.stats.multiplicity import adjust_holm

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from uplift.results import Effect
    from uplift.results.facts import Fact, Status

CORRELATION_LIMIT = 0.3
"""Beyond it frequency and value of an order are not independent enough for the Gamma-Gamma model."""

RATIO_LIMITS = (0.8, 1.25)
"""Realised over predicted margin of the control arm in the window; outside, order rates are not stationary."""

SMD_LIMIT = 0.25
EXTRAPOLATED_LIMIT = 0.02
"""Share of units beyond the range of the past cohort that a linear index may be stretched to."""

SURROGACY_LEVEL = 0.05


def check_backends(effects: Sequence[Effect]) -> tuple[CheckResult, ...]:
    """Compare the intervals of the residual effect that different back-ends give.

    Parameters
    ----------
    effects
        Effects on the residual value over all units, one per back-end and arm.

    Returns
    -------
    tuple of CheckResult
        ``residual.disagreement``: ``warn`` for every pair of one arm whose intervals exclude each other, with the
        facts ``arm``, ``first``, ``second``, their estimates ``first_value``, ``second_value``; else one ``pass`` with
        ``n`` back-ends; none where there are fewer than two.
    """
    found = []
    for one, other in combinations(effects, 2):
        apart = one.ci_upper < other.ci_lower or other.ci_upper < one.ci_lower
        if one.arm == other.arm and apart:
            facts: dict[str, Fact] = {"arm": one.arm, "first": one.estimator, "second": other.estimator}
            facts |= {"first_value": one.estimate, "second_value": other.estimate}
            found.append(CheckResult("residual.disagreement", "warn", facts=facts))
    n = len({effect.estimator for effect in effects})
    if found or n < 2:
        return tuple(found)
    return (CheckResult("residual.disagreement", "pass", facts={"n": n}),)


def check_surrogacy(early: Sequence[Effect], *, days: int) -> CheckResult:
    """Test surrogacy where it can be seen: in the days after the window that are known already.

    Parameters
    ----------
    early
        Per arm, the effect of assignment on realised minus predicted margin of those days; the prediction is the
        index that the past learned for the same days, its errors included.
    days
        How many they are.

    Returns
    -------
    CheckResult
        ``residual.surrogacy``: ``warn`` when some arm's gap is not zero (Holm over arms, .05), with the facts ``arm``,
        ``gap`` and ``days`` and the least adjusted p-value; ``skipped`` without effects.

    Notes
    -----
    Under surrogacy and comparability the gap's effect is zero. A gap that is not seen is no proof: what acts later than
    these days is not tested.
    """
    if not early:
        return CheckResult("residual.surrogacy", "skipped", facts={"reason": "not_known"})
    p_values = np.array([effect.p_value for effect in early])
    worst = early[int(np.argmin(p_values))]
    p_value = float(adjust_holm(p_values).min())
    facts: dict[str, Fact] = {"arm": worst.arm, "gap": worst.estimate, "days": days}
    statistic = worst.estimate / worst.std_error if worst.std_error > 0 else None
    status: Status = "warn" if p_value < SURROGACY_LEVEL else "pass"
    return CheckResult("residual.surrogacy", status, statistic, p_value, facts)


def check_kappa(organic: Sequence[Effect], mechanical: Sequence[Effect], *, kappa: float) -> tuple[CheckResult, ...]:
    """Ask whether the answer hangs on how much a couponed order says about the future.

    Parameters
    ----------
    organic, mechanical
        Effects on the residual value at kappa 0 and at kappa 1, one per arm, in the same order.
    kappa
        The weight in use.

    Returns
    -------
    tuple of CheckResult
        ``residual.kappa`` per arm that is decided by kappa alone: the bounds have opposite signs and both intervals
        exclude 0, or one does and the bounds' intervals exclude each other: ``warn`` with ``arm``, ``kappa``, ``lower``
        and ``upper``; else one ``pass`` with ``kappa``; none without effects.
    """
    found = []
    for low, high in zip(organic, mechanical, strict=True):
        apart = low.ci_upper < high.ci_lower or high.ci_upper < low.ci_lower
        seen = any(not effect.ci_lower <= 0.0 <= effect.ci_upper for effect in (low, high))
        if apart and seen:
            ends = sorted((low.estimate, high.estimate))
            facts: dict[str, Fact] = {"arm": low.arm, "kappa": kappa, "lower": ends[0], "upper": ends[1]}
            found.append(CheckResult("residual.kappa", "warn", facts=facts))
    if found or not organic:
        return tuple(found)
    return (CheckResult("residual.kappa", "pass", facts={"kappa": kappa}),)


def check_lifetime(*, correlation: float, predicted: float, realised: float, std_error: float) -> CheckResult:
    """Look at what the purchase and spend models assume: independent value, and rates that stay as they were.

    Parameters
    ----------
    correlation
        Of frequency and mean value among repeat buyers.
    predicted
        Mean margin of the control's window as the model foresaw it at day 0, in the currency.
    realised, std_error
        The same as it came, with its standard error.

    Returns
    -------
    CheckResult
        ``residual.lifetime``: ``warn`` with ``reason`` ``correlation`` beyond +-0.3, or ``stationarity`` where realised
        over predicted lies outside [0.8, 1.25] by more than two standard errors. Facts: ``correlation``, ``ratio``.
    """
    ratio = realised / predicted if predicted > 0 else float("nan")
    low, high = (limit * predicted for limit in RATIO_LIMITS)
    moved = realised + 2 * std_error < low or realised - 2 * std_error > high
    reason = "correlation" if abs(correlation) > CORRELATION_LIMIT else "stationarity" if moved else ""
    facts: dict[str, Fact] = {"correlation": correlation, "ratio": ratio if np.isfinite(ratio) else None}
    if not reason:
        return CheckResult("residual.lifetime", "pass", facts=facts)
    return CheckResult("residual.lifetime", "warn", facts={**facts, "reason": reason})


@dataclass(frozen=True, slots=True)
class FeatureRange:
    """What the past cohort of an index was like, one entry per feature.

    Parameters
    ----------
    means, deviations
        Mean and standard deviation.
    lowest, highest
        Ends of the range that holds all but the outermost thousandth on either side.
    """

    means: tuple[float, ...]
    deviations: tuple[float, ...]
    lowest: tuple[float, ...]
    highest: tuple[float, ...]


def check_comparability(
    cohort: FeatureRange, features: Mapping[str, NDArray[np.float64]], *, before: Collection[str]
) -> CheckResult:
    """Compare the units of the experiment with the past cohort that the index was learned on.

    Parameters
    ----------
    cohort
        The past cohort.
    features
        Name to the units' values, each of shape (n,), in the cohort's order.
    before
        Which of them were known before the window: their means are compared. What arms do in the window may differ
        from the past, but not lie beyond it.

    Returns
    -------
    CheckResult
        ``residual.comparability``: ``warn`` when a mean lies more than 0.25 of the cohort's standard deviations away,
        or more than 2 % of the units lie outside the cohort's range in any feature. Facts: ``feature`` and ``smd`` of
        the largest distance, ``share`` outside; ``skipped`` without units.
    """
    n = len(next(iter(features.values()), np.zeros(0)))
    if not n:
        return CheckResult("residual.comparability", "skipped", facts={"reason": "no_units"})
    distance: dict[str, float] = {}
    outside = np.zeros(n, bool)
    for place, (name, values) in enumerate(features.items()):
        spread = cohort.deviations[place]
        if name in before:
            distance[name] = (float(values.mean()) - cohort.means[place]) / spread if spread > 0 else 0.0
        outside |= (values < cohort.lowest[place]) | (values > cohort.highest[place])
    worst = max(distance, key=lambda name: abs(distance[name]), default=None)
    smd = 0.0 if worst is None else distance[worst]
    share = float(outside.mean())
    far = abs(smd) > SMD_LIMIT or share > EXTRAPOLATED_LIMIT
    facts: dict[str, Fact] = {"feature": worst, "smd": smd, "share": share}
    return CheckResult("residual.comparability", "warn" if far else "pass", facts=facts)
