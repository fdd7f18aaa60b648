"""What the alerts of past weeks foresaw: no order in the thirteen weeks that followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from uplift.errors import DataError
from uplift.results.backtest import Backtest, BacktestRow, TopRow
from uplift.results.money import Amount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from uplift.customers.alerts import AlertTable
    from uplift.results.backtest import AlarmKind

INACTIVE_WEEKS = 13
"""The least whole weeks that hold 90 days without an order."""
TOP_SHARES = (0.01, 0.05, 0.10)
PER = 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class _Past:
    """Judged customer-weeks whose thirteen weeks are over, ``m`` of them, and the inactivity that came.

    Parameters
    ----------
    unit, week : ndarray of int, shape (m,)
        Row of the table, and column of its judged weeks.
    stratum : ndarray of int, shape (m,)
        Code in that week.
    silent : ndarray of bool, shape (m,)
        Whether no order followed.
    """

    unit: NDArray[np.int64]
    week: NDArray[np.int64]
    stratum: NDArray[np.int64]
    silent: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Events:
    """Customers who became inactive, ``e`` of them: thirteen weeks without an order after a judged week with one.

    Parameters
    ----------
    unit, stratum : ndarray of int, shape (e,)
        Row of the table; code of the stratum in the week of the last order.
    places : ndarray of int, shape (e, 2)
        First judged week from the last order on, and the first after the inactivity was full.
    full : ndarray of int, shape (e,)
        Column of the panel in which the inactivity was full.
    """

    unit: NDArray[np.int64]
    stratum: NDArray[np.int64]
    places: NDArray[np.int64]
    full: NDArray[np.int64]


def backtest_alerts(
    table: AlertTable,
    orders: NDArray[np.float64],
    strata: NDArray[np.int64],
    *,
    names: Sequence[str] = (),
    n_weeks: int = INACTIVE_WEEKS,
    confidence_level: float = 0.95,
) -> Backtest:
    """Hold the alerts of past weeks against the weeks that followed them.

    Parameters
    ----------
    table
        Alerts of ``n`` customers; what they knew ends with each week.
    orders : ndarray of float, shape (n, w)
        Orders of every week of the panel.
    strata : ndarray of int, shape (n,) or (n, w)
        Codes of the strata, as given to ``find_alerts``.
    names
        Ids of the strata by code; none for no rows by stratum.
    n_weeks
        Weeks without an order that make a customer inactive.
    confidence_level
        Of the intervals.

    Returns
    -------
    Backtest
        For alerts at risk, early warnings and both together, over all and by stratum.

    Raises
    ------
    DataError
        When the orders are not of the table's customers, or no judged week is old enough.

    Notes
    -----
    *Precision* is of alarms that begin: the share after which no order came in ``n_weeks``. *Recall* is of
    customers who became inactive: the share with an alarm on between their last order and the day on
    which the inactivity was full; *lead time* is the weeks from that alarm to that day, which is how much
    earlier than the rule of 90 days it spoke. *Base rate* is the share of all judged customer-weeks that
    nothing followed. *Lift* is the hits over those that alarms thrown at random within the same strata would
    have had: who buys twice a year is silent for a quarter without anything being wrong.

    A customer has many weeks, so intervals are linearised with the customer as the cluster: shares by Wilson
    with the effective number of weeks, lift on the log scale, the others normal. What hits all customers in
    one week is not in them.

    Alarms foresee; they do not say whom an offer would keep.

    References
    ----------
    Wilson (1927), JASA 22; Kish (1965), Survey Sampling, for the effective number; Ascarza (2018),
    J. Marketing Research 55, on risk against response.
    """
    if orders.shape[0] != len(table.unit_id) or orders.shape[1] <= int(table.weeks[-1]):
        message = (
            f"orders: got the shape {orders.shape}; one row for each of the {len(table.unit_id)} customers and "
            f"more than {int(table.weeks[-1])} weeks are needed"
        )
        raise DataError(message)
    codes = np.broadcast_to(strata.reshape(len(strata), -1), orders.shape)
    total = np.zeros((len(orders), orders.shape[1] + 1))
    np.cumsum(orders > 0, axis=1, out=total[:, 1:])
    ripe = np.flatnonzero(table.weeks + n_weeks < orders.shape[1])
    if not len(ripe) or not table.judged[:, ripe].any():
        message = (
            f"backtest: no judged week has {n_weeks} weeks after it; ask for {n_weeks} weeks more "
            "than are to be judged, or for an earlier as_of"
        )
        raise DataError(message)
    past = _past(table, codes, total, ripe, n_weeks)
    events = _events(table, codes, total, n_weeks)
    score = _Score(past, events, len(orders), _z(confidence_level))
    states = (
        _Spells.of("any", table.alarmed),
        _Spells.of("at_risk", table.at_risk),
        _Spells.of("warning", table.severity > 0),
    )
    rows = [_row("overall", "", table=table, spells=spells, score=score) for spells in states]
    for code, name in enumerate(names):
        part = score.within(code)
        if len(part.past.unit):
            rows += [_row("stratum", name, table=table, spells=spells, score=part) for spells in states]
    return Backtest(
        first_week=int(table.weeks[ripe[0]]),
        last_week=int(table.weeks[ripe[-1]]),
        inactive_weeks=n_weeks,
        n_customers=len(np.unique(past.unit)),
        confidence_level=confidence_level,
        rows=tuple(rows),
        top=tuple(_top(table, score, share) for share in TOP_SHARES),
    )


def _past(
    table: AlertTable, codes: NDArray[np.int64], total: NDArray[np.float64], ripe: NDArray[np.intp], n_weeks: int
) -> _Past:
    unit, place = np.nonzero(table.judged[:, ripe])
    column = table.weeks[ripe][place]
    followed = total[unit, column + n_weeks + 1] - total[unit, column + 1]
    return _Past(unit, ripe[place], codes[unit, column], followed == 0)


def _events(table: AlertTable, codes: NDArray[np.int64], total: NDArray[np.float64], n_weeks: int) -> _Events:
    columns = np.arange(int(table.weeks[0]), total.shape[1] - 1 - n_weeks)
    bought = total[:, columns + 1] > total[:, columns]
    quiet = total[:, columns + n_weeks + 1] == total[:, columns + 1]
    unit, which = np.nonzero(bought & quiet)
    last = columns[which]
    places = np.column_stack([np.searchsorted(table.weeks, last), np.searchsorted(table.weeks, last + n_weeks)])
    n_judged = np.zeros((len(codes), len(table.weeks) + 1), np.int64)
    np.cumsum(table.judged, axis=1, out=n_judged[:, 1:])
    seen = n_judged[unit, places[:, 1]] > n_judged[unit, places[:, 0]]
    return _Events(unit[seen], codes[unit, last][seen], places[seen], (last + n_weeks)[seen])


@dataclass(frozen=True, slots=True, eq=False)
class _Spells:
    """One kind of alarm: where it begins, shape (n, k), and where it is next on, shape (n, k + 1)."""

    kind: AlarmKind
    begins: NDArray[np.bool_]
    next_on: NDArray[np.int64]

    @classmethod
    def of(cls, kind: AlarmKind, state: NDArray[np.bool_]) -> _Spells:
        begins = state.copy()
        begins[:, 1:] &= ~state[:, :-1]
        return cls(kind, begins, _next_on(state))


def _row(
    by: Literal["overall", "stratum"], level: str, *, table: AlertTable, spells: _Spells, score: _Score
) -> BacktestRow:
    past, events = score.past, score.events
    alarm = spells.begins[past.unit, past.week].astype(np.float64)
    hit = alarm * past.silent
    first = spells.next_on[events.unit, events.places[:, 0]]
    caught = (first < events.places[:, 1]).astype(np.float64)
    lead = events.full - table.weeks[np.minimum(first, len(table.weeks) - 1)]
    one = np.ones(len(past.unit))
    return BacktestRow(
        kind=spells.kind,
        by=by,
        level=level,
        n_judged=len(past.unit),
        n_alarms=int(alarm.sum()),
        n_events=len(events.unit),
        base_rate=score.share(past.unit, past.silent, one),
        precision=score.share(past.unit, hit, alarm),
        recall=score.share(events.unit, caught, np.ones(len(caught))),
        lift=score.lift(alarm),
        false_alarms=score.mean(past.unit, PER * (alarm - hit), one),
        lead_weeks=score.mean(events.unit, lead * caught, caught),
    )


def _next_on(state: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the first column from each on where a state holds, the number of columns where none does."""
    n, k = state.shape
    found = np.full((n, k + 1), k, np.int64)
    for place in range(k - 1, -1, -1):
        found[:, place] = np.where(state[:, place], place, found[:, place + 1])
    return found


