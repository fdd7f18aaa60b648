"""Alerts of a week: who is at risk, whose value falls, what such alerts were worth before."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

import uplift
from uplift.customers import (
    AlertRule,
    AlertStudy,
    backtest_alerts,
    basket_axis,
    list_alerts,
    pick_customers,
    summarize_alerts,
    trace_value,
)
from uplift.customers import find_alerts as judge_weeks
from uplift.customers.backtest import INACTIVE_WEEKS
from uplift.customers.weekly import WEEK_DAYS
from uplift.data import metric_column, open_warehouse
from uplift.data.calendar import promotion_days
from uplift.design.segments import names_of
from uplift.errors import DataError, UsageError
from uplift.results import Note
from uplift.results.alerts import AlertInfo, AlertReport
from uplift.results.codec import digest
from uplift.results.progress import silent
from uplift.workflow.alert_model import REFIT_DAYS, chain_index, describe_change, settle_model
from uplift.workflow.alert_strata import classify_weeks
from uplift.workflow.alert_weeks import activity_of, read_weeks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from uplift.data import Warehouse
    from uplift.results import Progress
    from uplift.results.backtest import Backtest
    from uplift.spec import ExperimentSpec
    from uplift.workflow.alert_model import SettledModel
    from uplift.workflow.alert_strata import WeeklyStrata

STEPS = ("alerts.read", "alerts.model", "alerts.value", "alerts.strata", "alerts.judge", "done")
"""Codes of the steps that progress names."""
WEEKS = 26
BASKET = "average_basket_365d"


def find_alerts(
    spec: ExperimentSpec,
    *,
    tables: Mapping[str, object] | None = None,
    as_of: datetime | None = None,
    weeks: int = WEEKS,
    previous: AlertReport | None = None,
    refit_days: int = REFIT_DAYS,
    progress: Progress | None = None,
) -> AlertReport:
    """Tell which customers are about to be lost, and what such alerts were worth before.

    Parameters
    ----------
    spec
        Tables, strata and calendar; its campaign plays no part.
    tables
        Role to a table (pandas, polars, Arrow, DuckDB or Ibis) in place of the spec's locations.
    as_of
        Naive local moment; only rows before it are known. Default: the midnight after the last order.
    weeks
        Weeks to judge, the last one ends at ``as_of``; eight more are read before them.
    previous
        Alerts of an earlier run: their parameters are used again while they are fresh, and the index goes on.
    refit_days
        Days from their fit for which parameters serve.
    progress
        Told of each step.

    Returns
    -------
    AlertReport
        Predictions, not effects: whom an offer would keep, an experiment tells.

    Raises
    ------
    UsageError
        When ``weeks`` or ``refit_days`` is out of range.
    DataError
        When the spec has no orders with a margin, or too little of them.
    EstimationError
        When there are too few repeat purchases to fit a model.
    """
    if weeks < 1 or refit_days < 0:
        message = f"weeks, refit_days: got {weeks} and {refit_days}; allowed are 1 or more, and 0 or more"
        raise UsageError(message)
    if spec.data.orders is None or spec.data.orders.margin is None:
        message = "alerts value customers by the margin of their orders: name data.orders and data.orders.margin"
        raise DataError(message)
    tell = progress or silent
    rule = AlertRule()
    n_weeks = weeks + rule.history_weeks
    with open_warehouse(spec, tables=tables) as warehouse:
        tell(STEPS[0], 0, len(STEPS) - 1)
        end = _end(warehouse, as_of)
        calendar = _calendar(spec, end, n_weeks)
        panel = read_weeks(warehouse, end=end, n_weeks=n_weeks)
        tell(STEPS[1], 1, len(STEPS) - 1)
        judged_from = end - timedelta(days=WEEK_DAYS * weeks)
        model = settle_model(warehouse, as_of=end, judged_from=judged_from, previous=previous, refit_days=refit_days)
        tell(STEPS[2], 2, len(STEPS) - 1)
        rate = spec.outcomes.annual_discount_rate
        path = trace_value(model.lifetime, panel, annual_discount_rate=float(rate))
        tell(STEPS[3], 3, len(STEPS) - 1)
        strata = classify_weeks(spec, warehouse, panel.unit_id, end=end, n_weeks=n_weeks, n_judged=weeks)
        low = _low_basket(warehouse, panel.unit_id, end)
        tell(STEPS[4], 4, len(STEPS) - 1)
        table = judge_weeks(path, strata.codes, removed=calendar.removed, low_basket=low, rule=rule)
        ids = tuple(stratum.id for stratum in strata.strata)
        study = AlertStudy(path, table, rule, strata.codes, ids, calendar.week_ends)
        found = _report(spec, warehouse, study, model, strata=strata, calendar=calendar, previous=previous)
    tell(STEPS[5], 5, len(STEPS) - 1)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Calendar:
    """The weeks: ISO dates of the midnights that end them, and which of them hold a promotion day."""

    end: datetime
    week_ends: tuple[str, ...]
    removed: NDArray[np.bool_]


def _end(warehouse: Warehouse, as_of: datetime | None) -> datetime:
    """Return the end of the last week: ``as_of``, or the midnight after the last order."""
    last = warehouse.time_bounds["orders"].last
    if last is None:
        message = "data.orders: no order belongs to a unit; alerts need orders"
        raise DataError(message)
    if as_of is not None:
        return as_of
    return datetime.combine(last.date(), datetime.min.time()) + timedelta(days=1)


def _calendar(spec: ExperimentSpec, end: datetime, n_weeks: int) -> _Calendar:
    ends = [end - timedelta(days=WEEK_DAYS * back) for back in reversed(range(n_weeks))]
    start = end - timedelta(days=WEEK_DAYS * n_weeks)
    days = promotion_days(spec, start.date(), end.date()).astype("datetime64[us]")
    place = np.floor((days - np.datetime64(start, "us")) / np.timedelta64(WEEK_DAYS, "D")).astype(np.int64)
    removed = np.isin(np.arange(n_weeks), place)
    return _Calendar(end, tuple(moment.date().isoformat() for moment in ends), removed)


def _low_basket(warehouse: Warehouse, ids: NDArray[np.object_], end: datetime) -> NDArray[np.bool_]:
    """Tell whose average basket of the last year is in the lower half, shape (n,)."""
    found = warehouse.metrics(ids, [metric_column(BASKET)], as_of=end)
    return np.asarray(basket_axis(found[BASKET].astype(np.float64)).labels == "low")


def _report(
    spec: ExperimentSpec,
    warehouse: Warehouse,
    study: AlertStudy,
    model: SettledModel,
    *,
    strata: WeeklyStrata,
    calendar: _Calendar,
    previous: AlertReport | None,
) -> AlertReport:
    total, groups = summarize_alerts(study)
    backtest, missing = _backtest(study)
    change = describe_change(study.path, model, previous, calendar.week_ends[-1])
    totals = np.nansum(study.path.clv, axis=0).tolist()
    return AlertReport(
        info=_info(spec, warehouse, study, calendar),
        model=model.frozen,
        rule=_numbers(study.rule),
        axes=strata.axes,
        strata=strata.strata,
        total=total,
        groups=groups,
        customers=pick_customers(study),
        backtest=backtest,
        index=chain_index(totals, calendar.week_ends, previous=previous, changed=change is not None),
        change=change,
        notes=(*model.notes, *missing, *_notes(warehouse, study, calendar), *warehouse.notes),
        rows=list_alerts(study),
    )


def _backtest(study: AlertStudy) -> tuple[Backtest | None, tuple[Note, ...]]:
    try:
        return backtest_alerts(study.table, study.path.panel.orders, study.strata, names=study.ids), ()
    except DataError:
        return None, (Note("alerts.no_backtest", {"weeks": INACTIVE_WEEKS}),)


def _notes(warehouse: Warehouse, study: AlertStudy, calendar: _Calendar) -> tuple[Note, ...]:
    """Return what the calendar and the data did to the weeks."""
    notes = [Note("alerts.orders_only")] if activity_of(warehouse) == "orders" else []
    if calendar.removed.any():
        notes.append(Note("alerts.removed", {"n": int(calendar.removed.sum())}))
    if calendar.removed[-1]:
        last = calendar.week_ends[int(study.table.weeks[-1])]
        notes.append(Note("alerts.last_removed", {"week": last}))
    return tuple(notes)


def _info(spec: ExperimentSpec, warehouse: Warehouse, study: AlertStudy, calendar: _Calendar) -> AlertInfo:
    ends = np.array(calendar.week_ends, dtype=object)
    return AlertInfo(
        id=spec.experiment.id,
        title=names_of(spec.experiment.title),
        currency=spec.experiment.currency,
        language=spec.experiment.language,
        timezone=spec.zone.key,
        as_of=calendar.end.isoformat(),
        week_ends=calendar.week_ends,
        removed=tuple(ends[calendar.removed].tolist()),
        judged=tuple(ends[study.table.weeks].tolist()),
        horizon_days=study.path.horizon_days,
        annual_discount_rate=study.path.annual_discount_rate,
        activity=activity_of(warehouse),
        n_units=len(study.table.unit_id),
        package_version=uplift.__version__,
        spec_digest=digest(spec.text.encode()),
        inputs=dict(sorted(warehouse.row_counts.items())),
    )


def _numbers(rule: AlertRule) -> dict[str, float]:
    """Return the thresholds by name, several of one name numbered."""
    plain = asdict(rule)
    plain |= {f"activity_{name}": value for name, value in plain.pop("activity").items()}
    numbers: dict[str, float] = {}
    for name, value in plain.items():
        several = value if isinstance(value, tuple) else ()
        numbers |= {f"{name}_{place + 1}": float(one) for place, one in enumerate(several)}
        numbers |= {} if several else {name: float(value)}
    return numbers
