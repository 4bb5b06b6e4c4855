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


class KpiPeriod(Part):
    """The period of the figures: days from start up to but not including end."""

    start: date
    end: date
    before_start: date | None  # of the period before; None: the log does not cover it
    active_days: int
    notes: tuple[str, ...] = ()


class KpiFigure(Part):
    """One KPI of one period and segment, with its 95% interval."""

    kpi: str
    group: str  # retention, loyalty, value
    unit: str  # share, points, money, days, number, count
    segment: str  # "tier=gold"; empty: everybody
    period: str  # start and end, joined by a slash
    value: float
    low: float | None
    high: float | None
    n: int | None  # customers behind the figure
    before: float | None  # the same of the period before
    change: float | None


class AbsentKpi(Part):
    """A KPI that cannot be had of these data, and why."""

    kpi: str
    why: str


class WaterfallStep(Part):
    """What one group of customers adds between two periods."""

    step: str  # before, lost, kept_less, kept_more, won_back, new, other, now
    n_customers: int
    revenue: float


class LoyaltyIndexSummary(Part):
    """The loyalty index over all customers; one row each is in loyalty.parquet."""

    day: date
    n_customers: int
    mean: float
    quartiles: tuple[float, float, float]
    weights: dict[str, float]  # of the components that these data have
    coverage: dict[str, float]  # share of customers with each component
    # Spearman's, of index and churn_probability; None: no scores
    churn_correlation: float | None
    n_scored: int | None
    loyal_from: float
    file: str


class MapCell(Part):
    """Customers of one cell of the map of loyalty against retention."""

    cell: str  # loyal_staying, staying, loyal_slipping, leaving
    n_customers: int
    share: float
    revenue: float  # in the year before the day
    clv: float | None  # predicted, where there are scores
    value_at_risk: float | None


class Movement(Part):
    """Customers who went from one cell to another between two days."""

    before: str
    now: str
    n_customers: int


class LoyaltyMap(Part):
    """Loyalty against retention, and who moved where."""

    day: date
    staying: str  # in words, by which rule
    cells: tuple[MapCell, ...]
    moves_from: date | None
    moves_to: date | None
    moves: tuple[Movement, ...]


class ExperienceGap(Part):
    """Customers after an experience beside comparable ones without."""

    experience: str
    part: str  # "department=billing", "tag=late"; empty: all
    n_customers: int  # with the experience, with comparable customers
    n_unmatched: int
    n_compared: int
    rate: float  # who did not buy again
    rate_compared: float
    gap: float
    low: float | None
    high: float | None
    value_lost: float | None  # gap times what these customers spent in a year


class SupportKpis(Part):
    """What follows bad experiences: associations, not causes."""

    after_days: int
    experiences: tuple[ExperienceGap, ...] = ()
    parts: tuple[ExperienceGap, ...] = ()
    n_open: int = 0  # experiences that are too recent to be followed


class ProgrammeOutcome(Part):
    """What members did in the days after joining, beside comparable others."""

    outcome: str  # bought, orders, spend, order_value, nps
    unit: str
    members: float
    comparable: float
    difference: float
    low: float | None
    high: float | None
    naive: float | None  # members less all others, not made comparable
    naive_low: float | None
    naive_high: float | None


class CovariateBalance(Part):
    """Standardised difference of members and others, before and after weighing."""

    covariate: str
    before: float
    after: float


class ProgrammeEffect(Part):
    """Members beside comparable customers: an association, not a cause."""

    joined_from: date
    joined_to: date
    follow_days: int
    n_joined: int
    n_compared: int  # customers
    n_without_history: int  # joined on their first day: nothing was known of them
    n_unmatched: int  # joined, and nobody who did not is comparable
    effective_n: float  # controls of equal weight that would say as much
    joined_later_share: float  # of the comparable, in the days followed
    outcomes: tuple[ProgrammeOutcome, ...]
    e_value: float | None
    e_value_low: float | None  # of the end of the interval nearer to no difference
    balance: tuple[CovariateBalance, ...]
    assumptions: tuple[str, ...]


class ProgrammePoints(Part):
    """Points outstanding, and how many will be redeemed."""

    outstanding: float
    redeemed_last_year: float
    redeemed_share: float  # of points earned, in the end
    breakage: float
    expected: float  # of the outstanding, to be redeemed yet
    liability: float | None  # None: the value of a point is not known


class ProgrammeMoney(Part):
    """Added margin of a year beside the cost of one."""

    added_margin: float
    added_margin_low: float | None
    added_margin_high: float | None
    roi: float
    roi_low: float | None
    roi_high: float | None
    margin_rate: float
    redeemed_cost: float
    running_cost: float
    cost: float


class Programme(Part):
    """What the loyalty programme brings, owes and costs."""

    n_members: int  # there at the end
    effect: ProgrammeEffect | None
    no_effect: str | None
    points: ProgrammePoints | None
    money: ProgrammeMoney | None
    notes: tuple[str, ...] = ()


class WhatIfFigure(Part):
    """What one more point of a lever is worth in margin over a year."""

    lever: str  # retention, frequency, order_value
    unit: str
    now: float
    margin: float
    low: float | None
    high: float | None
    n_customers: int
    n_unmatched: int  # lost, and nobody who was kept resembles them
    formula: str


class WhatIf(Part):
    """Changes of one point, from the figures of a year."""

    start: date
    end: date
    margin_rate: float
    figures: tuple[WhatIfFigure, ...]
    notes: tuple[str, ...] = ()


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
    # of one period, with the period before
    period: KpiPeriod | None = None
    figures: tuple[KpiFigure, ...] = ()
    absent: tuple[AbsentKpi, ...] = ()
    waterfall: tuple[WaterfallStep, ...] = ()
    loyalty_index: LoyaltyIndexSummary | None = None
    loyalty_map: LoyaltyMap | None = None
    no_loyalty_index: str | None = None  # why there is none
    support: SupportKpis | None = None
    programme: Programme | None = None
    no_programme: str | None = None  # why there is none
    what_if: WhatIf | None = None
    no_what_if: str | None = None
