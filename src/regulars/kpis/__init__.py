"""What the business reads: retention, loyalty and value, by period and segment."""

from __future__ import annotations

from regulars.kpis.cohorts import cohort_retention
from regulars.kpis.kpi_data import KpiData
from regulars.kpis.notes import kpi_notes
from regulars.kpis.overview import json_records, kpi_overview
from regulars.kpis.retention import (
    customer_retention_rate,
    monthly_kpis,
    summary_kpis,
)
from regulars.kpis.spans import Span
from regulars.kpis.study import kpi_study
from regulars.kpis.tidy import tidy_kpis

__all__ = [
    "KpiData",
    "Span",
    "cohort_retention",
    "customer_retention_rate",
    "json_records",
    "kpi_notes",
    "kpi_overview",
    "kpi_study",
    "monthly_kpis",
    "summary_kpis",
    "tidy_kpis",
]
