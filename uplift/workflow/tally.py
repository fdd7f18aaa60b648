"""From units to sums: what each assigned unit did, added up for every population that is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.data import FactWindow, sum_moments
from uplift.data.sums import check_size
from uplift.errors import DataError
from uplift.outcomes import PlanCosts, measure, needed_facts
from uplift.outcomes.later import measure_later
from uplift.stats.moments import CellKeys, sum_arrays
from uplift.workflow.later import Asked, read_later

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from uplift.data import Columns, Warehouse
    from uplift.design import Design, Plan
    from uplift.outcomes import Measured
    from uplift.results import Note
    from uplift.spec import ExperimentSpec
    from uplift.stats.moments import BlockPlan, Moments
    from uplift.workflow.later import Later

SEGMENT = "segment:"
"""Prefix of the flag columns of segments among the past columns."""

FEW = 50_000
"""Rows up to which sums are made in memory."""

HIDDEN_AXES = ("frequency", "basket")
"""Axes on which strata are asked whether they hide a difference."""


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Measured units of the experiment, the holdout and lost units left out.

    Parameters
    ----------
    measured
        Integer columns of the n analysed units.
    keys
        Cell of each.
    past
        What was known of them before the draw.
    assigned, analysed : ndarray of int64, shape (S, A)
        Units drawn, and units that are still in the units table.
    control_redeemed
        Control units with a redemption of this campaign, None without coupons.
    notes
        Rows of the tables that were left out, counted.
    later
        What was read beside the window's facts; None where there is nothing to read.
    beside
        Its columns and blocks, likewise.
    """

    measured: Measured
    keys: CellKeys
    past: Columns
    assigned: NDArray[np.int64]
    analysed: NDArray[np.int64]
    control_redeemed: int | None
    notes: tuple[Note, ...] = ()
    later: Later | None = None
    beside: Measured | None = None

    def population(
        self, rows: NDArray[np.bool_] | None = None, *, name: str = "all", blocks: int | None = None
    ) -> Moments:
        """Return the sums over all units, or over some with their folds merged.

        Parameters
        ----------
        rows : ndarray of bool, shape (n,)
            Which units; None means all.
        name
            Of the population.
        blocks
            How many of the first blocks (default all).
        """
        plans = self.measured.blocks[:blocks]
        if rows is None:
            return sum_moments(self.measured.columns, keys=self.keys, blocks=plans)
        return _sum_some(self.measured.columns, self.keys, plans, np.flatnonzero(rows), name)

    def population_beside(
        self, rows: NDArray[np.bool_] | None = None, *, name: str = "all", blocks: Collection[str] | None = None
    ) -> Moments | None:
        """Return the sums of the blocks beside net value, folds merged; None where none of them was measured.

        Parameters
        ----------
        rows : ndarray of bool, shape (n,)
            Which units; None means all.
        name
            Of the population.
        blocks
            Names of blocks (default all).
        """
        if self.beside is None:
            return None
        plans = tuple(plan for plan in self.beside.blocks if blocks is None or plan.name in blocks)
        if not plans:
            return None
        if rows is None:
            merged = replace(self.keys, fold=np.zeros_like(self.keys.fold))
            return _sum_up(self.beside.columns, merged, plans, name)
        return _sum_some(self.beside.columns, self.keys, plans, np.flatnonzero(rows), name)

    def split(self, levels: tuple[str, ...], level: NDArray[np.int64], *, name: str) -> Moments:
        """Return sums of the money blocks with every stratum split by a partition of the units.

        Strata of the result are numbered ``stratum code * L + level code``, as text.
        """
        n_levels = len(levels)
        labels = tuple(str(code) for code in range(len(self.keys.strata) * n_levels))
        keys = CellKeys(
            strata=labels,
            batches=self.keys.batches,
            arms=self.keys.arms,
            stratum=self.keys.stratum * n_levels + level,
            batch=self.keys.batch,
            arm=self.keys.arm,
            fold=np.zeros_like(self.keys.fold),
        )
        plans = [plan for plan in self.measured.blocks if plan.name in {"money", "surrogates"}]
        return sum_moments(self.measured.columns, keys=keys, blocks=plans, population=name)


def _sum_some(
    columns: Mapping[str, NDArray[np.int64]],
    keys: CellKeys,
    plans: Sequence[BlockPlan],
    rows: NDArray[np.intp],
    name: str,
) -> Moments:
    used = {column.name for plan in plans for column in plan.columns}
    some = {key: values[rows] for key, values in columns.items() if key in used}
    taken = take_keys(keys, rows)
    merged = replace(taken, fold=np.zeros_like(taken.fold))
    return _sum_up(some, merged, plans, name)


def _sum_up(columns: Mapping[str, NDArray[np.int64]], keys: CellKeys, plans: Sequence[BlockPlan], name: str) -> Moments:
    """Return the same integers from memory or from the engine: few rows are not worth a query."""
    if len(keys.arm) > FEW:
        return sum_moments(columns, keys=keys, blocks=plans, population=name)
    for column in {column.name for plan in plans for column in plan.columns}:
        check_size(column, columns[column])
    return sum_arrays(columns, keys=keys, blocks=plans, population=name)


def take_keys(keys: CellKeys, rows: NDArray[np.intp]) -> CellKeys:
    """Return the cells of some rows."""
    return CellKeys(
        strata=keys.strata,
        batches=keys.batches,
        arms=keys.arms,
        stratum=keys.stratum[rows],
        batch=keys.batch[rows],
        arm=keys.arm[rows],
        fold=keys.fold[rows],
    )


