"""Alerts of the last judged week by stratum, and customer by customer with the reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.results.alerts import AlertCustomer, AlertRows, AlertStratum
from uplift.results.facts import Note

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.customers.alerts import AlertRule, AlertTable
    from uplift.customers.weekly import ValuePath
    from uplift.results.alerts import AlertKind, Colour

TOP_CUSTOMERS = 10
"""Customers with an alert that a stratum shows."""


@dataclass(frozen=True, slots=True, eq=False)
class AlertStudy:
    """Alerts with all that it takes to tell them.

    Parameters
    ----------
    path, table, rule
        CLV by week, the alerts found on it, and by which thresholds.
    strata : ndarray of int, shape (n, w)
        Code of each customer's stratum in each week, -1 for none.
    ids
        Stratum ids by code.
    week_ends
        ISO dates of the ends of the ``w`` weeks.
    """

    path: ValuePath
    table: AlertTable
    rule: AlertRule
    strata: NDArray[np.int64]
    ids: tuple[str, ...]
    week_ends: tuple[str, ...]

    @property
    def now(self) -> NDArray[np.int64]:
        """Code of each customer's stratum in the last judged week, shape (n,)."""
        return np.asarray(self.strata[:, self.table.weeks[-1]])

    def stakes(self, place: int) -> NDArray[np.float64]:
        """Return what there is to lose: the peak CLV, or CLV where it is higher; 0 where nobody is judged, (n,)."""
        table = self.table
        clv = self.path.clv[:, table.weeks[place]]
        fall = np.clip(table.drop[:, place], 0.0, None)
        return np.where(table.judged[:, place], np.nan_to_num(clv / (1 - fall)), 0.0)


def summarize_alerts(study: AlertStudy) -> tuple[AlertStratum, tuple[AlertStratum, ...]]:
    """Count alerts and value at risk in the last judged week.

    Parameters
    ----------
    study
        The alerts.

    Returns
    -------
    AlertStratum, tuple of AlertStratum
        All customers together, and each stratum that holds any, in the order of the codes. Red is a
        share of value at risk of ``red_share`` or more, amber of ``amber_share`` or more, green less;
        no colour below ``least_group`` judged customers.
    """
    week = int(study.table.weeks[-1])
    change = _changes(study, week)
    everybody = np.flatnonzero(study.path.panel.known[:, week])
    shares = _Shares.of(study)
    codes = study.now[everybody]
    groups = [
        _group(study, change, everybody[codes == code], shares.usual(code), name)
        for code, name in enumerate(study.ids)
        if (codes == code).any()
    ]
    return _group(study, change, everybody, shares.usual(None), ""), tuple(groups)


@dataclass(frozen=True, slots=True, eq=False)
class _Changes:
    """Change of CLV in the last judged week, and what silence would have made of it; NaN where not judged."""

    real: NDArray[np.float64]
    silent: NDArray[np.float64]


def _changes(study: AlertStudy, week: int) -> _Changes:
    real, silent = (np.full(len(study.table.unit_id), np.nan) for _ in range(2))
    before = study.path.clv[:, week - 1]
    rows = np.flatnonzero(study.table.judged[:, -1] & (before > 0))
    real[rows] = study.path.clv[rows, week] / before[rows] - 1
    if len(rows):
        silent[rows] = study.path.silent_change(week, rows)
    return _Changes(real, silent)


@dataclass(frozen=True, slots=True, eq=False)
class _Shares:
    """Value at risk and value, of each stratum (last row: all) in each judged week."""

    at_risk: NDArray[np.float64]
    value: NDArray[np.float64]

    @classmethod
    def of(cls, study: AlertStudy) -> _Shares:
        table, n = study.table, len(study.ids)
        at_risk, value = (np.zeros((n + 1, len(table.weeks))) for _ in range(2))
        for place, week in enumerate(table.weeks.tolist()):
            stakes, code = study.stakes(place), study.strata[:, week] + 1
            for sums, weights in ((value, stakes), (at_risk, stakes * table.at_risk[:, place])):
                found = np.bincount(code, weights=weights, minlength=n + 1)
                sums[:n, place], sums[n, place] = found[1:], found.sum()
        return cls(at_risk, value)

    def usual(self, code: int | None) -> float | None:
        """Return the median share over the weeks before the last, None without any value."""
        row = len(self.value) - 1 if code is None else code
        value = self.value[row, :-1]
        shares = self.at_risk[row, :-1][value > 0] / value[value > 0]
        return float(np.median(shares)) if len(shares) else None


def _group(study: AlertStudy, change: _Changes, rows: NDArray[np.intp], usual: float | None, name: str) -> AlertStratum:
    table = study.table
    judged, at_risk = table.judged[rows, -1], table.at_risk[rows, -1]
    earlier = table.at_risk[rows, -2] if len(table.weeks) > 1 else np.zeros(len(rows), np.bool_)
    severity = np.bincount(np.minimum(table.severity[rows, -1], 3), minlength=4)
    stakes = study.stakes(len(table.weeks) - 1)[rows]
    value, value_at_risk = float(stakes.sum()), float(stakes[at_risk].sum())
    n_judged = int(judged.sum())
    return AlertStratum(
        id=name,
        n_units=len(rows),
        n_judged=n_judged,
        at_risk=int(at_risk.sum()),
        new_at_risk=int((at_risk & ~earlier).sum()),
        warned=(int(severity[1]), int(severity[2]), int(severity[3])),
        cross_category=int(table.cross_category[rows].sum()),
        value=value,
        value_at_risk=value_at_risk,
        usual_share=usual,
        change=_median(change.real[rows]),
        decay=_median(change.silent[rows]),
        colour=_colour(study.rule, n_judged, value_at_risk, value),
    )


