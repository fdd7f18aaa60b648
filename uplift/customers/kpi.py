"""Figures per stage, and who moved from which stage to which between two dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from uplift.customers.axes import Axis


@dataclass(frozen=True, slots=True)
class StageKpi:
    """Figures of one stage; None where they are not known.

    Parameters
    ----------
    stage
        Level id.
    n_units, share
        Units, and their share of all.
    orders, margin
        Mean orders, and mean gross margin in the currency, per unit.
    average_basket
        Revenue of the stage per order of the stage, in the currency.
    repurchase_30d
        Share of the units with an order whose next one came within 30 days.
    retention
        Share of the units with an order in the last 30 days.
    alive
        Mean chance to be there still, of the units with an order.
    predicted_clv
        Mean predicted discounted value over the horizon, in the currency.
    """

    stage: str
    n_units: int
    share: float
    orders: float | None = None
    margin: float | None = None
    average_basket: float | None = None
    repurchase_30d: float | None = None
    retention: float | None = None
    alive: float | None = None
    predicted_clv: float | None = None


def summarize_stages(
    stage: Axis,
    columns: Mapping[str, NDArray[np.float64]],
    *,
    alive: NDArray[np.float64] | None = None,
    predicted: NDArray[np.float64] | None = None,
) -> tuple[StageKpi, ...]:
    """Return the figures of every stage, in the order of its levels.

    Parameters
    ----------
    stage
        Lifecycle of ``n`` units.
    columns
        Columns of the wide table, each of shape (n,): ``orders``, ``gross_margin``, ``net_revenue`` (else
        ``revenue``, else ``average_basket``, which is revenue per order), ``repurchase_30d``, ``retention``; what is
        missing is left out of the figures. NaN is no part of a mean.
    alive, predicted : ndarray of float, shape (n,)
        P(alive) and predicted value.

    Returns
    -------
    tuple of StageKpi
        Empty stages too, with 0 units.

    Raises
    ------
    DataError
        When a column is not one value a unit.
    """
    n = len(stage.codes)
    values = dict(columns)
    values |= {name: each for name, each in (("alive", alive), ("predicted", predicted)) if each is not None}
    for name, each in values.items():
        if each.shape != (n,):
            message = f"column '{name}' has shape {each.shape}, must be ({n},): one value per unit"
            raise DataError(message)
    return tuple(_kpi(level, stage.codes == code, values) for code, level in enumerate(stage.levels))


def _kpi(stage: str, rows: NDArray[np.bool_], values: Mapping[str, NDArray[np.float64]]) -> StageKpi:
    return StageKpi(
        stage=stage,
        n_units=int(rows.sum()),
        share=float(rows.mean()) if len(rows) else 0.0,
        orders=_mean(values.get("orders"), rows),
        margin=_mean(values.get("gross_margin"), rows),
        average_basket=_ratio(_revenue(values), values.get("orders"), rows),
        repurchase_30d=_mean(values.get("repurchase_30d"), rows),
        retention=_mean(values.get("retention"), rows),
        alive=_mean(values.get("alive"), rows),
        predicted_clv=_mean(values.get("predicted"), rows),
    )


def _revenue(values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64] | None:
    """Return revenue per unit; from baskets and orders where the table has no column of it."""
    found = next((values[name] for name in ("net_revenue", "revenue") if name in values), None)
    if found is None and {"average_basket", "orders"} <= values.keys():
        return values["average_basket"] * values["orders"]
    return found


def _mean(column: NDArray[np.float64] | None, rows: NDArray[np.bool_]) -> float | None:
    if column is None:
        return None
    kept = column[rows].astype(np.float64)
    kept = kept[~np.isnan(kept)]
    return float(kept.mean()) if len(kept) else None


def _ratio(
    numerator: NDArray[np.float64] | None, denominator: NDArray[np.float64] | None, rows: NDArray[np.bool_]
) -> float | None:
    if numerator is None or denominator is None:
        return None
    below = float(np.nansum(denominator[rows]))
    return float(np.nansum(numerator[rows])) / below if below else None


@dataclass(frozen=True, slots=True)
class TransitionMatrix:
    """Units by their stage at one date and at a later one.

    Parameters
    ----------
    before, after
        Levels of the rows and of the columns of ``counts``.
    counts
        Units of both dates.
    n_entered, n_left
        Units of the later date alone, and of the earlier one alone.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    n_entered: int
    n_left: int

    @property
    def shares(self) -> tuple[tuple[float, ...], ...]:
        """Share of each row's units per column; rows without a unit are 0."""
        return tuple(tuple(n / max(sum(row), 1) for n in row) for row in self.counts)

    @property
    def share_moved(self) -> float | None:
        """Share of the units of both dates whose stage changed; None without any."""
        total = sum(map(sum, self.counts))
        stayed = sum(
            n
            for level, row in zip(self.before, self.counts, strict=True)
            for other, n in zip(self.after, row, strict=True)
            if level == other
        )
        return 1 - stayed / total if total else None


def count_transitions(
    before_id: NDArray[np.object_], before: Axis, after_id: NDArray[np.object_], after: Axis
) -> TransitionMatrix:
    """Count who moved from which stage to which.

    Parameters
    ----------
    before_id, after_id : ndarray of object (str), shapes (n,) and (m,)
        Units of the two dates, in any order, each once.
    before, after
        Their stages, best by one rule with one population gap.

    Returns
    -------
    TransitionMatrix

    Raises
    ------
    DataError
        When ids and stages are not of the same length, or an id is there twice.
    """
    for ids, axis in ((before_id, before), (after_id, after)):
        if len(ids) != len(axis.codes) or len(set(ids.tolist())) != len(ids):
            message = f"{len(ids)} ids for {len(axis.codes)} stages, must be one stage for each id, each id once"
            raise DataError(message)
    place = {unit: row for row, unit in enumerate(after_id.tolist())}
    rows = np.array([place.get(unit, -1) for unit in before_id.tolist()], dtype=np.int64)
    both = rows >= 0
    shape = (len(before.levels), len(after.levels))
    flat = before.codes[both] * shape[1] + after.codes[rows[both]]
    counts = np.bincount(flat, minlength=shape[0] * shape[1]).reshape(shape)
    table = tuple(tuple(row) for row in counts.tolist())
    return TransitionMatrix(before.levels, after.levels, table, len(after_id) - int(both.sum()), int((~both).sum()))
