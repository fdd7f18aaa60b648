"""Orders that come without a campaign, after its start: the same under every arm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.simulate.past import Orders, join_orders, plain_orders, rank_within
from uplift.simulate.rhythm import shape_of, staying

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.simulate.world import World

FIRST_DAYS = 120.0


@dataclass(frozen=True, slots=True, eq=False)
class Organic:
    """Orders that come without a campaign, with the chances that arms use; arrays of shape (m,).

    Parameters
    ----------
    orders
        The orders, none with a coupon.
    patience
        Lost when below the arm's ``annoyed``.
    will
        Claims a coupon when below the arm's ``redeem`` or ``pull``.
    turn
        Where the order stands when there are more claims than coupons.
    earlier
        Day to which the order moves when it is pulled forward.
    fading
        After the window: lost when below the share of residual margin that the arm takes away.
    """

    orders: Orders
    patience: NDArray[np.float64]
    will: NDArray[np.float64]
    turn: NDArray[np.float64]
    earlier: NDArray[np.float64]
    fading: NDArray[np.float64]

    def take(self, index: NDArray[np.bool_] | NDArray[np.int64]) -> Organic:
        """Return the orders at ``index`` with their chances."""
        return Organic(
            self.orders.take(index),
            self.patience[index],
            self.will[index],
            self.turn[index],
            self.earlier[index],
            self.fading[index],
        )


def draw_life(world: World, follow_up_days: float, seeds: list[np.random.SeedSequence]) -> Organic:
    """Draw all organic orders from day 0; a longer look only adds.

    Parameters
    ----------
    world
        The market.
    follow_up_days
        Days after the start; where customers leave after an order, at least the window is drawn.
    seeds
        Of the first 120 days, of the later ones, and of who leaves when.
    """
    near, far = (np.random.default_rng(seed) for seed in seeds[:2])
    if not world.scenario.leaves:
        organic = draw_organic(world, 0.0, min(FIRST_DAYS, follow_up_days), near)
        if follow_up_days <= FIRST_DAYS:
            return organic
        return join_organic(organic, draw_organic(world, FIRST_DAYS, follow_up_days, far))
    first = max(FIRST_DAYS, float(world.launch.window_days))
    organic = draw_organic(world, 0.0, first, near, leaves=True)
    if follow_up_days > first:
        organic = join_organic(organic, draw_organic(world, first, follow_up_days, far, leaves=True))
    return leave(organic, world.population.rhythm.dropout, np.random.default_rng(seeds[2]))


def leave(organic: Organic, dropout: NDArray[np.float64], rng: np.random.Generator) -> Organic:
    """End each customer's orders after the one after which the customer leaves; sorted by customer and day.

    Parameters
    ----------
    organic
        Orders of those who would never leave.
    dropout
        Chance to leave after an order, shape (n,).
    rng
        Of who leaves when.
    """
    left = rng.geometric(dropout)
    ordered = organic.take(np.lexsort((organic.orders.day, organic.orders.customer)))
    owner = ordered.orders.customer
    return ordered.take(rank_within(owner) < left[owner])


def draw_organic(world: World, start: float, stop: float, rng: np.random.Generator, *, leaves: bool = False) -> Organic:
    """Draw the organic orders of [start, stop): a thinned Poisson process per customer.

    Parameters
    ----------
    world
        The market.
    start, stop
        Days.
    rng
        Of these orders.
    leaves
        True leaves out the thinning by :func:`uplift.simulate.rhythm.staying`; :func:`leave` then ends lives.
    """
    rhythm, there = world.population.rhythm, world.past.there
    bound = np.where(there, rhythm.rate * (1.0 + rhythm.swing), 0.0) * max(stop - start, 0.0)
    owner = np.repeat(np.arange(len(there)), rng.poisson(bound))
    day = rng.uniform(start, stop, len(owner))
    own = rhythm.take(owner)
    intensity = shape_of(own, day) if leaves else shape_of(own, day) * staying(own, day)
    kept = rng.random(len(owner)) * (1.0 + own.swing) < intensity
    orders = plain_orders(owner[kept], day[kept], world.population, rng)
    size = len(orders)
    earlier = rng.uniform(0.0, world.launch.valid_days, size)
    return Organic(orders, rng.random(size), rng.random(size), rng.random(size), earlier, rng.random(size))


def join_organic(first: Organic, second: Organic) -> Organic:
    """Return the orders of both."""
    return Organic(
        join_orders((first.orders, second.orders)),
        np.concatenate((first.patience, second.patience)),
        np.concatenate((first.will, second.will)),
        np.concatenate((first.turn, second.turn)),
        np.concatenate((first.earlier, second.earlier)),
        np.concatenate((first.fading, second.fading)),
    )
