"""What was told of customers, as the results keep it: rows by stage, tier, reason and label, and one per customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from uplift.clv import LifetimeModel
from uplift.customers import Axis, compare_stages, label_customers, split_value, summarize_stages
from uplift.results.analysis import AxisInfo
from uplift.results.customers import (
    Accuracy,
    AccuracyLine,
    ChurnRow,
    CustomerRows,
    DecileLine,
    DriverLine,
    Drivers,
    LabelRow,
    MethodInfo,
    StageRow,
    StageTable,
    ValueCell,
)
from uplift.results.evidence import grade
from uplift.workflow.score_past import CONFIDENCE_LEVEL, shown_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from uplift.clv import AccuracyRow, ClvPrediction, DriverTable
    from uplift.clv.predict import AskedMethod
    from uplift.workflow.score_past import Cohort, Valued
    from uplift.workflow.score_picture import Picture

MOST_LABELS = 12
"""Combinations of labels on the page; the Parquet file holds the label of every customer."""
TOP_SHARE = 0.2
NAIVE = ("naive_repeat", "naive_orders", "naive_mean")
ALL = "all"


def axis_infos(axes: Mapping[str, Axis]) -> tuple[AxisInfo, ...]:
    """Return the names of the levels of every axis."""
    return tuple(
        AxisInfo(
            name,
            {level: axis.names.get(level, {}) for level in axis.levels},
            drawn=False,
            cut_points=axis.cut_points,
            metric=axis.metric,
        )
        for name, axis in axes.items()
    )


def stage_rows(picture: Picture, stage: Axis) -> tuple[StageRow, ...]:
    """Return the figures of every level of an axis of stages."""
    numbers = picture.wide.numbers()
    rows = summarize_stages(stage, numbers, alive=picture.staged.alive, predicted=picture.predicted)
    historic, predicted = (sum_by(stage, each) for each in (picture.historic, picture.predicted))
    lifetime = sum_by(stage, picture.known("lifetime_margin"))
    return tuple(
        StageRow(
            stage=row.stage,
            n_units=row.n_units,
            share=row.share,
            orders=row.orders,
            margin=row.margin,
            lifetime_margin=lifetime[at] / row.n_units if row.n_units else None,
            average_basket=row.average_basket,
            repurchase_30d=row.repurchase_30d,
            retention=row.retention,
            alive=row.alive,
            predicted_clv=row.predicted_clv,
            historic=historic[at] / row.n_units if row.n_units else None,
            historic_total=historic[at],
            predicted_total=predicted[at],
        )
        for at, row in enumerate(rows)
    )


def total_row(picture: Picture) -> StageRow:
    """Return the figures of all customers."""
    everybody = Axis(ALL, ("",), {}, np.zeros(len(picture.predicted), np.int64))
    return stage_rows(picture, everybody)[0]


def sum_by(axis: Axis, values: NDArray[np.float64]) -> list[float]:
    """Return the sum of values per level."""
    found: list[float] = np.bincount(axis.codes, values, minlength=len(axis.levels)).tolist()
    return found


def share_of_top(predicted: NDArray[np.float64]) -> float | None:
    """Return the share of the predicted value that the first fifth of the customers holds."""
    ranked, total = np.sort(predicted)[::-1], float(predicted.sum())
    n_top = int(np.ceil(TOP_SHARE * len(ranked)))
    return float(ranked[:n_top].sum()) / total if total > 0 else None


def value_cells(picture: Picture) -> tuple[ValueCell, ...]:
    """Cross current value with potential, in the order of the levels."""
    current, potential = picture.axes["value_tier"], picture.axes["potential"]
    crossed = cross(current, potential)
    n_units = np.bincount(crossed.codes, minlength=len(crossed.levels)).tolist()
    historic, predicted = (sum_by(crossed, each) for each in (picture.historic, picture.predicted))
    places = [(one, other) for one in current.levels for other in potential.levels]
    return tuple(
        ValueCell(one, other, n_units[at], historic[at], predicted[at]) for at, (one, other) in enumerate(places)
    )


def cross(first: Axis, second: Axis) -> Axis:
    """Return the axis of all pairs of levels, the second within the first."""
    levels = tuple(f"{one}|{other}" for one in first.levels for other in second.levels)
    return Axis(f"{first.id}|{second.id}", levels, {}, first.codes * len(second.levels) + second.codes)


def value_parts(picture: Picture) -> dict[str, float]:
    """Return the value of the days before by what it comes from, where the data hold it."""
    parts = split_value(picture.known("gross_margin"), picture.wide.numbers())
    named = {"purchase": parts.purchase, "referral": parts.referral, "content": parts.content}
    return {name: float(values.sum()) for name, values in named.items() if values is not None}


def disagreement(picture: Picture) -> StageTable | None:
    """Return stages by rule against stages by model; None without a model."""
    by_model = picture.axes.get("lifecycle_model")
    if by_model is None:
        return None
    found = compare_stages(picture.axes["lifecycle"], by_model)
    return StageTable(found.rule_levels, found.model_levels, found.counts, found.n_compared, found.n_disagree)


def churn_rows(picture: Picture) -> tuple[ChurnRow, ...]:
    """Return churned customers by kind, then by reason where the data tell it."""
    kinds, reason = picture.axes["churn"], picture.axes.get("churn_reason")
    crossed = kinds if reason is None else cross(kinds, reason)
    bought = int((picture.staged.history.n_orders > 0).sum())
    n_units = np.bincount(crossed.codes, minlength=len(crossed.levels)).tolist()
    lifetime, predicted = (sum_by(crossed, each) for each in (picture.known("lifetime_margin"), picture.predicted))
    rows = []
    for at, level in enumerate(crossed.levels):
        kind, _, why = level.partition("|")
        if kind != "none" and why != "none" and (n_units[at] or not why):
            rows.append(ChurnRow(kind, why, n_units[at], n_units[at] / max(bought, 1), lifetime[at], predicted[at]))
    return tuple(rows)


def label_rows(picture: Picture) -> tuple[tuple[LabelRow, ...], NDArray[np.object_]]:
    """Return the largest combinations of labels, and the label of every customer, shape (n,)."""
    names = ("lifecycle", "value_tier", "preference", "risk")
    life, value, preference, risk = (picture.axes[name] for name in names)
    labels = label_customers(picture.staged.history.unit_id, life=life, value=value, preference=preference, risk=risk)
    ids = labels.ids
    counts = sorted(labels.count(), key=lambda each: (-each.n_units, each.id))[:MOST_LABELS]
    rows = tuple(
        LabelRow(**each.parts, n_units=each.n_units, predicted=float(picture.predicted[ids == each.id].sum()))
        for each in counts
    )
    return rows, ids


def method_info(prediction: ClvPrediction, asked: AskedMethod) -> MethodInfo:
    """Return how value was predicted."""
    model, parameters = prediction.model, {}
    if isinstance(model, LifetimeModel):
        parameters = {name: getattr(model.purchase, name) for name in ("r", "alpha", "a", "b")}
        parameters |= {name: getattr(model.spend, name) for name in ("p", "q", "v")}
    return MethodInfo(asked, prediction.method, prediction.reason, prediction.notes, parameters)


def accuracy(valued: Valued) -> Accuracy | None:
    """Return the method a horizon ago against what came; None where it could not be tested."""
    if valued.comparison is None or valued.later is None or valued.check is None:
        return None
    mine = shown_name(valued.prediction)
    names = {mine: valued.prediction.method} | {name: name for name in ("bgnbd", *NAIVE)}
    test = valued.prediction.backtest
    names |= {} if test is None else {test.form: "boosted"}
    rows = [row for name in names for row in valued.comparison.rows if row.prediction == name]
    return Accuracy(
        moment=valued.later.moment.isoformat(),
        method=valued.prediction.method,
        n_units=len(valued.later),
        rows=tuple(_line(row, names[row.prediction]) for row in rows),
        deciles=tuple(
            DecileLine(
                decile=row.decile,
                n_units=row.n_units,
                predicted_mean=row.predicted_mean,
                actual_mean=row.actual_mean,
                std_error=_finite(row.std_error),
                share=row.share,
            )
            for row in valued.comparison.deciles
            if row.prediction == mine
        ),
        check=valued.check,
        confidence_level=CONFIDENCE_LEVEL,
    )


def _line(row: AccuracyRow, name: str) -> AccuracyLine:
    return AccuracyLine(
        prediction=name,
        axis=row.axis,
        level=row.level,
        n_units=row.n_units,
        actual_mean=row.actual_mean,
        predicted_mean=row.predicted_mean,
        mae=row.mae,
        rank_correlation=_finite(row.rank_correlation),
        total_ratio=_finite(row.total_ratio),
        ratio_lower=_finite(row.ratio_lower),
        ratio_upper=_finite(row.ratio_upper),
    )


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def drivers(found: DriverTable | None, later: Cohort | None) -> Drivers | None:
    """Return what went with value; None where nothing was read."""
    if found is None or later is None:
        return None
    return Drivers(
        moment=later.moment.isoformat(),
        label=found.label,
        evidence=found.rows[0].evidence if found.rows else grade("adjusted"),
        rows=tuple(
            DriverLine(
                stage=row.stage,
                touchpoint=row.touchpoint,
                n_units=row.n_units,
                share_known=row.share_known,
                mean=row.mean,
                spread=row.spread,
                estimate=row.estimate,
                ci_lower=row.ci_lower,
                ci_upper=row.ci_upper,
                p_adjusted=row.p_adjusted,
            )
            for row in found.rows
        ),
        notes=found.notes,
        confidence_level=found.confidence_level,
    )


def customer_rows(picture: Picture, labels: NDArray[np.object_], method: str) -> CustomerRows:
    """Return one row per customer: stages, tiers, labels and predicted value, then the wide table."""
    n = len(picture.predicted)
    names = {"lifecycle": "stage", "lifecycle_rule": "stage_by_rule", "lifecycle_model": "stage_by_model"}
    columns: dict[str, NDArray[Any]] = {"unit_id": picture.staged.history.unit_id}
    columns |= {names.get(name, name): axis.labels for name, axis in picture.axes.items()}
    columns |= {"label": labels}
    columns |= {"alive": picture.staged.model.alive}
    columns |= {"predicted_clv": picture.predicted, "clv_method": np.full(n, method, dtype=object)}
    return CustomerRows(columns | dict(picture.wide.columns.values))