def tally_units(spec: ExperimentSpec, design: Design, warehouse: Warehouse, *, through: datetime | None) -> Tally:
    """Measure the assigned units.

    Parameters
    ----------
    spec, design
        The spec, and the design whose plan and assignment hold.
    warehouse
        The tables.
    through
        Rows at or after it are not known yet.

    Returns
    -------
    Tally

    Raises
    ------
    DataError
        When no assigned unit is in the units table.
    """
    drawn = np.flatnonzero(~design.assignment.holdout)
    present = warehouse.known(design.assignment.unit_id[drawn])
    rows = drawn[present]
    if not len(rows):
        message = (
            "data.units: none of the assigned units is in the table; check that it is the table that the design was "
            "made from and that ids are spelt the same"
        )
        raise DataError(message)
    n_strata, n_arms = len(design.assignment.strata), len(design.assignment.arms)
    cell = design.assignment.stratum * n_arms + np.maximum(design.assignment.arm, 0)
    past = design.past.take(rows)
    keys = _keys(design, rows)
    facts = _facts(spec, design, warehouse, rows, through)
    measurement, known = design.plan.measurement, _numbers(past)
    measured = measure(measurement, facts=facts, past=known, costs=_plan_costs(design.plan, keys.arm))
    later = None
    if measurement.from_orders and through is not None:
        asked = Asked(design.assignment.unit_id[rows], design.assignment.t0[rows], keys.fold, through)
        later = read_later(spec, measurement, warehouse, asked, facts)
    return Tally(
        measured=measured,
        keys=keys,
        past=past,
        assigned=np.bincount(cell[drawn], minlength=n_strata * n_arms).reshape(n_strata, n_arms),
        analysed=np.bincount(cell[rows], minlength=n_strata * n_arms).reshape(n_strata, n_arms),
        control_redeemed=_control_redeemed(facts, keys.arm),
        notes=warehouse.notes,
        later=later,
        beside=None if later is None else measure_later(measurement, measured, later.facts, known={**known, **facts}),
    )


def _keys(design: Design, rows: NDArray[np.intp]) -> CellKeys:
    drawn = design.assignment
    return CellKeys(
        strata=drawn.strata,
        batches=tuple(str(batch) for batch in range(int(drawn.batch.max(initial=0)) + 1)),
        arms=drawn.arms,
        stratum=drawn.stratum[rows],
        batch=drawn.batch[rows],
        arm=drawn.arm[rows],
        fold=drawn.fold[rows],
    )


def _facts(
    spec: ExperimentSpec, design: Design, warehouse: Warehouse, rows: NDArray[np.intp], through: datetime | None
) -> Mapping[str, NDArray[np.float64]]:
    """Return what the measurement asks for: sums over the window, or columns of units."""
    measurement, ids = design.plan.measurement, design.assignment.unit_id[rows]
    columns = [one.column for one in (measurement.primary, *measurement.secondary) if one.column]
    unit_level = _numbers(_rows_of(warehouse.units(columns), ids)) if columns else {}
    if not measurement.from_orders and not any(not one.column for one in measurement.secondary):
        return unit_level
    t0 = design.assignment.t0[rows]
    window = FactWindow(
        t0=t0,
        start_day=0,
        end_day=measurement.window_days,
        through=through,
        settle_days=measurement.settle_days,
        annual_discount_rate=measurement.annual_discount_rate,
    )
    facts = dict(_numbers(warehouse.facts(ids, window, names=needed_facts(measurement))))
    if "subsidy" not in facts:
        facts["promo_orders"] = _promo_orders(spec, warehouse, ids, window)
    return {**facts, **unit_level}


def _promo_orders(
    spec: ExperimentSpec, warehouse: Warehouse, ids: NDArray[np.object_], window: FactWindow
) -> NDArray[np.float64]:
    start, expiry = spec.campaign.start_at, spec.campaign.expiry_at
    days = window.end_day if start is None or expiry is None else max((expiry - start).days, 1)
    promo = FactWindow(t0=window.t0, start_day=0, end_day=days, through=window.through, settle_days=0)
    return warehouse.facts(ids, promo, names=("orders",))["orders"].astype(np.float64)


def _rows_of(columns: Columns, ids: NDArray[np.object_]) -> Columns:
    return columns.take(np.searchsorted(columns.unit_id.astype(str), ids.astype(str)))


def _numbers(columns: Columns) -> Mapping[str, NDArray[np.float64]]:
    return {name: values.astype(np.float64) for name, values in columns.values.items() if values.dtype.kind in "fiub"}


def _plan_costs(plan: Plan, arm: NDArray[np.int64]) -> PlanCosts:
    def per_unit(kind: str) -> NDArray[np.float64]:
        costs = [0.0 if one.is_control else float(getattr(one, kind)) for one in plan.arms]
        found: NDArray[np.float64] = np.array(costs)[arm]
        return found

    return PlanCosts(contact=per_unit("contact"), fulfilment=per_unit("fulfilment"), redemption=per_unit("redemption"))


def _control_redeemed(facts: Mapping[str, NDArray[np.float64]], arm: NDArray[np.int64]) -> int | None:
    if "redeemed_orders" not in facts:
        return None
    return int(((facts["redeemed_orders"] > 0) & (arm == 0)).sum())
