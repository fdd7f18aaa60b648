"""What is read of the tables beside the window's facts: purchase histories, weeks, and the days after the window."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from uplift.data import FactWindow
from uplift.outcomes import Reading, read_window
from uplift.outcomes.later import LaterFacts
from uplift.outcomes.purchases import PurchaseState, SeenPurchases
from uplift.outcomes.residual import Ahead, ResidualBounds, bound_residual, predict_value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from uplift.data import Warehouse
    from uplift.outcomes import Measurement
    from uplift.spec import ExperimentSpec

STEP_DAYS = 7
SAMPLED = 50_000
"""Units whose derivatives and past predictions are computed, at most about: whole folds, so a sample by hash."""


@dataclass(frozen=True, slots=True, eq=False)
class Foreseen:
    """What the purchase model foresaw at day 0 for the units of a sample, m of n.

    Parameters
    ----------
    rows : ndarray of intp, shape (m,)
        Units of the sample that had ordered before day 0.
    window : ndarray of float, shape (m,)
        Discounted gross margin inside the window.
    horizon : ndarray of float, shape (m,)
        Discounted margin net of returns over the horizon.
    """

    rows: NDArray[np.intp]
    window: NDArray[np.float64]
    horizon: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Later:
    """Everything that was read of n analysed units beside the window's facts.

    Parameters
    ----------
    facts
        What is measured.
    elapsed_days
        Days of the window that are known.
    history
        Purchases before day 0; None where day 0 differs between units or the orders have no margin.
    lifetime_margin : ndarray of float, shape (n,), optional
        Gross margin since the first order, likewise.
    foreseen
        What the purchase model foresaw; None without one.
    """

    facts: LaterFacts
    elapsed_days: int
    history: PurchaseState | None = None
    lifetime_margin: NDArray[np.float64] | None = None
    foreseen: Foreseen | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Whose and which window is read.

    Parameters
    ----------
    ids : ndarray of object (str), shape (n,)
        Analysed units.
    t0 : ndarray of datetime64, shape (n,)
        Day 0 of each.
    fold : ndarray of int64, shape (n,)
        Fold of each.
    through
        Rows at or after it are not known.
    """

    ids: NDArray[np.object_]
    t0: NDArray[np.datetime64]
    fold: NDArray[np.int64]
    through: datetime

    @property
    def start(self) -> datetime | None:
        """The day 0 that all share; None where they differ."""
        first: datetime = self.t0[0].astype("datetime64[us]").astype(object)
        return first if bool(np.all(self.t0 == self.t0[0])) else None

    @property
    def last(self) -> datetime:
        """Day 0 of the unit that began last."""
        found: datetime = self.t0.max().astype("datetime64[us]").astype(object)
        return found


def read_later(
    spec: ExperimentSpec,
    measurement: Measurement,
    warehouse: Warehouse,
    asked: Asked,
    facts: Mapping[str, NDArray[np.float64]],
) -> Later | None:
    """Read what is measured beside net value.

    Parameters
    ----------
    spec, measurement
        Calendar of the campaign, and the plan of its outcomes.
    warehouse
        The tables.
    asked
        Units and window.
    facts
        Facts of the window.

    Returns
    -------
    Later or None
        None where orders have no margin, or no day of the window is over.
    """
    elapsed = min(measurement.window_days, (asked.through - asked.last).days)
    if "gross_margin" not in facts or elapsed < 1:
        return None
    promo_days = _promo_days(spec, asked, elapsed)
    steps, ends = _read_steps(measurement, warehouse, asked, promo_days=promo_days, elapsed=elapsed)
    couponed = "couponed_margin" in facts
    bounds, state, lifetime, foreseen = None, None, None, None
    if asked.start is not None:
        purchases = warehouse.purchases(asked.start, ids=asked.ids)
        state = PurchaseState.from_columns(purchases.values)
        lifetime = purchases["first_margin"] + purchases["repeat_margin"]
        bounds = _read_bounds(measurement, warehouse, asked, state, elapsed=elapsed)
        foreseen = _foresee(measurement, state, asked.fold)
    read = LaterFacts(
        steps=steps,
        step_ends=ends,
        promo_days=promo_days,
        facts=facts if couponed else {"orders": facts["orders"]},
        bounds=bounds,
        couponed=couponed,
        early=_read_early(measurement, warehouse, asked),
        realised=_read_realised(measurement, warehouse, asked),
    )
    return Later(read, elapsed, state, lifetime, foreseen)


