"""Who is at risk this week, whose value has fallen from its peak, and who grows with a small basket.

Alerts are predictions. Who is at risk is not who answers a coupon: that takes an experiment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from uplift.customers.activity import ActivityRule, read_activity
from uplift.customers.weekly import WEEK_DAYS
from uplift.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.customers.activity import Activity
    from uplift.customers.weekly import ValuePath


@dataclass(frozen=True, slots=True)
class AlertRule:
    """Thresholds of the alerts.

    Parameters
    ----------
    noise
        A weekly fall of CLV counts when it is larger than this share.
    decline_weeks
        Weeks in a row that must fall.
    peak_weeks
        Weeks over which the peak is taken.
    severities
        Falls from the peak that make an early warning mild, serious and severe.
    rise
        CLV is rising when it is this share above that of ``peak_weeks`` before.
    recovery_weeks
        Calm weeks in a row after which an alert ends.
    history_weeks
        Weeks since the first purchase, and weeks of the panel, before the first judgement.
    active_days
        Judged are customers whose last purchase is at most so many days ago: what alerts foresee, no
        purchase for as long, has not happened to them yet.
    least_group
        A stratum with fewer judged customers takes the median of all for its own, and gets no colour.
    amber_share, red_share
        Share of a stratum's value that is at risk from which it is amber, and red.
    activity
        When activity is falling.
    """

    noise: float = 0.02
    decline_weeks: int = 2
    peak_weeks: int = 8
    severities: tuple[float, ...] = (0.20, 0.35, 0.50)
    rise: float = 0.20
    recovery_weeks: int = 2
    history_weeks: int = 8
    active_days: int = 90
    least_group: int = 30
    amber_share: float = 0.10
    red_share: float = 0.20
    activity: ActivityRule = field(default_factory=ActivityRule)


@dataclass(frozen=True, slots=True, eq=False)
class AlertFacts:
    """What stands behind the alerts of the last judged week, each of shape (n,); NaN where it does not exist.

    Parameters
    ----------
    clv, peak, before
        CLV, the highest of the weeks before it, and that of the first of those weeks, in the currency.
    change, change_before
        Change of CLV in the last judged week and in the one before, as a share.
    usual, usual_before
        Median change of the customer's stratum in those weeks.
    weeks, recent, baseline
        Activity of the last so many weeks, and what the customer's own baseline would make it; 0 weeks where it is
        too rare to tell.
    fast, slow
        Weighted means of weekly activity, short and long.
    declining, falling
        Whether CLV fell long enough, and whether activity falls, in the last judged week itself; both may
        be false where an alarm waits for its second calm week.
    """

    clv: NDArray[np.float64]
    peak: NDArray[np.float64]
    before: NDArray[np.float64]
    change: NDArray[np.float64]
    change_before: NDArray[np.float64]
    usual: NDArray[np.float64]
    usual_before: NDArray[np.float64]
    weeks: NDArray[np.int64]
    recent: NDArray[np.float64]
    baseline: NDArray[np.float64]
    fast: NDArray[np.float64]
    slow: NDArray[np.float64]
    declining: NDArray[np.bool_]
    falling: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class AlertTable:
    """Alerts of ``n`` customers over the ``k`` judged weeks.

    Parameters
    ----------
    unit_id : ndarray of object (str), shape (n,)
        Customers.
    weeks : ndarray of int, shape (k,)
        Columns of the panel that were judged: promotion weeks and the first weeks are left out.
    judged : ndarray of bool, shape (n, k)
        Whether the customer had history enough and was active.
    at_risk : ndarray of bool, shape (n, k)
        Value and activity fell, and have not recovered.
    severity : ndarray of int8, shape (n, k)
        Early warning: 0 none, then one more for each threshold of the fall from the peak.
    drop : ndarray of float, shape (n, k)
        Fall of CLV from its peak, as a share; negative above it, NaN where the customer is not judged.
    cross_category : ndarray of bool, shape (n,)
        In the last judged week: CLV rises, the basket is low, and nothing is wrong.
    facts
        Of the last judged week.
    """

    unit_id: NDArray[np.object_]
    weeks: NDArray[np.int64]
    judged: NDArray[np.bool_]
    at_risk: NDArray[np.bool_]
    severity: NDArray[np.int8]
    drop: NDArray[np.float64]
    cross_category: NDArray[np.bool_]
    facts: AlertFacts

    @property
    def alarmed(self) -> NDArray[np.bool_]:
        """Whether the customer is at risk or warned of, shape (n, k)."""
        return self.at_risk | (self.severity > 0)

    def since(self, state: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the panel's column in which the present spell of a state began, -1 where it is off, shape (n,)."""
        n_weeks = state.shape[1]
        off = np.where(state, -1, np.arange(n_weeks)).max(axis=1, initial=-1)
        begun = self.weeks[np.minimum(off + 1, n_weeks - 1)]
        return np.where(state[:, -1], begun, -1)


