"""Charts of months, cohorts and the windows of the study."""

from __future__ import annotations

import pytest

from regulars.report.history_charts import (
    activity_chart,
    cohort_chart,
    complete_months,
    nobody_came_back,
    retention_chart,
    revenue_chart,
    timeline_chart,
)
from regulars.results import KpiResult, TrainingResult

MONTHS = [
    {"month": "1997-01", "is_complete": True, "n_new": 3, "revenue": 5.0},
    {"month": "1997-02", "is_complete": True, "n_new": 1, "revenue": 7.0}
    | {"retention_rate": 0.4, "churn_rate": 0.6},
    {"month": "1997-03", "is_complete": False, "n_new": 1, "revenue": 1.0},
]


@pytest.fixture
def kpis(build):
    return build(KpiResult, monthly=MONTHS, summary={"retention_rate": 0.4})


def test_kept_and_lost_are_drawn_and_an_unfinished_month_is_hollow(kpis):
    kept, lost = retention_chart(kpis).data
    assert (kept.name, lost.name) == ("Kept", "Lost")
    assert kept.y == (None, 0.4, None)
    assert kept.marker.symbol == ("circle", "circle", "circle-open")


def test_new_customers_stand_upon_those_who_came_back(kpis):
    chart = activity_chart(kpis)
    assert chart.layout.barmode == "stack"
    assert [trace.name for trace in chart.data] == ["Bought before", "New"]
    assert chart.data[1].y == (3, 1, 1)


def test_revenue_of_an_unfinished_month_is_hatched(kpis):
    bars = revenue_chart(kpis).data[0]
    assert bars.y == (5.0, 7.0, 1.0)
    assert bars.marker.pattern.shape == ("", "", "/")


def test_months_that_are_over_are_complete(kpis):
    assert [row.month for row in complete_months(kpis)] == ["1997-01", "1997-02"]


@pytest.mark.parametrize(
    ("rate", "n_months", "expected"),
    [(None, 2, True), (None, 1, False), (0.1, 2, False)],
)
def test_nobody_came_back_where_two_months_have_no_rate(
    build, rate, n_months, expected
):
    months, summary = MONTHS[:n_months], {"retention_rate": rate}
    kpis = build(KpiResult, summary=summary, monthly=months)
    assert nobody_came_back(kpis) is expected


def test_nobody_came_back_draws_neither_rates_nor_cohorts(build):
    table = {"cohorts": ["a"], "sizes": [3], "retention": [[1.0, 0.0]]}
    kpis = build(
        KpiResult,
        summary={"retention_rate": None},
        monthly=[row | {"retention_rate": None} for row in MONTHS],
        cohorts=table,
    )
    assert retention_chart(kpis) is cohort_chart(kpis) is None


def test_nothing_is_drawn_of_no_months(build):
    kpis = build(KpiResult)
    for draw in (retention_chart, activity_chart, revenue_chart, cohort_chart):
        assert draw(kpis) is None


def test_windows_stand_in_order_of_time(build):
    timeline = {
        "first_order": "2020-01-01",
        "cutoff": "2020-04-01",
        "test_cutoff": "2020-03-01",
        "training_cutoffs": ["2020-02-01"],
    }
    chart = timeline_chart(build(TrainingResult, timeline=timeline, horizon_days=10))
    assert chart.layout.yaxis.ticktext == ("Training", "Test", "Scores")


def test_no_timeline_is_drawn_of_rows_without_days(build):
    assert timeline_chart(build(TrainingResult)) is None
