"""Small worlds as arrays: a market's draw, its campaign and what an analysis may see of both, without files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from uplift.outcomes.purchases import PurchaseState, SeenPurchases
from uplift.simulate.blueprint import scenario_spec
from uplift.simulate.campaign import NOT_TREATED, play
from uplift.simulate.past import NO_COUPON, join_orders
from uplift.simulate.rates import margin_rates
from uplift.simulate.scenario import RETURN_LOSS
from uplift.simulate.truth import discount
from uplift.simulate.world import draw_world

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from uplift.simulate.past import Orders
    from uplift.simulate.world import World
    from uplift.spec import ExperimentSpec

WINDOW, SETTLED, HORIZON, RATE = 90, 120, 365, 0.10
KEPT = 1.0 - RETURN_LOSS
LONG_AGO = 4_000
EXTRA, LEFT = 20.0, 0.8
"""Mean margin of an order that is independent of all else, and what it leaves behind per unit."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """The past cohort of a surrogate index: rows, features of its window, what came soon after and to the horizon."""

    unit: NDArray[np.intp]
    features: Mapping[str, NDArray[np.float64]]
    early: NDArray[np.float64]
    residual: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ArrayWorld:
    """n eligible units of one world after its campaign, 365 days seen.

    Parameters
    ----------
    unit, arm, stratum
        Row of the customer; 0 control, 1 treated; terciles of orders in the year before.
    facts, past
        Sums of the window and of the year before, by the names that outcomes know.
    everyone, before
        Purchase history at day 0 of all customers, and of the eligible.
    organic, every
        Purchases of the window without a coupon, and all.
    early, later
        Margin that came in the 30 days after the window (gross), and up to the horizon (net of returns), discounted.
    cohort
        One year earlier.
    residual_effect, window_effect
        True mean effects on later value and on net margin in the window, per unit given its latents.
    """

    unit: NDArray[np.intp]
    arm: NDArray[np.int64]
    stratum: NDArray[np.int64]
    facts: Mapping[str, NDArray[np.float64]]
    past: Mapping[str, NDArray[np.float64]]
    everyone: PurchaseState
    before: PurchaseState
    organic: SeenPurchases
    every: SeenPurchases
    early: NDArray[np.float64]
    later: NDArray[np.float64]
    cohort: Cohort
    residual_effect: float
    window_effect: float


@dataclass(frozen=True, slots=True)
class Ledger:
    """All orders of a world with their margins before subsidy, days from the start of the campaign."""

    orders: Orders
    margin: NDArray[np.float64]
    n_units: int

    def total(
        self, start: float, stop: float, *, money: bool = True, coupon: bool | None = None, day0: float | None = None
    ) -> NDArray[np.float64]:
        """Return per unit the margin (or the number) of orders in [start, stop), discounted to ``day0`` if given."""
        rows = (self.orders.day >= start) & (self.orders.day < stop)
        if coupon is not None:
            rows &= (self.orders.coupon != NO_COUPON) == coupon
        weight = self.margin[rows] if money else np.ones(int(rows.sum()))
        if day0 is not None:
            weight = weight * discount(self.orders.day[rows] - day0, RATE)
        return np.bincount(self.orders.customer[rows], weight, self.n_units).astype(np.float64)


@cache
def spec_of(scenario: str) -> ExperimentSpec:
    """Return a scenario's spec."""
    return scenario_spec(scenario)


