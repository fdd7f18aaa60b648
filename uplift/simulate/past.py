"""The world before the campaign: orders since registration, past coupon campaigns, refunds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.simulate.basket import draw_above
from uplift.simulate.population import Population, draw_listed
from uplift.simulate.rhythm import shape_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.simulate.scenario import Scenario

CATEGORIES = ("蔬菜", "水果", "肉禽蛋", "水产海鲜", "乳品烘焙", "粮油速食")
CATEGORY_SHARES = (0.25, 0.22, 0.20, 0.10, 0.13, 0.10)
NO_COUPON = -1


@dataclass(frozen=True, slots=True)
class PastCampaign:
    """A coupon campaign that is over: issue day, days of validity, face, minimum, our share, code."""

    code: str
    day: float
    days: float
    face: float
    minimum: float
    our_share: float = 1.0


PAST_CAMPAIGNS = (
    PastCampaign("NY-24", -735.0, 30.0, 8.0, 59.0),
    PastCampaign("SP-24", -640.0, 30.0, 10.0, 79.0),
    PastCampaign("618-24", -625.0 + 60.0, 30.0, 8.0, 59.0),
    PastCampaign("AU-24", -470.0, 30.0, 15.0, 99.0, 0.5),
    PastCampaign("SP-25", -355.0, 30.0, 8.0, 59.0),
    PastCampaign("QM-25", -318.0, 35.0, 10.0, 69.0),
    PastCampaign("618-25", -265.0, 30.0, 8.0, 59.0),
    PastCampaign("AU-25", -170.0, 30.0, 15.0, 99.0, 0.5),
    PastCampaign("1212-25", -82.0, 30.0, 8.0, 59.0),
)
_REACH = 0.3
_PAST_REDEEM = 0.18
_FREQUENT_A_DAY = 34.0 / 365.0


@dataclass(frozen=True, slots=True, eq=False)
class Orders:
    """Orders as arrays of shape (m,).

    Parameters
    ----------
    customer
        Row of the customer.
    day
        Moment of payment, days from the start of the campaign.
    listed
        List value (currency units).
    category
        Code into ``CATEGORIES``.
    coupon
        Row in the coupons that were redeemed on the order; ``NO_COUPON`` for none.
    face
        Face value of that coupon, 0 for none.
    """

    customer: NDArray[np.int64]
    day: NDArray[np.float64]
    listed: NDArray[np.float64]
    category: NDArray[np.int64]
    coupon: NDArray[np.int64]
    face: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.customer)

    def take(self, index: NDArray[np.bool_] | NDArray[np.int64]) -> Orders:
        """Return the orders at ``index``."""
        return Orders(
            self.customer[index],
            self.day[index],
            self.listed[index],
            self.category[index],
            self.coupon[index],
            self.face[index],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Coupons:
    """Coupons as arrays of shape (m,): customer, campaign code, arm or tier code, issue and redemption day (NaN)."""

    customer: NDArray[np.int64]
    campaign: NDArray[np.int64]
    issued: NDArray[np.float64]
    redeemed: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """The orders and coupons before the campaign, and who is still there on its first day."""

    orders: Orders
    coupons: Coupons
    there: NDArray[np.bool_]
    last_order: NDArray[np.float64]
    n_orders: NDArray[np.int64]


def draw_past(
    population: Population, scenario: Scenario, order_rng: np.random.Generator, coupon_rng: np.random.Generator
) -> Past:
    """Draw the past of a population."""
    customer, day, there = _draw_order_times(population, order_rng, exact=scenario.exact)
    recorded = day >= -scenario.record_days
    orders = plain_orders(customer[recorded], day[recorded], population, order_rng)
    orders, coupons = _run_past_campaigns(orders, population, scenario, coupon_rng)
    last = np.full(len(population), -np.inf)
    np.maximum.at(last, orders.customer, orders.day)
    return Past(orders, coupons, there, last, np.bincount(orders.customer, minlength=len(population)))


def plain_orders(
    customer: NDArray[np.int64], day: NDArray[np.float64], population: Population, rng: np.random.Generator
) -> Orders:
    """Return orders without coupons at the given moments, with list values and categories drawn."""
    return Orders(
        customer=customer,
        day=day,
        listed=draw_listed(population.basket[customer], rng),
        category=draw_categories(len(customer), rng),
        coupon=np.full(len(customer), NO_COUPON, dtype=np.int64),
        face=np.zeros(len(customer)),
    )


def draw_categories(size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw the category of each order, whoever buys."""
    return np.asarray(np.searchsorted(np.cumsum(CATEGORY_SHARES)[:-1], rng.random(size)), dtype=np.int64)


