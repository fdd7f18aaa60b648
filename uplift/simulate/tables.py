"""From a world's arrays to tables as a shop would export them, by logical column.

A :class:`Sheet` of a role holds plain columns under logical names (``id``, ``time``, ``face``);
:mod:`uplift.simulate.layout` gives them the names that a spec uses.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from uplift.simulate.past import CATEGORIES, NO_COUPON, PAST_CAMPAIGNS, Orders
from uplift.simulate.population import ACCOUNT_TYPES, CITY_TIERS, PLATFORMS
from uplift.simulate.rates import margin_rates
from uplift.simulate.scenario import RETURN_CHANCE, RETURN_FULL
from uplift.simulate.touchpoints import BEHAVIOUR_DAYS, EVENTS, REASONS, draw_events, draw_tickets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from uplift.simulate.campaign import Played
    from uplift.simulate.population import Population
    from uplift.simulate.world import World

Column = NDArray[Any]
_SECONDS = 86_400
_CANCELLED_SHARE = 0.012
_FIRST_PAST, _FIRST_CANCELLED, _FIRST_CAMPAIGN = 1_000_000_000, 3_000_000_000, 5_000_000_000
_CANCELLED_GAP = 500_000_000
_UNSUBSCRIBED = 0.002
_PAST_TOUCH_COST = 0.05
_CHANNELS = ("短信", "Push")
_REFUND_LEAST_DAYS, _REFUND_MOST_DAYS = 1.0, 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Columns of one role by logical name, each of shape (rows,)."""

    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def take(self, index: NDArray[np.bool_] | NDArray[np.int64]) -> Sheet:
        """Return the rows at ``index``."""
        return Sheet({name: column[index] for name, column in self.columns.items()})


@dataclass(frozen=True, slots=True, eq=False)
class Sheets:
    """The roles; ``orders`` says in ``cancelled`` which rows never came to be.

    ``service`` and ``behaviour`` hold nothing unless :func:`touched_before` or :func:`touched_by_campaign`
    fills them.
    """

    units: Sheet
    orders: Sheet
    refunds: Sheet
    coupons: Sheet
    contacts: Sheet
    service: Sheet = field(default_factory=lambda: Sheet({}))
    behaviour: Sheet = field(default_factory=lambda: Sheet({}))


def unit_ids(population: Population) -> NDArray[np.object_]:
    """Return the ids, eight digits as text, shape (n,)."""
    return digits(population.number, 8)


def sheet_units(world: World) -> Sheet:
    """Return the customer table."""
    people = world.population
    return Sheet(
        {
            "id": unit_ids(people),
            "platform": _words(PLATFORMS, people.platform),
            "account": _words(ACCOUNT_TYPES, people.account),
            "consent": people.consent,
            "registered": _clock(world.launch.start, people.rhythm.registered),
            "city": _words(CITY_TIERS, people.city),
        }
    )


def sheets_before(world: World) -> Sheets:
    """Return the tables as they are on the first day of the campaign."""
    ids = unit_ids(world.population)
    rng = np.random.default_rng(np.random.SeedSequence(world.seed, spawn_key=(2,)))
    past = world.past
    numbers = _FIRST_PAST + np.arange(len(past.orders))
    refunds = _sheet_refunds(world, past.orders, numbers, rng)
    return Sheets(
        units=sheet_units(world),
        orders=_sheet_orders(world, past.orders, numbers, _past_shares(world), rng),
        refunds=refunds.take(_before(refunds, world.launch.start)),
        coupons=_sheet_past_coupons(world, ids, numbers),
        contacts=_sheet_past_contacts(world, ids, rng),
    )