def sample_rows(fold: NDArray[np.int64], *, at_most: int = SAMPLED) -> NDArray[np.intp]:
    """Return the units of so many folds that they are about ``at_most``; all where there are no more, shape (m,)."""
    n_folds = int(fold.max(initial=0)) + 1
    taken = n_folds if len(fold) <= at_most else max(1, n_folds * at_most // len(fold))
    return np.flatnonzero(fold < taken)


def _promo_days(spec: ExperimentSpec, asked: Asked, elapsed: int) -> int | None:
    expiry = spec.campaign.expiry_at
    if expiry is None or asked.start is None:
        return None
    days = (expiry - asked.start).days
    return days if 0 < days < elapsed else None


def _read_steps(
    measurement: Measurement, warehouse: Warehouse, asked: Asked, *, promo_days: int | None, elapsed: int
) -> tuple[NDArray[np.float64], tuple[int, ...]]:
    """Return margin net of returns by week, with a step's border on the day the last coupon expired."""
    borders = [0, *([] if promo_days is None else [promo_days]), elapsed]
    parts, ends = [], []
    for start, end in pairwise(borders):
        window = _window(measurement, asked, start, end, settled_at=measurement.window_days)
        margin = warehouse.weekly_facts(asked.ids, window, step_days=STEP_DAYS)
        if "refunds" in warehouse.roles:
            margin -= warehouse.weekly_facts(asked.ids, window, name="returned_margin", step_days=STEP_DAYS)
        parts.append(margin)
        ends += [min(day, end) for day in range(start + STEP_DAYS, end + STEP_DAYS, STEP_DAYS)]
    return np.concatenate(parts, axis=1), tuple(ends)


def _window(
    measurement: Measurement, asked: Asked, start: int, end: int, *, settled_at: int | None = None
) -> FactWindow:
    """Return a window whose refunds count until ``settle_days`` after the day ``settled_at`` (its own end)."""
    beyond = 0 if settled_at is None else settled_at - end
    return FactWindow(
        t0=asked.t0,
        start_day=start,
        end_day=end,
        through=asked.through,
        settle_days=measurement.settle_days + beyond,
        annual_discount_rate=measurement.annual_discount_rate,
    )


def _read_bounds(
    measurement: Measurement, warehouse: Warehouse, asked: Asked, state: PurchaseState, *, elapsed: int
) -> ResidualBounds | None:
    if measurement.lifetime is None or measurement.horizon_days <= measurement.window_days:
        return None
    window = FactWindow(asked.t0, 0, elapsed, through=asked.through)
    seen = warehouse.window_purchases(asked.ids, window)
    names = ("days", "last_day", "value", "n_positive")
    ahead = Ahead(
        elapsed_days=elapsed,
        start_days=measurement.window_days,
        end_days=measurement.horizon_days,
        annual_discount_rate=measurement.annual_discount_rate,
        kept_share=measurement.kept_share,
    )
    return bound_residual(
        measurement.lifetime,
        state,
        organic=SeenPurchases(*(seen[f"organic_{name}"] for name in names)),
        every=SeenPurchases(*(seen[name] for name in names)),
        ahead=ahead,
        sample=sample_rows(asked.fold),
    )


def _foresee(measurement: Measurement, state: PurchaseState, fold: NDArray[np.int64]) -> Foreseen | None:
    if measurement.lifetime is None:
        return None
    sample = sample_rows(fold)
    rows = sample[state.known[sample]]
    one, rate = state.take(rows), measurement.annual_discount_rate
    window = predict_value(measurement.lifetime, one, Ahead(0, 0, measurement.window_days, rate))
    whole = Ahead(0, 0, measurement.horizon_days, rate, measurement.kept_share)
    return Foreseen(rows, window, predict_value(measurement.lifetime, one, whole))


def _read_early(measurement: Measurement, warehouse: Warehouse, asked: Asked) -> NDArray[np.float64] | None:
    """Return the gross margin of the days in which the window settles, once they are over."""
    if measurement.early is None or not _reading(measurement, asked, measurement.window_days).is_settled:
        return None
    end = measurement.window_days
    window = _window(measurement, asked, end, end + measurement.settle_days)
    return warehouse.facts(asked.ids, window, names=("gross_margin",))["gross_margin"]


def _read_realised(measurement: Measurement, warehouse: Warehouse, asked: Asked) -> NDArray[np.float64] | None:
    """Return the value from the window to the horizon as it came, once it has settled."""
    if measurement.horizon_days <= measurement.window_days:
        return None
    if not _reading(measurement, asked, measurement.horizon_days).is_settled:
        return None
    window = _window(measurement, asked, measurement.window_days, measurement.horizon_days)
    found = warehouse.facts(asked.ids, window, names=("gross_margin", "returned_margin"))
    value: NDArray[np.float64] = found["gross_margin"] - found.values.get("returned_margin", np.zeros(len(found)))
    return value


def _reading(measurement: Measurement, asked: Asked, days: int) -> Reading:
    return read_window(asked.last, window_days=days, settle_days=measurement.settle_days, through=asked.through)
