"""Who answers how: groups on rate, basket and activity, and their chances under an offer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.simulate.rhythm import load_between, shape_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.simulate.launch import Offer
    from uplift.simulate.past import Past
    from uplift.simulate.population import Population
    from uplift.simulate.scenario import Answer, Scenario

_FREQUENT_A_YEAR = 34.0
_REGULAR_A_YEAR = 9.0
_SELDOM_A_YEAR = 4.0
_LOW_BASKET = 82.0
_HIGH_BASKET = 118.0
_YOUNG_DAYS, _NEW_DAYS, _OLD_DAYS = 200.0, 45.0, 540.0
_QUIET_DAYS, _SLOW_DAYS = 90.0, 30.0
_QUIET_GAPS, _SLOW_GAPS = 2.5, 1.6
_RECENT_DAYS = 90.0
_MOST = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """Chances of each customer under one offer, each field of shape (n,).

    Parameters
    ----------
    incremental
        That one coupon makes an order.
    redeem
        That an organic order inside the validity which reaches the minimum claims a coupon.
    pull
        That an organic order of the 28 days after expiry which reaches the minimum claims a coupon and
        moves into the validity.
    annoyed
        That an organic order inside the validity is lost.
    """

    incremental: NDArray[np.float64]
    redeem: NDArray[np.float64]
    pull: NDArray[np.float64]
    annoyed: NDArray[np.float64]


def group_of(population: Population, past: Past) -> NDArray[np.int64]:
    """Return each customer's group on day 0, a code into the scenario's groups.

    The first that holds: frequent, dormant, new, at risk, growing, annoyed regular, annoyed
    occasional, regular, occasional. They read the rate of the day without its season, the rate of
    the last 90 days, the mean basket, the age of the account and the days since the last order.

    Returns
    -------
    NDArray[np.int64]
        Shape (n,).
    """
    rhythm, basket = population.rhythm, population.basket
    age = -rhythm.registered
    level = shape_of(rhythm, np.zeros(len(basket))) / (1.0 + rhythm.swing * np.cos(2 * np.pi / 365.25 * rhythm.peak))
    yearly = 365.0 * rhythm.rate * level
    quiet, gap = -past.last_order, 1.0 / np.maximum(rhythm.rate * level, 1e-9)
    recent = 365.0 / _RECENT_DAYS * load_between(rhythm, np.maximum(rhythm.registered, -_RECENT_DAYS), 0.0)
    regular = yearly >= _REGULAR_A_YEAR
    conditions = (
        past.there & (np.maximum(yearly, recent) >= _FREQUENT_A_YEAR) & (age > _RECENT_DAYS),
        ~past.there | (quiet > np.maximum(_QUIET_DAYS, _QUIET_GAPS * gap)),
        (age <= _NEW_DAYS) & (past.n_orders <= 1),
        quiet > np.maximum(_SLOW_DAYS, _SLOW_GAPS * gap),
        regular & (basket < _LOW_BASKET) & (age <= _YOUNG_DAYS),
        regular & (basket >= _HIGH_BASKET) & (age > _OLD_DAYS),
        (yearly < _SELDOM_A_YEAR) & (basket >= _HIGH_BASKET),
        regular,
    )
    return np.select(conditions, range(len(conditions)), len(conditions)).astype(np.int64)


def respond(population: Population, group: NDArray[np.int64], offer: Offer, scenario: Scenario) -> Response:
    """Return the chances of every customer under ``offer``.

    Parameters
    ----------
    population
        n customers.
    group
        Their groups, shape (n,).
    offer
        One treatment arm.
    scenario
        The world.
    """
    answers = [one.large if offer.is_large else one.small for one in scenario.groups]
    return Response(
        incremental=np.minimum(_by_group(answers, group, "incremental") * population.affinity, _MOST),
        redeem=_by_group(answers, group, "redeem"),
        pull=_by_group(answers, group, "pull"),
        annoyed=_by_group(answers, group, "annoyed"),
    )


def _by_group(answers: list[Answer], group: NDArray[np.int64], chance: str) -> NDArray[np.float64]:
    return np.array([getattr(answer, chance) for answer in answers])[group]
