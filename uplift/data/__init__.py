"""Where rows live: readers, roles, windows, and exact sums; the only room that knows a table engine."""

from __future__ import annotations

from uplift.data.bounds import TimeBounds
from uplift.data.calendar import CalendarWindow, promotion_days, windows_in
from uplift.data.codes import check_codes
from uplift.data.columns import Columns
from uplift.data.files import read_parquet, write_parquet
from uplift.data.frames import Roles, Units, read_units
from uplift.data.metrics import MetricColumn, metric_column
from uplift.data.purchases import PurchaseCells
from uplift.data.sums import sum_moments
from uplift.data.warehouse import Warehouse, open_warehouse
from uplift.data.weekly import WeeklyColumns
from uplift.data.window import FactWindow

__all__ = [
    "CalendarWindow",
    "Columns",
    "FactWindow",
    "MetricColumn",
    "PurchaseCells",
    "Roles",
    "TimeBounds",
    "Units",
    "Warehouse",
    "WeeklyColumns",
    "check_codes",
    "metric_column",
    "open_warehouse",
    "promotion_days",
    "read_parquet",
    "read_units",
    "sum_moments",
    "windows_in",
    "write_parquet",
]
