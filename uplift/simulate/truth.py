"""The truth of every customer under every arm, in closed form.

Given a customer's latents, organic orders after the start are a Poisson process with the rate of
:mod:`uplift.simulate.rhythm`. Each of the customer's coupons first gets its chance to make an order.
The coupons that are left meet the claims of organic orders, a Poisson number; the claims that find a
coupon are drawn at random among all. So every expectation is a finite sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from uplift.simulate.basket import mean_above, share_above
from uplift.simulate.past import CATEGORY_SHARES
from uplift.simulate.rates import margin_rates
from uplift.simulate.rhythm import staying
from uplift.simulate.scenario import PULL_DAYS, RETURN_LOSS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.simulate.launch import Launch, Offer
    from uplift.simulate.population import Population
    from uplift.simulate.response import Response
    from uplift.simulate.scenario import Habit

_MOST_COUPONS = 3
_YEAR = 365.0


@dataclass(frozen=True, slots=True, eq=False)
class Future:
    """What is expected of each customer without a campaign, each field of shape (n,).

    Parameters
    ----------
    promo, echo
        Orders while coupons are valid, and in the 28 days after.
    promo_discounted, echo_discounted
        The same, each order times its discount factor.
    window, residual, year
        Discounted orders in the window, after it up to the horizon, and in the next 365 days.
    window_orders
        Orders in the window, not discounted.
    margin
        Gross margin of an order (currency units).
    uniform_discount
        Mean discount factor of a moment anywhere in the validity.
    """

    promo: NDArray[np.float64]
    echo: NDArray[np.float64]
    promo_discounted: NDArray[np.float64]
    echo_discounted: NDArray[np.float64]
    window: NDArray[np.float64]
    residual: NDArray[np.float64]
    year: NDArray[np.float64]
    window_orders: NDArray[np.float64]
    margin: NDArray[np.float64]
    uniform_discount: float


@dataclass(frozen=True, slots=True, eq=False)
class Claims:
    """Expected coupon use under one arm, each field of shape (n,): made, organic and moved orders."""

    made: NDArray[np.float64]
    organic: NDArray[np.float64]
    moved: NDArray[np.float64]
    order_margin: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ArmTruth:
    """Expected effects of one arm against the control, each field of shape (n,), per customer.

    Money is in the currency, discounted to the start.

    Parameters
    ----------
    orders
        Orders in the window.
    redeemed_orders
        Orders on which a coupon of the campaign is redeemed.
    gross_margin
        Gross margin in the window, before subsidy.
    subsidy, contact, returned
        Costs: face of the coupons redeemed, messages, margin lost to returns.
    residual
        Margin after the window up to the horizon, by the market's law.
    incremental_clv
        gross_margin − subsidy − contact − returned + residual.
    """

    orders: NDArray[np.float64]
    redeemed_orders: NDArray[np.float64]
    gross_margin: NDArray[np.float64]
    subsidy: NDArray[np.float64]
    contact: NDArray[np.float64]
    returned: NDArray[np.float64]
    residual: NDArray[np.float64]
    incremental_clv: NDArray[np.float64]


def discount(day: NDArray[np.float64], annual_rate: float) -> NDArray[np.float64]:
    """Return the factor of money at ``day``, by whole days since the start."""
    return np.asarray((1.0 + annual_rate) ** (-np.floor(day) / 365.0))


def foresee(population: Population, there: NDArray[np.bool_], launch: Launch) -> Future:
    """Return what is expected of each customer without a campaign."""
    valid, echo = launch.valid_days, launch.valid_days + PULL_DAYS
    after = (launch.window_days, launch.horizon_days)
    spans = ((0.0, valid), (valid, echo), (0.0, launch.window_days), after, (0.0, _YEAR))
    plain, discounted = _orders_of_spans(population, there, launch, spans)
    return Future(
        promo=plain[0],
        echo=plain[1],
        promo_discounted=discounted[0],
        echo_discounted=discounted[1],
        window=discounted[2],
        residual=discounted[3],
        year=discounted[4],
        window_orders=plain[2],
        margin=mean_rate(population) * population.basket,
        uniform_discount=mean_discount(0.0, valid, launch.discount_rate),
    )


def mean_rate(population: Population) -> NDArray[np.float64]:
    """Return the expected margin rate of an order of each customer, shape (n,)."""
    return np.asarray(margin_rates() @ np.asarray(CATEGORY_SHARES))[population.platform]


def _orders_of_spans(
    population: Population, there: NDArray[np.bool_], launch: Launch, spans: tuple[tuple[float, float], ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return expected orders in each span, plain and discounted step by step; both (spans, n)."""
    last = max(stop for _, stop in spans)
    steps = np.concatenate((np.arange(0.0, launch.window_days, 7.0), np.arange(launch.window_days, last, 28.0)))
    edges = np.unique(np.concatenate((steps, np.ravel(spans))))
    plain, discounted = np.zeros((len(spans), len(there))), np.zeros((len(spans), len(there)))
    before = staying(population.rhythm, 0.0)
    for start, stop in pairwise(edges.tolist()):
        after = staying(population.rhythm, stop)
        orders = np.where(there, (before - after) / population.rhythm.dropout, 0.0)
        inside = [first <= start and stop <= final for first, final in spans]
        plain[inside] += orders
        discounted[inside] += orders * mean_discount(start, stop, launch.discount_rate)
        before = after
    return plain, discounted