def _median(values: NDArray[np.float64]) -> float | None:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else None


def _colour(rule: AlertRule, n_judged: int, value_at_risk: float, value: float) -> Colour:
    if n_judged < rule.least_group or value <= 0:
        return "none"
    if value_at_risk >= rule.red_share * value:
        return "red"
    return "amber" if value_at_risk >= rule.amber_share * value else "green"


def list_alerts(study: AlertStudy) -> AlertRows:
    """Return every customer with an alert in the last judged week, sorted by id.

    Parameters
    ----------
    study
        The alerts.

    Returns
    -------
    AlertRows
    """
    table, facts = study.table, study.table.facts
    rows = np.flatnonzero(table.alarmed[:, -1] | table.cross_category)
    rows = rows[np.argsort(table.unit_id[rows].astype(np.str_), kind="stable")]
    names, starts = np.array([*study.ids, ""], dtype=object), _starts(table)
    return AlertRows(
        unit_id=table.unit_id[rows],
        stratum=names[study.now[rows]],
        at_risk=table.at_risk[rows, -1],
        severity=table.severity[rows, -1],
        cross_category=table.cross_category[rows],
        since=np.array([_since(study, row) for row in starts[rows].tolist()], dtype=object),
        clv=facts.clv[rows],
        peak=facts.peak[rows],
        change=facts.change[rows],
        change_before=facts.change_before[rows],
        usual=facts.usual[rows],
        usual_before=facts.usual_before[rows],
        weeks=facts.weeks[rows],
        recent=facts.recent[rows],
        baseline=facts.baseline[rows],
        fast=facts.fast[rows],
        slow=facts.slow[rows],
        reasons=np.array([" ".join(note.code for note in explain(study, row)) for row in rows.tolist()], dtype=object),
    )


def pick_customers(study: AlertStudy, *, n_each: int = TOP_CUSTOMERS) -> tuple[AlertCustomer, ...]:
    """Return the customers of each stratum that have most to lose, then its most valuable candidates.

    Parameters
    ----------
    study
        The alerts.
    n_each
        At most so many with an alarm of each stratum, and half as many candidates.

    Returns
    -------
    tuple of AlertCustomer
        In the order of the strata's codes; equal values stand by id.
    """
    table = study.table
    stakes = study.stakes(len(table.weeks) - 1)
    starts = _starts(table)
    order = np.lexsort((table.unit_id.astype(np.str_), -stakes))
    chosen: list[AlertCustomer] = []
    for code, name in enumerate(study.ids):
        mine = order[study.now[order] == code]
        for wanted, most in ((table.alarmed[:, -1], n_each), (table.cross_category, n_each // 2)):
            chosen += [_customer(study, int(row), name, int(starts[row])) for row in mine[wanted[mine]][:most]]
    return tuple(chosen)


def _customer(study: AlertStudy, row: int, stratum: str, start: int) -> AlertCustomer:
    table, facts = study.table, study.table.facts
    flags: tuple[tuple[AlertKind, bool], ...] = (
        ("at_risk", bool(table.at_risk[row, -1])),
        ("warning", bool(table.severity[row, -1])),
        ("cross_category", bool(table.cross_category[row])),
    )
    return AlertCustomer(
        unit_id=str(table.unit_id[row]),
        stratum=stratum,
        kinds=tuple(kind for kind, on in flags if on),
        severity=int(table.severity[row, -1]),
        since=_since(study, start),
        clv=float(facts.clv[row]),
        peak=float(facts.peak[row]),
        reasons=explain(study, row),
    )


def explain(study: AlertStudy, row: int) -> tuple[Note, ...]:
    """Return why a customer has its alerts, as codes and facts; empty without an alert.

    Parameters
    ----------
    study
        The alerts.
    row
        The customer.
    """
    table, facts = study.table, study.table.facts
    notes: list[Note] = []
    if table.at_risk[row, -1]:
        notes += _at_risk(study, row)
    if table.severity[row, -1]:
        fall = {"fall": float(table.drop[row, -1]), "peak": float(facts.peak[row]), "weeks": study.rule.peak_weeks}
        notes.append(Note("alert.fall", fall))
    if table.cross_category[row]:
        rise = {"rise": float(facts.clv[row] / facts.before[row] - 1), "weeks": study.rule.peak_weeks}
        notes.append(Note("alert.rise", rise))
    return tuple(notes)


def _at_risk(study: AlertStudy, row: int) -> list[Note]:
    facts = study.table.facts
    notes = []
    if facts.declining[row]:
        names = ("change", "change_before", "usual", "usual_before")
        notes.append(Note("alert.decline", {name: float(getattr(facts, name)[row]) for name in names}))
    if facts.falling[row]:
        count = {"recent": int(facts.recent[row]), "usual": float(facts.baseline[row]), "weeks": int(facts.weeks[row])}
        notes.append(Note("alert.quiet", count))
    return notes or [Note("alert.calm", {"weeks": study.rule.recovery_weeks})]


def _starts(table: AlertTable) -> NDArray[np.int64]:
    """Return the column in which the earliest alarm that is on began, -1 without one, shape (n,)."""
    begun = np.stack([table.since(table.at_risk), table.since(table.severity > 0)])
    first = np.where(begun < 0, np.iinfo(np.int64).max, begun).min(axis=0)
    return np.where(table.alarmed[:, -1], first, -1)


def _since(study: AlertStudy, column: int) -> str:
    return "" if column < 0 else study.week_ends[column]
