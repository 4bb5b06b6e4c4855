from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from regulars.errors import NotEnoughHistoryError
from regulars.kpis import customer_retention_rate, monthly_kpis, summary_kpis

MAY = date(2024, 5, 1)


def test_retention_rate_of_the_textbook_example_is_95_3_percent():
    # 150 at the start, 50 gained, 7 lost, 193 at the end
    rate = customer_retention_rate(n_start=150, n_gained=50, n_end=193)
    assert rate == pytest.approx(143 / 150)
    assert round(rate, 3) == 0.953


def test_retention_rate_refuses_a_period_that_begins_without_customers():
    with pytest.raises(
        ValueError, match="'n_start' is 0; the retention rate of nobody"
    ):
        customer_retention_rate(n_start=0, n_gained=5, n_end=5)


@pytest.mark.parametrize(
    ("n_start", "n_gained", "n_end"), [(10, 5, 4), (10, 0, 11), (10, -1, 5)]
)
def test_retention_rate_refuses_counts_that_contradict(n_start, n_gained, n_end):
    with pytest.raises(ValueError, match="contradict each other"):
        customer_retention_rate(n_start=n_start, n_gained=n_gained, n_end=n_end)


def test_monthly_kpis_count_customers_by_hand(ledger):
    months = monthly_kpis(ledger, MAY).set_index("month")
    assert months.index.tolist() == ["2024-01", "2024-02", "2024-03", "2024-04"]
    assert months["is_complete"].all()
    assert months["n_active"].tolist() == [2, 2, 0, 2]
    assert months["n_new"].tolist() == [2, 1, 0, 1]
    assert months["n_returning"].tolist() == [0, 1, 0, 1]
    assert months["n_retained"].tolist() == [0, 1, 0, 0]
    assert months["n_reactivated"].tolist() == [0, 0, 0, 1]
    assert months["n_lost"].isna().tolist() == [True, False, False, False]
    assert months["n_lost"].tolist()[1:] == [1, 2, 0]


def test_monthly_kpis_count_money_by_hand(ledger):
    months = monthly_kpis(ledger, MAY)
    assert months["n_orders"].tolist() == [3, 3, 0, 2]
    assert months["revenue"].tolist() == [55, 85, 0, 25]
    expected = [55 / 3, 85 / 3, np.nan, 12.5]
    np.testing.assert_allclose(months["aov"], expected)
    np.testing.assert_allclose(months["purchase_frequency"], [1.5, 1.5, np.nan, 1])
    np.testing.assert_allclose(months["repeat_purchase_rate"], [0.5, 0.5, np.nan, 0])


def test_monthly_rates_follow_the_formula(ledger):
    months = monthly_kpis(ledger, MAY)
    # nobody bought in March, so April has no rate
    np.testing.assert_allclose(months["retention_rate"], [np.nan, 0.5, 0, np.nan])
    np.testing.assert_allclose(months["churn_rate"], [np.nan, 0.5, 1, np.nan])
    gained = months["n_new"] + months["n_reactivated"]
    february = customer_retention_rate(
        n_start=months["n_active"][0], n_gained=gained[1], n_end=months["n_active"][1]
    )
    assert months["retention_rate"][1] == february


@pytest.mark.parametrize(
    ("cutoff", "last", "is_complete"),
    [
        (date(2024, 4, 21), "2024-04", False),
        (date(2024, 4, 2), "2024-04", False),
        (date(2024, 4, 1), "2024-03", True),
        (date(2024, 7, 1), "2024-06", True),
    ],
)
def test_last_month_is_that_of_the_day_before_the_cutoff(
    ledger, cutoff, last, is_complete
):
    months = monthly_kpis(ledger, cutoff)
    assert months["month"].iloc[-1] == last
    assert bool(months["is_complete"].iloc[-1]) is is_complete
    assert months["is_complete"].iloc[:-1].all()


