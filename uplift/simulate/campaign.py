"""The market while and after a campaign runs: every chance is drawn once, then the arms select.

The same organic orders, the same chances of each coupon and the same returns lie under every arm
(common random numbers); a customer's outcome never depends on who else was treated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.simulate.basket import draw_above
from uplift.simulate.organic import draw_life, draw_organic
from uplift.simulate.past import Orders, draw_categories, join_orders, plain_orders
from uplift.simulate.scenario import PULL_DAYS, RETURN_LOSS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.simulate.organic import Organic
    from uplift.simulate.world import World

NOT_TREATED = -1
_SLOTS = 3


@dataclass(frozen=True, slots=True, eq=False)
class CouponChances:
    """Chances of each coupon, arrays of shape (n, 3): makes an order when ``will`` is low enough; when, of what."""

    will: NDArray[np.float64]
    day: NDArray[np.float64]
    size: NDArray[np.float64]
    category: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """A campaign as it went.

    Parameters
    ----------
    organic, redeemed, moved, made, later
        Orders that stand as they would have, with a coupon on them, pulled forward onto a coupon, made
        by a coupon, and made after the window by a habit that the campaign built.
    lasting
        Orders of a raised rate or of a second life.
    n_lost
        Organic orders that the campaign lost.
    issued
        Coupons issued per customer, shape (n,); the rows of a customer follow one another.
    """

    organic: Orders
    redeemed: Orders
    moved: Orders
    made: Orders
    later: Orders
    lasting: Orders
    n_lost: int
    issued: NDArray[np.int64]

    @property
    def orders(self) -> Orders:
        """All orders, in this order of kinds."""
        return join_orders((self.organic, self.redeemed, self.moved, self.made, self.later, self.lasting))


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What each customer is offered and how they answer, arrays of shape (n,); control is all zero."""

    treated: NDArray[np.bool_]
    face: NDArray[np.float64]
    minimum: NDArray[np.float64]
    incremental: NDArray[np.float64]
    redeem: NDArray[np.float64]
    pull: NDArray[np.float64]
    annoyed: NDArray[np.float64]
    later: NDArray[np.float64]


def play(world: World, arm: NDArray[np.int64], *, follow_up_days: int, rng_key: int = 0) -> Played:
    """Run the campaign.

    Parameters
    ----------
    world
        The market.
    arm
        Code of each customer's offer, ``NOT_TREATED`` for none; shape (n,).
    follow_up_days
        Days after the start up to which anything is seen.
    rng_key
        Which draw of the future.

    Returns
    -------
    Played
        The orders by kind.
    """
    near, far, chance, later = np.random.SeedSequence(world.seed, spawn_key=(1, rng_key)).spawn(4)
    leaving, *others = np.random.SeedSequence(world.seed, spawn_key=(6, rng_key)).spawn(6)
    terms = _terms(world, arm)
    organic = draw_life(world, float(follow_up_days), [near, far, leaving])
    organic, lasting = _last(world, organic, terms.treated, follow_up_days, others)
    chances = _draw_chances(world, np.random.default_rng(chance))
    slots = np.arange(_SLOTS)[None, :] < np.where(terms.treated, world.population.coupons, 0)[:, None]
    buys = slots & (chances.will < terms.incremental[:, None])
    hand = _Hand(terms, chances, slots, buys)
    return _settle(world, (organic, lasting), hand, (float(follow_up_days), np.random.default_rng(later)))


def _last(
    world: World,
    organic: Organic,
    treated: NDArray[np.bool_],
    follow_up_days: int,
    seeds: list[np.random.SeedSequence],
) -> tuple[Organic, Orders]:
    """Return the organic orders of those who keep their life, and the orders of raised rates and second lives."""
    coin, *life, raised = seeds
    orders = organic.orders
    extra = [orders.take(np.zeros(0, dtype=np.int64))]
    if world.second is not None:
        came = np.bincount(orders.customer[orders.day < world.launch.window_days], minlength=len(treated)) > 0
        lucky = np.random.default_rng(coin).random(len(treated)) < world.second.chance
        again = treated & lucky & ~came
        other = draw_life(world.second_world, float(follow_up_days), life).orders
        extra.append(other.take(again[other.customer]))
        organic = organic.take(~again[orders.customer])
    if world.scenario.lift > 0.0:
        rng = np.random.default_rng(raised)
        more = draw_organic(world, 0.0, float(follow_up_days), rng).orders
        extra.append(more.take(treated[more.customer] & (rng.random(len(more)) < world.scenario.lift)))
    lasting = join_orders(tuple(extra))
    return organic.take(organic.orders.day < follow_up_days), lasting.take(lasting.day < follow_up_days)


@dataclass(frozen=True, slots=True, eq=False)
class _Hand:
    """The coupons in customers' hands: terms, chances, which exist and which make an order; (n, 3)."""

    terms: Terms
    chances: CouponChances
    slots: NDArray[np.bool_]
    buys: NDArray[np.bool_]

    @property
    def issued(self) -> NDArray[np.int64]:
        return np.asarray(self.slots.sum(axis=1))

    @property
    def first_row(self) -> NDArray[np.int64]:
        return np.concatenate(([0], np.cumsum(self.issued)[:-1]))


