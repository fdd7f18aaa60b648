"""Analysis or design to one self-contained HTML page; prints fields of results and computes nothing."""

from uplift.report.alerts import render_alerts, write_alert_report
from uplift.report.customers import render_customers, write_customer_report
from uplift.report.page import render_design, render_report, write_design_report, write_report

__all__ = [
    "render_alerts",
    "render_customers",
    "render_design",
    "render_report",
    "write_alert_report",
    "write_customer_report",
    "write_design_report",
    "write_report",
]