def seed_of(text: str) -> int:
    """Return the seed that a test id gives."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def make_array_world(scenario: str, *, n_customers: int, seed: int, marked: bool = False) -> ArrayWorld:
    """Draw a world, give one half of its eligible units the small coupon, and look for a year.

    ``marked`` puts a free coupon on the window orders of second lives: then couponed orders say of the future what
    any order says.
    """
    world = draw_world(spec_of(scenario), scenario=scenario, n_customers=n_customers, seed=seed)
    before = ledger_of(world, world.past.orders)
    eligible = np.flatnonzero(before.total(-365.0, 0.0, money=False) > 0)
    arm, stratum = _draw_arms(world, eligible, np.random.default_rng([seed, 1]))
    assigned = np.full(n_customers, NOT_TREATED)
    assigned[eligible[arm == 1]] = 0
    played = play(world, assigned, follow_up_days=HORIZON)
    if marked:
        played = replace(played, lasting=_with_coupons(played.lasting))
    orders = join_orders((world.past.orders, played.orders))
    ledger = ledger_of(world, orders)
    effect = world.effects[0]
    window = effect.gross_margin - effect.subsidy - effect.contact - effect.returned
    state, organic, every = _purchases(ledger, eligible)
    return ArrayWorld(
        unit=eligible,
        arm=arm,
        stratum=stratum,
        facts={name: values[eligible] for name, values in _facts(world, ledger, assigned).items()},
        past={name: values[eligible] for name, values in _year_before(ledger, 0.0).items()},
        everyone=state,
        before=state.take(eligible),
        organic=organic,
        every=every,
        early=ledger.total(WINDOW, SETTLED, day0=0.0)[eligible],
        later=KEPT * ledger.total(WINDOW, HORIZON, day0=0.0)[eligible],
        cohort=_cohort(ledger),
        residual_effect=float(effect.residual[eligible].mean()),
        window_effect=float(window[eligible].mean()),
    )


def make_surrogate_world(*, n_customers: int, seed: int) -> ArrayWorld:
    """Draw a world in which surrogacy holds whatever the shape of the index.

    In a market without coupons some units get an order whose margin is independent of all else: 30 % in the past
    cohort, 15 % of the control, 45 % of the treated. Later value is that of the market and LEFT for each unit of that
    margin, so E[later value | surrogates] is the same function in both samples and both arms.
    """
    world = make_array_world("stationary", n_customers=n_customers, seed=seed)
    rng = np.random.default_rng([seed, 2])
    share = np.where(world.arm == 1, 0.45, 0.15)
    extra, past = (
        np.where(rng.random(len(chance)) < chance, np.round(rng.gamma(4.0, EXTRA / 4.0, len(chance)), 2), 0.0)
        for chance in (share, np.full(len(world.cohort.unit), 0.30))
    )
    added = 0.30 * EXTRA
    cohort = world.cohort
    return replace(
        world,
        facts=_with_extra(world.facts, extra),
        early=world.early + LEFT / 4.0 * extra * rng.gamma(2.0, 0.5, len(extra)),
        later=world.later + LEFT * extra * rng.gamma(2.0, 0.5, len(extra)),
        cohort=replace(
            cohort,
            features=_with_extra(cohort.features, past),
            early=cohort.early + LEFT / 4.0 * past * rng.gamma(2.0, 0.5, len(past)),
            residual=cohort.residual + LEFT * past * rng.gamma(2.0, 0.5, len(past)),
        ),
        residual_effect=LEFT * added,
        window_effect=KEPT * added,
    )


def _with_extra(facts: Mapping[str, NDArray[np.float64]], extra: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    found = dict(facts)
    for name in ("gross_margin", "couponed_margin"):
        found[name] = found[name] + extra
    found["orders"] = found["orders"] + (extra > 0)
    if "returned_margin" in found:
        found["returned_margin"] = RETURN_LOSS * found["gross_margin"]
    return found


def ledger_of(world: World, orders: Orders) -> Ledger:
    """Return orders with their margins."""
    rate = margin_rates()[world.population.platform[orders.customer], orders.category]
    return Ledger(orders, np.asarray(np.round(rate * orders.listed, 2)), len(world.population))


def purchase_state(ledger: Ledger) -> PurchaseState:
    """Return every customer's purchase days before day 0."""
    orders = ledger.orders
    days = _days(orders.customer, np.floor(orders.day).astype(np.int64), ledger.margin, orders.day < 0)
    return _state(*days, ledger.n_units)


