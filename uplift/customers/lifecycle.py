"""Lifecycle stage: rules on the days since the last order, with clauses on the chance to be there still."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from uplift.customers.axes import Axis
from uplift.customers.season import awaits_season
from uplift.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from uplift.customers.history import History

LifecycleMethod: TypeAlias = Literal["five_stage", "six_stage"]

STAGES: Mapping[LifecycleMethod, tuple[str, ...]] = MappingProxyType(
    {
        "five_stage": ("new", "growing", "active", "silent", "lost"),
        "six_stage": ("potential", "new", "growing", "mature", "declining", "lost"),
    }
)
"""Stages of each method in the order of merging."""

STAGE_NAMES: Mapping[LifecycleMethod, Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "five_stage": {
            "new": {"zh": "新客", "en": "New"},
            "growing": {"zh": "成长客", "en": "Growing"},
            "active": {"zh": "活跃客", "en": "Active"},
            "silent": {"zh": "沉默客", "en": "Silent"},
            "lost": {"zh": "流失客", "en": "Lost"},
        },
        "six_stage": {
            "potential": {"zh": "潜在", "en": "Potential"},
            "new": {"zh": "新客", "en": "New"},
            "growing": {"zh": "成长", "en": "Growing"},
            "mature": {"zh": "成熟", "en": "Mature"},
            "declining": {"zh": "衰退", "en": "Declining"},
            "lost": {"zh": "流失", "en": "Lost"},
        },
    }
)


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """Thresholds of the stages; days, or multiples of the expected gap between orders.

    Parameters
    ----------
    lost_days, lost_gaps
        Lost when the last order is longer ago than both.
    silent_days, silent_gaps
        Silent when the last order is longer ago than both; in ``six_stage`` lost.
    new_days, registered_days
        New: the only order at most ``new_days`` ago, or none and registered at most
        ``registered_days`` ago.
    growing_least, growing_most, growing_days, growing_gaps
        Growing: between so many lifetime orders, or first order at most so many days ago; and the
        last gap at most ``growing_gaps`` expected gaps.
    rise_p
        A longer-known customer grows when the last 90 days hold more orders than the 90 before at
        this one-sided level of the Poisson test.
    prior_gaps
        Gaps that the population's median counts for in a unit's expected gap.
    population_gap
        Median gap of the units with at least 3 orders, in days; None to take it from the history.
    lost_alive, silent_alive
        Lost, and silent, when the chance to be there still is below.
    declining_gaps
        ``six_stage``: declining when the last order is longer ago than so many expected gaps.
    seasonal_years
        Orders in one calendar quarter of so many years, and in no other, are a season.
    """

    lost_days: float = 365.0
    lost_gaps: float = 6.0
    silent_days: float = 90.0
    silent_gaps: float = 2.5
    new_days: float = 60.0
    registered_days: float = 60.0
    growing_least: int = 2
    growing_most: int = 5
    growing_days: float = 180.0
    growing_gaps: float = 1.5
    rise_p: float = 0.1
    prior_gaps: float = 3.0
    population_gap: float | None = None
    lost_alive: float = 0.1
    silent_alive: float = 0.4
    declining_gaps: float = 1.5
    seasonal_years: int = 2


def classify_lifecycle(
    history: History,
    *,
    rule: LifecycleRule | None = None,
    method: LifecycleMethod = "five_stage",
    alive: NDArray[np.float64] | None = None,
    at_risk: NDArray[np.bool_] | None = None,
) -> Axis:
    """Give each unit its stage at its moment.

    With ``R`` the days since the last order and IPT the expected gap (the personal median gap with
    weight g / (g + 3) for g >= 2 gaps, the rest the median over all units with at least 3 orders), the
    first that holds.

    ``five_stage``: lost ``R > max(365, 6 IPT)`` or P(alive) < .1; silent ``R > max(90, 2.5 IPT)`` or
    P(alive) < .4; new, the only order at most 60 days ago; growing, 2-5 orders or the first order at most
    180 days ago and the last gap at most 1.5 IPT, or a rise in frequency by the Poisson test; active, the
    rest. Without an order: new when registered at most 60 days ago, else lost.

    ``six_stage``: potential, no order yet; lost, what ``five_stage`` calls lost or silent; new;
    declining ``R > 1.5 IPT`` or at risk; growing; mature, the rest.

    Who ordered in one calendar quarter of at least two years, and in no other, is never silent, lost or
    declining before that quarter has passed again.

    Parameters
    ----------
    history
        Orders strictly before each unit's moment; ``n`` units.
    rule
        The numbers of the rule; default as above.
    method
        Which stages.
    alive : ndarray of float, shape (n,)
        Chance that the unit still orders, NaN where no model speaks of it; None for the rule alone. It is 1
        for one-time buyers under BG/NBD, so that they keep the rule.
    at_risk : ndarray of bool, shape (n,)
        ``six_stage``: units in decline by the alerts of the last two weeks; None for nobody.

    Returns
    -------
    Axis
        Levels in the order of merging; ``rule`` holds every threshold, the population's gap and whether
        P(alive) was known (``with_alive``).

    Raises
    ------
    DataError
        When ``alive`` or ``at_risk`` is not one value a unit, or P(alive) lies outside [0, 1].

    References
    ----------
    Przyborowski and Wilenski (1940), Biometrika 31 (test of two Poisson counts given their sum). Fader,
    Hardie and Lee (2005), Marketing Science 24 (P(alive)).
    """
    settled = settle_rule(history, rule)
    known = _alive(history, alive)
    masks = _masks(history, settled, known)
    stages = STAGES[method]
    tested: tuple[str, ...] = ("lost", "silent", "new", "growing")
    if method == "six_stage":
        masks |= _masks_of_six(history, settled, masks, at_risk)
        tested = ("potential", "lost", "new", "declining", "growing")
    rest = stages.index("active" if method == "five_stage" else "mature")
    codes = np.select([masks[stage] for stage in tested], [stages.index(stage) for stage in tested], rest)
    frozen = {name: float(value) for name, value in asdict(settled).items()}
    frozen["with_alive"] = float(alive is not None)
    return Axis("lifecycle", stages, STAGE_NAMES[method], codes.astype(np.int64), rule=frozen)


def settle_rule(history: History, rule: LifecycleRule | None = None) -> LifecycleRule:
    """Return a rule with the population's gap taken from the history where it was open.

    Parameters
    ----------
    history
        Order history of the population.
    rule
        The numbers of the rule; None for the default.
    """
    given = rule or LifecycleRule()
    if given.population_gap is not None:
        return given
    known = history.median_gap[history.n_orders >= 3]
    known = known[~np.isnan(known)]
    # Without anybody to learn from, the days of the rule alone decide who is silent.
    gap = float(np.median(known)) if len(known) else given.silent_days / given.silent_gaps
    return replace(given, population_gap=gap)


def expected_gap(history: History, *, population_gap: float, prior_gaps: float = 3.0) -> NDArray[np.float64]:
    """Return the expected days between orders of each unit, shrunk to the population.

    Parameters
    ----------
    history
        Order history of ``n`` units.
    population_gap
        Median gap of the population, in days.
    prior_gaps
        Gaps that the population counts for.

    Returns
    -------
    ndarray of float, shape (n,)
    """
    weight = np.where(history.n_gaps >= 2, history.n_gaps / (history.n_gaps + prior_gaps), 0.0)
    personal = np.where(history.n_gaps >= 2, history.median_gap, population_gap)
    return weight * personal + (1 - weight) * population_gap


def find_lapse(
    history: History, rule: LifecycleRule | None = None, *, alive: NDArray[np.float64] | None = None
) -> Lapse:
    """Tell who has stopped ordering: for a while, or for good.

    Parameters
    ----------
    history
        Order history of ``n`` units.
    rule
        Thresholds; None for the default.
    alive : ndarray of float, shape (n,)
        As in :func:`classify_lifecycle`.

    Returns
    -------
    Lapse
        Units without an order are neither.
    """
    given, known = settle_rule(history, rule), _alive(history, alive)
    since = np.where(history.n_orders == 0, 0.0, history.last_order_days)
    expected = _expected(history, given)
    there = awaits_season(history, least_years=given.seasonal_years)
    lost = (since > np.maximum(given.lost_days, given.lost_gaps * expected)) | (known < given.lost_alive)
    silent = (since > np.maximum(given.silent_days, given.silent_gaps * expected)) | (known < given.silent_alive)
    return Lapse(silent & ~there, lost & ~there)


@dataclass(frozen=True, slots=True, eq=False)
class Lapse:
    """Units that have stopped ordering, each of shape (n,); who is lost may not be silent besides."""

    silent: NDArray[np.bool_]
    lost: NDArray[np.bool_]


def _alive(history: History, alive: NDArray[np.float64] | None) -> NDArray[np.float64]:
    if alive is None:
        return np.full(len(history), np.nan)
    if alive.shape != (len(history),):
        message = f"alive has shape {alive.shape}, must be ({len(history)},): one chance per unit of the history"
        raise DataError(message)
    if np.any((alive < 0) | (alive > 1)):
        message = f"alive lies in [{np.nanmin(alive)}, {np.nanmax(alive)}], must lie in [0, 1]: it is a chance"
        raise DataError(message)
    return np.where(history.n_orders == 0, np.nan, alive)


def _expected(history: History, rule: LifecycleRule) -> NDArray[np.float64]:
    gap = settle_rule(history, rule).population_gap or 0.0
    return expected_gap(history, population_gap=gap, prior_gaps=rule.prior_gaps)


def _masks(history: History, rule: LifecycleRule, alive: NDArray[np.float64]) -> dict[str, NDArray[np.bool_]]:
    none = history.n_orders == 0
    stopped = find_lapse(history, rule, alive=alive)
    known = np.where(none, np.inf, history.first_order_days)
    joined = none & (history.registered_days <= rule.registered_days)
    few = (history.n_orders >= rule.growing_least) & (history.n_orders <= rule.growing_most)
    young = few | (known <= rule.growing_days)
    steady = history.last_gap <= rule.growing_gaps * _expected(history, rule)
    return {
        "lost": stopped.lost | (none & ~joined),
        "silent": stopped.silent,
        "new": joined | ((history.n_orders == 1) & (known <= rule.new_days)),
        "growing": (young & steady) | (~young & ~none & _rises(history, rule.rise_p)),
    }


def _masks_of_six(
    history: History,
    rule: LifecycleRule,
    masks: Mapping[str, NDArray[np.bool_]],
    at_risk: NDArray[np.bool_] | None,
) -> dict[str, NDArray[np.bool_]]:
    late = history.last_order_days > rule.declining_gaps * _expected(history, rule)
    late &= ~awaits_season(history, least_years=rule.seasonal_years)
    if at_risk is not None and at_risk.shape != late.shape:
        message = f"at_risk has shape {at_risk.shape}, must be {late.shape}: one flag per unit of the history"
        raise DataError(message)
    return {
        "potential": history.n_orders == 0,
        "lost": masks["lost"] | masks["silent"],
        "declining": late if at_risk is None else late | at_risk,
    }


def _rises(history: History, level: float) -> NDArray[np.bool_]:
    from scipy.special import bdtrc

    last, both = history.orders_90d, history.orders_90d + history.orders_previous_90d
    base = int(both.max(initial=0)) + 1
    pairs, inverse = np.unique(last * base + both, return_inverse=True)
    rises = np.asarray(bdtrc(pairs // base - 1, pairs % base, 0.5)) < level
    return rises[inverse]
