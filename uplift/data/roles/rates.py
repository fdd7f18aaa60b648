"""Margin rates looked up by columns of the orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uplift.data.parse import parse_number, parse_text
from uplift.data.roles.role import Field, RoleTable, check_fields
from uplift.errors import DataError, MissingColumnError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uplift.data.engine import Engine, Table
    from uplift.data.sources import RawTable

PLACE = "orders.margin.rate"


def read_rates(engine: Engine, raw: RawTable, by: Sequence[tuple[str, ...]], value: str) -> Table:
    """Return the rates as ``key_0``, ``key_1``, ... and ``rate``.

    Parameters
    ----------
    engine
        The engine that holds the table.
    raw
        The table of rates.
    by
        For each key, the names under which the table may have it; the first that it has is taken.
    value
        Column of the rates.

    Raises
    ------
    MissingColumnError
        When a column is not there.
    DataError
        When a rate is missing, not in [0, 1], or given twice for the same keys.
    """
    raw.require([value])
    names = [_named(raw, choices) for choices in by]
    rate = parse_number(raw, value)
    role = RoleTable(PLACE, raw, {"value": value})
    check_fields(engine, role, [Field("value", value, rate)])
    found = raw.table.select(rate=rate.value, **{f"key_{place}": parse_text(raw, n) for place, n in enumerate(names)})
    rates = engine.keep(found, "rates")
    seen: set[tuple[object, ...]] = set()
    for row in engine.fetch(rates).to_pylist():
        keys = tuple(row[f"key_{place}"] for place in range(len(names)))
        shown = ", ".join(f"{name} = {key}" for name, key in zip(names, keys, strict=True))
        if not 0 <= row["rate"] <= 1:
            message = f"data.{PLACE} of {raw.name}: the rate of {shown} is {row['rate']}, must lie in [0, 1]"
            raise DataError(message)
        if keys in seen:
            message = f"data.{PLACE} of {raw.name}: {shown} stands twice; keep one rate"
            raise DataError(message)
        seen.add(keys)
    return rates


def _named(raw: RawTable, choices: tuple[str, ...]) -> str:
    for name in choices:
        if name in raw.columns:
            return name
    raise MissingColumnError.among(choices[0], f"{raw.name}, named by data.{PLACE}.by", raw.columns)


def check_pairs(engine: Engine, lines: Table, names: Sequence[str], place: str) -> None:
    """Refuse order lines whose keys have no rate.

    Raises
    ------
    DataError
        Naming how many lines, and the first keys.
    """
    keys = [f"key_{number}" for number in range(len(names))]
    missing = lines.filter(lines.rate.isnull())
    pairs = missing.group_by(keys).aggregate(n=missing.count()).order_by(keys)
    found = engine.fetch(pairs).to_pylist()
    if found:
        shown = [
            "(" + ", ".join(f"{n} = {row[key]}" for n, key in zip(names, keys, strict=True)) + ")" for row in found
        ]
        n_lines = sum(row["n"] for row in found)
        message = (
            f"data.{PLACE}: {n_lines} rows of {place} have no rate, for {len(found)} combinations: "
            f"{', '.join(shown[:5])}{' ...' if len(shown) > 5 else ''}; add them to the table of rates"
        )
        raise DataError(message)
