"""The value of customers: predicted now, and the same method a horizon ago held against what came."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from uplift.clv import (
    Maturity,
    PastYear,
    PurchaseHistory,
    Snapshot,
    WideHistory,
    check_value_calibration,
    compare_predictions,
    find_drivers,
    predict_clv,
)
from uplift.customers import WIDE_COLUMNS, make_wide_table
from uplift.data import FactWindow
from uplift.errors import DataError, EstimationError
from uplift.results import Note
from uplift.workflow.score_picture import DAYS, stage_customers

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from uplift.clv import ClvPrediction, Comparison, DriverTable
    from uplift.clv.predict import AskedMethod
    from uplift.data import Columns, Warehouse
    from uplift.results import CheckResult
    from uplift.spec import ExperimentSpec

LEAST_UNITS = 100
"""Customers who had ordered a horizon ago, fewer than which nothing is tested on them."""
LEAST_DAYS = 28
"""Days of orders before a past moment, fewer than which nothing was known then."""
LEARN_SHARE = 0.5
"""Share of a horizon that orders must reach back before the cohort from which trees learn: their columns count days."""
CONFIDENCE_LEVEL = 0.95
TOUCHPOINTS = (
    "contacts",
    "coupon_dependence",
    "complaints",
    "delivery_satisfaction",
    "visits",
    "content_engagement",
    "category_breadth",
    "return_rate",
)
"""Columns of the wide table that are read as touchpoints."""
CONTROLS = ("gross_margin", "orders", "last_order_days")
"""Columns that are held equal when touchpoints are read."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """What is predicted: margin over so many days, a day t counted (1 + rate) ** (-t / 365)."""

    days: int
    rate: float


@dataclass(frozen=True, slots=True, eq=False)
class Cohort:
    """Customers who had ordered before a moment.

    Parameters
    ----------
    moment
        Naive local time.
    history
        Their purchases, known then; n customers.
    wide
        Their wide table, known then.
    stages : ndarray of object (str), shape (n,)
        Their stages by rule, known then; empty where they were not asked for.
    value : ndarray of float64, shape (n,)
        What they brought over the horizon after the moment, discounted to it; empty for the present.
    past
        What they brought over a horizon before it; None for the present.
    """

    moment: datetime
    history: PurchaseHistory
    wide: Columns
    stages: NDArray[np.object_]
    value: NDArray[np.float64]
    past: PastYear | None

    def __len__(self) -> int:
        return len(self.history)


@dataclass(frozen=True, slots=True, eq=False)
class Valued:
    """Predicted value, and the past that it was tested on.

    Parameters
    ----------
    prediction
        Of the customers with an order.
    later
        Cohort a horizon ago; None where too few had ordered by then.
    comparison
        The method then, with the naive predictions, against what came; None where it could not be tested.
    notes
        What could not be tested, or not alike.
    """

    prediction: ClvPrediction
    later: Cohort | None
    comparison: Comparison | None
    notes: tuple[Note, ...]

    @property
    def check(self) -> CheckResult | None:
        """Whether the method was off; None where it was not tested."""
        if self.comparison is None:
            return None
        return check_value_calibration(self.comparison, shown_name(self.prediction))


def shown_name(prediction: ClvPrediction) -> str:
    """Return the name under which a comparison holds the method: a form of boosted trees has its own."""
    boosted = prediction.method == "boosted" and prediction.backtest is not None
    return prediction.backtest.form if boosted and prediction.backtest else prediction.method


def value_customers(
    spec: ExperimentSpec, warehouse: Warehouse, moment: datetime, *, horizon: Horizon, method: AskedMethod
) -> Valued:
    """Predict what each customer with an order will bring, and test the method a horizon ago.

    Parameters
    ----------
    spec
        Its stages group the test.
    warehouse
        The tables.
    moment
        Naive local time; only rows before it are known.
    horizon
        What is predicted.
    method
        As :func:`uplift.clv.predict_clv` takes it.

    Returns
    -------
    Valued

    Raises
    ------
    DataError
        When ``boosted`` is asked for and the orders do not reach back two horizons.
    EstimationError
        When the method cannot be fitted.
    """
    now = _read(warehouse, moment)
    later = read_cohort(spec, warehouse, moment, back=1, horizon=horizon)
    earlier = None if later is None else read_cohort(spec, warehouse, moment, back=2, horizon=horizon)
    if method == "boosted" and earlier is None:
        message = (
            f"method: 'boosted' learns from customers two horizons of {horizon.days} days ago, and orders before then "
            "are too few; give a shorter horizon or another method"
        )
        raise DataError(message)
    prediction = _predict(now, later, earlier, horizon=horizon, method=method)
    if later is None:
        return Valued(prediction, None, None, (Note("customers.no_past", {"days": horizon.days}),))
    if prediction.backtest is not None:
        return Valued(prediction, later, prediction.backtest.comparison, ())
    return _test(prediction, later, earlier, horizon)


def read_cohort(
    spec: ExperimentSpec, warehouse: Warehouse, moment: datetime, *, back: int, horizon: Horizon
) -> Cohort | None:
    """Return the customers of some horizons ago with what they brought after; None where there are too few.

    Parameters
    ----------
    spec, warehouse, moment, horizon
        As in :func:`value_customers`.
    back
        Horizons before ``moment``.
    """
    first = warehouse.time_bounds["orders"].first
    then = moment - timedelta(days=back * horizon.days)
    least = LEAST_DAYS if back == 1 else max(LEAST_DAYS, round(LEARN_SHARE * horizon.days))
    if first is None or then - first < timedelta(days=least):
        return None
    found = _read(warehouse, then)
    if len(found) < LEAST_UNITS:
        return None
    ids = found.wide.unit_id
    after = FactWindow(then, 0, horizon.days, through=moment, annual_discount_rate=horizon.rate)
    before = FactWindow(then, -horizon.days, 0, through=then)
    facts = warehouse.facts(ids, before, names=("gross_margin", "orders"))
    past = PastYear(facts["gross_margin"], facts["orders"].astype(np.float64))
    value = warehouse.facts(ids, after, names=("gross_margin",))["gross_margin"]
    stages = stage_customers(spec, warehouse, then, own=False)
    return replace(found, stages=stages.stage.labels[_buyers(stages.history.n_orders)], value=value, past=past)


def _buyers(n_orders: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.asarray(n_orders > 0)


def _read(warehouse: Warehouse, moment: datetime) -> Cohort:
    bought = warehouse.purchases(moment)
    rows = np.isfinite(bought["age_days"])
    if not rows.any():
        message = f"data.orders: nobody who consented ordered before {moment.isoformat()}; give a later as_of"
        raise DataError(message)
    known = bought.take(rows)
    names = ("frequency", "recency_days", "age_days", "mean_value")
    history = PurchaseHistory(*(known[name].astype(np.float64) for name in names))
    wide = make_wide_table(warehouse, moment, days=DAYS).columns.take(rows)
    return Cohort(moment, history, wide, np.empty(0, object), np.empty(0), None)


def _predict(
    now: Cohort, later: Cohort | None, earlier: Cohort | None, *, horizon: Horizon, method: AskedMethod
) -> ClvPrediction:
    def predict(maturity: Maturity) -> ClvPrediction:
        return predict_clv(
            now.history,
            horizon_days=horizon.days,
            annual_discount_rate=horizon.rate,
            method=method,
            wide=_wide_history(now, later, earlier),
            maturity=maturity,
        )

    untested = Maturity(boosted_horizons=np.inf)
    if earlier is None or method != "auto":
        return predict(untested)
    try:
        return predict(Maturity())
    except EstimationError:
        return predict(untested)


def _test(prediction: ClvPrediction, later: Cohort, earlier: Cohort | None, horizon: Horizon) -> Valued:
    """Let the same method predict a horizon ago, from what was known then."""
    try:
        then = predict_clv(
            later.history,
            horizon_days=horizon.days,
            annual_discount_rate=horizon.rate,
            method=prediction.method,
            wide=_wide_history(later, earlier, None),
        )
    except EstimationError as error:
        return Valued(prediction, later, None, (Note("customers.no_test", {"detail": str(error)}),))
    guessed = any(note.code == "note.clv.heuristic" for note in then.notes)
    alike = guessed == any(note.code == "note.clv.heuristic" for note in prediction.notes)
    comparison = compare_predictions(
        later.value,
        {prediction.method: then.value},
        groups=_groups(later),
        past=later.past,
        confidence_level=CONFIDENCE_LEVEL,
    )
    return Valued(prediction, later, comparison, () if alike else (Note("customers.test_guessed"),))


def _wide_history(now: Cohort, later: Cohort | None, earlier: Cohort | None) -> WideHistory | None:
    """Return the wide table at three moments, with categories coded alike; without the later one there is none."""
    if later is None:
        return None
    cohorts = [cohort for cohort in (now, later, earlier) if cohort is not None]
    names = [name for name in now.wide.names if all(name in cohort.wide for cohort in cohorts)]
    labels = tuple(name for name in names if WIDE_COLUMNS[name].kind == "label")
    codes = {
        name: {text: code for code, text in enumerate(_texts([cohort.wide[name] for cohort in cohorts]))}
        for name in labels
    }

    def features(cohort: Cohort) -> dict[str, NDArray[np.float64]]:
        return {
            name: _coded(cohort.wide[name], codes[name]) if name in codes else cohort.wide[name].astype(np.float64)
            for name in names
        }

    def snapshot(cohort: Cohort) -> Snapshot:
        return Snapshot(cohort.value, features(cohort), cohort.history, cohort.past, _groups(cohort))

    before = Snapshot(np.empty(0)) if earlier is None else snapshot(earlier)
    return WideHistory(before, snapshot(later), features(now), labels)


def _texts(columns: list[NDArray[np.object_]]) -> list[str]:
    return sorted({text for column in columns for text in column.tolist() if text is not None})


def _coded(column: NDArray[np.object_], codes: dict[str, int]) -> NDArray[np.float64]:
    return np.array([codes.get(text, np.nan) for text in column.tolist()], dtype=np.float64)


def _groups(cohort: Cohort) -> dict[str, NDArray[np.object_]]:
    """Return the stage and the favourite category of each customer, as known then."""
    groups = {"stage": cohort.stages}
    if "favourite_category" in cohort.wide:
        groups["category"] = np.array([text or "" for text in cohort.wide["favourite_category"].tolist()], dtype=object)
    return groups


def read_drivers(later: Cohort) -> DriverTable | None:
    """Return what went together with the value of the last horizon; None where no touchpoint is known.

    Parameters
    ----------
    later
        Cohort a horizon ago.
    """
    touchpoints = _numbers(later.wide, TOUCHPOINTS)
    if not touchpoints:
        return None
    return find_drivers(
        later.value,
        touchpoints,
        later.stages,
        controls=_numbers(later.wide, CONTROLS),
        confidence_level=CONFIDENCE_LEVEL,
    )


def _numbers(wide: Columns, names: tuple[str, ...]) -> dict[str, NDArray[np.float64]]:
    return {name: wide[name].astype(np.float64) for name in names if name in wide}
