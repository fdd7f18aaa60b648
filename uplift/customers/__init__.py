"""Who a customer is as of a date."""

from __future__ import annotations

from uplift.customers.activity import Activity, ActivityRule, read_activity
from uplift.customers.alert_summary import AlertStudy, list_alerts, pick_customers, summarize_alerts
from uplift.customers.alerts import AlertFacts, AlertRule, AlertTable, find_alerts
from uplift.customers.axes import Axis, basket_axis, column_axis, cut, frequency_axis
from uplift.customers.backtest import backtest_alerts
from uplift.customers.churn import classify_churn, classify_churn_reason, silent_since
from uplift.customers.history import History, summarize_orders
from uplift.customers.kpi import StageKpi, TransitionMatrix, count_transitions, summarize_stages
from uplift.customers.labels import (
    LabelCount,
    LabelSet,
    PreferenceRule,
    RiskRule,
    classify_preference,
    classify_risk,
    label_customers,
)
from uplift.customers.lifecycle import LifecycleRule, classify_lifecycle
from uplift.customers.lifetime import (
    CustomerModel,
    calibrate_stages,
    choose_spenders,
    fit_customers,
    predict_residual,
)
from uplift.customers.model_stage import (
    AliveBand,
    AliveCalibration,
    ModelBorders,
    StageDisagreement,
    buys_if_alive,
    calibrate_alive,
    classify_by_model,
    compare_stages,
    find_borders,
)
from uplift.customers.potential import BehaviourIndex, ValueParts, classify_potential, split_value
from uplift.customers.value import classify_value
from uplift.customers.weekly import ValuePath, WeeklyPanel, trace_value
from uplift.customers.wide import WIDE_COLUMNS, WideColumn, WideTable, make_wide_table

__all__ = [
    "WIDE_COLUMNS",
    "Activity",
    "ActivityRule",
    "AlertFacts",
    "AlertRule",
    "AlertStudy",
    "AlertTable",
    "AliveBand",
    "AliveCalibration",
    "Axis",
    "BehaviourIndex",
    "CustomerModel",
    "History",
    "LabelCount",
    "LabelSet",
    "LifecycleRule",
    "ModelBorders",
    "PreferenceRule",
    "RiskRule",
    "StageDisagreement",
    "StageKpi",
    "TransitionMatrix",
    "ValueParts",
    "ValuePath",
    "WeeklyPanel",
    "WideColumn",
    "WideTable",
    "backtest_alerts",
    "basket_axis",
    "buys_if_alive",
    "calibrate_alive",
    "calibrate_stages",
    "choose_spenders",
    "classify_by_model",
    "classify_churn",
    "classify_churn_reason",
    "classify_lifecycle",
    "classify_potential",
    "classify_preference",
    "classify_risk",
    "classify_value",
    "column_axis",
    "compare_stages",
    "count_transitions",
    "cut",
    "find_alerts",
    "find_borders",
    "fit_customers",
    "frequency_axis",
    "label_customers",
    "list_alerts",
    "make_wide_table",
    "pick_customers",
    "predict_residual",
    "read_activity",
    "silent_since",
    "split_value",
    "summarize_alerts",
    "summarize_orders",
    "summarize_stages",
    "trace_value",
]
