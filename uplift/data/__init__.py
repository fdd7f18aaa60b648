"""Where rows live: readers, roles, windows, and exact sums; the only room that knows a table engine."""

from __future__ import annotations

from uplift.data.columns import Columns
from uplift.data.frames import Roles, Units, read_units
from uplift.data.sums import sum_moments
from uplift.data.window import FactWindow

__all__ = ["Columns", "FactWindow", "Roles", "Units", "read_units", "sum_moments"]
