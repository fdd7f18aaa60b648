"""Where the assumptions behind the predicted part, and the window itself, are in doubt."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from uplift.checks import (
    FeatureRange,
    check_backends,
    check_calendar,
    check_comparability,
    check_kappa,
    check_lifetime,
    check_surrogacy,
    check_window_length,
)
from uplift.data.calendar import windows_in
from uplift.design.cohort import BEFORE
from uplift.errors import DataError
from uplift.outcomes.measure import SURROGATE_GRID
from uplift.outcomes.measurement import CENT
from uplift.results import CheckResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from uplift.clv import LifetimeModel, SurrogateModel
    from uplift.design import Plan
    from uplift.outcomes.residual import Kappa
    from uplift.results import Effect
    from uplift.spec import ExperimentSpec
    from uplift.workflow.later import Foreseen
    from uplift.workflow.tally import Tally

COMPARED = ("surrogate", "surrogate_boosted", "bgnbd", "holdout")
"""Back-ends that should agree; the bounds of kappa need not."""

LEAST_WITH_GAP = 20
"""Units of a stratum with two purchases without which its rhythm is not told."""


def doubt_predictions(
    plan: Plan, tally: Tally, effects: Sequence[Effect], early: Sequence[Effect], kappa: Kappa
) -> Iterable[CheckResult]:
    """Yield the checks of the back-ends and of what each assumes.

    Parameters
    ----------
    plan, tally
        The plan and the measured units.
    effects
        Residual effects over all units by every back-end.
    early
        Effects on realised minus predicted margin after the window.
    kappa
        Weight of couponed orders.
    """
    measurement = plan.measurement
    by_name: dict[str, list[Effect]] = {}
    for effect in effects:
        by_name.setdefault(effect.estimator, []).append(effect)
    yield from check_backends([effect for effect in effects if effect.estimator in COMPARED])
    if measurement.early is not None:
        yield check_surrogacy(early, days=measurement.settle_days)
    if measurement.residual is not None and measurement.residual.means:
        yield _comparability(measurement.residual, tally)
    yield from check_kappa(by_name.get("bgnbd_organic", []), by_name.get("bgnbd_mechanical", []), kappa=kappa.value)
    later = tally.later
    if later is not None and later.foreseen is not None and later.elapsed_days == measurement.window_days:
        yield _lifetime(measurement.lifetime, tally, later.foreseen)


def _comparability(model: SurrogateModel, tally: Tally) -> CheckResult:
    columns = tally.measured.columns
    features = {name: columns[f"surrogate.{name}"].astype(np.float64) * SURROGATE_GRID for name in model.features}
    cohort = FeatureRange(model.means, model.deviations, model.lowest, model.highest)
    return check_comparability(cohort, features, before=BEFORE)


def _lifetime(model: LifetimeModel | None, tally: Tally, foreseen: Foreseen) -> CheckResult:
    """Hold what the purchase model foresaw for the control's window against what came."""
    control = tally.keys.arm[foreseen.rows] == 0
    realised = tally.measured.columns["gross_margin"][foreseen.rows][control] * CENT
    predicted = foreseen.window[control]
    n = max(len(realised), 1)
    gap = realised - predicted
    return check_lifetime(
        correlation=0.0 if model is None else model.spend.correlation,
        predicted=float(predicted.sum()) / n,
        realised=float(realised.sum()) / n,
        std_error=float(gap.std(ddof=1) / np.sqrt(n)) if len(gap) > 1 else float("inf"),
    )


def doubt_window(plan: Plan, tally: Tally) -> Iterable[CheckResult]:
    """Yield whether the window is long enough for the rhythm of every stratum."""
    if tally.later is None or tally.later.history is None:
        return
    history = tally.later.history
    again = np.flatnonzero(history.known & (history.frequency > 0))
    gaps = stratum_gaps(history.recency[again] / history.frequency[again], tally.keys.stratum[again])
    named = {tally.keys.strata[code]: gap for code, gap in gaps.items()}
    units = {stratum.id: stratum.n_units for stratum in plan.strata}
    yield check_window_length(named, units, window_days=plan.measurement.window_days)


def doubt_calendar(spec: ExperimentSpec, plan: Plan) -> Iterable[CheckResult]:
    """Yield which promotions of the calendar fall into the window; nothing without a calendar or a day 0."""
    if spec.calendar.is_empty or plan.t0 is None:
        return
    start = datetime.fromisoformat(plan.t0)
    end = start + timedelta(days=plan.measurement.window_days)
    try:
        met = windows_in(spec, start, end)
    except DataError as error:
        yield CheckResult("window.calendar", "fail", facts={"reason": str(error)})
        return
    days: dict[str, set[date]] = {}
    for window in met:
        inside = (window.first + timedelta(days=place) for place in range(window.n_days))
        days.setdefault(window.name, set()).update(inside)
    windows = [(name, len(found)) for name, found in days.items()]
    yield check_calendar(windows, window_days=plan.measurement.window_days)


def stratum_gaps(gap: NDArray[np.float64], stratum: NDArray[np.int64]) -> dict[int, float]:
    """Return the median over units of their mean gap between purchase days, by stratum code.

    Parameters
    ----------
    gap : ndarray of float, shape (n,)
        Mean gap in days of units with two purchase days or more.
    stratum : ndarray of int64, shape (n,)
        Code of each.

    Returns
    -------
    dict
        Strata with at least 20 such units.
    """
    n = np.bincount(stratum)
    return {code: float(np.median(gap[stratum == code])) for code in np.flatnonzero(n >= LEAST_WITH_GAP).tolist()}
