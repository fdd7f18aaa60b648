"""How good predictions of value were: error, rank, total and calibration, beside naive ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import UsageError
from uplift.results.facts import CheckResult
from uplift.stats.least_squares import dot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import ArrayLike, NDArray

    from uplift.stats.intervals import FiellerSet

N_DECILES = 10
BIG_SHARE, BIG_TOLERANCE, SMALL_ERRORS, TOTAL_TOLERANCE = 0.05, 0.10, 3.0, 0.03


@dataclass(frozen=True, slots=True)
class AccuracyRow:
    """One prediction against what came, over one group of units.

    Parameters
    ----------
    prediction
        Name of the prediction.
    axis, level
        For whom: ``overall`` and an empty level, or a group axis and its level.
    n_units
        Units of the group.
    actual_mean, predicted_mean
        Currency units per unit over the horizon.
    mae, rmse
        Mean absolute error and root mean squared error, currency units per unit.
    rank_correlation
        Spearman's, ties at their mean rank; NaN where one side does not vary.
    total_ratio
        Predicted over actual total; 1 is unbiased, NaN where nothing came.
    ratio_lower, ratio_upper
        Limits of its Fieller interval over draws of units; infinite where the data bound neither side.
    """

    prediction: str
    axis: str
    level: str
    n_units: int
    actual_mean: float
    predicted_mean: float
    mae: float
    rmse: float
    rank_correlation: float
    total_ratio: float
    ratio_lower: float
    ratio_upper: float


@dataclass(frozen=True, slots=True)
class DecileRow:
    """A tenth of the units, by predicted value.

    Parameters
    ----------
    prediction
        Name of the prediction.
    decile
        1 (lowest prediction) to 10; units of equal prediction stay together, so sizes may differ.
    n_units
        Units of the decile.
    predicted_mean, actual_mean
        Currency units per unit over the horizon.
    std_error
        Of the mean difference of actual and predicted; infinite for a single unit.
    share
        Share of the whole actual value that the decile holds.
    """

    prediction: str
    decile: int
    n_units: int
    predicted_mean: float
    actual_mean: float
    std_error: float
    share: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Predictions against what came.

    Parameters
    ----------
    rows
        By prediction: overall first, then each level of each axis.
    deciles
        By prediction, lowest decile first.
    """

    rows: tuple[AccuracyRow, ...]
    deciles: tuple[DecileRow, ...]

    def overall(self, prediction: str) -> AccuracyRow:
        """Return the row of ``prediction`` over all units.

        Raises
        ------
        UsageError
            When no such prediction was compared.
        """
        for row in self.rows:
            if row.prediction == prediction and row.axis == "overall":
                return row
        known = ", ".join(sorted({row.prediction for row in self.rows}))
        message = f"prediction: {prediction!r} was not compared; there are {known}"
        raise UsageError(message)


@dataclass(frozen=True, slots=True, eq=False)
class PastYear:
    """What units brought over a past period as long as the horizon: food for naive predictions.

    Parameters
    ----------
    value : ndarray of float64, shape (n,)
        Currency units per unit.
    orders : ndarray of float64, shape (n,)
        Orders per unit.
    """

    value: NDArray[np.float64]
    orders: NDArray[np.float64]


def naive_predictions(past: PastYear) -> Mapping[str, NDArray[np.float64]]:
    """Return what one would say without a model.

    Returns
    -------
    mapping of str to ndarray of float64, shape (n,)
        ``naive_repeat``: last period again; ``naive_orders``: the unit's orders times the mean value of an
        order over all units; ``naive_mean``: the mean over all units.
    """
    value, orders = np.asarray(past.value, np.float64), np.asarray(past.orders, np.float64)
    per_order = float(value.sum() / orders.sum()) if orders.sum() > 0 else 0.0
    mean = float(value.mean()) if len(value) else 0.0
    return {"naive_repeat": value, "naive_orders": orders * per_order, "naive_mean": np.full(len(value), mean)}


def compare_predictions(
    actual: ArrayLike,
    predictions: Mapping[str, NDArray[np.float64]],
    *,
    groups: Mapping[str, NDArray[np.object_]] | None = None,
    past: PastYear | None = None,
    confidence_level: float = 0.95,
) -> Comparison:
    """Hold predictions of value against what came.

    Parameters
    ----------
    actual : array of float, shape (n,)
        Realised value over the horizon per unit, in the currency.
    predictions
        Name to prediction of shape (n,), made without a look at ``actual``.
    groups
        Axis (category, stage ...) to the label of each unit, shape (n,).
    past
        The period before, for the three naive predictions of `naive_predictions`, which then stand last.
    confidence_level
        Of the interval of the total's ratio.

    Returns
    -------
    Comparison

    Raises
    ------
    UsageError
        When shapes differ, a number is not finite, or there are no units.

    Notes
    -----
    *Estimand*: mean error, rank correlation and predicted over actual total in the population that the units
    are drawn from. *Assumptions*: independent units.
    """
    truth = _column("actual", actual, None)
    guesses = dict(predictions) | (dict(naive_predictions(past)) if past else {})
    checked = {name: _column(name, value, len(truth)) for name, value in guesses.items()}
    rows = [
        _row(name, axis, level, truth[member], guess[member], confidence_level)
        for name, guess in checked.items()
        for axis, level, member in _members(groups or {}, len(truth))
    ]
    deciles = [row for name, guess in checked.items() for row in _deciles(name, truth, guess)]
    return Comparison(tuple(rows), tuple(deciles))


