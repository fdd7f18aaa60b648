"""Columns that are free: text that holds only numbers, or only flags, is read as such."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from uplift.data.engine import Engine
    from uplift.data.sources import RawTable

# A leading zero or more than 15 digits is a code and no number.
_PLAIN = r"^[+-]?(0|[1-9]\d{0,14})(\.\d+)?([eE][+-]?\d{1,3})?$"
_FLAGS = ("true", "false")


def type_text(engine: Engine, raw: RawTable, *, keep: Collection[str] = ()) -> RawTable:
    """Return the table with each text column read as float64 or bool where every cell allows it.

    Parameters
    ----------
    engine
        The engine that holds the table.
    raw
        A table; one that did not come as text is returned as it is.
    keep
        Columns that stay text, such as ids.
    """
    texts = [name for name, kind in raw.table.schema().items() if kind.is_string() and name not in keep]
    if not raw.is_text or not texts:
        return raw
    counts = {}
    for place, name in enumerate(texts):
        column = raw.table[name]
        counts[f"filled_{place}"] = column.count()
        counts[f"number_{place}"] = column.re_search(_PLAIN).sum()
        counts[f"flag_{place}"] = column.lower().isin(_FLAGS).sum()
    found = engine.fetch(raw.table.aggregate(**counts)).to_pylist()[0]
    typed = {}
    for place, name in enumerate(texts):
        filled = found[f"filled_{place}"]
        if filled and found[f"number_{place}"] == filled:
            typed[name] = raw.table[name].cast("float64")
        elif filled and found[f"flag_{place}"] == filled:
            typed[name] = raw.table[name].lower() == "true"
    return replace(raw, table=raw.table.mutate(**typed)) if typed else raw