def mean_discount(start: float, stop: float, annual_rate: float) -> float:
    """Return the mean factor of a moment that is anywhere in [start, stop)."""
    edges = np.unique(np.concatenate(([start, stop], np.arange(np.ceil(start), stop))))
    return float(np.average(discount(edges[:-1], annual_rate), weights=np.diff(edges)))


def expect_claims(population: Population, future: Future, response: Response, offer: Offer) -> Claims:
    """Return the expected orders that a coupon makes, rides on, and moves.

    Returns
    -------
    Claims
        Per customer.
    """
    above = share_above(population.basket, offer.minimum)
    organic = future.promo * (1.0 - response.annoyed) * response.redeem * above
    moved = future.echo * response.pull * above
    claims = organic + moved
    used = _expected_uses(population.coupons, response.incremental, claims)
    share = used / np.where(claims > 0.0, claims, 1.0)
    return Claims(
        made=population.coupons * response.incremental,
        organic=share * organic,
        moved=share * moved,
        order_margin=mean_rate(population) * mean_above(population.basket, offer.minimum),
    )


def _expected_uses(
    coupons: NDArray[np.int64], chance: NDArray[np.float64], claims: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return E[min(coupons − Binomial(coupons, chance), Poisson(claims))], shape (n,)."""
    from scipy.stats import binom, poisson

    expected = np.zeros(len(coupons))
    for free in range(1, _MOST_COUPONS + 1):
        least = sum((poisson.sf(k, claims) for k in range(free)), np.zeros(len(coupons)))
        expected += binom.pmf(coupons - free, coupons, chance) * least
    return expected


def true_effects(
    population: Population, future: Future, response: Response, campaign: tuple[Offer, Launch], habit: Habit
) -> ArmTruth:
    """Return what one arm adds for each customer, in expectation given the customer's latents."""
    offer, launch = campaign
    claims = expect_claims(population, future, response, offer)
    early = future.uniform_discount
    late = future.echo_discounted / np.where(future.echo > 0.0, future.echo, 1.0)
    at_home = future.promo_discounted / np.where(future.promo > 0.0, future.promo, 1.0)
    lost = response.annoyed * future.promo
    gross = (
        claims.made * claims.order_margin * early
        + claims.moved * claims.order_margin * (early - late)
        - lost * future.margin * at_home
    )
    subsidy = offer.face * ((claims.made + claims.moved) * early + claims.organic * at_home)
    touches = discount(offer.touch_days(launch.valid_days), launch.discount_rate).sum() * offer.touch_cost
    contact = np.full(len(population), float(touches))
    returned = RETURN_LOSS * gross
    residual = _residual(claims, lost, future, habit) * (launch.horizon_days > launch.window_days)
    return ArmTruth(
        orders=claims.made - lost,
        redeemed_orders=claims.made + claims.organic + claims.moved,
        gross_margin=gross,
        subsidy=subsidy,
        contact=contact,
        returned=returned,
        residual=residual,
        incremental_clv=gross - subsidy - contact - returned + residual,
    )


def _residual(claims: Claims, lost: NDArray[np.float64], future: Future, habit: Habit) -> NDArray[np.float64]:
    """Apply the market's law to the change of organic and couponed orders and margin in the window."""
    turned = claims.organic + claims.moved
    organic = habit.organic_order * (-lost - turned)
    organic += habit.organic_margin * (-lost * future.margin - turned * claims.order_margin)
    couponed = (claims.made + turned) * (habit.couponed_order + habit.couponed_margin * claims.order_margin)
    return np.asarray(organic + couponed)