def find_alerts(
    path: ValuePath,
    strata: NDArray[np.int64],
    *,
    removed: NDArray[np.bool_] | None = None,
    low_basket: NDArray[np.bool_] | None = None,
    rule: AlertRule | None = None,
) -> AlertTable:
    """Judge the weeks of customers by value and activity.

    *At risk*: CLV fell in two weeks in a row, each time by more than the noise, by more than the median
    of the stratum, and by more than the model expected of this customer; and activity is falling.
    *Early warning*: CLV lies 20 % (35 %, 50 %) or more below its peak of the eight weeks before.
    *Cross-category candidate*: CLV is up 20 % over eight weeks, the basket is low, and there is no alarm.
    An alarm ends after two calm weeks, in which activity does not fall (and CLV is within 20 % of its peak,
    for a warning), or when the customer is no longer active: then what was foreseen has happened.

    Parameters
    ----------
    path
        CLV by week under frozen parameters; ``n`` customers, ``w`` weeks.
    strata : ndarray of int, shape (n,) or (n, w)
        Code of each customer's stratum, in each week as it was known before that week; -1 for none.
    removed : ndarray of bool, shape (w,), optional
        Weeks that the calendar takes out, such as those of a promotion: they are not judged, and
        neither peak nor activity knows them.
    low_basket : ndarray of bool, shape (n,), optional
        Whose basket is low; None for nobody.
    rule
        The thresholds.

    Returns
    -------
    AlertTable

    Raises
    ------
    DataError
        When too few weeks are left to judge one.

    Notes
    -----
    CLV falls between purchases by the mere passing of time, for everybody. Only what falls faster than the
    stratum and than the model's own expectation, a surprise, counts.
    """
    chosen = rule or AlertRule()
    panel = path.panel
    kept, first = _kept_weeks(removed, panel.n_weeks, chosen)
    codes = np.broadcast_to(strata.reshape(len(strata), -1), path.clv.shape)
    active = _active(path, chosen)[:, kept]
    activity = read_activity(panel.activity[:, kept], panel.known[:, kept], rule=chosen.activity)
    declining = _declines(path, kept, codes, active, chosen)
    drop = _drops(path.clv[:, kept], active, chosen.peak_weeks)[:, first:]
    fallen = _run(declining, chosen.decline_weeks)[:, first:]
    falling, judged = activity.falling[:, first:], active[:, first:]
    low = drop >= chosen.severities[0]
    at_risk = _latch(fallen & falling, calm=~falling, open_=judged, n_calm=chosen.recovery_weeks)
    warned = _latch(low, calm=~low & ~falling, open_=judged, n_calm=chosen.recovery_weeks)
    level = np.searchsorted(chosen.severities, np.nan_to_num(drop), side="right")
    severity = np.where(warned, np.maximum(level, 1), 0)
    healthy = judged[:, -1] & ~at_risk[:, -1] & ~warned[:, -1]
    basket = np.zeros(len(strata), np.bool_) if low_basket is None else low_basket
    return AlertTable(
        unit_id=panel.unit_id,
        weeks=kept[first:],
        judged=judged,
        at_risk=at_risk,
        severity=severity.astype(np.int8),
        drop=drop,
        cross_category=healthy & basket & _rises(path, kept, chosen),
        facts=_facts(path, kept, codes, active, activity, fallen[:, -1], chosen),
    )


def _kept_weeks(removed: NDArray[np.bool_] | None, n_weeks: int, rule: AlertRule) -> tuple[NDArray[np.int64], int]:
    """Return the columns that the calendar leaves, and how many of them come before the first judgement."""
    gone = np.zeros(n_weeks, np.bool_) if removed is None else np.asarray(removed)
    if gone.shape != (n_weeks,):
        message = f"removed: got the shape {gone.shape}, must be ({n_weeks},): one flag per week of the panel"
        raise DataError(message)
    kept = np.flatnonzero(~gone)
    first = max(rule.history_weeks, rule.peak_weeks, rule.decline_weeks)
    if len(kept) <= first:
        message = (
            f"alerts: {n_weeks} weeks, {int(gone.sum())} of them removed by the calendar, leave {len(kept)}; "
            f"{first + 1} or more are needed: ask for more weeks"
        )
        raise DataError(message)
    return kept.astype(np.int64), first


def _active(path: ValuePath, rule: AlertRule) -> NDArray[np.bool_]:
    """Tell who bought lately, has been a customer long enough and is worth anything, shape (n, w)."""
    panel = path.panel
    old = panel.age_days >= WEEK_DAYS * rule.history_weeks
    late = panel.age_days - panel.recency_days <= rule.active_days
    return old & late & (path.clv > 0)


def _change(path: ValuePath, week: int) -> NDArray[np.float64]:
    """Return CLV against the week before, as a share of it, shape (n,); NaN where that was nothing."""
    change = np.full(len(path.clv), np.nan)
    if week == 0:
        return change
    before = path.clv[:, week - 1]
    np.divide(path.clv[:, week] - before, before, out=change, where=before > 0)
    return change


