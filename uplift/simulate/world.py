"""All that a market knows and its tables do not show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from uplift.simulate.lasting import draw_second_life, expect_raised, expect_second_chance, with_lasting
from uplift.simulate.launch import launch_of
from uplift.simulate.past import draw_past
from uplift.simulate.population import draw_population
from uplift.simulate.response import group_of, respond
from uplift.simulate.scenario import RETURN_LOSS, find_scenario
from uplift.simulate.truth import ArmTruth, Future, foresee, mean_discount, true_effects

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.simulate.lasting import SecondLife
    from uplift.simulate.launch import Launch
    from uplift.simulate.past import Past
    from uplift.simulate.population import Population
    from uplift.simulate.response import Response
    from uplift.simulate.scenario import Scenario
    from uplift.spec import ExperimentSpec


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Latents, past, campaign and truth of n customers.

    Parameters
    ----------
    seed
        From which everything was drawn.
    scenario, launch
        The world's constants, and the campaign.
    population, past, group
        The customers, what they did, and the group of each, shape (n,).
    future
        What is expected without a campaign.
    responses, effects
        Chances and true effects by offer, in the order of ``launch.offers``.
    laws
        The part of each residual effect that follows from the habit that window orders build, by offer.
    second
        The second life of each customer; None in scenarios without a second chance.
    """

    seed: int
    scenario: Scenario
    launch: Launch
    population: Population
    past: Past
    group: NDArray[np.int64]
    future: Future
    responses: tuple[Response, ...]
    effects: tuple[ArmTruth, ...]
    laws: tuple[NDArray[np.float64], ...]
    second: SecondLife | None = None

    @property
    def second_world(self) -> World:
        """The market in which everybody lives their second life; the market itself without a second chance."""
        if self.second is None:
            return self
        past = replace(self.past, there=self.second.there)
        return replace(self, population=self.second.population, past=past)

    @property
    def residual_worth(self) -> NDArray[np.float64]:
        """Discounted margin, net of returns, expected after the window without a campaign; shape (n,)."""
        return self.future.residual * self.future.margin * (1.0 - RETURN_LOSS)

    @property
    def year_worth(self) -> NDArray[np.float64]:
        """Discounted margin, net of returns, expected in 365 days from the start without a campaign; shape (n,)."""
        return self.future.year * self.future.margin * (1.0 - RETURN_LOSS)

    @property
    def later_discount(self) -> float:
        """Mean discount factor of a moment between the window's end and the horizon."""
        launch = self.launch
        if launch.horizon_days <= launch.window_days:
            return 1.0
        return mean_discount(launch.window_days, launch.horizon_days, launch.discount_rate)


def draw_world(spec: ExperimentSpec, *, scenario: str, n_customers: int, seed: int) -> World:
    """Draw a world for the campaign of ``spec``."""
    constants = find_scenario(scenario)
    launch = launch_of(spec, constants)
    streams = np.random.SeedSequence(seed, spawn_key=(0,)).spawn(3)
    customers, orders, coupons = (np.random.default_rng(stream) for stream in streams)
    population = draw_population(n_customers, constants, customers)
    past = draw_past(population, constants, orders, coupons)
    group = group_of(population, past)
    future = foresee(population, past.there, launch)
    responses = tuple(respond(population, group, offer, constants) for offer in launch.offers)
    effects = tuple(
        true_effects(population, future, answer, (offer, launch), constants.habit)
        for offer, answer in zip(launch.offers, responses, strict=True)
    )
    laws = tuple(effect.residual for effect in effects)
    world = World(seed, constants, launch, population, past, group, future, responses, effects, laws)
    return _with_lasting(world)


def _with_lasting(world: World) -> World:
    """Add what the scenario's campaign does for good to the truth of every arm."""
    added = []
    if world.scenario.lift > 0.0:
        added.append(expect_raised(world.future, world.scenario, world.launch))
    if world.scenario.second_chance > 0.0:
        rng = np.random.default_rng(np.random.SeedSequence(world.seed, spawn_key=(0, 3)))
        second = draw_second_life(world.population, world.past, world.scenario, world.launch, rng)
        world = replace(world, second=second)
        added.append(expect_second_chance(world.population, world.past.there, world.future, second, world.launch))
    effects = world.effects
    for one in added:
        effects = tuple(with_lasting(effect, one) for effect in effects)
    return replace(world, effects=effects)
