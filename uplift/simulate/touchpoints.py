"""Service tickets and behaviour: what customers do and suffer besides buying.

Tickets follow orders; who leaves sooner complains more often. Visits come before orders and between
them, and thin out before a customer's last order, so that somebody who looks can see it coming. All of
it is drawn from streams of its own: the other tables of a seed are the same with and without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.simulate.rhythm import staying

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.simulate.past import Orders
    from uplift.simulate.world import World

REASONS = ("物流", "质量", "缺货", "其他")
EVENTS = ("访问", "内容", "分享", "邀请")
BEHAVIOUR_DAYS = 400.0
_TICKETS, _LAST_TICKETS = 0.02, 0.2
_COMPLAINTS, _COMPLAINTS_BY_DROPOUT, _MOST_COMPLAINTS = 0.2, 3.0, 0.8
_REASON_SHARES = (0.45, 0.30, 0.15, 0.10)
_RATED, _RESOLVED = 0.8, 0.85
_WAIT_DAYS = 6.0
_BEFORE_ORDER, _BETWEEN, _LEAST_A_DAY = 0.9, 0.6, 0.002
_LEAD_DAYS = 8.0
_FADE_DAYS, _FADED = 42.0, 0.2
_GONE = 0.05
_READERS, _READS = 0.3, 0.35
_SHARES, _REFERRALS = 0.015, 0.004
_REFERRED_MARGIN, _REFERRED_SHAPE = 30.0, 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Tickets:
    """Service tickets, arrays of shape (m,), by time.

    Parameters
    ----------
    customer, day
        Row of the customer; days from the start of the campaign.
    complaint, resolved
        Flags.
    rating
        1 to 5; NaN where the customer gave none.
    reason
        Code into ``REASONS``.
    """

    customer: NDArray[np.int64]
    day: NDArray[np.float64]
    complaint: NDArray[np.bool_]
    resolved: NDArray[np.bool_]
    rating: NDArray[np.float64]
    reason: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """Behaviour, arrays of shape (m,), by time.

    Parameters
    ----------
    customer, day
        Row of the customer; days from the start of the campaign.
    kind
        Code into ``EVENTS``.
    value
        Margin that a referral brought (currency units), 0 for other events.
    """

    customer: NDArray[np.int64]
    day: NDArray[np.float64]
    kind: NDArray[np.int64]
    value: NDArray[np.float64]


def draw_tickets(world: World, orders: Orders, span: tuple[float, float], rng: np.random.Generator) -> Tickets:
    """Draw the tickets that follow orders.

    Parameters
    ----------
    world
        The market.
    orders
        The orders; before the start the last one of who has left brings a ticket more often.
    span
        First day, and day before which a ticket must lie.
    rng
        Of the tickets.
    """
    past, dropout = world.past, world.population.rhythm.dropout
    owner = orders.customer
    is_last = ~past.there[owner] & (orders.day == past.last_order[owner])
    written = rng.random(len(orders)) < np.where(is_last, _LAST_TICKETS, _TICKETS)
    day = orders.day + rng.exponential(_WAIT_DAYS, len(orders))
    row = _inside(day, written, span)
    who = owner[row]
    chance = np.minimum(_COMPLAINTS + _COMPLAINTS_BY_DROPOUT * dropout[who], _MOST_COMPLAINTS)
    complaint = (rng.random(len(row)) < chance) | is_last[row]
    stars = np.clip(np.round(rng.normal(np.where(complaint, 2.0, 4.2), 0.8)), 1.0, 5.0)
    return Tickets(
        customer=who,
        day=day[row],
        complaint=complaint,
        resolved=rng.random(len(row)) < _RESOLVED,
        rating=np.where(rng.random(len(row)) < _RATED, stars, np.nan),
        reason=np.asarray(np.searchsorted(np.cumsum(_REASON_SHARES)[:-1], rng.random(len(row))), dtype=np.int64),
    )


def draw_events(world: World, orders: Orders, span: tuple[float, float], rng: np.random.Generator) -> Events:
    """Draw visits before orders and between them, and say which are more than a visit.

    Parameters
    ----------
    world
        The market.
    orders
        The orders that visits lead to.
    span
        First day, and day before which an event must lie.
    rng
        Of the events.
    """
    lead = rng.poisson(_BEFORE_ORDER, len(orders))
    owner = np.repeat(orders.customer, lead)
    day = np.repeat(orders.day, lead) - rng.exponential(_LEAD_DAYS, len(owner))
    browser, when = _draw_browsing(world, span, rng)
    owner, day = np.concatenate((owner, browser)), np.concatenate((day, when))
    row = _inside(day, rng.random(len(day)) < _keenness(world, owner, day), span)
    kind = _draw_kinds(world, owner[row], rng)
    brought = rng.gamma(_REFERRED_SHAPE, _REFERRED_MARGIN / _REFERRED_SHAPE, len(row))
    value = np.where(kind == EVENTS.index("邀请"), np.round(brought, 2), 0.0)
    return Events(owner[row], day[row], kind, value)


def _draw_browsing(
    world: World, span: tuple[float, float], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Draw visits that lead to nothing, in proportion to the rate, from registration on."""
    rhythm = world.population.rhythm
    level = _BETWEEN * rhythm.rate * rhythm.floor + _LEAST_A_DAY
    start = np.maximum(rhythm.registered, span[0])
    length = np.maximum(span[1] - start, 0.0)
    owner = np.repeat(np.arange(len(level)), rng.poisson(level * length))
    return owner, start[owner] + length[owner] * rng.random(len(owner))


def _keenness(world: World, owner: NDArray[np.int64], day: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of visits that are made: falling in the six weeks before a last order, few after it."""
    past = world.past
    left = np.where(past.there, np.inf, past.last_order)[owner]
    fading = np.interp(day - left, [-_FADE_DAYS, 0.0], [1.0, _FADED])
    made = np.where(day >= left, _GONE, fading)
    later = day >= 0.0
    made[later] *= staying(world.population.rhythm.take(owner[later]), day[later])
    return np.asarray(made)


def _draw_kinds(world: World, owner: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    traits = np.random.default_rng(np.random.SeedSequence(world.seed, spawn_key=(7,)))
    reads = np.where(traits.random(len(world.population)) < _READERS, _READS, 0.05)
    chance = rng.random(len(owner))
    rare = _REFERRALS + _SHARES
    kind = np.where(chance < rare + reads[owner], EVENTS.index("内容"), EVENTS.index("访问"))
    kind[chance < rare] = EVENTS.index("分享")
    kind[chance < _REFERRALS] = EVENTS.index("邀请")
    return kind.astype(np.int64)


def _inside(day: NDArray[np.float64], wanted: NDArray[np.bool_], span: tuple[float, float]) -> NDArray[np.int64]:
    """Return the rows that are wanted and inside the span, by time."""
    row = np.flatnonzero(wanted & (day >= span[0]) & (day < span[1]))
    return np.asarray(row[np.argsort(day[row], kind="stable")])
