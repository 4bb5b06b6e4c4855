from __future__ import annotations

from datetime import date
from pathlib import Path

import ibis
import pandas as pd
import pytest

from regulars.errors import ConfigError, NotEnoughHistoryError
from regulars.kpis.catalogue import CATALOGUE
from regulars.kpis.spans import Span, asked_span, default_span
from regulars.kpis.study import kpi_study

QUARTER = Span(date(2024, 4, 1), date(2024, 7, 1))


@pytest.fixture(scope="session")
def study(make_data):
    return kpi_study(make_data(), QUARTER, ["cohort", "rfm"])


def figures(study, segment=""):
    return {f["kpi"]: f for f in study["figures"] if f["segment"] == segment}


def test_every_figure_of_purchases_is_as_by_hand(study):
    found = {name: f["value"] for name, f in figures(study).items()}
    # at the start: a (5 Jan is 87 days back), b, c, d, e. At the end: a, b (10 April
    # is 82 days back), d, f, g, h. Kept: a, b, d. Gained: f, g, h.
    assert found == pytest.approx(
        {
            "customers": 6,
            "customers_gained": 3,
            "customers_lost": 2,
            "buyers": 6,
            "orders": 8,
            "revenue": 225.0,  # 50 + 40, 10 - 5, 25, 30, 70, 5
            "retention_rate": (6 - 3) / 5,
            "churn_rate": 2 / 5,
            "repeat_purchase_rate": 2 / 6,  # a, f
            "purchase_frequency": 8 / 6,
            "aov": 225 / 8,
            "revenue_per_buyer": 225 / 6,
            # of a, b and g in the second quarter of 2023: 40, 60, 10; now 90, 5, 70
            "gross_revenue_retention": (40 + 5 + 10) / 110,
            "net_revenue_retention": (90 + 5 + 70) / 110,
            "reactivation_rate": 1,  # g, the only one who had lapsed
            # f after 20 days; h is seen for one day only
            "second_purchase_rate": 1,
            "second_purchase_days": 20,
            # 0.3 of 385 and 120 - 25 ... of all eight by the end of June
            "historical_clv": 0.3 * 545 / 8,
            "top_10_share": 0.6 * 90 / 225,  # of six, 0.6 of the best customer
            "top_20_share": (90 + 0.2 * 70) / 225,
            # 5, 5, 25, 30, 70, 90 by 2 i - 7
            "gini": (-25 - 15 - 25 + 30 + 210 + 450) / (6 * 225),
            # to 1 July 2024, of a, b, d, f, g, h
            "tenure_days": (456 + 418 + 122 + 87 + 427 + 1) / 6,
        }
    )


def test_change_is_on_the_period_before(study):
    aov = figures(study)["aov"]
    # first quarter: 210 in 6 orders
    assert (aov["before"], aov["change"]) == (35.0, 28.125 - 35.0)
    assert study["period"]["before_start"] == "2024-01-01"
    # at 1 January nobody had bought in the 90 days before: no rate to compare with
    assert figures(study)["retention_rate"]["change"] is None


def test_shares_have_wilsons_interval(study):
    kept = figures(study)["retention_rate"]
    # Wilson (1927) for 3 of 5
    assert (kept["low"], kept["high"]) == pytest.approx((0.2307, 0.8824), abs=1e-4)
    assert kept["n"] == 5


def test_ratios_are_linearised_over_customers(study):
    aov = figures(study)["aov"]
    orders, revenue = [2, 1, 1, 2, 1, 1], [90, 5, 25, 30, 70, 5]
    rests = [r - aov["value"] * o for r, o in zip(revenue, orders, strict=True)]
    error = (6 / 5 * sum(r * r for r in rests)) ** 0.5 / 8
    assert aov["high"] - aov["value"] == pytest.approx(1.959964 * error, rel=1e-6)


def test_waterfall_adds_up(study):
    steps = {s["step"]: (s["n_customers"], s["revenue"]) for s in study["waterfall"]}
    assert steps == {
        "before": (5, 210.0),
        "lost": (2, -50.0),  # c, e
        "kept_less": (2, -80.0),  # b 30 to 5, d 80 to 25
        "kept_more": (1, 40.0),  # a 50 to 90
        "won_back": (1, 70.0),  # g
        "new": (2, 35.0),  # f, h
        "now": (6, 225.0),
    }
    assert sum(s["revenue"] for s in study["waterfall"][:-1]) == 225.0


def test_segments_part_everybody(study):
    by_cohort = {y: figures(study, f"cohort={y}") for y in (2023, 2024)}
    # a and b are kept, g was not there at the start
    assert by_cohort[2023]["retention_rate"]["value"] == 1
    assert by_cohort[2024]["retention_rate"]["value"] == pytest.approx(1 / 3)
    for kpi in ("orders", "revenue", "customers"):
        parts = [f for f in study["figures"] if f["kpi"] == kpi]
        rfm = [f["value"] for f in parts if f["segment"].startswith("rfm=")]
        assert sum(rfm) == pytest.approx(figures(study)[kpi]["value"])
    assert figures(study, "rfm=new")["buyers"]["value"] == 2


def test_what_comes_at_or_after_the_end_changes_nothing(make_data, study, log):
    later = [*log, ("c", "2024-07-01", "19", 500.0, False)]
    again = kpi_study(make_data(later), QUARTER, ["cohort", "rfm"])
    assert again == study


