"""All that a market knows and its tables do not show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.simulate.launch import launch_of
from uplift.simulate.past import draw_past
from uplift.simulate.population import draw_population
from uplift.simulate.response import group_of, respond
from uplift.simulate.scenario import RETURN_LOSS, find_scenario
from uplift.simulate.truth import ArmTruth, Future, foresee, mean_discount, true_effects

if TYPE_CHECKING:
    from numpy.typing import NDArray

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

    @property
    def residual_worth(self) -> NDArray[np.float64]:
        """Discounted margin, net of returns, expected after the window without a campaign; shape (n,)."""
        return self.future.residual * self.future.margin * (1.0 - RETURN_LOSS)

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
    population = draw_population(n_customers, customers)
    past = draw_past(population, constants, orders, coupons)
    group = group_of(population, past)
    future = foresee(population, past.there, launch)
    responses = tuple(respond(population, group, offer, constants) for offer in launch.offers)
    effects = tuple(
        true_effects(population, future, answer, (offer, launch), constants.habit)
        for offer, answer in zip(launch.offers, responses, strict=True)
    )
    return World(seed, constants, launch, population, past, group, future, responses, effects)
