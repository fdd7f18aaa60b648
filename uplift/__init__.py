"""Design stratified coupon experiments, estimate incremental customer lifetime value, move the budget.

Names are loaded when they are first used, so that ``import uplift`` is instant.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uplift import checks, clv, customers, decide, design, estimate, simulate
    from uplift.data import Roles, Units, read_units
    from uplift.design import Design
    from uplift.errors import UpliftError
    from uplift.report import write_alert_report, write_customer_report, write_design_report, write_report
    from uplift.results import Analysis
    from uplift.spec import ExperimentSpec, load_spec, parse_spec
    from uplift.workflow import analyze_experiment, design_experiment, find_alerts, score_customers

__version__ = "0.1.0"

_HOME = {
    "Analysis": "uplift.results",
    "Design": "uplift.design",
    "ExperimentSpec": "uplift.spec",
    "Roles": "uplift.data",
    "Units": "uplift.data",
    "UpliftError": "uplift.errors",
    "analyze_experiment": "uplift.workflow",
    "design_experiment": "uplift.workflow",
    "find_alerts": "uplift.workflow",
    "load_spec": "uplift.spec",
    "parse_spec": "uplift.spec",
    "read_units": "uplift.data",
    "score_customers": "uplift.workflow",
    "write_alert_report": "uplift.report",
    "write_customer_report": "uplift.report",
    "write_design_report": "uplift.report",
    "write_report": "uplift.report",
}
_ROOMS = ("checks", "clv", "customers", "decide", "design", "estimate", "simulate")

__all__ = [
    "Analysis",
    "Design",
    "ExperimentSpec",
    "Roles",
    "Units",
    "UpliftError",
    "__version__",
    "analyze_experiment",
    "checks",
    "clv",
    "customers",
    "decide",
    "design",
    "design_experiment",
    "estimate",
    "find_alerts",
    "load_spec",
    "parse_spec",
    "read_units",
    "score_customers",
    "simulate",
    "write_alert_report",
    "write_customer_report",
    "write_design_report",
    "write_report",
]


def __getattr__(name: str) -> object:
    if name in _ROOMS:
        return import_module(f"uplift.{name}")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    message = f"module 'uplift' has no attribute '{name}'"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted(__all__)
