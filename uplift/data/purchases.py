"""Purchase days before a moment: how often, how lately and of what margin each unit bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from uplift.data.arrow import to_numpy
from uplift.data.engine import at_least
from uplift.data.window import DAY, MICRO
from uplift.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from uplift.data.columns import Array
    from uplift.data.engine import Engine, Table


_FEW = 2
"""Units are looked up before their orders are summed where they are fewer than one in so many."""
_DAYS, _FIRST_DAY = 1 << 21, 1 << 20
"""Room for the days of a unit in its key, and what makes the earliest of them positive."""


@dataclass(frozen=True, slots=True, eq=False)
class PurchaseCells:
    """Units with an order, counted by how often and how lately they bought.

    Parameters
    ----------
    frequency : ndarray of int64, shape (n_cells,)
        Repeat purchase days.
    recency_days, age_days : ndarray of float64, shape (n_cells,)
        Means over the cell's units, so that totals over cells are those over units.
    weight : ndarray of int64, shape (n_cells,)
        Number of units.
    """

    frequency: NDArray[np.int64]
    recency_days: NDArray[np.float64]
    age_days: NDArray[np.float64]
    weight: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.weight)


def summarize_purchases(
    engine: Engine, orders: Table, moment: int, n_units: int, *, codes: NDArray[np.intp] | None = None
) -> dict[str, Array]:
    """Summarise the purchase days strictly before a moment, per unit.

    A purchase day is a calendar day with an order; all orders of a day are one purchase.

    Parameters
    ----------
    engine, orders
        Where the orders are: ``code``, ``us`` and, where a margin is named, ``gross``.
    moment
        Microseconds since 1970, local.
    n_units
        Number of units; codes run from 0.
    codes : ndarray of intp, shape (m,)
        Units that are asked for: the others may be left without a purchase. None means all.

    Returns
    -------
    dict
        Arrays of shape (n_units,): ``n_days``, ``frequency`` (int64), ``recency_days``, ``age_days``
        (float64, NaN without an order) and, with a margin, ``mean_value``, ``first_margin``,
        ``repeat_margin`` (float64) and ``n_positive_days`` (int64).
    """
    asked = None
    if codes is not None and len(codes) * _FEW < n_units:
        asked = _put_codes(engine, codes, "asked")
        orders = orders.semi_join(asked, "code")
    found = engine.fetch(_by_unit(orders, moment))
    if asked is not None:
        engine.forget(asked)
    columns = {name: to_numpy(found[name]) for name in found.column_names}
    code = columns["code"]
    n_days = _placed(columns["n"], code, n_units)
    age = np.full(n_units, np.nan)
    age[code] = (moment - columns["first"] * DAY) / DAY
    recency = np.full(n_units, np.nan)
    recency[code] = columns["last"] - columns["first"]
    summary = {"n_days": n_days, "frequency": np.maximum(n_days - 1, 0), "recency_days": recency, "age_days": age}
    if "margin" not in columns:
        return summary
    opening = columns["opening"]
    n_positive = _placed(columns["n_positive"] - (opening > 0), code, n_units)
    total = _placed(columns["positive"] - np.maximum(opening, 0), code, n_units) / MICRO
    mean = np.divide(total, n_positive, out=np.zeros(n_units), where=n_positive > 0)
    repeat = _placed(columns["margin"] - opening, code, n_units) / MICRO
    first = _placed(opening, code, n_units) / MICRO
    return summary | {
        "mean_value": mean,
        "first_margin": first,
        "repeat_margin": repeat,
        "n_positive_days": n_positive,
    }


def count_purchases(
    engine: Engine, orders: Table, moment: int, *, consented: NDArray[np.bool_], step_days: int
) -> PurchaseCells:
    """Count units by frequency and by steps of recency and age, in one query.

    Parameters
    ----------
    engine, orders, moment
        As in :func:`summarize_purchases`.
    consented : ndarray of bool, shape (n_units,)
        Which codes are counted.
    step_days
        Width of a cell in recency and in age; 1 keeps every difference.

    Raises
    ------
    DataError
        When ``step_days`` is below 1.
    """
    if step_days < 1:
        message = f"step_days == {step_days}, must be 1 or more: the width of a cell in days"
        raise DataError(message)
    shown = None
    if not consented.all():
        shown = _put_codes(engine, np.flatnonzero(consented), "consented")
        orders = orders.semi_join(shown, "code")
    units = _by_unit(orders.drop("gross") if "gross" in orders.columns else orders, moment)
    today = moment // DAY
    age, recency = today - units["first"], units["last"] - units["first"]
    each = units.select(frequency=units.n - 1, age=age, recency=recency)
    keys = {"age_cell": each.age // step_days, "recency_cell": each.recency // step_days}
    cells = each.group_by(frequency=each.frequency, **keys).aggregate(
        weight=each.count(), recency=each.recency.sum().cast("int64"), age=each.age.sum().cast("int64")
    )
    found = engine.fetch(cells)
    if shown is not None:
        engine.forget(shown)
    columns = {name: to_numpy(found[name]) for name in found.column_names}
    order = np.lexsort((columns["recency_cell"], columns["age_cell"], columns["frequency"]))
    weight = columns["weight"][order]
    part = (moment - today * DAY) / DAY
    return PurchaseCells(
        columns["frequency"][order], columns["recency"][order] / weight, columns["age"][order] / weight + part, weight
    )


def _put_codes(engine: Engine, codes: NDArray[np.intp], name: str) -> Table:
    import pyarrow as pa

    return engine.put(pa.table({"code": codes.astype(np.int32)}), name)


def _by_unit(orders: Table, moment: int) -> Table:
    """Return a row a unit: purchase days, the first and last as days since 1970, and margins in millionths."""
    past = orders.filter(orders.us < moment)
    # Unit and day as one number: the engine groups by one key in half the time of two.
    past = past.mutate(key=past.code.cast("int64") * _DAYS + past.us // DAY + _FIRST_DAY)
    has_margin = "gross" in past.columns
    days = past.select("key").distinct()
    if has_margin:
        days = past.group_by("key").aggregate(margin=past.gross.sum().cast("int64"))
    found = {"n": days.count(), "first": days.key.min(), "last": days.key.max()}
    if has_margin:
        positive = days.margin > 0
        found["margin"] = days.margin.sum().cast("int64")
        found["opening"] = at_least(days.margin, days.key)
        found["positive"] = days.margin.sum(where=positive).fill_null(0).cast("int64")
        found["n_positive"] = days.count(where=positive)
    units = days.group_by(code=days.key // _DAYS).aggregate(**found)
    zero = units.code * _DAYS + _FIRST_DAY
    return units.mutate(first=units["first"] - zero, last=units["last"] - zero)


def _placed(values: Array, code: Array, n_units: int) -> NDArray[np.int64]:
    whole = np.zeros(n_units, np.int64)
    whole[code] = values
    return whole
