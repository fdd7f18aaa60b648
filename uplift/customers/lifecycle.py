"""Lifecycle stage by rule: new, growing, active, silent, lost."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np

from uplift.customers.axes import Axis

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from uplift.customers.history import History

STAGES = ("new", "growing", "active", "silent", "lost")
STAGE_NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "new": {"zh": "新客", "en": "New"},
        "growing": {"zh": "成长客", "en": "Growing"},
        "active": {"zh": "活跃客", "en": "Active"},
        "silent": {"zh": "沉默客", "en": "Silent"},
        "lost": {"zh": "流失客", "en": "Lost"},
    }
)


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    """Thresholds of ``five_stage``; days, or multiples of the expected gap between orders.

    Parameters
    ----------
    lost_days, lost_gaps
        Lost when the last order is longer ago than both.
    silent_days, silent_gaps
        Silent when the last order is longer ago than both.
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


def classify_lifecycle(
    history: History,
    *,
    model: Literal["five_stage"] = "five_stage",
    thresholds: LifecycleRule | None = None,
) -> Axis:
    """Give each unit its stage at its moment, by rule.

    With ``R`` the days since the last order and IPT the expected gap (the personal median gap with
    weight g / (g + 3) for g >= 2 gaps, the rest the median over all units with at least 3
    orders), the first that holds: lost ``R > max(365, 6 IPT)``; silent ``R > max(90, 2.5 IPT)``; new, the only
    order at most 60 days ago; growing, 2-5 orders or the first order at most 180 days ago and the
    last gap at most 1.5 IPT, or a rise in frequency by the Poisson test; active, the rest. Without
    an order: new when registered at most 60 days ago, else lost.

    Parameters
    ----------
    history
        Orders strictly before each unit's moment; ``n`` units.
    model
        ``five_stage``.
    thresholds
        The numbers of the rule; default as above.

    Returns
    -------
    Axis
        Levels in the order of merging; ``rule`` holds every threshold and the population's gap.

    References
    ----------
    Przyborowski and Wilenski (1940), Biometrika 31 (test of two Poisson counts given their sum).
    """
    del model
    rule = thresholds or LifecycleRule()
    population = rule.population_gap if rule.population_gap is not None else _population_gap(history, rule)
    expected = expected_gap(history, population_gap=population, prior_gaps=rule.prior_gaps)
    masks = _masks(history, rule, expected)
    codes = np.select([masks[stage] for stage in _TESTED], [STAGES.index(stage) for stage in _TESTED], 2)
    frozen = {name: float(value) for name, value in asdict(rule).items() if value is not None}
    frozen["population_gap"] = population
    return Axis("lifecycle", STAGES, STAGE_NAMES, codes.astype(np.int64), rule=frozen)


_TESTED = ("lost", "silent", "new", "growing")


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


def _population_gap(history: History, rule: LifecycleRule) -> float:
    known = history.median_gap[history.n_orders >= 3]
    # Without anybody to learn from, the days of the rule alone decide who is silent.
    return float(np.median(known)) if len(known) else rule.silent_days / rule.silent_gaps


def _masks(history: History, rule: LifecycleRule, expected: NDArray[np.float64]) -> Mapping[str, NDArray[np.bool_]]:
    none = history.n_orders == 0
    since = np.where(none, 0.0, history.last_order_days)
    known = np.where(none, np.inf, history.first_order_days)
    joined = none & (history.registered_days <= rule.registered_days)
    few = (history.n_orders >= rule.growing_least) & (history.n_orders <= rule.growing_most)
    young = few | (known <= rule.growing_days)
    steady = history.last_gap <= rule.growing_gaps * expected
    return {
        "lost": (since > np.maximum(rule.lost_days, rule.lost_gaps * expected)) | (none & ~joined),
        "silent": since > np.maximum(rule.silent_days, rule.silent_gaps * expected),
        "new": joined | ((history.n_orders == 1) & (known <= rule.new_days)),
        "growing": (young & steady) | (~young & ~none & _rises(history, rule.rise_p)),
    }


def _rises(history: History, level: float) -> NDArray[np.bool_]:
    from scipy.special import bdtrc

    last, both = history.orders_90d, history.orders_90d + history.orders_previous_90d
    base = int(both.max(initial=0)) + 1
    pairs, inverse = np.unique(last * base + both, return_inverse=True)
    rises = np.asarray(bdtrc(pairs // base - 1, pairs % base, 0.5)) < level
    return rises[inverse]