def _usual(
    change: NDArray[np.float64], codes: NDArray[np.int64], among: NDArray[np.bool_], rule: AlertRule
) -> NDArray[np.float64]:
    """Return the median change of each customer's stratum, that of all where the stratum is small, shape (n,)."""
    usable = among & ~np.isnan(change)
    if not usable.any():
        return np.full(len(change), np.nan)
    values, place = change[usable], codes[usable] + 1
    order = np.lexsort((values, place))
    count = np.bincount(place, minlength=int(codes.max(initial=-1)) + 2)
    start = np.cumsum(count) - count
    some = np.flatnonzero(count >= rule.least_group)
    median = np.full(len(count), np.median(values))
    low, high = start[some] + (count[some] - 1) // 2, start[some] + count[some] // 2
    median[some] = (values[order][low] + values[order][high]) / 2
    return np.asarray(median[codes + 1])


def _declines(
    path: ValuePath, kept: NDArray[np.int64], codes: NDArray[np.int64], active: NDArray[np.bool_], rule: AlertRule
) -> NDArray[np.bool_]:
    """Tell whose CLV falls by more than the noise, the stratum's median and the model's expectation, shape (n, k)."""
    falls = np.zeros(active.shape, np.bool_)
    change = np.full(active.shape, np.nan)
    for place, week in enumerate(kept.tolist()):
        change[:, place] = _change(path, week)
        usual = _usual(change[:, place], codes[:, week], active[:, place], rule)
        falls[:, place] = active[:, place] & (change[:, place] < np.fmin(-rule.noise, usual))
    rows, places = np.nonzero(falls)
    falls[rows, places] = change[rows, places] < path.expected_change(kept[places], rows)
    return falls


def _run(state: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
    """Tell where a state has held for ``length`` weeks in a row."""
    held = state.copy()
    for back in range(1, length):
        held[:, :back] = False
        held[:, back:] &= state[:, :-back]
    return held


def _latch(
    enter: NDArray[np.bool_], *, calm: NDArray[np.bool_], open_: NDArray[np.bool_], n_calm: int
) -> NDArray[np.bool_]:
    """Return a state that begins with ``enter``, and ends after ``n_calm`` calm weeks or when it is not open."""
    on, quiet = np.zeros(len(enter), np.bool_), np.zeros(len(enter), np.int64)
    state = np.zeros(enter.shape, np.bool_)
    for week in range(enter.shape[1]):
        quiet = np.where(calm[:, week], quiet + 1, 0)
        on = open_[:, week] & (enter[:, week] | (on & (quiet < n_calm)))
        state[:, week] = on
    return state


def _peak(clv: NDArray[np.float64], place: int, n_weeks: int) -> NDArray[np.float64]:
    """Return the highest CLV of the weeks before ``place``, NaN without any, shape (n,)."""
    return np.asarray(np.fmax.reduce(clv[:, max(place - n_weeks, 0) : place], axis=1, initial=np.nan))


def _drops(clv: NDArray[np.float64], active: NDArray[np.bool_], n_weeks: int) -> NDArray[np.float64]:
    """Return the fall of CLV from its peak as a share, NaN where nobody is judged, shape (n, k)."""
    drop = np.full(clv.shape, np.nan)
    for place in range(clv.shape[1]):
        peak = _peak(clv, place, n_weeks)
        np.divide(peak - clv[:, place], peak, out=drop[:, place], where=active[:, place] & (peak > 0))
    return drop


def _rises(path: ValuePath, kept: NDArray[np.int64], rule: AlertRule) -> NDArray[np.bool_]:
    """Tell whose CLV is well above that of some weeks before, after two repeat purchases or more, shape (n,)."""
    now, before = path.clv[:, kept[-1]], path.clv[:, kept[-1 - rule.peak_weeks]]
    bought = path.panel.frequency[:, kept[-1]] >= 2
    return np.asarray(bought & (before > 0) & (now >= (1 + rule.rise) * before))


def _facts(
    path: ValuePath,
    kept: NDArray[np.int64],
    codes: NDArray[np.int64],
    active: NDArray[np.bool_],
    activity: Activity,
    fallen: NDArray[np.bool_],
    rule: AlertRule,
) -> AlertFacts:
    weeks = (int(kept[-1]), int(kept[-2]))
    changes = [_change(path, week) for week in weeks]
    usual = [
        _usual(change, codes[:, week], active[:, -1 - back], rule)
        for back, (week, change) in enumerate(zip(weeks, changes, strict=True))
    ]
    return AlertFacts(
        clv=path.clv[:, weeks[0]],
        peak=_peak(path.clv[:, kept], len(kept) - 1, rule.peak_weeks),
        before=path.clv[:, kept[-1 - rule.peak_weeks]],
        change=changes[0],
        change_before=changes[1],
        usual=usual[0],
        usual_before=usual[1],
        weeks=activity.weeks,
        recent=activity.recent,
        baseline=activity.baseline,
        fast=activity.fast,
        slow=activity.slow,
        declining=fallen,
        falling=activity.falling[:, -1],
    )