def _settle(
    world: World, life: tuple[Organic, Orders], hand: _Hand, after: tuple[float, np.random.Generator]
) -> Played:
    organic, lasting = life
    terms, orders, owner = hand.terms, organic.orders, organic.orders.customer
    valid = world.launch.valid_days
    in_promo = orders.day < valid
    in_echo = ~in_promo & (orders.day < valid + PULL_DAYS)
    lost = (in_promo & (organic.patience < terms.annoyed[owner])) | _faded(world, organic, terms)
    may = terms.treated[owner] & (orders.listed >= terms.minimum[owner]) & ~lost
    willing = np.where(in_promo, terms.redeem[owner], np.where(in_echo, terms.pull[owner], 0.0))
    claim = np.flatnonzero(may & (organic.will < willing))
    row, coupon = _meet_claims(owner[claim], organic.turn[claim], hand)
    used = claim[row]
    on_coupon = np.zeros(len(orders), dtype=np.bool_)
    on_coupon[used] = True
    couponed = _with_coupon(orders.take(used), coupon, terms.face)
    pulled = in_echo[used]
    moved = couponed.take(pulled)
    end, rng = after
    made = _made_orders(world, hand, end)
    return Played(
        organic=orders.take(~lost & ~on_coupon),
        redeemed=couponed.take(~pulled),
        moved=_at(moved, organic.earlier[used][pulled]),
        made=made,
        later=_later_orders(world, terms, end, rng),
        lasting=lasting,
        n_lost=int(lost.sum()),
        issued=hand.issued,
    )


def _terms(world: World, arm: NDArray[np.int64]) -> Terms:
    """Lay the arms' offers and responses on the customers that they were assigned to."""
    fields = {name: np.zeros(len(arm)) for name in Terms.__slots__ if name != "treated"}
    arms = zip(world.launch.offers, world.responses, world.laws, strict=True)
    for code, (offer, response, law) in enumerate(arms):
        mine = arm == code
        fields["face"][mine], fields["minimum"][mine] = offer.face, offer.minimum
        for name in ("incremental", "redeem", "pull", "annoyed"):
            fields[name][mine] = getattr(response, name)[mine]
        fields["later"][mine] = law[mine]
    return Terms(treated=arm != NOT_TREATED, **fields)


def _draw_chances(world: World, rng: np.random.Generator) -> CouponChances:
    shape = (len(world.population), _SLOTS)
    return CouponChances(
        will=rng.random(shape),
        day=rng.uniform(0.0, world.launch.valid_days, shape),
        size=rng.random(shape),
        category=draw_categories(shape[0] * shape[1], rng).reshape(shape),
    )


def _meet_claims(
    owner: NDArray[np.int64], turn: NDArray[np.float64], hand: _Hand
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give each customer's free coupons to the claims with the lowest turn; rows of claims, rows of coupons."""
    order = np.lexsort((turn, owner))
    ranked = owner[order]
    rank = np.arange(len(ranked)) - np.searchsorted(ranked, ranked)
    free = hand.slots & ~hand.buys
    met = rank < free.sum(axis=1)[ranked]
    free_first = np.argsort(~free, axis=1, kind="stable")
    slot = free_first[ranked[met], rank[met]]
    return order[met], hand.first_row[ranked[met]] + slot


def _made_orders(world: World, hand: _Hand, end: float) -> Orders:
    owner, slot = np.nonzero(hand.buys & (hand.chances.day < end))
    basket = world.population.basket[owner]
    return Orders(
        customer=owner,
        day=hand.chances.day[owner, slot],
        listed=draw_above(basket, hand.terms.minimum[owner], hand.chances.size[owner, slot]),
        category=hand.chances.category[owner, slot],
        coupon=hand.first_row[owner] + slot,
        face=hand.terms.face[owner],
    )


def _faded(world: World, organic: Organic, terms: Terms) -> NDArray[np.bool_]:
    """Return the organic orders after the window that a negative residual effect takes away."""
    owner = organic.orders.customer
    worth = world.residual_worth
    share = np.clip(-terms.later / np.where(worth > 0.0, worth, np.inf), 0.0, 1.0)
    return np.asarray((organic.orders.day >= world.launch.window_days) & (organic.fading < share[owner]))


def _later_orders(world: World, terms: Terms, end: float, rng: np.random.Generator) -> Orders:
    """Draw the orders after the window that a positive residual effect adds, spread evenly to the horizon."""
    start, stop = float(world.launch.window_days), float(world.launch.horizon_days)
    most = np.max([np.maximum(law, 0.0) for law in world.laws], axis=0)
    one = world.future.margin * (1.0 - RETURN_LOSS) * world.later_discount
    owner = np.repeat(np.arange(len(most)), rng.poisson(most / one))
    day = rng.uniform(start, max(stop, start), len(owner))
    wanted = rng.random(len(owner)) * most[owner] < terms.later[owner]
    orders = plain_orders(owner, day, world.population, rng)
    return orders.take(wanted & (day < end))


def _with_coupon(orders: Orders, coupon: NDArray[np.int64], face: NDArray[np.float64]) -> Orders:
    return Orders(orders.customer, orders.day, orders.listed, orders.category, coupon, face[orders.customer])


def _at(orders: Orders, day: NDArray[np.float64]) -> Orders:
    return Orders(orders.customer, day, orders.listed, orders.category, orders.coupon, orders.face)