def _top(table: AlertTable, score: _Score, share: float) -> TopRow:
    """Return the row of the customers that rank highest in each week; a tie at the border is taken in part."""
    past = score.past
    rank = table.drop[past.unit, past.week]
    taken = np.zeros(len(rank))
    for week in np.unique(past.week):
        rows = np.flatnonzero(past.week == week)
        values, place, count = np.unique(-rank[rows], return_inverse=True, return_counts=True)
        before = np.cumsum(count) - count
        part = np.clip((share * len(rows) - before) / count, 0.0, 1.0)
        taken[rows] = part[place] if len(values) else 0.0
    hit = taken * past.silent
    return TopRow(share, score.share(past.unit, hit, taken), score.lift(taken))


@dataclass(frozen=True, slots=True, eq=False)
class _Score:
    """Ratios of sums over customers, who are the clusters, with their intervals."""

    past: _Past
    events: _Events
    n_units: int
    z: float

    def within(self, code: int) -> _Score:
        """Return the same for one stratum."""
        past, events = self.past, self.events
        kept, gone = past.stratum == code, events.stratum == code
        part = _Past(past.unit[kept], past.week[kept], past.stratum[kept], past.silent[kept])
        those = _Events(events.unit[gone], events.stratum[gone], events.places[gone], events.full[gone])
        return _Score(part, those, self.n_units, self.z)

    def _sums(
        self, unit: NDArray[np.int64], top: NDArray[np.generic], below: NDArray[np.generic]
    ) -> tuple[float, float, NDArray[np.float64], int]:
        """Return both sums, each customer's part in the error of their ratio, and the number of customers."""
        tops, belows = (np.bincount(unit, weights=each, minlength=self.n_units) for each in (top, below))
        n = int((belows > 0).sum())
        over, under = float(tops.sum()), float(belows.sum())
        if under == 0:
            return over, under, np.zeros(self.n_units), n
        return over, under, (tops - over / under * belows) / under, n

    def share(self, unit: NDArray[np.int64], top: NDArray[np.generic], below: NDArray[np.generic]) -> Amount:
        """Return a share with Wilson's interval."""
        over, under, error, n = self._sums(unit, top, below)
        if under == 0:
            return Amount(None)
        p = over / under
        variance = float((error**2).sum()) * n / max(n - 1, 1)
        effective = p * (1 - p) / variance if 0 < p < 1 and variance > 0 else float(n)
        z2 = self.z**2 / effective
        middle = (p + z2 / 2) / (1 + z2)
        half = self.z / (1 + z2) * np.sqrt(p * (1 - p) / effective + z2 / effective / 4)
        return Amount(p, max(middle - float(half), 0.0), min(middle + float(half), 1.0))

    def mean(self, unit: NDArray[np.int64], top: NDArray[np.generic], below: NDArray[np.generic]) -> Amount:
        """Return a mean with a normal interval; without one below two customers."""
        over, under, error, n = self._sums(unit, top, below)
        if under == 0:
            return Amount(None)
        if n < 2:
            return Amount(over / under)
        half = self.z * float(np.sqrt((error**2).sum() * n / (n - 1)))
        return Amount(over / under, over / under - half, over / under + half)

    def lift(self, taken: NDArray[np.float64]) -> Amount:
        """Return how many times as often no order followed as in the same strata, with an interval on the log scale."""
        past = self.past
        code = past.stratum + 1
        weeks, silent, alarms = (np.bincount(code, weights=each) for each in (np.ones(len(code)), past.silent, taken))
        base = np.divide(silent, weeks, out=np.zeros(len(weeks)), where=weeks > 0)
        hit = taken * past.silent
        over, expected = float(hit.sum()), float((alarms * base).sum())
        if expected == 0:
            return Amount(None)
        n = len(np.unique(past.unit[taken > 0]))
        if over == 0 or n < 2:
            return Amount(over / expected)
        # the logarithm of the ratio, linearised in the hits, the alarms and the base rates of the strata
        part = base[code] * taken + alarms[code] * (past.silent - base[code]) / weeks[code]
        error = np.bincount(past.unit, weights=hit / over - part / expected, minlength=self.n_units)
        spread = float(np.exp(self.z * np.sqrt((error**2).sum() * n / (n - 1))))
        return Amount(over / expected, over / expected / spread, over / expected * spread)


def _z(confidence_level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(0.5 + confidence_level / 2))
