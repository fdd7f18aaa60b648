"""Who a customer is as of a date."""

from __future__ import annotations

from uplift.customers.axes import Axis, basket_axis, column_axis, cut, frequency_axis
from uplift.customers.churn import classify_churn, classify_churn_reason, silent_since
from uplift.customers.history import History, summarize_orders
from uplift.customers.lifecycle import LifecycleRule, classify_lifecycle
from uplift.customers.value import classify_value

__all__ = [
    "Axis",
    "History",
    "LifecycleRule",
    "basket_axis",
    "classify_churn",
    "classify_churn_reason",
    "classify_lifecycle",
    "classify_value",
    "column_axis",
    "cut",
    "frequency_axis",
    "silent_since",
    "summarize_orders",
]
