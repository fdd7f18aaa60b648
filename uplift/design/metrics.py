"""How the spec's outcomes will be measured, before the past has had its say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from uplift.data.grid import find_grid
from uplift.outcomes import Measurement, OutcomePlan
from uplift.results import Measure
from uplift.spec.metric import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from uplift.design.past import LaterValue
    from uplift.results.measure import Basis
    from uplift.spec import ExperimentSpec
    from uplift.spec.outcomes import ColumnOutcome

PREDICTED_METRIC = "incremental_clv"
_GRIDS = {"money": 0.01, "rate": 1.0, "count": 1.0, "days": 1.0, "score": 0.0001}


def plan_measurement(
    spec: ExperimentSpec, later: LaterValue | None, columns: Mapping[str, NDArray[np.generic]]
) -> Measurement:
    """Return the outcomes as they will be measured, without cap and covariates.

    Parameters
    ----------
    spec
        Outcomes, windows, discounting.
    later
        What the past says about value after the window; None: the horizon ends with the window.
    columns
        Columns of units that hold outcomes, where they are there already: they give the grid.

    Returns
    -------
    Measurement
    """
    outcomes, orders = spec.outcomes, spec.data.orders
    counted = outcomes.horizon_days if later is not None else outcomes.window_days
    return Measurement(
        primary=_outcome(spec, outcomes.primary, columns, days=counted, predicted=later is not None),
        secondary=tuple(_outcome(spec, item, columns, days=outcomes.window_days) for item in outcomes.secondary),
        covariates=(),
        covariate_grids=(),
        window_days=outcomes.window_days,
        settle_days=outcomes.settle_days,
        horizon_days=outcomes.horizon_days,
        annual_discount_rate=outcomes.annual_discount_rate,
        cap=None,
        residual=None if later is None else later.residual,
        margin_basis=orders.margin_basis if orders is not None and orders.margin is not None else "",
        early=None if later is None else later.early,
        kept_share=1.0 if later is None else later.kept_share,
    )


def _outcome(
    spec: ExperimentSpec,
    item: str | ColumnOutcome,
    columns: Mapping[str, NDArray[np.generic]],
    *,
    days: int,
    predicted: bool = False,
) -> OutcomePlan:
    if not isinstance(item, str):
        return _column_outcome(spec, item, columns)
    metric = METRICS[item]
    basis: Basis = "mixed" if predicted and item == PREDICTED_METRIC else "observed"
    currency = spec.experiment.currency if metric.kind == "money" else ""
    covered = days if item == PREDICTED_METRIC else spec.outcomes.window_days
    return OutcomePlan(
        id=item,
        measure=Measure(metric.kind, currency, "assigned", covered, basis),
        direction=metric.direction,
        ratio=metric.ratio is not None,
        grid=_GRIDS["money"] if metric.ratio is not None else _GRIDS[metric.kind],
    )


def _column_outcome(
    spec: ExperimentSpec, item: ColumnOutcome, columns: Mapping[str, NDArray[np.generic]]
) -> OutcomePlan:
    currency = spec.experiment.currency if item.kind == "money" else ""
    grid = _GRIDS[item.kind]
    if item.column in columns:
        values = columns[item.column].astype(np.float64)
        grid = find_grid(values[np.isfinite(values)]).step
    measure = Measure(item.kind, currency, "assigned", spec.outcomes.window_days)
    return OutcomePlan(item.column, measure, grid=grid, column=item.column)
