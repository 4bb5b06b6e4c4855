from __future__ import annotations

from datetime import date, timedelta

import ibis
import pyarrow as pa
import pytest

from regulars.data.ledger import build_ledger
from regulars.kpis import cohort_retention, kpi_notes, monthly_kpis, summary_kpis
from regulars.kpis.notes import why_no_scores

CUTOFF = date(2024, 7, 1)


def _ledger(rows):
    who, days, amounts = zip(*rows, strict=True)
    table = {
        "customer_id": list(who),
        "order_date": list(days),
        "order_time": pa.array(days).cast(pa.timestamp("us")),
        "amount": [float(each) for each in amounts],
        "is_return": [each < 0 for each in amounts],
    }
    return build_ledger(ibis.memtable(pa.table(table)))


def _log(n=60, amount=10.0, customers=20):
    start = date(2024, 1, 1)
    return [(f"c{k % customers}", start + timedelta(3 * k), amount) for k in range(n)]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (_log(), []),
        (_log(customers=60), ["None of the 60 customers has bought on a second day"]),
        (_log(1), ["purchases of one day only"]),
        ([*_log(2, customers=1)], []),
        (_log(amount=0.0), ["Every amount is 0"]),
        ([("c1", date(1970, 1, 1), 5.0), *_log()], ["2024-01-01 to 2024-06-26"]),
        (
            [("a", date(2024, 1, 1), 5.0), ("a", date(2024, 1, 2), -5.0)],
            ["purchases of one day only"],
        ),
    ],
)
def test_notes_say_what_cannot_be_said(rows, told):
    notes = kpi_notes(_ledger(rows), CUTOFF)
    assert len(notes) == len(told)
    for note, words in zip(notes, told, strict=True):
        assert words in note


def test_rates_are_unknown_where_nobody_came_back():
    summary = summary_kpis(_ledger(_log(customers=60)), CUTOFF)
    assert summary["retention_rate"] is summary["churn_rate"] is None
    assert (summary["n_customers"], summary["n_orders"]) == (60, 60)
    assert summary["revenue"] == 600.0
    assert summary["aov"] == 10.0


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (_log(), None),
        (_log(customers=60), "nobody has"),
        (_log(amount=0.0), "every amount is 0"),
    ],
)
def test_why_there_are_no_scores(rows, words):
    why = why_no_scores(_ledger(rows), CUTOFF)
    assert why is None if words is None else words in why


@pytest.mark.parametrize("stray", [date(1970, 1, 1), date(1900, 1, 1)])
def test_months_and_cohorts_follow_the_bulk_of_the_log(stray):
    plain, ledger = _ledger(_log()), _ledger([("c1", stray, 5.0), *_log()])
    months = monthly_kpis(ledger, CUTOFF)
    assert months.equals(monthly_kpis(plain, CUTOFF))
    assert len(months) == 6
    assert cohort_retention(ledger, CUTOFF) == cohort_retention(plain, CUTOFF)
    assert summary_kpis(ledger, CUTOFF)["n_orders"] == 61


def test_months_end_with_the_bulk_where_a_stray_day_follows():
    ledger = _ledger([*_log(), ("c1", date(2038, 1, 19), 5.0)])
    months = monthly_kpis(ledger, date(2038, 1, 20))
    assert months["month"].tolist() == [f"2024-0{k}" for k in range(1, 7)]
    assert months["is_complete"].tolist() == [True] * 5 + [False]
