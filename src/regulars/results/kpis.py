"""The business's own figures: the content of ``kpis.json``."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from regulars.results.base import Part, Result
from regulars.results.survival import Survival


class KpiSummary(Part):
    """Figures of all customers: of a log, or of a labelled table."""

    n_customers: int
    # of a log
    n_orders: int | None = None
    revenue: float | None = None
    aov: float | None = None
    purchase_frequency: float | None = None  # orders a customer
    repeat_purchase_rate: float | None = None
    retention_rate: float | None = None  # None: no two months, or nobody came back
    churn_rate: float | None = None
    first_day: date | None = None
    last_day: date | None = None
    # of a labelled table
    n_churned: int | None = None
    value_lost: float | None = None


class MonthKpis(Part):
    """Figures of one month."""

    month: str
    is_complete: bool
    n_active: int
    n_new: int
    n_returning: int
    n_retained: int
    n_reactivated: int
    n_lost: int | None  # None in the first month: there is none before it
    n_orders: int
    revenue: float
    # None where nobody bought
    aov: float | None
    purchase_frequency: float | None
    repeat_purchase_rate: float | None
    retention_rate: float | None
    churn_rate: float | None


class CohortTable(Part):
    """Which share of each cohort bought again, period by period."""

    period: str
    cohorts: tuple[str, ...]
    sizes: tuple[int, ...]
    # a row a cohort, its first period first; None: the period is not over
    retention: tuple[tuple[float | None, ...], ...]
    revenue_per_customer: tuple[tuple[float | None, ...], ...]


class SliceKpis(Part):
    """Who churned in one part of a labelled table."""

    part: str
    value: str
    n_customers: int
    n_churned: int
    churn_rate: float


class KpiResult(Result):
    """Months, cohorts and order figures; survival of contracts; churn by part.

    Examples
    --------
    >>> KpiResult(name="shop", currency="EUR").survival is None
    True
    """

    file: ClassVar[str] = "kpis.json"
    command: ClassVar[str] = "regulars kpis"

    currency: str
    notes: tuple[str, ...] = ()
    no_scores: str | None = None  # why there are no scores beside these figures
    summary: KpiSummary | None = None
    monthly: tuple[MonthKpis, ...] = ()
    cohorts: CohortTable | None = None
    survival: Survival | None = None
    by_part: tuple[SliceKpis, ...] = ()
