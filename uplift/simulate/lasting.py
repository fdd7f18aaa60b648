"""What a campaign does for good: a raised rate, or a second chance for those who would stay away.

A second chance is a life drawn from the posterior of the BG/NBD given the customer's past. Who gets it
is decided by the orders of the window alone, so the law of what follows, given a customer's orders up to
the window's end, is under every arm that of the BG/NBD: the mechanical update is right. A raised rate
is more than any surrogate in the window shows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.simulate.rhythm import load_between, staying
from uplift.simulate.scenario import RETURN_LOSS
from uplift.simulate.truth import foresee

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.simulate.launch import Launch
    from uplift.simulate.past import Past
    from uplift.simulate.population import Population
    from uplift.simulate.scenario import Kind, Scenario
    from uplift.simulate.truth import ArmTruth, Future


@dataclass(frozen=True, slots=True, eq=False)
class SecondLife:
    """Another customer with the same past.

    Parameters
    ----------
    population
        The customers with the rates and the chances to leave of the second life.
    there
        Who is there on day 0 in that life, shape (n,); never those without an order.
    future
        What is expected of it without a campaign.
    chance
        Chance to get it when there is no organic order in the window, shape (n,).
    """

    population: Population
    there: NDArray[np.bool_]
    future: Future
    chance: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Lasting:
    """Expected effects per treated customer, each of shape (n,).

    Parameters
    ----------
    orders
        Orders in the window.
    gross_margin
        Their gross margin, discounted.
    residual
        Margin after the window up to the horizon, discounted, net of returns.
    """

    orders: NDArray[np.float64]
    gross_margin: NDArray[np.float64]
    residual: NDArray[np.float64]


def draw_second_life(
    population: Population, past: Past, scenario: Scenario, launch: Launch, rng: np.random.Generator
) -> SecondLife:
    """Draw a second life for every customer with a past order, from the posterior given that past.

    References
    ----------
    Fader, Hardie and Lee (2005), Marketing Science 24: given x repeat orders and being there, the rate is
    Gamma(r + x, alpha + T) and the chance to leave Beta(a, b + x).
    """
    kind = scenario.kinds[0]
    known = past.n_orders > 0
    repeats = np.maximum(past.n_orders - 1, 0)
    age = np.where(known, -population.first_order, 0.0)
    recency = np.where(known, past.last_order - population.first_order, 0.0)
    there = known & (rng.random(len(population)) < chance_alive(kind, repeats, recency, age))
    rate = rng.gamma(kind.rate_shape + repeats, 1.0 / (rate_scale(kind) + age))
    dropout = np.clip(rng.beta(kind.dropout_a, kind.dropout_b + repeats), 1e-4, 1.0)
    people = replace(population, rhythm=replace(population.rhythm, rate=rate, dropout=dropout))
    return SecondLife(people, there, foresee(people, there, launch), np.where(known, scenario.second_chance, 0.0))


def rate_scale(kind: Kind) -> float:
    """Return alpha of the Gamma law of daily rates, in days."""
    return 365.0 * kind.rate_shape / kind.yearly_rate


def chance_alive(
    kind: Kind, repeats: NDArray[np.int64], recency: NDArray[np.float64], age: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return P(there on day 0 | past) of customers of one kind, shape (n,).

    Parameters
    ----------
    kind
        Its law.
    repeats
        Orders after the first.
    recency, age
        Days from the first order to the last, and to day 0.
    """
    alpha = rate_scale(kind)
    left = kind.dropout_a / (kind.dropout_b + np.maximum(repeats, 1) - 1.0)
    odds = left * ((alpha + age) / (alpha + recency)) ** (kind.rate_shape + repeats)
    return np.asarray(np.where(repeats > 0, 1.0 / (1.0 + odds), 1.0))


def expect_raised(future: Future, scenario: Scenario, launch: Launch) -> Lasting:
    """Return what a raised rate adds for each treated customer, in expectation given the latents."""
    share = scenario.lift
    margin = share * future.margin
    return Lasting(share * future.window_orders, margin * future.window, _net(margin * future.residual, launch))


def expect_second_chance(
    population: Population, there: NDArray[np.bool_], future: Future, second: SecondLife, launch: Launch
) -> Lasting:
    """Return what the second chance adds for each treated customer, in expectation given the latents.

    Who has no organic order in the window, with the chance exp(-load) while there, gives away what the
    own life would have brought after the window, and gets the second life whole.
    """
    rhythm = population.rhythm
    quiet = np.where(there, np.exp(-load_between(rhythm, 0.0, launch.window_days)), 1.0)
    own = future.residual / np.maximum(staying(rhythm, launch.window_days), 1e-300)
    other, taken = second.future, second.chance * quiet
    return Lasting(
        orders=taken * other.window_orders,
        gross_margin=taken * other.window * future.margin,
        residual=_net(taken * (other.residual - own) * future.margin, launch),
    )


def with_lasting(truth: ArmTruth, added: Lasting) -> ArmTruth:
    """Return an arm's truth with lasting effects added."""
    gross = truth.gross_margin + added.gross_margin
    returned = RETURN_LOSS * gross
    residual = truth.residual + added.residual
    return replace(
        truth,
        orders=truth.orders + added.orders,
        gross_margin=gross,
        returned=returned,
        residual=residual,
        incremental_clv=gross - truth.subsidy - truth.contact - returned + residual,
    )


def _net(margin: NDArray[np.float64], launch: Launch) -> NDArray[np.float64]:
    beyond = launch.horizon_days > launch.window_days
    return np.asarray(margin * (1.0 - RETURN_LOSS) * beyond)
