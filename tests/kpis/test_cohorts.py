from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from regulars.errors import NotEnoughHistoryError
from regulars.kpis import cohort_retention

MAY = date(2024, 5, 1)


def test_cohorts_by_hand_when_periods_are_months(ledger):
    table = cohort_retention(ledger, MAY)
    assert table["period"] == "month"
    assert table["cohorts"] == ["2024-01", "2024-02", "2024-04"]
    assert table["sizes"] == [2, 1, 1]
    assert table["retention"] == [
        [1.0, 0.5, 0.0, 0.5],
        [1.0, 0.0, 0.0, None],
        [1.0, None, None, None],
    ]
    assert table["revenue_per_customer"] == [
        [27.5, 15.0, 0.0, 12.5],
        [55.0, 0.0, 0.0, None],
        [0.0, None, None, None],
    ]


def test_cohorts_by_hand_when_periods_are_quarters(ledger):
    table = cohort_retention(ledger, date(2024, 7, 1), period="quarter")
    assert table["cohorts"] == ["2024-Q1", "2024-Q2"]
    assert table["sizes"] == [3, 1]
    assert table["retention"] == [[1.0, pytest.approx(1 / 3)], [1.0, None]]


def test_cohorts_leave_out_periods_that_are_not_over(ledger):
    table = cohort_retention(ledger, date(2024, 4, 25))
    assert table["cohorts"] == ["2024-01", "2024-02"]
    assert table["retention"] == [[1.0, 0.5, 0.0], [1.0, 0.0, None]]


def test_cohorts_are_empty_when_no_period_is_over(ledger):
    table = cohort_retention(ledger, date(2024, 1, 31))
    assert table["cohorts"] == []
    assert table["retention"] == []


def test_cohorts_leave_out_returns_of_purchases_before_the_log(make_ledger):
    rows = [
        ("a", "2024-01-03", "r", -99.0, True),
        ("a", "2024-02-03", "1", 10.0, False),
        ("b", "2024-02-07", "r2", -50.0, True),
    ]
    table = cohort_retention(make_ledger(rows), date(2024, 3, 1))
    assert table["cohorts"] == ["2024-02"]
    assert table["sizes"] == [1]
    assert table["revenue_per_customer"] == [[10.0]]


def test_cohort_money_adds_up_to_the_revenue(ledger):
    table = cohort_retention(ledger, MAY)
    rows = zip(table["sizes"], table["revenue_per_customer"], strict=True)
    total = sum(size * np.nansum(np.array(row, dtype=float)) for size, row in rows)
    assert total == pytest.approx(165)


def test_cohorts_refuse_an_unknown_period(ledger):
    with pytest.raises(ValueError, match=r"'period' is 'moth'.* Did you mean 'month'"):
        cohort_retention(ledger, MAY, period="moth")


def test_cohorts_refuse_a_cutoff_before_the_first_purchase(ledger):
    with pytest.raises(NotEnoughHistoryError, match="no purchase before the cutoff"):
        cohort_retention(ledger, date(2024, 1, 1))