def test_order_of_rows_changes_nothing(make_data, study, log):
    assert kpi_study(make_data(log[::-1]), QUARTER, ["cohort", "rfm"]) == study


def test_nobody_at_the_start_is_said_and_no_zero(make_data, log):
    study = kpi_study(make_data(log[9:15]), QUARTER)
    assert "retention_rate" not in figures(study)
    absent = {each["kpi"]: each["why"] for each in study["absent"]}
    assert absent["retention_rate"] == (
        "Nobody had bought in the 90 days before 2024-04-01, so there is nobody to "
        "keep."
    )
    assert study["waterfall"] == []
    assert "no change is shown" in study["period"]["notes"][0]


def test_all_lost_is_a_rate_of_nothing_kept(make_data, log):
    rows = [*log[3:9], ("z", "2024-07-01", "30", 1.0, False)]
    found = figures(kpi_study(make_data(rows), QUARTER))
    assert found["retention_rate"]["value"] == 0
    assert (found["churn_rate"]["value"], found["churn_rate"]["high"]) == (1, 1)
    assert found["customers"]["value"] == 0
    assert "aov" not in found


def test_one_order_has_figures_without_intervals(make_data, log):
    study = kpi_study(make_data([log[9]]), QUARTER)
    found = figures(study)
    assert found["aov"]["value"] == 30
    assert (found["aov"]["low"], found["aov"]["high"]) == (None, None)
    assert found["orders"]["value"] == 1


def test_second_purchases_need_to_be_followed(make_data, log):
    # the first purchase is one day before the end
    study = kpi_study(make_data([*log[:9], log[18]]), QUARTER)
    why = {each["kpi"]: each["why"] for each in study["absent"]}
    assert "has been seen for 30 days" in why["second_purchase_rate"]


def test_unknown_segment_is_refused_with_those_there_are(make_data):
    with pytest.raises(ConfigError, match=r"--by cohrt.*cohort, rfm"):
        kpi_study(make_data(), QUARTER, ["cohrt"])


@pytest.mark.parametrize(
    ("first", "cutoff", "start", "end"),
    [
        (date(2022, 1, 2), date(2024, 2, 10), date(2023, 2, 1), date(2024, 2, 1)),
        (date(1997, 1, 1), date(1998, 7, 1), date(1998, 1, 1), date(1998, 7, 1)),
        (date(2024, 1, 1), date(2024, 3, 1), date(2024, 2, 1), date(2024, 3, 1)),
        (date(2024, 1, 5), date(2024, 1, 20), date(2024, 1, 5), date(2024, 1, 20)),
    ],
)
def test_default_period_is_the_last_complete_months(first, cutoff, start, end):
    assert default_span(first, cutoff) == Span(start, end)


def test_period_before_is_as_many_months_or_days():
    assert QUARTER.before() == Span(date(2024, 1, 1), date(2024, 4, 1))
    week = Span(date(2024, 3, 8), date(2024, 3, 15))
    assert week.before() == Span(date(2024, 3, 1), date(2024, 3, 8))
    leap = Span(date(2024, 2, 29), date(2024, 3, 10))
    assert leap.year_before() == Span(date(2023, 2, 28), date(2023, 3, 10))


@pytest.mark.parametrize(
    ("start", "end", "error", "words"),
    [
        (date(2024, 1, 1), date(2024, 9, 1), NotEnoughHistoryError, "is not over"),
        (date(2024, 5, 1), date(2024, 5, 1), ConfigError, "does not lie before"),
        (None, date(2024, 5, 1), ConfigError, "needs a --from"),
        (date(2000, 1, 1), date(2000, 2, 1), NotEnoughHistoryError, "log begins"),
    ],
)
def test_period_that_makes_no_sense_is_refused(start, end, error, words):
    with pytest.raises(error, match=words):
        asked_span(start, end, date(2023, 1, 1), date(2024, 7, 3))


def test_contracts_are_kept_by_what_they_cost(make_data):
    days = ["2024-01-01", "2024-01-01", "2024-02-01", "2024-05-01", "2024-05-01"]
    ends = [None, "2024-05-01", "2024-06-01", None, None]
    contracts = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c", "b", "n"],
            "started_date": pd.to_datetime(days).date,
            "ended_date": [None if e is None else date.fromisoformat(e) for e in ends],
            "monthly_amount": [10.0, 20.0, 30.0, 35.0, 99.0],
        }
    )
    data = make_data(tables={"subscriptions": ibis.memtable(contracts)})
    found = {k: f["value"] for k, f in figures(kpi_study(data, QUARTER)).items()}
    # at the start a 10, b 20, c 30; at the end a 10, b 35
    assert found["contract_retention_rate"] == pytest.approx(2 / 3)
    assert found["gross_contract_revenue_retention"] == pytest.approx(30 / 60)
    assert found["net_contract_revenue_retention"] == pytest.approx(45 / 60)


def test_every_kpi_stands_in_the_documentation():
    page = Path(__file__).parents[2] / "docs" / "kpis.md"
    text = page.read_text("utf-8")
    short = {
        "spend_of_answering": "spend_of_...",
        "spend_of_silent": "spend_of_...",
        "gross_contract_revenue_retention": "`gross_` and `net_contract_",
    }
    unknown = {"buyers", "orders", "revenue"}  # plain words, said by their labels
    missing = [
        name
        for name in CATALOGUE
        if name not in unknown and short.get(name, f"`{name}`") not in text
    ]
    assert missing == []
