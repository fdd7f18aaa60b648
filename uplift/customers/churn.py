"""Churn: for a while or for good, and whether a bad experience or fading interest came before it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from uplift.customers.axes import NONE_LEVEL, Axis
from uplift.customers.lifecycle import expected_gap, find_lapse, settle_rule
from uplift.customers.season import awaits_season

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from uplift.customers.history import History
    from uplift.customers.lifecycle import LifecycleRule

CHURN_LEVELS = ("none", "temporary", "permanent")
CHURN_NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "none": {"zh": "未流失", "en": "not churned"},
        "temporary": {"zh": "暂时流失", "en": "churned for now"},
        "permanent": {"zh": "永久流失", "en": "churned for good"},
    }
)
REASON_NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "none": {"zh": "未流失", "en": "not churned"},
        "experience": {"zh": "体验受损", "en": "bad experience"},
        "interest": {"zh": "兴趣减退", "en": "fading interest"},
    }
)
REASON_DAYS = 60
"""Days before the silence in which its reason is looked for."""
LAPSED_STAGES = ("silent", "lost")
_SEASONS = 2


def classify_churn(
    history: History, *, rule: LifecycleRule | None = None, alive: NDArray[np.float64] | None = None
) -> Axis:
    """Tell temporary from permanent churn.

    Churned is who is silent or lost by the rule or by P(alive). That is permanent when P(alive) < .1 or,
    where no model tells (units with one purchase day under BG/NBD, or none fitted), when the rule calls the
    unit lost; else temporary. It is temporary, too, where a yearly rhythm explains it: all orders in one
    calendar quarter of at least two years, and no more than one such quarter has passed without any.

    Parameters
    ----------
    history
        Orders strictly before each unit's moment; ``n`` units.
    rule
        Thresholds; None for the default.
    alive : ndarray of float, shape (n,)
        As in :func:`~uplift.customers.classify_lifecycle`.

    Returns
    -------
    Axis
        Levels ``none``, ``temporary``, ``permanent``; units without an order are ``none``.
    """
    given = settle_rule(history, rule)
    stopped = find_lapse(history, given, alive=alive)
    by_rule = find_lapse(history, given)
    told = np.zeros(len(history), np.bool_) if alive is None else alive < 1
    gone = np.where(told, False if alive is None else alive < given.lost_alive, by_rule.lost)
    gone &= ~awaits_season(history, least_years=given.seasonal_years, seasons=_SEASONS)
    churned = (stopped.silent | stopped.lost) & (history.n_orders > 0)
    codes = np.where(churned, np.where(gone, 2, 1), 0)
    frozen = {"lost_alive": given.lost_alive, "lost_days": given.lost_days, "lost_gaps": given.lost_gaps}
    return Axis("churn", CHURN_LEVELS, CHURN_NAMES, codes.astype(np.int64), rule=frozen)


def silent_since(
    history: History, *, rule: LifecycleRule | None = None, days: int = REASON_DAYS
) -> NDArray[np.float64]:
    """Return how many days before its moment each unit's silence began: when the next order was due.

    It was due one expected gap after the last order, at the latest ``days`` after it: the ``days`` before
    the silence then hold what followed the last order, complaints and refunds come after it.

    Parameters
    ----------
    history
        Order history of ``n`` units.
    rule
        Thresholds; None for the default.
    days
        Longest wait for the next order.

    Returns
    -------
    ndarray of float, shape (n,)
        0 where the order is not due yet; NaN without an order.
    """
    given = settle_rule(history, rule)
    gap = expected_gap(history, population_gap=given.population_gap or 0.0, prior_gaps=given.prior_gaps)
    return np.maximum(history.last_order_days - np.minimum(gap, days), 0.0)


def classify_churn_reason(
    stage: Axis,
    reasons: Mapping[str, NDArray[np.bool_]],
    *,
    otherwise: str = "interest",
    names: Mapping[str, Mapping[str, str]] = REASON_NAMES,
) -> Axis:
    """Give each silent or lost unit the reason of its silence.

    Parameters
    ----------
    stage
        Lifecycle of ``n`` units.
    reasons
        Reason to who has it, shape (n,); of several the first holds. ``experience``: a ticket, a low
        delivery rating or a refund in the days before the silence.
    otherwise
        The reason of the rest.
    names
        Reason to its names by language.

    Returns
    -------
    Axis
        ``churn_reason`` with the level ``none`` for units that are neither silent nor lost, then the
        reasons in the order given.
    """
    levels = (NONE_LEVEL, *reasons, otherwise)
    churned = np.isin(stage.labels, LAPSED_STAGES)
    codes = np.select(list(reasons.values()), list(range(1, len(reasons) + 1)), len(reasons) + 1)
    known = {level: names.get(level, {}) for level in levels}
    return Axis("churn_reason", levels, known, np.where(churned, codes, 0).astype(np.int64))
