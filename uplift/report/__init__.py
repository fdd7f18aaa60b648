"""Analysis or design to one self-contained HTML page; prints fields of results and computes nothing."""

from uplift.report.page import render_design, render_report, write_design_report, write_report

__all__ = ["render_design", "render_report", "write_design_report", "write_report"]