def _draw_order_times(
    population: Population, rng: np.random.Generator, *, exact: bool
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Draw a thinned Poisson process from the first order to day 0 and stop it after the lifetime.

    Unless ``exact``, the first order takes the place of the earliest later one, so that the second comes
    a little late.
    """
    rhythm = population.rhythm
    begun = np.flatnonzero(population.first_order < 0.0)
    span = -population.first_order[begun]
    count = rng.poisson(rhythm.rate[begun] * (1.0 + rhythm.swing[begun]) * span)
    customer = np.repeat(begun, count + 1)
    first = np.concatenate(([0], np.cumsum(count + 1)[:-1]))
    share = _after_the_first(count, first, rng) if exact else _sorted_uniforms(count + 1, rng)
    day = share * np.repeat(span, count + 1) - np.repeat(span, count + 1)
    day[first] = population.first_order[begun]
    own = rhythm.take(customer)
    kept = rng.random(len(day)) * (1.0 + own.swing) < shape_of(own, day)
    kept[first] = True
    customer, day = customer[kept], day[kept]
    rank = rank_within(customer)
    alive = rank < population.lifetime[customer]
    lived = np.bincount(customer, minlength=len(population))
    there = (lived < population.lifetime) & np.isfinite(population.first_order)
    return customer[alive], day[alive], there


def _after_the_first(
    count: NDArray[np.int64], first: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return ``count`` ordered uniforms per customer, each customer's after a zero."""
    later = np.ones(int(count.sum()) + len(count), dtype=np.bool_)
    later[first] = False
    share = np.zeros(len(later))
    share[later] = _sorted_uniforms(count, rng)
    return share


def _sorted_uniforms(counts: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return, for each count c, c - 1 ordered uniforms after a first value that the caller replaces."""
    gaps = rng.exponential(size=int(counts.sum()) + len(counts))
    total = np.concatenate(([0.0], np.cumsum(gaps)))
    ends = np.cumsum(counts + 1)
    starts = ends - (counts + 1)
    inner = np.arange(len(gaps)) - np.repeat(starts, counts + 1)
    length = np.repeat(total[ends] - total[starts], counts + 1)
    share = (total[1:] - np.repeat(total[starts], counts + 1)) / length
    return np.asarray(share[inner < np.repeat(counts, counts + 1)])


def rank_within(customer: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 0, 1, 2, … within each run of equal customers."""
    position = np.arange(len(customer))
    fresh = np.concatenate(([True], customer[1:] != customer[:-1])) if len(customer) else np.zeros(0, bool)
    return np.asarray(position - np.maximum.accumulate(np.where(fresh, position, 0)))


def _run_past_campaigns(
    orders: Orders, population: Population, scenario: Scenario, rng: np.random.Generator
) -> tuple[Orders, Coupons]:
    """Give each past campaign's coupons to random customers, who redeem them or buy because of them."""
    coupon = orders.coupon.copy()
    face = orders.face.copy()
    books, made, issued = [], [], 0
    for index, campaign in enumerate(PAST_CAMPAIGNS):
        receiver = np.flatnonzero(
            (population.rhythm.registered < campaign.day) & (rng.random(len(population)) < _REACH)
        )
        extra, redeemed = _draw_extra(receiver, campaign, population, scenario, rng)
        if not scenario.free:
            used = _first_chance(orders, coupon, receiver[np.isnan(redeemed)], campaign, rng)
            row = np.searchsorted(receiver, orders.customer[used])
            coupon[used], face[used], redeemed[row] = issued + row, campaign.face, orders.day[used]
        made.append(replace(extra, coupon=issued + np.searchsorted(receiver, extra.customer)))
        books.append(Coupons(receiver, np.full(len(receiver), index), np.full(len(receiver), campaign.day), redeemed))
        issued += len(receiver)
    return join_orders((replace(orders, coupon=coupon, face=face), *made)), _join_coupons(books)


def _draw_extra(
    receiver: NDArray[np.int64],
    campaign: PastCampaign,
    population: Population,
    scenario: Scenario,
    rng: np.random.Generator,
) -> tuple[Orders, NDArray[np.float64]]:
    """Draw the orders that a past coupon made, and the day on which each coupon was redeemed by one."""
    chance = scenario.past_incremental * population.affinity[receiver]
    chance[population.rhythm.rate[receiver] >= _FREQUENT_A_DAY] = 0.0
    moment = campaign.day + campaign.days * rng.random(len(receiver))
    bought = rng.random(len(receiver)) < chance
    customer = receiver[bought]
    orders = Orders(
        customer=customer,
        day=moment[bought],
        listed=draw_above(population.basket[customer], campaign.minimum, rng.random(len(customer))),
        category=draw_categories(len(customer), rng),
        coupon=np.full(len(customer), NO_COUPON, dtype=np.int64),
        face=np.full(len(customer), campaign.face),
    )
    return orders, np.where(bought, moment, np.nan)


def _first_chance(
    orders: Orders,
    coupon: NDArray[np.int64],
    willing: NDArray[np.int64],
    campaign: PastCampaign,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Return the rows of the orders on which willing receivers use their coupon: their first that allows it."""
    may = np.zeros(int(orders.customer.max(initial=0)) + 1, dtype=np.bool_)
    may[willing[(willing < len(may)) & (rng.random(len(willing)) < _PAST_REDEEM)]] = True
    in_time = (orders.day >= campaign.day) & (orders.day < campaign.day + campaign.days)
    row = np.flatnonzero(in_time & (orders.listed >= campaign.minimum) & (coupon == NO_COUPON) & may[orders.customer])
    _, first = np.unique(orders.customer[row], return_index=True)
    return np.asarray(row[first])


def join_orders(parts: tuple[Orders, ...]) -> Orders:
    """Return the orders of all parts, one after the other."""
    return Orders(
        np.concatenate([part.customer for part in parts]),
        np.concatenate([part.day for part in parts]),
        np.concatenate([part.listed for part in parts]),
        np.concatenate([part.category for part in parts]),
        np.concatenate([part.coupon for part in parts]),
        np.concatenate([part.face for part in parts]),
    )


def _join_coupons(parts: list[Coupons]) -> Coupons:
    return Coupons(
        np.concatenate([part.customer for part in parts]),
        np.concatenate([part.campaign for part in parts]),
        np.concatenate([part.issued for part in parts]),
        np.concatenate([part.redeemed for part in parts]),
    )
