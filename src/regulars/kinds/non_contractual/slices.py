"""The parts of the base that customers belong to, as known before a cutoff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.evaluation import label_customers
from regulars.evaluation.slices import MOST_VALUES
from regulars.kinds.kpi_inputs import kpi_data
from regulars.kpis.past_segments import attributes_of_past, segments_of_past

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from regulars.kinds.non_contractual.workspace import LogWorkspace
    from regulars.kpis.kpi_data import KpiData


def customer_slices(
    work: LogWorkspace, features: pd.DataFrame, cutoff: date
) -> pd.DataFrame | None:
    """Return cohorts, value bands and attributes; None where features lack columns."""
    if not {"customer_id", "cutoff", "T_days", "revenue"} <= set(features.columns):
        return None
    data = _data(work, cutoff)
    attributes = attributes_of_past(data, features["customer_id"], MOST_VALUES)
    attributes.insert(0, "customer_id", features["customer_id"])
    return label_customers(features, attributes)


def customer_segments(
    work: LogWorkspace, features: pd.DataFrame, cutoff: date
) -> pd.DataFrame:
    """Return the segments that KPIs are cut by."""
    return segments_of_past(_data(work, cutoff), features["customer_id"])


def _data(work: LogWorkspace, cutoff: date) -> KpiData:
    return kpi_data(work.settings, work.ledger, work.intake.tables, cutoff)


def one_kind_of_cohort(slices: pd.DataFrame) -> pd.DataFrame:
    """Return slices of several windows; cohorts of unlike length are told by year."""
    if len({*slices["cohort"].str.len()}) > 1:
        return slices.assign(cohort=slices["cohort"].str[:4])
    return slices
