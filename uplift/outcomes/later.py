"""What is measured beside net value: margin by week, habits of promotion, residual value by every back-end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from uplift.outcomes.measure import Measured, to_grid
from uplift.outcomes.measurement import CENT
from uplift.stats.moments import BlockPlan, Column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from uplift.outcomes.measurement import Measurement
    from uplift.outcomes.residual import ResidualBounds

WEEKS, HABITS, RESIDUALS = "weeks", "habits", "residuals"
"""Blocks: margin by step, what coupons do to habits, residual value by back-end."""

PROMO, AFTER = "promo_margin", "after_margin"
BGNBD_ORGANIC, BGNBD_MECHANICAL = "bgnbd_organic", "bgnbd_mechanical"
SURROGATE, HOLDOUT, EARLY_GAP = "residual", "holdout", "early_gap"
HABIT_STEPS: Mapping[str, float] = {"organic_margin": CENT, "couponed_orders": 1.0, "orders": 1.0}


@dataclass(frozen=True, slots=True, eq=False)
class LaterFacts:
    """What was read of n units beside the facts of the window.

    Parameters
    ----------
    steps : ndarray of float, shape (n, n_steps)
        Discounted margin net of returns of each step of the window.
    step_ends
        Day on which each step ends; ascending.
    promo_days
        Day on which the last coupon expired, one of ``step_ends`` before the last; None where none did.
    facts
        Sums over the window: ``orders`` and, with a coupons table, ``organic_margin`` and ``couponed_orders``.
    bounds
        Residual value by the purchase model; None without a model.
    couponed
        Whether a table tells couponed orders from others: else both bounds are the same.
    early : ndarray of float, shape (n,), optional
        Gross margin of the days in which the window settles, once they are known.
    realised : ndarray of float, shape (n,), optional
        Margin net of returns from the window to the horizon, once it is known.
    """

    steps: NDArray[np.float64]
    step_ends: tuple[int, ...]
    promo_days: int | None
    facts: Mapping[str, NDArray[np.float64]]
    bounds: ResidualBounds | None = None
    couponed: bool = False
    early: NDArray[np.float64] | None = None
    realised: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    name: str
    columns: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, values: NDArray[np.float64], step: float = CENT) -> None:
        self.columns[name] = to_grid(values, step)
        self.steps[name] = step


def measure_later(
    measurement: Measurement, measured: Measured, later: LaterFacts, *, known: Mapping[str, NDArray[np.float64]]
) -> Measured:
    """Put what was read beside net value on grids, in blocks with the same covariates.

    Parameters
    ----------
    measurement
        The plan.
    measured
        Columns of the window: ``size``, covariates and the surrogate index's ``residual`` are taken from it.
    later
        What was read.
    known
        Facts of the window and of the past, for the index of the days after it.

    Returns
    -------
    Measured
        Blocks ``weeks``, ``habits`` and, where there is anything to say, ``residuals``.
    """
    weeks = _Block(WEEKS)
    for place, day in enumerate(later.step_ends):
        weeks.add(week_name(day), later.steps[:, place])
    habits = _Block(HABITS)
    if later.promo_days is not None:
        inside = np.array([day <= later.promo_days for day in later.step_ends])
        habits.add(PROMO, later.steps[:, inside].sum(axis=1))
        habits.add(AFTER, later.steps[:, ~inside].sum(axis=1))
    for name, step in HABIT_STEPS.items():
        if name in later.facts:
            habits.add(name, later.facts[name], step)
    residuals = _Block(RESIDUALS)
    if SURROGATE in measured.columns:
        residuals.columns[SURROGATE] = measured.columns[SURROGATE]
        residuals.steps[SURROGATE] = CENT
    if later.bounds is not None:
        if later.couponed:
            residuals.add(BGNBD_ORGANIC, later.bounds.organic)
        residuals.add(BGNBD_MECHANICAL, later.bounds.mechanical)
    if later.early is not None and measurement.early is not None:
        residuals.add(EARLY_GAP, later.early - measurement.early.predict(known))
    if later.realised is not None:
        residuals.add(HOLDOUT, later.realised)
    return _assemble(measurement, measured, [weeks, habits, residuals])


def week_name(day: int) -> str:
    """Return the name of the step of the window that ends on a day."""
    return f"week.{day}"


def _assemble(measurement: Measurement, measured: Measured, found: list[_Block]) -> Measured:
    shared = {"size": measured.columns["size"]} | {name: measured.columns[name] for name in measurement.covariates}
    pairs = zip(measurement.covariates, measurement.covariate_grids, strict=True)
    tail = tuple(Column(name, "covariate", step) for name, step in pairs)
    size = Column("size", "size")
    columns, blocks = dict(shared), []
    for one in found:
        if one.columns:
            columns |= one.columns
            named = tuple(Column(name, "outcome", step) for name, step in one.steps.items())
            blocks.append(BlockPlan(one.name, (size, *named, *tail)))
    return Measured(columns, tuple(blocks), ())