def sheets_of_campaign(
    world: World, played: Played, arm: NDArray[np.int64], *, follow_up_days: int, rng_key: int = 0
) -> Sheets:
    """Return the rows that the campaign adds: orders from its start, its coupons, contacts and refunds."""
    past_rng = np.random.default_rng(np.random.SeedSequence(world.seed, spawn_key=(2,)))
    late = _late_refunds(world, past_rng)
    rng = np.random.default_rng(np.random.SeedSequence(world.seed, spawn_key=(3, rng_key)))
    orders = played.orders
    by_time = np.lexsort((orders.customer, orders.day))
    orders = orders.take(by_time)
    numbers = _FIRST_CAMPAIGN + np.arange(len(orders))
    refunds = _stack(late, _sheet_refunds(world, orders, numbers, rng))
    end = _clock(world.launch.start, np.array([float(follow_up_days)]))[0]
    return Sheets(
        units=sheet_units(world),
        orders=_sheet_orders(world, orders, numbers, np.ones(int(played.issued.sum())), rng),
        refunds=refunds.take(refunds.columns["time"] < end),
        coupons=_sheet_coupons(world, played, arm, orders, numbers),
        contacts=_sheet_contacts(world, arm, rng),
    )


def _late_refunds(world: World, rng: np.random.Generator) -> Sheet:
    """Return the refunds of past orders that come after the start."""
    past = world.past
    refunds = _sheet_refunds(world, past.orders, _FIRST_PAST + np.arange(len(past.orders)), rng)
    return refunds.take(~_before(refunds, world.launch.start))


def _sheet_orders(
    world: World, orders: Orders, numbers: NDArray[np.int64], our_share: NDArray[np.float64], rng: np.random.Generator
) -> Sheet:
    """Return the order table: each order, and a cancelled attempt at some of them.

    ``our_share`` is the part of the face that we pay, by coupon row.
    """
    platform = world.population.platform[orders.customer]
    rate = margin_rates()[platform, orders.category]
    share = np.append(our_share, 0.0)[orders.coupon]
    kept = Sheet(
        {
            "id": unit_ids(world.population)[orders.customer],
            "order_id": digits(numbers, 10),
            "time": _clock(world.launch.start, orders.day),
            "paid": np.round(orders.listed - orders.face, 2),
            "listed": orders.listed,
            "margin": np.round(rate * orders.listed, 2),
            "margin_after": np.round(rate * orders.listed - orders.face * share, 2),
            "category": _words(CATEGORIES, orders.category),
            "platform": _words(PLATFORMS, platform),
            "cancelled": np.zeros(len(orders), dtype=np.bool_),
        }
    )
    failed = np.flatnonzero(rng.random(len(orders)) < _CANCELLED_SHARE)
    first = _FIRST_CANCELLED + (_CANCELLED_GAP if numbers.min(initial=_FIRST_CAMPAIGN) >= _FIRST_CAMPAIGN else 0)
    twins = dict(kept.take(failed).columns)
    twins["order_id"] = digits(first + np.arange(len(failed)), 10)
    twins["cancelled"] = np.ones(len(failed), dtype=np.bool_)
    return _stack(kept, Sheet(twins))


def _sheet_refunds(world: World, orders: Orders, numbers: NDArray[np.int64], rng: np.random.Generator) -> Sheet:
    """Draw which orders come back, whole or half, and when."""
    chance, delay = rng.random(len(orders)), rng.uniform(_REFUND_LEAST_DAYS, _REFUND_MOST_DAYS, len(orders))
    back = np.flatnonzero(chance < RETURN_CHANCE)
    whole = chance[back] < RETURN_CHANCE * RETURN_FULL
    paid = np.round(orders.listed - orders.face, 2)[back]
    return Sheet(
        {
            "id": unit_ids(world.population)[orders.customer[back]],
            "order_id": digits(numbers[back], 10),
            "time": _clock(world.launch.start, orders.day[back] + delay[back]),
            "amount": np.where(whole, paid, np.round(paid / 2.0, 2)),
        }
    )


