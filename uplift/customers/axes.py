"""Axes: one class per unit, with the cut-points that a later unit is classified by."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from uplift.errors import DesignError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

NONE_LEVEL = "none"
UNKNOWN_LEVEL = "unknown"
_RANKS: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {1: ("all",), 2: ("low", "high"), 3: ("low", "mid", "high"), 4: ("low", "mid", "high", "top")}
)
_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {"all": ("全部", "all"), "low": ("低", "low"), "mid": ("中", "mid"), "high": ("高", "high"), "top": ("顶", "top")}
)
_NONE_NAME: Mapping[str, str] = MappingProxyType({"zh": "无订单", "en": "no orders"})
_UNKNOWN_NAME: Mapping[str, str] = MappingProxyType({"zh": "未知", "en": "unknown"})


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """A classification of ``n`` units.

    Parameters
    ----------
    id
        ``lifecycle``, ``value_tier``, ``frequency``, ``basket`` or a column.
    levels
        Level ids in order; neighbours are what thin cells merge with.
    names
        Level id to its names by language; may be empty for a level.
    codes : ndarray of int64, shape (n,)
        Place of each unit's level in ``levels``.
    cut_points
        Frozen lower ends of the classes above the lowest; empty for a rule or a column.
    metric
        What the cut-points cut; empty for a rule or a column.
    rule
        Frozen numbers of the rule behind the levels.
    """

    id: str
    levels: tuple[str, ...]
    names: Mapping[str, Mapping[str, str]]
    codes: NDArray[np.int64]
    cut_points: tuple[float, ...] = ()
    metric: str = ""
    rule: Mapping[str, float] = field(default_factory=dict)

    @property
    def labels(self) -> NDArray[np.object_]:
        """Level id of each unit, shape (n,)."""
        return np.array(self.levels, dtype=object)[self.codes]

    def level_of(self, text: str) -> str | None:
        """Return the level that an id or a name in any language means; None when there is none."""
        if text in self.levels:
            return text
        return next((level for level in self.levels if text in self.names.get(level, {}).values()), None)


def rank_levels(n_levels: int, *, suffix: tuple[str, str] = ("", "")) -> Mapping[str, Mapping[str, str]]:
    """Return ids and names of ``n_levels`` classes from low to high when nobody named them.

    Parameters
    ----------
    n_levels
        Classes; beyond four they are numbered.
    suffix
        What follows the Chinese and the English word, for example ``("频", " frequency")``.

    Returns
    -------
    mapping of level id to names
    """
    ids = _RANKS.get(n_levels, tuple(f"tier_{n + 1}" for n in range(n_levels)))
    words = {level: _WORDS.get(level, (f"第{n + 1}档", f"tier {n + 1}")) for n, level in enumerate(ids)}
    return {level: {"zh": zh + suffix[0], "en": en + suffix[1]} for level, (zh, en) in words.items()}


def quantile_cuts(values: NDArray[np.float64], quantiles: Sequence[float]) -> tuple[float, ...]:
    """Return cut-points so that about ``quantiles`` of the values lie below each.

    Ties go together: each value stands at its average rank, and a cut-point is the least value at
    or above the quantile, so ``value >= cut`` gives the same classes later, for any row order.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Values to cut, none of them NaN.
    quantiles
        Increasing shares in (0, 1).

    Returns
    -------
    tuple of float
        Non-decreasing. A class above every value starts just above the largest.
    """
    distinct, counts = np.unique(values, return_counts=True)
    above = float(np.nextafter(distinct[-1], np.inf)) if len(distinct) else float(np.nextafter(0.0, np.inf))
    standing = (np.cumsum(counts) - counts / 2) / max(len(values), 1)
    places = np.searchsorted(standing, [float(quantile) for quantile in quantiles], side="left")
    return tuple(float(distinct[place]) if place < len(distinct) else above for place in places)


def cut(
    values: NDArray[np.float64],
    cut_points: Sequence[float],
    names: Mapping[str, Mapping[str, str]] | None = None,
    *,
    axis_id: str = "cut",
    metric: str = "",
) -> Axis:
    """Classify values at cut-points: below the first, from the first to below the second, and so on.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Values; NaN gets a level of its own, ``none``, before the others.
    cut_points
        Non-decreasing lower ends of the classes above the lowest.
    names
        Level id to names from low to high, one more than the cut-points; None for low, mid, high.
    axis_id, metric
        Of the axis.

    Returns
    -------
    Axis

    Raises
    ------
    DesignError
        When the number of names does not fit, or the cut-points decrease.
    """
    named = dict(names or rank_levels(len(cut_points) + 1))
    if len(named) != len(cut_points) + 1:
        message = f"{axis_id}: {len(named)} names for {len(cut_points)} cut-points; give one name more than cut-points"
        raise DesignError(message)
    if any(low > high for low, high in pairwise(cut_points)):
        message = f"{axis_id}: cut-points {list(cut_points)} decrease; write them from low to high"
        raise DesignError(message)
    values = np.asarray(values, dtype=np.float64)
    absent = np.isnan(values)
    codes = np.searchsorted(np.asarray(cut_points, dtype=np.float64), np.where(absent, 0.0, values), side="right")
    axis = Axis(axis_id, tuple(named), named, codes.astype(np.int64), tuple(map(float, cut_points)), metric)
    return _with_first_level(axis, absent, NONE_LEVEL, _NONE_NAME) if absent.any() else axis


def _with_first_level(axis: Axis, rows: NDArray[np.bool_], level: str, name: Mapping[str, str]) -> Axis:
    codes = np.where(rows, 0, axis.codes + 1)
    names = {level: name, **axis.names}
    return Axis(axis.id, (level, *axis.levels), names, codes, axis.cut_points, axis.metric, axis.rule)


def frequency_axis(
    orders: NDArray[np.float64],
    *,
    cuts: Sequence[float] | None = None,
    quantiles: Sequence[float] | None = None,
    names: Mapping[str, Mapping[str, str]] | None = None,
    metric: str = "orders_90d",
) -> Axis:
    """Classify units by how often they order.

    Parameters
    ----------
    orders : ndarray, shape (n,)
        Orders per unit in the window of ``metric``.
    cuts, quantiles
        Where to cut; with neither at 3 and 9 orders. Quantiles are of all units.
    names
        Level id to names from low to high.
    metric
        What is cut.

    Returns
    -------
    Axis
    """
    points = _cut_points(orders[~np.isnan(orders)], cuts, quantiles, default_cuts=(3.0, 9.0))
    named = names or rank_levels(len(points) + 1, suffix=("频", " frequency"))
    return cut(orders, points, named, axis_id="frequency", metric=metric)


def basket_axis(
    basket: NDArray[np.float64],
    *,
    cuts: Sequence[float] | None = None,
    quantiles: Sequence[float] | None = None,
    names: Mapping[str, Mapping[str, str]] | None = None,
    metric: str = "average_basket_365d",
) -> Axis:
    """Classify units by revenue per order; units without an order are a level of their own.

    Parameters
    ----------
    basket : ndarray, shape (n,)
        Revenue per order in the experiment's currency; NaN without an order.
    cuts, quantiles
        Where to cut; with neither at the median. Quantiles are of the units with an order.
    names
        Level id to names from low to high, without ``none``.
    metric
        What is cut.

    Returns
    -------
    Axis
    """
    points = _cut_points(basket[~np.isnan(basket)], cuts, quantiles, default_quantiles=(0.5,))
    named = names or rank_levels(len(points) + 1, suffix=("客单", " basket"))
    return cut(basket, points, named, axis_id="basket", metric=metric)


def _cut_points(
    values: NDArray[np.float64],
    cuts: Sequence[float] | None,
    quantiles: Sequence[float] | None,
    *,
    default_cuts: tuple[float, ...] | None = None,
    default_quantiles: tuple[float, ...] = (0.5,),
) -> tuple[float, ...]:
    if cuts is not None:
        return tuple(float(point) for point in cuts)
    if quantiles is None and default_cuts is not None:
        return default_cuts
    return quantile_cuts(values, quantiles if quantiles is not None else default_quantiles)


def column_axis(
    values: NDArray[np.generic],
    *,
    axis_id: str,
    levels: Sequence[str] | None = None,
    names: Mapping[str, Mapping[str, str]] | None = None,
) -> Axis:
    """Classify units by a column that already holds their class.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Class of each unit; null or NaN gets the level ``unknown``, after the others.
    axis_id
        The column.
    levels
        Their order; None for code point order.
    names
        Level id to names by language; a level without a name is shown by its id.

    Returns
    -------
    Axis
    """
    texts = np.array([_level_text(value) for value in values.tolist()], dtype=object)
    found = sorted(set(texts.tolist()) - {UNKNOWN_LEVEL})
    ordered = [level for level in levels or () if level in found]
    ordered += [level for level in found if level not in ordered]
    if UNKNOWN_LEVEL in texts:
        ordered.append(UNKNOWN_LEVEL)
    place = {level: code for code, level in enumerate(ordered)}
    codes = np.array([place[text] for text in texts], dtype=np.int64)
    known = {level: dict((names or {}).get(level, {})) for level in ordered}
    if UNKNOWN_LEVEL in known and not known[UNKNOWN_LEVEL]:
        known[UNKNOWN_LEVEL] = dict(_UNKNOWN_NAME)
    return Axis(axis_id, tuple(ordered), known, codes)


def _level_text(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN is not itself
        return UNKNOWN_LEVEL
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
