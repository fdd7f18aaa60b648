"""The past as the outcome will be measured: covariates, winsor cap, residual model, spread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import numpy as np

from uplift.clv import fit_surrogate
from uplift.data import FactWindow
from uplift.outcomes import SURROGATES, SURROGATES_WITHOUT_COUPONS, PlanCosts, measure
from uplift.outcomes.measurement import PRIMARY_TERMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from uplift.clv import SurrogateModel
    from uplift.data import Columns
    from uplift.outcomes import Measurement

PRIMARY_BEFORE = "primary_pre"
ORDERS_BEFORE = "orders_90d"
CAP_QUANTILE = 0.999
YEAR = 365
LEAST_HISTORY_DAYS = 350
LEAST_COHORT = 200
CAPPED = "primary_capped"

BEFORE = ("gross_margin_365d", "orders_365d")
"""Features of the residual model from before the window."""


class Facts(Protocol):
    """What the past is read from; a :class:`uplift.data.Warehouse`."""

    def facts(self, ids: NDArray[np.object_], window: FactWindow, *, names: Sequence[str] | None = None) -> Columns:
        """Return sums per unit over a window; ``names`` are the columns that are needed, None means all."""
        ...


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


def observe(
    facts: Facts, ids: NDArray[np.object_], window: FactWindow, *, names: Sequence[str] | None = None
) -> Mapping[str, NDArray[np.float64]]:
    """Return sums per unit over a window as numbers, each of shape (n,).

    Parameters
    ----------
    facts
        The warehouse.
    ids : ndarray of object (str), shape (n,)
        Units.
    window
        The window.
    names
        Columns that are needed; None means all.

    Returns
    -------
    mapping
        Without a coupons table ``promo_orders`` is 0: the past has no campaign of ours.
    """
    found = facts.facts(ids, window, names=names)
    numbers = {name: values.astype(np.float64) for name, values in found.values.items() if values.dtype.kind in "fiub"}
    return numbers if "subsidy" in numbers else {**numbers, "promo_orders": np.zeros(len(ids))}


def window_before(measurement: Measurement, end: datetime, *, as_of: datetime) -> FactWindow:
    """Return the window of the outcome's length that ends at ``end``, as it was known at ``as_of``."""
    return FactWindow(
        t0=end - timedelta(days=measurement.window_days),
        start_day=0,
        end_day=measurement.window_days,
        through=as_of,
        settle_days=measurement.settle_days,
        annual_discount_rate=measurement.annual_discount_rate,
    )


def year_before(facts: Facts, ids: NDArray[np.object_], t0: datetime) -> Mapping[str, NDArray[np.float64]]:
    """Return gross margin and orders of the year before ``t0``, each of shape (n,)."""
    year = FactWindow(t0=t0, start_day=-YEAR, end_day=0, through=t0)
    found = observe(facts, ids, year, names=("gross_margin", "orders"))
    return {"gross_margin_365d": found["gross_margin"], "orders_365d": found["orders"]}


def learn_residual(
    facts: Facts, ids: NDArray[np.object_], measurement: Measurement, *, as_of: datetime, first_order: datetime | None
) -> SurrogateModel | None:
    """Learn the value after the window on the latest cohort whose whole horizon lies before ``as_of``.

    The cohort are the units with an order in the year before its day 0, ``as_of - horizon_days``: nothing
    later decides who is in it.

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
    SurrogateModel or None
        None where the past is too short (less than 350 days before day 0), the cohort has fewer than
        200 units, or the horizon ends with the window.
    """
    t0 = as_of - timedelta(days=measurement.horizon_days)
    too_short = first_order is None or first_order > t0 - timedelta(days=LEAST_HISTORY_DAYS)
    if too_short or measurement.horizon_days <= measurement.window_days:
        return None
    before = year_before(facts, ids, t0)
    cohort = np.flatnonzero(before["orders_365d"] > 0)
    if len(cohort) < LEAST_COHORT:
        return None
    window = window_before(measurement, t0 + timedelta(days=measurement.window_days), as_of=as_of)
    people = ids[cohort]
    seen = observe(facts, people, window, names=(*SURROGATES, *SURROGATES_WITHOUT_COUPONS))
    later = observe(
        facts,
        people,
        replace(window, start_day=measurement.window_days, end_day=measurement.horizon_days),
        names=("gross_margin", "returned_margin"),
    )
    names = (*(SURROGATES if "couponed_margin" in seen else SURROGATES_WITHOUT_COUPONS), *BEFORE)
    known = {**{name: values[cohort] for name, values in before.items()}, **seen}
    return fit_surrogate(
        np.column_stack([known[name] for name in names]),
        later["gross_margin"] - later.get("returned_margin", np.zeros(len(cohort))),
        names=names,
        cohort_start=t0.isoformat(),
        cohort_end=as_of.isoformat(),
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