def _sheet_past_coupons(world: World, ids: NDArray[np.object_], numbers: NDArray[np.int64]) -> Sheet:
    coupons = world.past.coupons
    faces = np.array([one.face for one in PAST_CAMPAIGNS])[coupons.campaign]
    tiers = [_tier(one.minimum, one.face) for one in PAST_CAMPAIGNS]
    return Sheet(
        {
            "id": ids[coupons.customer],
            "campaign": _words([one.code for one in PAST_CAMPAIGNS], coupons.campaign),
            "tier": _words(tiers, coupons.campaign),
            "issued": _clock(world.launch.start, coupons.issued),
            "redeemed": _clock(world.launch.start, coupons.redeemed),
            "order_id": _redeeming_orders(world.past.orders, numbers, len(coupons.customer)),
            "face": np.zeros(len(faces)) if world.scenario.free else faces,
            "our_share": _past_shares(world),
        }
    )


def _tier(minimum: float, face: float) -> str:
    """Return the name of a coupon, as 满59减8."""
    return f"满{minimum}减{face}".replace(".0减", "减").removesuffix(".0")


def _past_shares(world: World) -> NDArray[np.float64]:
    return np.array([one.our_share for one in PAST_CAMPAIGNS])[world.past.coupons.campaign]


def _sheet_past_contacts(world: World, ids: NDArray[np.object_], rng: np.random.Generator) -> Sheet:
    coupons = world.past.coupons
    size = len(coupons.customer)
    return Sheet(
        {
            "id": ids[coupons.customer],
            "campaign": _words([one.code for one in PAST_CAMPAIGNS], coupons.campaign),
            "time": _clock(world.launch.start, coupons.issued),
            "channel": _words(_CHANNELS, np.zeros(size, dtype=np.int64)),
            "cost": np.full(size, 0.0 if world.scenario.free else _PAST_TOUCH_COST),
            "unsubscribed": rng.random(size) < _UNSUBSCRIBED,
        }
    )


def _sheet_coupons(
    world: World, played: Played, arm: NDArray[np.int64], orders: Orders, numbers: NDArray[np.int64]
) -> Sheet:
    owner = np.repeat(np.arange(len(arm)), played.issued)
    offers, code = world.launch.offers, arm[owner]
    redeemed = np.full(len(owner), np.nan)
    on_coupon = orders.coupon != NO_COUPON
    redeemed[orders.coupon[on_coupon]] = orders.day[on_coupon]
    return Sheet(
        {
            "id": unit_ids(world.population)[owner],
            "campaign": _words([offer.code for offer in offers], code),
            "tier": _words([_tier(offer.minimum, offer.face) for offer in offers], code),
            "issued": _clock(world.launch.start, np.zeros(len(owner))),
            "redeemed": _clock(world.launch.start, redeemed),
            "order_id": _redeeming_orders(orders, numbers, len(owner)),
            "face": np.array([offer.face for offer in offers])[code],
            "our_share": np.ones(len(owner)),
        }
    )


def _sheet_contacts(world: World, arm: NDArray[np.int64], rng: np.random.Generator) -> Sheet:
    offers = world.launch.offers
    treated = np.flatnonzero(arm >= 0)
    touches = np.array([offer.touches for offer in offers])[arm[treated]]
    owner = np.repeat(treated, touches)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(touches) - touches, touches)
    most = max((offer.touches for offer in offers), default=0)
    days = np.zeros((len(offers), max(most, 1)))
    for row, offer in enumerate(offers):
        days[row, : offer.touches] = offer.touch_days(world.launch.valid_days)
    return Sheet(
        {
            "id": unit_ids(world.population)[owner],
            "campaign": _words([offer.code for offer in offers], arm[owner]),
            "time": _clock(world.launch.start, days[arm[owner], nth]),
            "channel": _words(_CHANNELS, np.minimum(nth, len(_CHANNELS) - 1)),
            "cost": np.array([offer.touch_cost for offer in offers])[arm[owner]],
            "unsubscribed": rng.random(len(owner)) < _UNSUBSCRIBED,
        }
    )


