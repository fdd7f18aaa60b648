"""Strata of customers week by week, each as it was known before the weeks that it is used in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from uplift.customers import History, classify_lifecycle, column_axis
from uplift.customers.weekly import WEEK_DAYS
from uplift.data import metric_column
from uplift.data.columns import positions
from uplift.design.audience import build_axis
from uplift.results import AxisInfo, Stratum

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from uplift.customers import Axis
    from uplift.data import Warehouse
    from uplift.spec import ExperimentSpec

READ_WEEKS = 4
"""Customers are classified anew every so many weeks."""
MODELLED = frozenset({"potential", "churn_reason"})
"""Axes that are left out: they are made of the forecast that alerts are about."""
ALL = "all"
"""Stratum of a spec without axes."""


@dataclass(frozen=True, slots=True, eq=False)
class WeeklyStrata:
    """Strata of ``n`` customers in ``w`` weeks.

    Parameters
    ----------
    codes : ndarray of int, shape (n, w)
        Place of the stratum in ``strata``.
    strata
        Strata that anybody was in; ``n_units`` counts the last week.
    axes
        What they are crossed from.
    """

    codes: NDArray[np.int64]
    strata: tuple[Stratum, ...]
    axes: tuple[AxisInfo, ...]


def classify_weeks(
    spec: ExperimentSpec,
    warehouse: Warehouse,
    ids: NDArray[np.object_],
    *,
    end: datetime,
    n_weeks: int,
    n_judged: int,
) -> WeeklyStrata:
    """Cross the axes of the spec's strata for each week.

    Parameters
    ----------
    spec
        Its ``strata`` say which axes; those made of a forecast are left out, and thin cells are not merged.
    warehouse
        The tables.
    ids : ndarray of object (str), shape (n,)
        Customers that consented.
    end
        End of the last week.
    n_weeks, n_judged
        Weeks in all, and how many of them, the last ones, are judged.

    Returns
    -------
    WeeklyStrata
        Customers are classified at the beginning of the first judged week and every four weeks from there;
        once more four weeks before, for the weeks ahead of the first.
    """
    first = n_weeks - n_judged
    begins = [max(first - READ_WEEKS, 0), *range(first, n_weeks, READ_WEEKS)]
    read = [_classify(spec, warehouse, ids, end - timedelta(days=WEEK_DAYS * (n_weeks - week))) for week in begins]
    infos = tuple(_info([axes[name] for axes in read]) for name in read[-1])
    parts, cells = _cross(read, infos, len(ids))
    codes = np.empty((len(ids), n_weeks), np.int64)
    for begin, code in zip([0, *begins[1:]], cells, strict=True):
        codes[:, begin:] = code[:, None]
    count = np.bincount(codes[:, -1], minlength=len(parts)).tolist()
    names = [info.id for info in infos]
    strata = tuple(
        Stratum("|".join(part) or ALL, dict(zip(names, part, strict=True)), n)
        for part, n in zip(parts, count, strict=True)
    )
    return WeeklyStrata(codes, strata, infos)


def _classify(
    spec: ExperimentSpec, warehouse: Warehouse, ids: NDArray[np.object_], moment: datetime
) -> Mapping[str, Axis]:
    """Return the axes of the spec's strata over the customers, as they were known at a moment."""
    names = [name for name in spec.strata.axis_names if name not in MODELLED]
    metrics = {name: spec.strata.axes[name] for name in names if name in spec.strata.axes}
    wanted = [metric_column(rule.by) for rule in metrics.values()]
    known = warehouse.metrics(ids, wanted, as_of=moment) if wanted else None
    axes: dict[str, Axis] = {}
    for name in names:
        if name in metrics and known is not None:
            axes[name] = build_axis(name, metrics[name], known[metrics[name].by].astype(np.float64))
        elif name == "lifecycle":
            axes[name] = _stage(spec, warehouse, ids, moment)
        else:
            axes[name] = _column(warehouse, ids, name, axis_id=name)
    return axes


def _stage(spec: ExperimentSpec, warehouse: Warehouse, ids: NDArray[np.object_], moment: datetime) -> Axis:
    rule = spec.strata.lifecycle
    column = getattr(rule, "column", None)
    if column is not None:
        return _column(warehouse, ids, column, axis_id="lifecycle")
    history = History.from_columns(warehouse.history(moment))
    six = "six_stage" in (rule, getattr(rule, "rule", None))
    axis = classify_lifecycle(history, method="six_stage" if six else "five_stage")
    return replace(axis, codes=axis.codes[positions(ids, history.unit_id)])


def _column(warehouse: Warehouse, ids: NDArray[np.object_], column: str, *, axis_id: str) -> Axis:
    units = warehouse.units((column,))
    return column_axis(units[column][positions(ids, units.unit_id)], axis_id=axis_id)


def _info(axes: Sequence[Axis]) -> AxisInfo:
    """Return the names of an axis that was read several times: the levels of the last reading, then the others."""
    levels: dict[str, Mapping[str, str]] = {}
    for axis in reversed(axes):
        for level in axis.levels:
            levels.setdefault(level, axis.names.get(level, {}))
    last = axes[-1]
    return AxisInfo(last.id, levels, drawn=False, cut_points=last.cut_points, metric=last.metric)


def _cross(
    read: Sequence[Mapping[str, Axis]], infos: Sequence[AxisInfo], n_units: int
) -> tuple[list[tuple[str, ...]], list[NDArray[np.int64]]]:
    """Return the combinations of levels that occur, in the order of the axes, and each customer's at each reading."""
    levels = [list(info.levels) for info in infos]
    crossed = [np.zeros(n_units, np.int64) for _ in read]
    for info, known in zip(infos, levels, strict=True):
        for place, axes in enumerate(read):
            axis = axes[info.id]
            among = np.array([known.index(level) for level in axis.levels], np.int64)
            crossed[place] = crossed[place] * len(known) + among[axis.codes]
    seen, codes = np.unique(np.concatenate(crossed), return_inverse=True)
    parts: list[list[str]] = [[] for _ in seen]
    rest = seen
    for known in reversed(levels):
        for part, place in zip(parts, (rest % len(known)).tolist(), strict=True):
            part.insert(0, known[place])
        rest = rest // len(known)
    return [tuple(part) for part in parts], list(codes.reshape(len(read), n_units))
