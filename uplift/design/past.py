"""The past as the outcome will be measured: covariates, winsor cap, residual model, spread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from uplift.clv import SurrogateModel, fit_surrogate
from uplift.design.cohort import observe, read_cohort, window_before, year_before
from uplift.outcomes import PlanCosts, measure
from uplift.outcomes.measurement import PRIMARY_TERMS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from uplift.design.cohort import Cohort, Facts
    from uplift.outcomes import Measurement

PRIMARY_BEFORE = "primary_pre"
ORDERS_BEFORE = "orders_90d"
CAP_QUANTILE = 0.999
CAPPED = "primary_capped"


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """The ``n`` eligible units before ``as_of``.

    Parameters
    ----------
    primary : ndarray of float, shape (n,)
        The primary outcome, capped, over the equal window before ``as_of``.
    earlier : ndarray of float, shape (n,)
        The same over the equal window before that, nothing predicted.
    measurement
        With cap, covariates and residual model settled.
    """

    primary: NDArray[np.float64]
    earlier: NDArray[np.float64]
    measurement: Measurement


@dataclass(frozen=True, slots=True)
class LaterValue:
    """What the past says about value after the window.

    Parameters
    ----------
    residual
        Index of the value up to the horizon.
    early
        Index of the gross margin of the days in which the window settles; None where there are none.
    kept_share
        Share of gross margin that returns leave.
    """

    residual: SurrogateModel
    early: SurrogateModel | None
    kept_share: float


def learn_residual(
    facts: Facts, ids: NDArray[np.object_], measurement: Measurement, *, as_of: datetime, first_order: datetime | None
) -> LaterValue | None:
    """Learn the value after the window on the latest cohort whose whole horizon lies before ``as_of``.

    Parameters
    ----------
    facts
        The warehouse.
    ids : ndarray of object (str), shape (n,)
        All units.
    measurement
        Window, horizon, settling and discounting.
    as_of
        End of what is known.
    first_order
        The first order of all.

    Returns
    -------
    LaterValue or None
        None where there is no such cohort (:func:`uplift.design.cohort.read_cohort`).
    """
    cohort = read_cohort(facts, ids, measurement, as_of=as_of, first_order=first_order)
    if cohort is None:
        return None
    early = None if cohort.early is None else _fit(cohort, cohort.early)
    return LaterValue(_fit(cohort, cohort.later), early, cohort.kept_share)


def _fit(cohort: Cohort, outcome: NDArray[np.float64]) -> SurrogateModel:
    return fit_surrogate(
        np.column_stack(list(cohort.features.values())),
        outcome,
        names=tuple(cohort.features),
        cohort_start=cohort.t0.isoformat(),
        cohort_end=cohort.through.isoformat(),
    )


def measure_past(facts: Facts, ids: NDArray[np.object_], measurement: Measurement, *, as_of: datetime) -> Past:
    """Measure the eligible over the window before ``as_of`` by the code that will measure the campaign.

    Parameters
    ----------
    facts
        The warehouse.
    ids : ndarray of object (str), shape (n,)
        Eligible units.
    measurement
        With its residual model, without cap and covariates.
    as_of
        End of what is known.

    Returns
    -------
    Past
        The cap is the 99.9th percentile of the primary in that window, an absolute number.
    """
    start = as_of - timedelta(days=measurement.window_days)
    before = year_before(facts, ids, start) if measurement.residual is not None else {}
    plain = replace(measurement, residual=None)
    seen = observe(facts, ids, window_before(measurement, as_of, as_of=as_of), names=_needs(measurement))
    steps, step = _primary_steps(measurement, seen, before)
    cap = _cap(steps, step)
    settled = replace(measurement, cap=cap, covariates=(PRIMARY_BEFORE, ORDERS_BEFORE), covariate_grids=(0.01, 1.0))
    earlier = observe(facts, ids, window_before(measurement, start, as_of=as_of), names=_needs(plain))
    before_that, _ = _primary_steps(plain, earlier, {})
    values = (steps * step).astype(np.float64)
    primary = values if cap is None else np.minimum(values, cap)
    return Past(primary, (before_that * step).astype(np.float64), settled)


def _needs(measurement: Measurement) -> tuple[str, ...] | None:
    """Return the facts that the primary is made of; None, for all, where it is another metric."""
    if measurement.primary.id not in PRIMARY_TERMS:
        return None
    predicted = () if measurement.residual is None else measurement.residual.features
    return ("orders", "gross_margin", "subsidy", "contact_cost", "returned_margin", *predicted)


def _primary_steps(
    measurement: Measurement, facts: Mapping[str, NDArray[np.float64]], before: Mapping[str, NDArray[np.float64]]
) -> tuple[NDArray[np.int64], float]:
    nothing = np.zeros(len(facts["orders"]))
    costs = PlanCosts(contact=nothing, fulfilment=nothing, redemption=nothing)
    alone = replace(measurement, secondary=())
    measured = measure(alone, facts=facts, past=before, costs=costs)
    column = next(each for each in measured.blocks[0].columns if each.name == CAPPED)
    return measured.columns[CAPPED], column.grid


def _cap(steps: NDArray[np.int64], step: float) -> float | None:
    """Return the cap in the currency, rounded up to a cent; None where nobody spent."""
    if not len(steps):
        return None
    highest = int(np.quantile(steps, CAP_QUANTILE, method="inverted_cdf"))
    per_cent = round(0.01 / step)
    cents = -(-highest // per_cent)
    return cents / 100 if cents > 0 else None
