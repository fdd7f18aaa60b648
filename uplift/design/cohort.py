"""A past cohort whose whole horizon is known: what it did in its window, and what it was worth after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import numpy as np

from uplift.data import FactWindow
from uplift.outcomes import SURROGATES, SURROGATES_WITHOUT_COUPONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from uplift.data import Columns
    from uplift.outcomes import Measurement

YEAR = 365
LEAST_HISTORY_DAYS = 350
LEAST_COHORT = 200

BEFORE = ("gross_margin_365d", "orders_365d")
"""Features of the residual model from before the window."""


class Facts(Protocol):
    """What the past is read from; a :class:`uplift.data.Warehouse`."""

    def facts(self, ids: NDArray[np.object_], window: FactWindow, *, names: Sequence[str] | None = None) -> Columns:
        """Return sums per unit over a window; ``names`` are the columns that are needed, None means all."""
        ...


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


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """The latest cohort whose whole horizon lies before a moment, n units.

    Parameters
    ----------
    unit_id : ndarray of object (str), shape (n,)
        Its units: those with an order in the year before day 0.
    t0, through
        Its day 0, and the moment up to which rows are known.
    features
        Surrogates of the window, then what was known before it, each of shape (n,).
    later : ndarray of float, shape (n,)
        Margin net of returns after the window, up to the horizon, discounted to day 0.
    early : ndarray of float, shape (n,), optional
        Gross margin of the ``settle_days`` after the window, discounted to day 0; None where they are not inside the
        horizon.
    kept_share
        Share of the later gross margin that returns left.
    """

    unit_id: NDArray[np.object_]
    t0: datetime
    through: datetime
    features: Mapping[str, NDArray[np.float64]]
    later: NDArray[np.float64]
    early: NDArray[np.float64] | None
    kept_share: float


def read_cohort(
    facts: Facts, ids: NDArray[np.object_], measurement: Measurement, *, as_of: datetime, first_order: datetime | None
) -> Cohort | None:
    """Read the latest cohort whose whole horizon lies before ``as_of``.

    The cohort are the units with an order in the year before its day 0, ``as_of - horizon_days``: nothing
    later decides who is in it.

    Parameters
    ----------
    facts
        The warehouse.
    ids : ndarray of object (str), shape (n,)
        Who may be in it.
    measurement
        Window, horizon, settling and discounting.
    as_of
        End of what is known.
    first_order
        The first order of all.

    Returns
    -------
    Cohort or None
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
    people, end = ids[cohort], measurement.window_days
    seen = observe(facts, people, window, names=(*SURROGATES, *SURROGATES_WITHOUT_COUPONS))
    after = replace(window, start_day=end, end_day=measurement.horizon_days)
    later = observe(facts, people, after, names=("gross_margin", "returned_margin"))
    gross, returned = later["gross_margin"], later.get("returned_margin", np.zeros(len(cohort)))
    early = None
    if 0 < measurement.settle_days <= measurement.horizon_days - end:
        next_days = replace(window, start_day=end, end_day=end + measurement.settle_days)
        early = observe(facts, people, next_days, names=("gross_margin",))["gross_margin"]
    names = SURROGATES if "couponed_margin" in seen else SURROGATES_WITHOUT_COUPONS
    known = {name: seen[name] for name in names} | {name: before[name][cohort] for name in BEFORE}
    total = float(gross.sum())
    kept = min(max(1.0 - float(returned.sum()) / total, 0.0), 1.0) if total > 0 else 1.0
    return Cohort(people, t0, as_of, known, gross - returned, early, kept)
