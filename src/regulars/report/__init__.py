"""The report: pages of figures and sentences about a run or a fitted model."""

from __future__ import annotations

from regulars.report.charts import render_charts
from regulars.report.clv_report import write_model_report
from regulars.report.page import render_report, write_report
from regulars.report.results import Results, read_results

__all__ = [
    "Results",
    "read_results",
    "render_charts",
    "render_report",
    "write_model_report",
    "write_report",
]
