"""Which touchpoints go together with later value, stage by stage: association, not effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import UsageError
from uplift.results.evidence import Evidence, grade
from uplift.results.facts import Note
from uplift.stats.intervals import t_intervals
from uplift.stats.least_squares import LeastSquares, Robust, fit_least_squares, independent_columns
from uplift.stats.multiplicity import adjust_holm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import ArrayLike, NDArray

    from uplift.results.facts import Facts

UNITS_PER_COLUMN = 10


@dataclass(frozen=True, slots=True)
class DriverRow:
    """One touchpoint in one stage.

    Parameters
    ----------
    stage, touchpoint
        Names.
    n_units
        Units of the stage.
    share_known
        Share of them whose touchpoint is known; the others stand at the mean, with an indicator of their own.
    mean, spread
        Of the touchpoint where known, in its own unit; ``spread`` is its standard deviation.
    estimate, std_error, ci_lower, ci_upper
        Difference in later value between units one ``spread`` apart, all other touchpoints equal; currency units
        per unit over the horizon.
    df
        Residual degrees of freedom.
    p_value, p_adjusted
        Against zero; by Holm over the touchpoints of the stage.
    evidence
        Always ``D``: what goes together, not what would happen.
    """

    stage: str
    touchpoint: str
    n_units: int
    share_known: float
    mean: float
    spread: float
    estimate: float
    std_error: float
    ci_lower: float
    ci_upper: float
    df: int
    p_value: float
    p_adjusted: float
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class DriverTable:
    """Touchpoints by stage.

    Parameters
    ----------
    label
        What must be printed over the table: association, not effect.
    rows
        By stage (code point), then in the order of the touchpoints.
    notes
        Stages with too few units, touchpoints that were left out.
    confidence_level
        Of the intervals, two-sided.
    """

    label: Note
    rows: tuple[DriverRow, ...]
    notes: tuple[Note, ...]
    confidence_level: float


def find_drivers(
    value: ArrayLike,
    touchpoints: Mapping[str, NDArray[np.float64]],
    stage: NDArray[np.object_],
    *,
    controls: Mapping[str, NDArray[np.float64]] | None = None,
    robust: Robust = "hc2",
    confidence_level: float = 0.95,
) -> DriverTable:
    """Regress later value on standardised touchpoints within each stage.

    Parameters
    ----------
    value : array of float, shape (n,)
        Realised value over the horizon after the moment, in the currency.
    touchpoints
        Name (contacts, coupon share, complaints, content engagement, delivery satisfaction, category breadth, return
        rate ...) to column of shape (n,), known before the moment; NaN where unknown. Where touchpoints
        determine each other the later is left out, by the touchpoints alone.
    stage : ndarray of object (str), shape (n,)
        Stage of each unit at the moment.
    controls
        Name to column of shape (n,) that is held equal and not reported: past value, orders.
    robust
        ``hc1`` or ``hc2``.
    confidence_level
        Of the intervals.

    Returns
    -------
    DriverTable

    Raises
    ------
    UsageError
        When there is no touchpoint, shapes differ, or a value is not finite.

    Notes
    -----
    *Estimand*: in each stage, coefficients of the best linear approximation of E[value | touchpoints, controls], per
    standard deviation. *Assumptions*: independent units, nothing else; no causal reading, since whom one
    contacts and who complains is anything but random.

    References
    ----------
    Holm (1979), *Scandinavian Journal of Statistics* 6(2). MacKinnon and White (1985), *J. Econometrics* 29.
    """
    if not touchpoints:
        message = "touchpoints: none given; at least one column is needed"
        raise UsageError(message)
    y = np.asarray(value, dtype=np.float64)
    if y.ndim != 1 or not np.isfinite(y).all():
        message = f"value: shape {y.shape}, must have one dimension and finite numbers; a unit without an order has 0"
        raise UsageError(message)
    # Touchpoints first: of columns that determine each other the first stays.
    columns = {name: _column(name, column, len(y)) for name, column in {**touchpoints, **(controls or {})}.items()}
    stages = np.asarray(stage).astype(str)
    if stages.shape != y.shape:
        message = f"stage: has shape {stages.shape}, must have shape {y.shape} as value"
        raise UsageError(message)
    read = [
        _read_stage(name, stages == name, value=y, columns=columns, touchpoints=tuple(touchpoints), robust=robust)
        for name in sorted(set(stages.tolist()))
    ]
    return DriverTable(
        label=Note("note.clv.drivers.association"),
        rows=tuple(row for found in read for row in _rows(found, confidence_level)),
        notes=tuple(note for found in read for note in found.notes),
        confidence_level=confidence_level,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    """The fit of one stage; its first coefficient is the constant, then come the touchpoints that stay."""

    stage: str
    touchpoints: Mapping[str, NDArray[np.float64]]
    fit: LeastSquares | None
    notes: tuple[Note, ...]


def _read_stage(
    stage: str,
    member: NDArray[np.bool_],
    *,
    value: NDArray[np.float64],
    columns: Mapping[str, NDArray[np.float64]],
    touchpoints: tuple[str, ...],
    robust: Robust,
) -> _Reading:
    here = {name: column[member] for name, column in columns.items()}
    unknown = [np.isnan(column).astype(np.float64) for column in here.values()]
    candidates = [*(_standardise(column) for column in here.values()), *(each for each in unknown if each.any())]
    needed, n_units = UNITS_PER_COLUMN * (1 + len(candidates)), int(member.sum())
    if n_units < needed:
        facts: Facts = {"stage": stage, "n": n_units, "n_features": len(touchpoints), "needed": needed}
        return _Reading(stage, {}, None, (Note("note.clv.drivers.too_few", facts),))
    kept = independent_columns(np.column_stack(candidates))
    fit = fit_least_squares([np.ones(n_units), *(candidates[j] for j in kept)], value[member], robust=robust)
    shown = {name: here[name] for j, name in enumerate(touchpoints) if j in kept}
    absent = tuple(name for name in touchpoints if name not in shown)
    notes = (Note("note.clv.drivers.constant", {"stage": stage, "names": absent}),) if absent else ()
    return _Reading(stage, shown, fit, notes)


def _rows(reading: _Reading, confidence_level: float) -> Iterator[DriverRow]:
    if reading.fit is None or not reading.touchpoints:
        return
    fit, n_shown = reading.fit, len(reading.touchpoints)
    estimate = fit.coefficients[1 : 1 + n_shown]
    error = np.sqrt(np.diag(fit.covariance)[1 : 1 + n_shown])
    limits = t_intervals(estimate, error, np.full(n_shown, float(fit.df)), confidence_level=confidence_level)
    adjusted = adjust_holm(limits.p_value)
    for j, (name, column) in enumerate(reading.touchpoints.items()):
        yield DriverRow(
            stage=reading.stage,
            touchpoint=name,
            n_units=len(column),
            share_known=float(np.isfinite(column).mean()),
            mean=float(np.nanmean(column)),
            spread=float(np.nanstd(column)),
            estimate=float(estimate[j]),
            std_error=float(error[j]),
            ci_lower=float(limits.lower[j]),
            ci_upper=float(limits.upper[j]),
            df=fit.df,
            p_value=float(limits.p_value[j]),
            p_adjusted=float(adjusted[j]),
            evidence=grade("adjusted"),
        )


def _standardise(column: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the column with mean 0 and standard deviation 1 where known, and 0 elsewhere."""
    known = column[np.isfinite(column)]
    spread = float(known.std()) if len(known) else 0.0
    if not spread > 1e-12 * max(float(np.abs(known).max(initial=0.0)), 1e-300):
        return np.zeros(len(column))
    return np.where(np.isfinite(column), (column - known.mean()) / spread, 0.0)


def _column(name: str, values: NDArray[np.float64], n_units: int) -> NDArray[np.float64]:
    column = np.asarray(values, dtype=np.float64)
    if column.shape != (n_units,) or np.isinf(column).any():
        message = (
            f"{name}: shape {column.shape}, must have shape ({n_units},) as value, NaN where unknown, none infinite"
        )
        raise UsageError(message)
    return column