def _draw_arms(
    world: World, eligible: NDArray[np.intp], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return arms drawn half and half within terciles of past orders."""
    count = world.past.n_orders[eligible]
    stratum = np.searchsorted(np.quantile(count, [1 / 3, 2 / 3]), count).astype(np.int64)
    arm = np.zeros(len(eligible), np.int64)
    for code in range(3):
        rows = rng.permutation(np.flatnonzero(stratum == code))
        arm[rows[: len(rows) // 2]] = 1
    return arm, stratum


def _with_coupons(orders: Orders) -> Orders:
    return replace(orders, coupon=np.where(orders.day < WINDOW, 0, NO_COUPON))


def _window(ledger: Ledger, day0: float) -> dict[str, NDArray[np.float64]]:
    end = day0 + WINDOW
    return {
        "gross_margin": ledger.total(day0, end, day0=day0),
        "organic_margin": ledger.total(day0, end, coupon=False, day0=day0),
        "couponed_margin": ledger.total(day0, end, coupon=True, day0=day0),
        "orders": ledger.total(day0, end, money=False),
    }


def _year_before(ledger: Ledger, day0: float) -> dict[str, NDArray[np.float64]]:
    return {
        "gross_margin_365d": ledger.total(day0 - 365, day0),
        "orders_365d": ledger.total(day0 - 365, day0, money=False),
        "primary_pre": ledger.total(day0 - WINDOW, day0),
        "orders_90d": ledger.total(day0 - WINDOW, day0, money=False),
    }


def _facts(world: World, ledger: Ledger, assigned: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    offer, orders = world.launch.offers[0], ledger.orders
    seen = _window(ledger, 0.0)
    rows = (orders.day >= 0) & (orders.day < WINDOW) & (orders.coupon != NO_COUPON)
    paid = orders.face[rows] * discount(orders.day[rows], RATE)
    touches = float(discount(offer.touch_days(world.launch.valid_days), RATE).sum())
    expiry = world.launch.valid_days
    return seen | {
        "promo_margin": KEPT * ledger.total(0.0, expiry, day0=0.0),
        "after_margin": KEPT * ledger.total(expiry, WINDOW, day0=0.0),
        "subsidy": np.bincount(orders.customer[rows], paid, ledger.n_units).astype(np.float64),
        "contact_cost": np.where(assigned >= 0, touches * offer.touch_cost, 0.0),
        "contacts": np.where(assigned >= 0, float(offer.touches), 0.0),
        "returned_margin": RETURN_LOSS * seen["gross_margin"],
    }


def _cohort(ledger: Ledger) -> Cohort:
    """Return the units with an order in the year before day -365, as they were then."""
    day0 = -365.0
    known = _window(ledger, day0) | _year_before(ledger, day0)
    rows = np.flatnonzero(known["orders_365d"] > 0)
    early = ledger.total(day0 + WINDOW, day0 + SETTLED, day0=day0)
    later = KEPT * ledger.total(day0 + WINDOW, 0.0, day0=day0)
    return Cohort(rows, {name: values[rows] for name, values in known.items()}, early[rows], later[rows])


def _purchases(ledger: Ledger, eligible: NDArray[np.intp]) -> tuple[PurchaseState, SeenPurchases, SeenPurchases]:
    """Return purchase days (days counted from day 0) before the campaign and in its window."""
    orders = ledger.orders
    calendar = np.floor(orders.day).astype(np.int64)
    in_window = (orders.day >= 0) & (orders.day < WINDOW)
    organic = in_window & (orders.coupon == NO_COUPON)
    return (
        purchase_state(ledger),
        _seen(*_days(orders.customer, calendar, ledger.margin, organic), ledger.n_units, eligible),
        _seen(*_days(orders.customer, calendar, ledger.margin, in_window), ledger.n_units, eligible),
    )


def _days(
    owner: NDArray[np.int64], calendar: NDArray[np.int64], margin: NDArray[np.float64], rows: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return customer, day and margin of each distinct purchase day, by customer and day."""
    key = owner[rows] * (2 * LONG_AGO) + calendar[rows] + LONG_AGO
    distinct, code = np.unique(key, return_inverse=True)
    total = np.bincount(code, margin[rows], len(distinct))
    return distinct // (2 * LONG_AGO), distinct % (2 * LONG_AGO) - LONG_AGO, np.asarray(total, dtype=np.float64)


def _state(owner: NDArray[np.int64], day: NDArray[np.int64], value: NDArray[np.float64], n_units: int) -> PurchaseState:
    count = np.bincount(owner, minlength=n_units)
    first, last = np.full(n_units, np.inf), np.full(n_units, -np.inf)
    np.minimum.at(first, owner, day)
    np.maximum.at(last, owner, day)
    repeat = day > first[owner]
    some = count > 0
    n_repeat = np.bincount(owner[repeat], minlength=n_units)
    total = np.bincount(owner[repeat], value[repeat], n_units)
    return PurchaseState(
        frequency=np.where(some, count - 1.0, np.nan),
        recency=np.where(some, last - np.where(some, first, 0.0), np.nan),
        age=np.where(some, -np.where(some, first, 0.0), np.nan),
        mean_value=np.divide(total, n_repeat, out=np.zeros(n_units), where=n_repeat > 0),
        n_positive=n_repeat.astype(np.float64),
    )


def _seen(
    owner: NDArray[np.int64],
    day: NDArray[np.int64],
    value: NDArray[np.float64],
    n_units: int,
    eligible: NDArray[np.intp],
) -> SeenPurchases:
    count = np.bincount(owner, minlength=n_units).astype(np.float64)
    last = np.zeros(n_units)
    np.maximum.at(last, owner, day.astype(np.float64))
    total = np.bincount(owner, value, n_units).astype(np.float64)
    return SeenPurchases(count[eligible], last[eligible], total[eligible], count[eligible])