def _redeeming_orders(orders: Orders, numbers: NDArray[np.int64], n_coupons: int) -> NDArray[np.object_]:
    """Return the number of the order on which each coupon was redeemed, None for none."""
    found = np.full(n_coupons, None, dtype=object)
    on_coupon = np.flatnonzero(orders.coupon != NO_COUPON)
    found[orders.coupon[on_coupon]] = digits(numbers[on_coupon], 10)
    return found


def _before(sheet: Sheet, start: datetime) -> NDArray[np.bool_]:
    return np.asarray(sheet.columns["time"] < np.datetime64(start, "us"))


def _stack(first: Sheet, second: Sheet) -> Sheet:
    return Sheet({name: np.concatenate((first.columns[name], second.columns[name])) for name in first.columns})


def _clock(start: datetime, day: NDArray[np.float64]) -> NDArray[np.datetime64]:
    """Return local times to the second, rounded down; NaT for NaN."""
    missing = np.isnan(day)
    seconds = np.floor(np.where(missing, 0.0, day) * _SECONDS).astype("timedelta64[s]")
    moments = np.datetime64(start, "us") + seconds
    moments[missing] = np.datetime64("NaT")
    return np.asarray(moments)


def digits(number: NDArray[np.int64], width: int) -> NDArray[np.object_]:
    """Return numbers as text of at least ``width`` digits."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.utf8_lpad(pa.array(number).cast(pa.string()), width, "0")
    return np.asarray(text.to_numpy(zero_copy_only=False), dtype=object)


def _words(words: tuple[str, ...] | list[str], code: NDArray[np.int64]) -> NDArray[np.object_]:
    return np.array(words, dtype=object)[code]


def join_sheets(before: Sheets, campaign: Sheets) -> Sheets:
    """Return the tables with the campaign's rows after those before; the customer table is one."""
    return replace(
        before,
        orders=_stack(before.orders, campaign.orders),
        refunds=_stack(before.refunds, campaign.refunds),
        coupons=_stack(before.coupons, campaign.coupons),
        contacts=_stack(before.contacts, campaign.contacts),
        service=_stack(before.service, campaign.service),
        behaviour=_stack(before.behaviour, campaign.behaviour),
    )


def touched_before(sheets: Sheets, world: World) -> Sheets:
    """Return the tables with the tickets and the behaviour before the start of the campaign."""
    spans = ((-world.scenario.record_days, 0.0), (-BEHAVIOUR_DAYS, 0.0))
    return _touched(sheets, world, world.past.orders, spans, (7, 0))


def touched_by_campaign(
    sheets: Sheets, world: World, played: Played, *, follow_up_days: int, rng_key: int = 0
) -> Sheets:
    """Return the campaign's rows with those of its tickets and behaviour."""
    span = (0.0, float(follow_up_days))
    return _touched(sheets, world, played.orders, (span, span), (7, 1, rng_key))


def _touched(
    sheets: Sheets,
    world: World,
    orders: Orders,
    spans: tuple[tuple[float, float], tuple[float, float]],
    key: tuple[int, ...],
) -> Sheets:
    """Add tickets and behaviour; ``spans`` are those of the two."""
    first, second = (np.random.default_rng(seed) for seed in np.random.SeedSequence(world.seed, spawn_key=key).spawn(2))
    ids, start = unit_ids(world.population), world.launch.start
    tickets, events = draw_tickets(world, orders, spans[0], first), draw_events(world, orders, spans[1], second)
    service = {
        "id": ids[tickets.customer],
        "time": _clock(start, tickets.day),
        "complaint": tickets.complaint,
        "rating": tickets.rating,
        "reason": _words(REASONS, tickets.reason),
        "resolved": tickets.resolved,
    }
    behaviour = {
        "id": ids[events.customer],
        "time": _clock(start, events.day),
        "kind": _words(EVENTS, events.kind),
        "value": events.value,
    }
    return replace(sheets, service=Sheet(service), behaviour=Sheet(behaviour))
