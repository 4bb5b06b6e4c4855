"""What the business reads: retention, churn, orders and revenue, cohort by cohort."""

from __future__ import annotations

from regulars.kpis.cohorts import cohort_retention
from regulars.kpis.notes import kpi_notes
from regulars.kpis.overview import json_records, kpi_overview
from regulars.kpis.retention import (
    customer_retention_rate,
    monthly_kpis,
    summary_kpis,
)
from regulars.kpis.tidy import tidy_kpis

__all__ = [
    "cohort_retention",
    "customer_retention_rate",
    "json_records",
    "kpi_notes",
    "kpi_overview",
    "monthly_kpis",
    "summary_kpis",
    "tidy_kpis",
]