def test_monthly_kpis_do_not_see_the_cutoff_or_later(ledger):
    before = monthly_kpis(ledger, date(2024, 4, 20))
    assert before["n_new"].iloc[-1] == 0
    assert before["revenue"].iloc[-1] == 25


def test_summary_counts_the_whole_log_by_hand(ledger):
    summary = summary_kpis(ledger, MAY)
    assert summary == {
        "n_customers": 4,
        "n_orders": 8,
        "revenue": 165.0,
        "aov": 165 / 8,
        "purchase_frequency": 2.0,
        "repeat_purchase_rate": 0.75,
        # 1 of 2 + 0 of 2 + 0 of 0
        "retention_rate": 0.25,
        "churn_rate": 0.75,
        "first_day": "2024-01-05",
        "last_day": "2024-04-30",
    }


def test_summary_has_no_retention_rate_when_no_two_months_are_complete(ledger):
    summary = summary_kpis(ledger, date(2024, 2, 20))
    assert summary["retention_rate"] is None
    assert summary["churn_rate"] is None


@pytest.mark.parametrize("kpis", [monthly_kpis, summary_kpis])
def test_kpis_refuse_a_cutoff_before_the_first_purchase(ledger, kpis):
    with pytest.raises(
        NotEnoughHistoryError, match="no purchase before the cutoff 2024"
    ):
        kpis(ledger, date(2024, 1, 5))


def test_kpis_refuse_a_log_of_returns_only(make_ledger):
    returns = make_ledger([("a", "2024-01-05", "1", -10.0, True)])
    with pytest.raises(NotEnoughHistoryError, match="no purchase before the cutoff"):
        monthly_kpis(returns, MAY)


def random_log(seed):
    rng = np.random.default_rng(seed)
    n = 400
    days = [date(2023, 1, 1) + timedelta(int(d)) for d in rng.integers(0, 500, n)]
    is_return = rng.random(n) < 0.1
    amounts = rng.integers(0, 100, n) * np.where(is_return, -1.0, 1.0)
    ids = rng.integers(0, 40, n)
    rows = zip(ids, days, range(n), amounts, is_return, strict=True)
    return [(int(i), d, str(o), float(a), bool(r)) for i, d, o, a, r in rows]


def slow_months(rows, cutoff):
    """Sets of customers, month by month."""
    log = pd.DataFrame(
        rows, columns=["customer", "day", "order", "amount", "is_return"]
    )
    log = log[log["day"] < cutoff]
    log["month"] = pd.PeriodIndex(pd.to_datetime(log["day"]), freq="M")
    bought = log[~log["is_return"] & (log["amount"] >= 0)]
    seen, before, table = set(), None, []
    for month in pd.period_range(bought["month"].min(), pd.Period(cutoff, "M") - 1):
        now = set(bought.loc[bought["month"] == month, "customer"])
        kept = None if not before else len(now & before) / len(before)
        revenue = log.loc[log["month"] == month, "amount"].sum()
        table.append((str(month), len(now), len(now - seen), kept, revenue))
        seen, before = seen | now, now
    return table


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_monthly_kpis_equal_sets_of_customers(make_ledger, seed):
    rows, cutoff = random_log(seed), date(2024, 5, 1)
    months = monthly_kpis(make_ledger(rows), cutoff)
    columns = ["month", "n_active", "n_new", "retention_rate", "revenue"]
    expected = pd.DataFrame(slow_months(rows, cutoff), columns=columns)
    pd.testing.assert_frame_equal(
        months[columns], expected, check_dtype=False, rtol=1e-12
    )


def test_kpis_do_not_depend_on_row_order(make_ledger):
    rows = random_log(3)
    forward, backward = make_ledger(rows), make_ledger(rows[::-1])
    pd.testing.assert_frame_equal(
        monthly_kpis(forward, MAY), monthly_kpis(backward, MAY), check_exact=True
    )
