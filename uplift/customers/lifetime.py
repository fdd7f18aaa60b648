"""The lifetime model of a population, and what it says of each unit at its moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.clv.cells import PurchaseCells, make_cells
from uplift.clv.gamma_gamma import fit_spend
from uplift.clv.lifetime import LifetimeModel
from uplift.clv.purchase import fit_purchases
from uplift.customers.lifecycle import LifecycleRule
from uplift.customers.model_stage import buys_if_alive, calibrate_alive, classify_by_model, find_borders
from uplift.errors import DataError, EstimationError
from uplift.results import Note

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.clv import PurchaseModel
    from uplift.clv.lifetime import PurchaseKind
    from uplift.customers.axes import Axis
    from uplift.customers.history import UnitColumns
    from uplift.customers.model_stage import AliveCalibration

LEAST_REPEATERS = 50
"""Units with a repeat purchase, fewer than which no model is fitted."""
MOST_SPENDERS = 100_000
"""Units from which the value of an order is learned; more are sampled."""
STAGE_DAYS = 90.0
"""Days of the expected orders by which the model tells the stage where P(alive) is 1."""


@dataclass(frozen=True, slots=True, eq=False)
class CustomerModel:
    """What a lifetime model says of ``n`` units as of a moment.

    Parameters
    ----------
    purchase
        When customers order; None where it could not be fitted.
    lifetime
        The same with the value of an order; None without values or where that could not be fitted.
    alive : ndarray of float, shape (n,)
        Chance to be there still; NaN without an order or without a model.
    by_model
        Stages by the model alone; None without a model.
    notes
        Why there is no model: ``lifetime.too_few``, ``lifetime.no_fit`` or ``lifetime.no_spend``.
    """

    purchase: PurchaseModel | None
    lifetime: LifetimeModel | None
    alive: NDArray[np.float64]
    by_model: Axis | None
    notes: tuple[Note, ...] = ()

    def take(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> CustomerModel:
        """Return what it says of some of the units."""
        stages = None if self.by_model is None else replace(self.by_model, codes=self.by_model.codes[rows])
        return replace(self, alive=self.alive[rows], by_model=stages)


def fit_customers(
    purchases: UnitColumns,
    *,
    spend: UnitColumns | None = None,
    kind: PurchaseKind = "bgnbd",
    rule: LifecycleRule | None = None,
) -> CustomerModel:
    """Fit the lifetime model of a population once, and say who is there still.

    Parameters
    ----------
    purchases
        As ``Warehouse.purchases`` or ``Warehouse.history`` gives them, of the ``n`` units: ``frequency``,
        ``recency_days`` and ``age_days`` (NaN without an order).
    spend
        As ``Warehouse.purchases`` gives them, of units that stand for all that purchased again (see
        :func:`choose_spenders`): ``frequency`` and ``mean_value``. None: no model of what an order is worth.
    kind
        The model of purchases.
    rule
        Where the borders on P(alive) lie; None for the default.

    Returns
    -------
    CustomerModel
        Without a model where fewer than 50 units purchased again, or where the likelihood has no maximum: the
        notes say so, and the stages are by rule alone.

    Notes
    -----
    *Assumptions*: those of BG/NBD: constant rates while a customer stays, a constant chance to stop after each
    repeat purchase, both independent over customers.

    References
    ----------
    Fader, Hardie and Lee (2005), Marketing Science 24. Fader and Hardie (2013), brucehardie.com/notes/025.
    """
    x, recency, age = (np.asarray(purchases.values[name]) for name in ("frequency", "recency_days", "age_days"))
    unknown = np.full(len(x), np.nan)
    repeaters = int((x > 0).sum())
    if repeaters < LEAST_REPEATERS:
        return CustomerModel(None, None, unknown, None, (Note("lifetime.too_few", {"n": repeaters}),))
    cells = _gather(x, recency, age)
    try:
        purchase = fit_purchases(cells, kind=kind)
    except EstimationError:
        return CustomerModel(None, None, unknown, None, (Note("lifetime.no_fit", {"n": repeaters}),))
    lifetime, notes = _fit_spend(purchase, spend) if spend is not None else (None, ())
    alive = np.where(np.isnan(age), np.nan, purchase.alive(x, recency, age))
    given = rule or LifecycleRule()
    by_model = _stages(purchase, cells, alive, age, given)
    return CustomerModel(purchase, lifetime, alive, by_model, notes)


def predict_residual(
    model: LifetimeModel, purchases: UnitColumns, *, horizon_days: float, annual_discount_rate: float
) -> NDArray[np.float64]:
    """Return the discounted value that each unit is still to bring within a horizon.

    Parameters
    ----------
    model
        From :func:`fit_customers`.
    purchases
        As there.
    horizon_days, annual_discount_rate
        How far, and how later money counts.

    Returns
    -------
    ndarray of float, shape (n,)
        Currency units; 0 without an order.

    Raises
    ------
    DataError
        When the purchases hold no value.
    """
    names = ("frequency", "recency_days", "age_days", "mean_value")
    missing = [name for name in names if name not in purchases.values]
    if missing:
        message = f"purchases: column '{missing[0]}' is missing; a predicted value needs data.orders.margin"
        raise DataError(message)
    x, recency, age, value = (np.asarray(purchases.values[name], dtype=np.float64) for name in names)
    worth = model.residual_value(
        x, recency, age, value, start_days=0.0, end_days=horizon_days, annual_discount_rate=annual_discount_rate
    )
    return np.nan_to_num(worth)


def calibrate_stages(
    before: UnitColumns,
    after: UnitColumns,
    *,
    horizon_days: float,
    kind: PurchaseKind = "bgnbd",
    rule: LifecycleRule | None = None,
) -> AliveCalibration:
    """Hold P(alive) of a past moment against what came, and say where the borders of the stages should lie.

    Parameters
    ----------
    before, after
        As ``Warehouse.history`` or ``Warehouse.purchases`` gives them at a past moment and ``horizon_days`` later,
        of the same ``n`` units in the same order; the model is fitted to ``before`` alone.
    horizon_days
        Days between the two.
    kind
        The model of purchases.
    rule
        Chances at which the borders should lie; None for the default.

    Returns
    -------
    AliveCalibration
        Its borders may become ``lost_alive`` and ``silent_alive`` of a :class:`LifecycleRule`.

    Raises
    ------
    DataError
        When the units are not the same, or no model could be fitted.
    """
    if len(before.unit_id) != len(after.unit_id) or not bool(np.all(before.unit_id == after.unit_id)):
        message = (
            f"before and after: {len(before.unit_id)} and {len(after.unit_id)} units, must be the same in one order"
        )
        raise DataError(message)
    given = rule or LifecycleRule()
    model = fit_customers(before, kind=kind, rule=given)
    if model.purchase is None:
        message = f"before: no lifetime model could be fitted ({model.notes[0].code}); a longer past is needed"
        raise DataError(message)
    days = [np.asarray(each.values["frequency"], dtype=np.int64) for each in (before, after)]
    age = np.asarray(before.values["age_days"], dtype=np.float64)
    hoped = buys_if_alive(model.purchase, days[0], age, horizon=horizon_days)
    return calibrate_alive(model.alive, hoped, days[1] > days[0], lost=given.lost_alive, silent=given.silent_alive)


def choose_spenders(purchases: UnitColumns, *, seed: int, most: int = MOST_SPENDERS) -> NDArray[np.object_]:
    """Return ids that stand for all units with a repeat purchase: all of them, or a random part.

    Parameters
    ----------
    purchases
        As in :func:`fit_customers`; ids sorted.
    seed
        Of the draw.
    most
        Units at most.

    Returns
    -------
    ndarray of object (str), shape (m,)
        Sorted as given.
    """
    repeaters = np.flatnonzero(np.asarray(purchases.values["frequency"]) > 0)
    if len(repeaters) > most:
        repeaters = np.sort(np.random.default_rng(seed).choice(repeaters, most, replace=False))
    return purchases.unit_id[repeaters]


def _fit_spend(purchase: PurchaseModel, spend: UnitColumns) -> tuple[LifetimeModel | None, tuple[Note, ...]]:
    x, value = (np.asarray(spend.values[name], dtype=np.float64) for name in ("frequency", "mean_value"))
    try:
        return LifetimeModel(purchase, fit_spend(x, np.where(x > 0, value, 0.0))), ()
    except EstimationError:
        return None, (Note("lifetime.no_spend", {"n": int(((x > 0) & (value > 0)).sum())}),)


def _gather(x: NDArray[np.generic], recency: NDArray[np.generic], age: NDArray[np.generic]) -> PurchaseCells:
    told = ~np.isnan(age.astype(np.float64))
    frequency, first_to_last, whole = (each[told].astype(np.float64) for each in (x, recency, age))
    return make_cells(frequency, first_to_last, whole)


def _stages(
    purchase: PurchaseModel,
    cells: PurchaseCells,
    alive: NDArray[np.float64],
    age: NDArray[np.generic],
    rule: LifecycleRule,
) -> Axis:
    """Return the stages by the model; the borders are of the cells, which stand for all units."""
    history = (cells.frequency, cells.recency, cells.age)
    count = np.rint(cells.weight).astype(np.int64)
    borders = find_borders(
        np.repeat(purchase.alive(*history), count),
        np.repeat(purchase.expected_orders(*history, horizon=STAGE_DAYS), count),
        lost_alive=rule.lost_alive,
        silent_alive=rule.silent_alive,
        horizon_days=STAGE_DAYS,
    )
    once = alive >= 1
    expected = np.full(len(alive), np.nan)
    ages, place = np.unique(age[once].astype(np.float64), return_inverse=True)
    nothing = np.zeros(len(ages))
    expected[once] = purchase.expected_orders(nothing, nothing, ages, horizon=STAGE_DAYS)[place]
    return classify_by_model(alive, expected, borders=borders)
