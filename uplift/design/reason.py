"""Why silent and lost customers stopped: what service and refunds say of the days before the silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.customers.churn import LAPSED_STAGES, REASON_DAYS, classify_churn_reason, silent_since
from uplift.data import FactWindow
from uplift.errors import DesignError
from uplift.spec.audience import REASON_FACT, REASON_TABLES
from uplift.spec.condition import Any_, Range, evaluate, keys
from uplift.spec.reference import has_place

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from uplift.customers import Axis, History, LifecycleRule
    from uplift.data import Columns, Warehouse
    from uplift.spec import ExperimentSpec
    from uplift.spec.condition import Node

LOW_RATING = 3.0
_DAY = np.timedelta64(86_400_000_000, "us")
_SUMS: Mapping[str, str] = {"service_tickets": "tickets", "complaints": "complaints", "refunds": "refunded_orders"}


def classify_reason(
    spec: ExperimentSpec,
    warehouse: Warehouse,
    history: History,
    stage: Axis,
    *,
    rule: LifecycleRule,
    known: Columns,
) -> Axis:
    """Give each silent or lost unit the reason of its silence.

    Parameters
    ----------
    spec
        ``strata.churn_reason``: what a bad experience is.
    warehouse
        Its tables.
    history, stage
        Orders before ``as_of``, and the stage, of the ``n`` units.
    rule
        Thresholds behind the stage: they say when the next order was due.
    known
        Columns of the same units.

    Returns
    -------
    Axis
        ``churn_reason``. Facts are of the days before the silence as they were known at ``as_of``: tickets and
        complaints of those days, orders of those days that were refunded, and the last rating in them. A fact
        that the data do not hold tells of nobody (see :func:`missing_facts`).

    Raises
    ------
    DesignError
        When there is no date to look back from.
    DataError
        When the condition names a column that is not there.
    """
    as_of, reason = spec.campaign.as_of_at, spec.strata.churn_reason
    if as_of is None or reason is None:
        message = "strata.churn_reason: campaign.start is missing; the silence is counted back from it"
        raise DesignError(message)
    condition = bad_experience(spec) if reason.experience is None else reason.experience
    return tell_reason(warehouse, history, stage, condition=condition, as_of=as_of, rule=rule, known=known)


def tell_reason(
    warehouse: Warehouse,
    history: History,
    stage: Axis,
    *,
    condition: Node,
    as_of: datetime,
    rule: LifecycleRule,
    known: Columns,
) -> Axis:
    """Give each silent or lost unit the reason of its silence, as of any moment.

    Parameters
    ----------
    warehouse
        The tables.
    history, stage
        Orders before ``as_of``, and the stage, of the ``n`` units.
    condition
        What a bad experience is.
    as_of
        Naive local time; what happened at or after it is not known.
    rule, known
        As in :func:`classify_reason`.

    Returns
    -------
    Axis
        ``churn_reason``, as :func:`classify_reason` gives it.

    Raises
    ------
    DataError
        When the condition names a column that is not there.
    """
    rows = np.flatnonzero(np.isin(stage.labels, LAPSED_STAGES) & (history.n_orders > 0))
    since = silent_since(history, rule=rule)[rows]
    t0 = np.datetime64(as_of, "us") - (since * _DAY.astype(np.int64)).astype(np.int64).astype("timedelta64[us]")
    columns = {name: known.values[name][rows] for name in keys(condition) if name in known}
    columns |= _facts(warehouse, history.unit_id[rows], t0, condition, as_of=as_of)
    bad = np.zeros(len(history), np.bool_)
    bad[rows] = evaluate(condition, columns) if len(rows) else False
    return classify_churn_reason(stage, {"experience": bad}, otherwise="interest")


def bad_experience(spec: ExperimentSpec) -> Node:
    """Return what a bad experience is by default: a ticket, a rating below 3 or a refund, of what the data hold."""
    service, parts = spec.data.service, []
    if service is not None:
        parts.append(Range(f"service_tickets_{REASON_DAYS}d", min=1))
        parts += [Range("delivery_rating_last", below=LOW_RATING)] if service.rating is not None else []
    if spec.data.refunds is not None:
        parts.append(Range(f"refunds_{REASON_DAYS}d", min=1))
    return Any_(tuple(parts))


def missing_facts(spec: ExperimentSpec) -> tuple[str, ...]:
    """Return the facts that the condition names and the data do not hold: they tell of nobody."""
    reason = spec.strata.churn_reason
    if reason is None or reason.experience is None:
        return ()
    told = {key: REASON_FACT.fullmatch(key) for key in keys(reason.experience)}
    tables = {key: REASON_TABLES[found["fact"] or key] for key, found in told.items() if found is not None}
    return tuple(key for key, table in tables.items() if not has_place(spec, table))


def _facts(
    warehouse: Warehouse,
    ids: NDArray[np.object_],
    t0: NDArray[np.datetime64],
    condition: Node,
    *,
    as_of: datetime,
) -> dict[str, NDArray[np.generic]]:
    found: dict[str, NDArray[np.generic]] = {}
    for key in keys(condition):
        told = REASON_FACT.fullmatch(key)
        if told is None or not len(ids):
            continue
        days = int(told["days"] or REASON_DAYS)
        names = (_SUMS[told["fact"]],) if told["fact"] else ("ratings", "rating_last")
        window = FactWindow(t0, -days, 0, through=as_of, settle_days=days)
        facts = warehouse.facts(ids, window, names=names)
        if names[0] not in facts:
            found[key] = np.full(len(ids), np.nan)
        elif told["fact"]:
            found[key] = facts[names[0]]
        else:
            found[key] = np.where(facts["ratings"] > 0, facts["rating_last"], np.nan)
    return found