def check_value_calibration(comparison: Comparison, prediction: str) -> CheckResult:
    """Say whether a prediction is off by more than the promised limits and by more than chance.

    Parameters
    ----------
    comparison
        From `compare_predictions`.
    prediction
        Which one.

    Returns
    -------
    CheckResult
        ``clv.calibration``: ``warn`` when a decile with at least 5 % of the value is off by more than 10 %
        and by more than 3 standard errors, a smaller one by more than 3 standard errors, or the total by
        more than 3 % with an interval that leaves 1 out; ``skipped`` when nothing came.
    """
    row = comparison.overall(prediction)
    facts: dict[str, str | float] = {"prediction": prediction}
    if not row.actual_mean > 0:
        return CheckResult("clv.calibration", "skipped", facts=facts)
    off = tuple(each.decile for each in comparison.deciles if each.prediction == prediction and _is_off(each))
    shifted = abs(row.total_ratio - 1) > TOTAL_TOLERANCE and not row.ratio_lower <= 1 <= row.ratio_upper
    facts |= {"ratio": row.total_ratio, "lower": row.ratio_lower, "upper": row.ratio_upper, "n_deciles": len(off)}
    return CheckResult("clv.calibration", "warn" if off or shifted else "pass", facts=facts)


def rank(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks from 1, ties at their mean rank; shape as ``values``, (n,)."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count - 1) / 2.0
    ranks: NDArray[np.float64] = middle[place]
    return ranks


def _is_off(row: DecileRow) -> bool:
    away = abs(row.predicted_mean - row.actual_mean)
    tolerance = BIG_TOLERANCE * abs(row.actual_mean) if row.share >= BIG_SHARE else 0.0
    return away > max(tolerance, SMALL_ERRORS * row.std_error)


def _column(name: str, values: ArrayLike, length: int | None) -> NDArray[np.float64]:
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1 or len(column) == 0 or length not in {None, len(column)}:
        wanted = "one dimension and at least one unit" if length is None else f"shape ({length},) as actual"
        message = f"{name}: has shape {column.shape}, must have {wanted}"
        raise UsageError(message)
    wrong = np.flatnonzero(~np.isfinite(column))
    if len(wrong):
        message = f"{name}: {column[wrong[0]]} at position {wrong[0]}, must be finite; leave such units out everywhere"
        raise UsageError(message)
    return column


def _members(
    groups: Mapping[str, NDArray[np.object_]], n_units: int
) -> Iterator[tuple[str, str, NDArray[np.bool_] | slice]]:
    yield "overall", "", slice(None)
    for axis, labels in groups.items():
        codes = np.asarray(labels).astype(str)
        if codes.shape != (n_units,):
            message = f"groups[{axis!r}]: has shape {codes.shape}, must have shape ({n_units},) as actual"
            raise UsageError(message)
        for level in sorted(set(codes.tolist())):
            yield axis, level, codes == level


def _row(
    name: str, axis: str, level: str, actual: NDArray[np.float64], predicted: NDArray[np.float64], confidence: float
) -> AccuracyRow:
    error = predicted - actual
    ratio = _total_ratio(actual, predicted, confidence)
    bounded = ratio.kind == "interval"
    return AccuracyRow(
        prediction=name,
        axis=axis,
        level=level,
        n_units=len(actual),
        actual_mean=float(actual.mean()),
        predicted_mean=float(predicted.mean()),
        mae=float(np.abs(error).mean()),
        rmse=float(np.sqrt(np.mean(error**2))),
        rank_correlation=_correlation(rank(actual), rank(predicted)),
        total_ratio=ratio.estimate,
        ratio_lower=ratio.lower if bounded else -np.inf,
        ratio_upper=ratio.upper if bounded else np.inf,
    )


def _total_ratio(actual: NDArray[np.float64], predicted: NDArray[np.float64], confidence: float) -> FiellerSet:
    from uplift.stats.intervals import FiellerSet, fieller

    n = len(actual)
    top, bottom = float(predicted.mean()), float(actual.mean())
    if n < 2:
        return FiellerSet("line", -np.inf, np.inf, top / bottom if bottom else float("nan"))
    away = (predicted - top, actual - bottom)
    covariance = np.array([[dot(a, b) for b in away] for a in away]) / (n - 1) / n
    return fieller(top, bottom, covariance, df=n - 1, confidence_level=confidence)


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    a, b = a - a.mean(), b - b.mean()
    spread = dot(a, a) * dot(b, b)
    return dot(a, b) / spread**0.5 if spread > 0 else float("nan")


def _deciles(name: str, actual: NDArray[np.float64], predicted: NDArray[np.float64]) -> Iterator[DecileRow]:
    place = np.floor((rank(predicted) - 0.5) / len(predicted) * N_DECILES).astype(np.int64)
    whole = float(actual.sum())
    for decile in range(N_DECILES):
        member = place == decile
        n = int(member.sum())
        if n == 0:
            continue
        away = actual[member] - predicted[member]
        yield DecileRow(
            prediction=name,
            decile=decile + 1,
            n_units=n,
            predicted_mean=float(predicted[member].mean()),
            actual_mean=float(actual[member].mean()),
            std_error=float(away.std(ddof=1) / np.sqrt(n)) if n > 1 else np.inf,
            share=float(actual[member].sum()) / whole if whole else 0.0,
        )
