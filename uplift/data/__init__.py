"""Where rows live: readers, roles, windows, and exact sums; the only room that knows a table engine."""

from __future__ import annotations

from uplift.data.columns import Columns
from uplift.data.files import read_parquet, write_parquet
from uplift.data.frames import Roles, Units, read_units
from uplift.data.metrics import MetricColumn, metric_column
from uplift.data.purchases import PurchaseCells
from uplift.data.sums import sum_moments
from uplift.data.warehouse import TimeBounds, Warehouse, check_codes, open_warehouse
from uplift.data.window import FactWindow

__all__ = [
    "Columns",
    "FactWindow",
    "MetricColumn",
    "PurchaseCells",
    "Roles",
    "TimeBounds",
    "Units",
    "Warehouse",
    "check_codes",
    "metric_column",
    "open_warehouse",
    "read_parquet",
    "read_units",
    "sum_moments",
    "write_parquet",
]
