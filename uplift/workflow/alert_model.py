"""The frozen parameters behind the alerts: fitted, or taken from an earlier run; and the index chained over refits."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from uplift.clv import LifetimeModel, fit_lifetime
from uplift.customers import trace_value
from uplift.errors import DataError, EstimationError
from uplift.results import Note
from uplift.results.alerts import FrozenModel, IndexPoint, ModelChange
from uplift.results.codec import decode, encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uplift.clv.lifetime import PurchaseKind
    from uplift.customers import ValuePath
    from uplift.data import Warehouse
    from uplift.results.alerts import AlertReport

REFIT_DAYS = 28
"""Parameters of an earlier run serve for so many days from their fit."""
KIND: PurchaseKind = "mbgnbd"
"""Customers may stop after their first purchase too: in BG/NBD the value of one-time buyers would hardly fall."""
MOST_CORRELATION = 0.3
FIRST_INDEX = 100.0


@dataclass(frozen=True, slots=True)
class SettledModel:
    """The model of a run.

    Parameters
    ----------
    lifetime
        It.
    frozen
        The same as the results keep it.
    notes
        What is to be said of it.
    """

    lifetime: LifetimeModel
    frozen: FrozenModel
    notes: tuple[Note, ...]


def settle_model(
    warehouse: Warehouse,
    *,
    as_of: datetime,
    judged_from: datetime,
    previous: AlertReport | None = None,
    refit_days: int = REFIT_DAYS,
) -> SettledModel:
    """Take the parameters of an earlier run while they are fresh, else fit them.

    Parameters
    ----------
    warehouse
        The tables.
    as_of
        End of what is known.
    judged_from
        Beginning of the first judged week: a fit knows what lies before it, so that the backtest judges
        nothing that the parameters have seen; where that is too little, it knows all before ``as_of``.
    previous
        Alerts of an earlier run.
    refit_days
        Its parameters serve for so many days from their fit.

    Returns
    -------
    SettledModel

    Raises
    ------
    EstimationError
        When there are too few purchases to fit.
    DataError
        When the earlier run does not hold a model.
    """
    if previous is not None and as_of - datetime.fromisoformat(previous.model.fitted_at) < timedelta(days=refit_days):
        lifetime = read_model(previous.model)
        old = previous.model
        frozen = _freeze(lifetime, datetime.fromisoformat(old.known_until), old.fitted_at, reused=True)
    else:
        lifetime, until = _fit(warehouse, judged_from, as_of)
        frozen = _freeze(lifetime, until, as_of.isoformat(), reused=False)
    notes = []
    if datetime.fromisoformat(frozen.known_until) > judged_from:
        notes.append(Note("alerts.model_knows", {"until": frozen.known_until}))
    if abs(lifetime.spend.correlation) > MOST_CORRELATION:
        notes.append(Note("alerts.correlation", {"correlation": lifetime.spend.correlation}))
    return SettledModel(lifetime, frozen, tuple(notes))


def _fit(warehouse: Warehouse, judged_from: datetime, as_of: datetime) -> tuple[LifetimeModel, datetime]:
    try:
        return _fit_before(warehouse, judged_from), judged_from
    except EstimationError:
        return _fit_before(warehouse, as_of), as_of


def _fit_before(warehouse: Warehouse, moment: datetime) -> LifetimeModel:
    known = warehouse.purchases(moment)
    names = ("frequency", "recency_days", "age_days", "mean_value")
    return fit_lifetime(*(known[name].astype(np.float64) for name in names), kind=KIND)


def _freeze(lifetime: LifetimeModel, until: datetime, fitted_at: str, *, reused: bool) -> FrozenModel:
    purchase, spend = lifetime.purchase, lifetime.spend
    numbers = {name: getattr(purchase, name) for name in ("r", "alpha", "a", "b")}
    numbers |= {name: getattr(spend, name) for name in ("p", "q", "v")}
    return FrozenModel(
        kind=purchase.kind,
        parameters=numbers,
        known_until=until.isoformat(),
        fitted_at=fitted_at,
        n_units=purchase.n_units,
        reused=reused,
        lifetime=encode(lifetime),
    )


def read_model(frozen: FrozenModel) -> LifetimeModel:
    """Return the lifetime model that results keep as data.

    Raises
    ------
    DataError
        When it is none.
    """
    try:
        return decode(LifetimeModel, frozen.lifetime)
    except DataError as error:
        message = f"model.lifetime of the earlier alerts: {error}; fit again without it"
        raise DataError(message) from error


def describe_change(
    path: ValuePath, model: SettledModel, previous: AlertReport | None, week_end: str
) -> ModelChange | None:
    """Return what a refit did to the value of the same customers; None where the parameters are those of before.

    Parameters
    ----------
    path
        CLV by week under the model of this run.
    model
        That model.
    previous
        Alerts of an earlier run.
    week_end
        ISO date of the end of the last week.
    """
    if previous is None or asdict(model.frozen)["parameters"] == dict(previous.model.parameters):
        return None
    old = trace_value(
        read_model(previous.model),
        path.panel.last_week(),
        horizon_days=path.horizon_days,
        annual_discount_rate=path.annual_discount_rate,
    )
    before, after = (float(np.nansum(clv)) for clv in (old.clv[:, -1], path.clv[:, -1]))
    return ModelChange(week_end, before, after, previous.model.fitted_at)


def chain_index(
    totals: Sequence[float], week_ends: Sequence[str], *, previous: AlertReport | None = None, changed: bool = False
) -> tuple[IndexPoint, ...]:
    """Return the value of all customers by week, linked to that of an earlier run.

    Parameters
    ----------
    totals
        Sum of CLV at the end of each week, all under the model of this run.
    week_ends
        ISO dates of those ends.
    previous
        Alerts of an earlier run; its index goes on from the last week that both know.
    changed
        Whether the model of this run is another one.

    Returns
    -------
    tuple of IndexPoint
        Points of the earlier run up to the link, then those of this one. Each step of the index is the
        ratio of two totals of one model, so that a refit does not move it.
    """
    known = {} if previous is None else {point.week_end: point for point in previous.index}
    common = [place for place, week in enumerate(week_ends) if week in known]
    if not common or not totals[common[-1]]:
        base = next((total for total in totals if total), 0.0)
        return tuple(
            IndexPoint(week, total, FIRST_INDEX * total / base if base else FIRST_INDEX)
            for week, total in zip(week_ends, totals, strict=True)
        )
    link = common[-1]
    start = known[week_ends[link]]
    earlier = [point for point in known.values() if point.week_end <= start.week_end]
    later = [
        IndexPoint(week_ends[at], totals[at], start.index * totals[at] / totals[link], changed and at == link + 1)
        for at in range(link + 1, len(totals))
    ]
    return (*earlier, *later)
