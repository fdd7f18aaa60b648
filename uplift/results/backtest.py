"""What past alarms were worth, held against what came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from uplift.results.money import Amount

AlarmKind = Literal["any", "at_risk", "warning"]


@dataclass(frozen=True, slots=True)
class BacktestRow:
    """What the alarms of past weeks were worth.

    Parameters
    ----------
    kind
        ``at_risk``, ``warning`` or ``any`` of the two.
    by, level
        For whom: ("overall", "") or ("stratum", id).
    n_judged, n_alarms, n_events
        Customer-weeks that were judged, alarms that began, customers who became inactive.
    base_rate
        Share of the customer-weeks that no order followed.
    precision
        Share of the alarms that no order followed.
    recall
        Share of those who became inactive that had an alarm before.
    lift
        Hits over those that as many alarms at random within the same strata would have.
    false_alarms
        Alarms that an order followed, per 1,000 customers and week.
    lead_weeks
        Weeks from the alarm to the day on which the inactivity was full.
    """

    kind: AlarmKind
    by: Literal["overall", "stratum"]
    level: str
    n_judged: int
    n_alarms: int
    n_events: int
    base_rate: Amount
    precision: Amount
    recall: Amount
    lift: Amount
    false_alarms: Amount
    lead_weeks: Amount


@dataclass(frozen=True, slots=True)
class TopRow:
    """The customers whose CLV fell furthest from its peak, in each week.

    Parameters
    ----------
    share
        Share of the judged that are taken.
    precision, lift
        As for the alarms.
    """

    share: float
    precision: Amount
    lift: Amount


@dataclass(frozen=True, slots=True)
class Backtest:
    """Alarms of past weeks beside what came.

    Parameters
    ----------
    first_week, last_week
        Columns of the panel: the weeks whose alarms are held against what came.
    inactive_weeks
        Weeks without an order that count as inactive.
    n_customers
        Customers who were judged in those weeks.
    confidence_level
        Of the intervals.
    rows, top
        The findings.
    """

    first_week: int
    last_week: int
    inactive_weeks: int
    n_customers: int
    confidence_level: float
    rows: tuple[BacktestRow, ...]
    top: tuple[TopRow, ...]
