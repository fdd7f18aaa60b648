"""Customers as of a date: who they are, what they brought, what they will bring, and how well that is known."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias, get_args

import numpy as np

import uplift
from uplift.clv.predict import AskedMethod
from uplift.data import open_warehouse
from uplift.design.segments import names_of
from uplift.errors import DataError, UsageError
from uplift.results import Note
from uplift.results.codec import digest
from uplift.results.customers import CustomerInfo, CustomerReport
from uplift.results.progress import silent
from uplift.spec.audience import StageColumn
from uplift.workflow import score_rows as rows
from uplift.workflow.score_past import Horizon, read_drivers, value_customers
from uplift.workflow.score_picture import DAYS, draw_picture, stage_customers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from uplift.clv import ClvPrediction
    from uplift.data import Warehouse
    from uplift.results import Progress
    from uplift.spec import ExperimentSpec
    from uplift.workflow.score_past import Valued
    from uplift.workflow.score_picture import Picture, Staged

STEPS = ("score.read", "score.stage", "score.predict", "score.label", "score.drivers", "done")
"""Codes of the steps that progress names."""
HORIZON_DAYS = 365
Method: TypeAlias = AskedMethod
"""How value is predicted; ``auto`` lets the data decide."""


def score_customers(
    spec: ExperimentSpec,
    *,
    tables: Mapping[str, object] | None = None,
    as_of: datetime | None = None,
    horizon_days: int = HORIZON_DAYS,
    method: Method = "auto",
    progress: Progress | None = None,
) -> CustomerReport:
    """Tell who the customers are, what they brought, and what they will bring.

    Parameters
    ----------
    spec
        Tables, strata and calendar; its campaign plays no part.
    tables
        Role to a table (pandas, polars, Arrow, DuckDB or Ibis) in place of the spec's locations.
    as_of
        Naive local moment; only rows before it are known. Default: the midnight after the last order.
    horizon_days
        Days after ``as_of`` whose margin is predicted, discounted at the spec's rate.
    method
        ``bgnbd``, ``mbgnbd``, ``boosted``, ``rfm``, or ``auto``: the most demanding one that the data carry, as
        :func:`uplift.clv.predict_clv` chooses it.
    progress
        Told of each step.

    Returns
    -------
    CustomerReport
        Of all customers that consented. Who has no order yet is valued at 0: what such customers bring, a table
        of those who joined since cannot tell.

    Raises
    ------
    UsageError
        When the method is unknown or ``horizon_days`` is below 1.
    DataError
        When the spec has no orders with a margin, or too little of them.
    EstimationError
        When the method that was asked for cannot be fitted.

    Notes
    -----
    *Estimand*: E[discounted margin over the horizon | history] without a change in how the market works. The method
    is held against what came by fitting it anew on what was known one horizon ago.
    """
    _check(spec, horizon_days, method)
    tell = progress or silent
    with open_warehouse(spec, tables=tables) as warehouse:
        tell(STEPS[0], 0, len(STEPS) - 1)
        moment = _moment(warehouse, as_of)
        tell(STEPS[1], 1, len(STEPS) - 1)
        staged = stage_customers(spec, warehouse, moment)
        tell(STEPS[2], 2, len(STEPS) - 1)
        horizon = Horizon(horizon_days, float(spec.outcomes.annual_discount_rate))
        valued = value_customers(spec, warehouse, moment, horizon=horizon, method=method)
        tell(STEPS[3], 3, len(STEPS) - 1)
        predicted = _spread(staged, valued.prediction)
        picture = draw_picture(spec, warehouse, staged, predicted, moment=moment, horizon_days=horizon_days)
        tell(STEPS[4], 4, len(STEPS) - 1)
        report = _report(spec, warehouse, picture, valued, moment=moment, asked=method)
    tell(STEPS[5], 5, len(STEPS) - 1)
    return report


def _check(spec: ExperimentSpec, horizon_days: int, method: str) -> None:
    if method not in get_args(AskedMethod):
        message = f"method: {method!r}, must be one of {', '.join(get_args(AskedMethod))}"
        raise UsageError(message)
    if horizon_days < 1:
        message = f"horizon_days: got {horizon_days}, must be 1 or more: the days whose margin is predicted"
        raise UsageError(message)
    if spec.data.orders is None or spec.data.orders.margin is None:
        message = "scores value customers by the margin of their orders: name data.orders and data.orders.margin"
        raise DataError(message)


def _moment(warehouse: Warehouse, as_of: datetime | None) -> datetime:
    """Return ``as_of``, or the midnight after the last order."""
    last = warehouse.time_bounds["orders"].last
    if last is None:
        message = "data.orders: no order belongs to a unit; scores need orders"
        raise DataError(message)
    if as_of is not None:
        return as_of
    return datetime.combine(last.date(), datetime.min.time()) + timedelta(days=1)


def _spread(staged: Staged, prediction: ClvPrediction) -> NDArray[np.float64]:
    """Return the predicted value of all customers: those without an order bring nothing that could be told."""
    value = np.zeros(len(staged.history))
    value[staged.history.n_orders > 0] = prediction.value
    return value


def _report(
    spec: ExperimentSpec,
    warehouse: Warehouse,
    picture: Picture,
    valued: Valued,
    *,
    moment: datetime,
    asked: Method,
) -> CustomerReport:
    found = None if valued.later is None else read_drivers(valued.later)
    labels, every_label = rows.label_rows(picture)
    prediction = valued.prediction
    return CustomerReport(
        info=_info(spec, warehouse, picture, prediction, moment),
        method=rows.method_info(prediction, asked),
        axes=rows.axis_infos(picture.axes),
        stages=rows.stage_rows(picture, picture.axes["lifecycle"]),
        total=rows.total_row(picture),
        top_share=rows.share_of_top(picture.predicted),
        matrix=rows.value_cells(picture),
        parts=rows.value_parts(picture),
        disagreement=rows.disagreement(picture),
        churn=rows.churn_rows(picture),
        labels=labels,
        accuracy=rows.accuracy(valued),
        drivers=rows.drivers(found, valued.later),
        notes=(*valued.notes, *picture.notes, *_no_order(picture), *warehouse.notes),
        rows=rows.customer_rows(picture, every_label, prediction.method),
    )


def _no_order(picture: Picture) -> tuple[Note, ...]:
    n = int((picture.staged.history.n_orders == 0).sum())
    return (Note("customers.no_order", {"n": n}),) if n else ()


def _info(
    spec: ExperimentSpec, warehouse: Warehouse, picture: Picture, prediction: ClvPrediction, moment: datetime
) -> CustomerInfo:
    first = warehouse.time_bounds["orders"].first or moment
    rule = spec.strata.stage_rule
    own = isinstance(spec.strata.lifecycle, StageColumn) or rule is None
    return CustomerInfo(
        id=spec.experiment.id,
        title=names_of(spec.experiment.title),
        currency=spec.experiment.currency,
        language=spec.experiment.language,
        timezone=spec.zone.key,
        as_of=moment.isoformat(),
        known_from=first.isoformat(),
        days=DAYS,
        horizon_days=prediction.horizon_days,
        annual_discount_rate=prediction.annual_discount_rate,
        stage_rule="column" if own or rule is None else rule.rule,
        n_units=len(picture.predicted),
        n_buyers=prediction.n_buyers,
        n_repeaters=prediction.n_repeaters,
        package_version=uplift.__version__,
        spec_digest=digest(spec.text.encode()),
        inputs=dict(sorted(warehouse.row_counts.items())),
    )
