"""Figures of contracts without a purchase, worked out by hand."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from tests.kpis.tables import table

from regulars.errors import ConfigError
from regulars.kpis import KpiData, Span
from regulars.kpis.catalogue import CATALOGUE
from regulars.kpis.contract_study import (
    NO_PURCHASES,
    contract_cohorts,
    contract_study,
    no_purchases,
)

QUARTER = Span(date(2024, 4, 1), date(2024, 7, 1))
CUTOFF = date(2024, 7, 3)
CONTRACTS = [
    # kept and pays more; kept and pays less; lost; won back; new; new and gone again
    ("a", "2023-12-01", "2024-05-01", "basic", 10.0),
    ("a", "2024-05-01", None, "pro", 30.0),
    ("b", "2024-01-01", "2024-06-01", "pro", 30.0),
    ("b", "2024-06-01", None, "basic", 10.0),
    ("c", "2024-01-01", "2024-05-15", "basic", 10.0),
    ("d", "2024-01-01", "2024-02-01", "basic", 10.0),
    ("d", "2024-06-10", None, "basic", 10.0),
    ("e", "2024-06-01", None, "pro", 30.0),
    ("f", "2024-04-10", "2024-06-10", "pro", 30.0),
    # counts from the day after the period's end
    ("g", "2024-07-01", None, "pro", 30.0),
]
ENDS = ("2024-05-10", "2024-05-11", None, "2024-04-05")
COLUMNS = "customer_id started_at ended_at plan monthly_amount"


@pytest.fixture(scope="module")
def contracts():
    return table("subscriptions", COLUMNS, CONTRACTS)


@pytest.fixture(scope="module")
def data(contracts):
    surveys = [
        ("a", "2024-05-01", 10.0),
        ("b", "2024-05-01", 3.0),
        ("c", "2024-05-01", 9.0),
        ("x", "2024-05-01", 0.0),
    ]
    loyalty = [("a", "2024-02-01", "earn", 5.0, "gold")]
    tables = {
        "subscriptions": contracts,
        "surveys": table("surveys", "customer_id answered_at score", surveys),
        "loyalty": table("loyalty", "customer_id posted_at kind points tier", loyalty),
    }
    ledger = no_purchases(contracts.customer_id)
    return KpiData(ledger, CUTOFF, tables, begins=date(2023, 12, 1))


@pytest.fixture(scope="module")
def study(data):
    return contract_study(data, QUARTER, ["plan", "tier", "cohort"])


def figures(study, segment=""):
    return {f["kpi"]: f["value"] for f in study["figures"] if f["segment"] == segment}


def test_every_figure_of_contracts_is_as_by_hand(study):
    # at the start a, b, c; at the end a, b, d, e
    assert figures(study) == pytest.approx(
        {
            "contract_customers": 4,
            "contract_customers_gained": 2,
            "contract_customers_lost": 1,
            "contract_retention_rate": 2 / 3,
            "contract_churn_rate": 1 / 3,
            "contract_revenue": 80,  # 30, 10, 10, 30
            # of 10, 30 and 10: at most what was paid, and all that is paid
            "gross_contract_revenue_retention": 20 / 50,
            "net_contract_revenue_retention": 40 / 50,
            # of a, b, c with a contract: x has none
            "nps": 100 / 3,
            "promoter_share": 2 / 3,
            "detractor_share": 1 / 3,
            # a and b of the four who are there; c is not
            "survey_response_rate": 2 / 4,
            "participation_rate": 1 / 4,
            "redemption_rate": 0,
            # to 1 July, of a, b, d, e
            "tenure_days": (213 + 182 + 182 + 30) / 4,
        }
    )


def test_change_is_on_the_quarter_before(study):
    [customers] = [f for f in study["figures"] if f["kpi"] == "contract_customers"][:1]
    # at the end of March a, b and c
    assert (customers["before"], customers["change"]) == (3, 1)


def test_waterfall_adds_up_to_the_revenue_at_the_end(study):
    steps = {s["step"]: (s["n_customers"], s["revenue"]) for s in study["waterfall"]}
    assert steps == {
        "before": (3, 50.0),
        "lost": (1, -10.0),
        "kept_less": (1, -20.0),
        "kept_more": (1, 20.0),
        "won_back": (1, 10.0),
        "new": (1, 30.0),
        "now": (4, 80.0),
    }


def test_segments_are_those_of_the_start(study):
    # plan of the last contract begun before April: d's is of January
    basic, pro, new = (
        figures(study, f"plan={name}") for name in ("basic", "pro", "new")
    )
    assert basic["contract_customers"] == 2
    assert basic["contract_retention_rate"] == 1 / 2
    assert basic["net_contract_revenue_retention"] == pytest.approx(30 / 20)
    assert pro["net_contract_revenue_retention"] == pytest.approx(10 / 30)
    assert new["contract_customers"] == 1
    assert figures(study, "tier=gold")["contract_revenue"] == 30
    assert figures(study, "tier=no tier")["contract_customers"] == 3
    assert figures(study, "cohort=2023")["contract_customers"] == 1


def test_what_takes_purchases_is_absent_with_a_sentence(study):
    why = {each["kpi"]: each["why"] for each in study["absent"]}
    assert {*why} | {*figures(study)} == {*CATALOGUE}
    assert why["aov"] == why["referral_conversion"] == NO_PURCHASES
    assert why["referral_rate"].startswith("There is no table of referrals")
    assert why["predicted_clv"].startswith("There are no scores")


def test_segment_that_takes_purchases_is_refused(data):
    with pytest.raises(ConfigError, match="have cohort, tier, plan"):
        contract_study(data, QUARTER, ["rfm"])


def test_contracts_without_a_price_have_no_money(contracts):
    bare = {"subscriptions": contracts.drop("monthly_amount")}
    data = KpiData(
        no_purchases(contracts.customer_id), CUTOFF, bare, begins=date(2023, 12, 1)
    )
    study = contract_study(data, QUARTER)
    assert figures(study)["contract_retention_rate"] == pytest.approx(2 / 3)
    assert study["waterfall"] == []
    why = {each["kpi"]: each["why"] for each in study["absent"]}
    assert why["contract_revenue"] == "The subscriptions have no monthly_amount."


def test_cohorts_are_by_month_of_the_first_start():
    rows = pd.DataFrame(CONTRACTS, columns=COLUMNS.split())
    rows = rows.assign(
        started=pd.to_datetime(rows["started_at"]),
        ended=pd.to_datetime(rows["ended_at"]),
    )
    found = contract_cohorts(rows, CUTOFF)
    assert found["cohorts"] == ["2023-12", "2024-01", "2024-04", "2024-06"]
    assert found["sizes"] == [1, 3, 1, 1]
    # b, c, d on the last days of January to June
    *kept, later = found["retention"][1]
    assert kept == pytest.approx([1, 2 / 3, 2 / 3, 2 / 3, 1 / 3, 2 / 3])
    assert later is None
    assert found["revenue_per_customer"][1][5] == pytest.approx(20 / 3)
    assert found["retention"][3] == [1.0, *[None] * 6]


def test_late_tickets_are_set_beside_those_of_the_same_tenure():
    late = [(f"t{n}", "2022-01-01", end, 10.0) for n, end in enumerate(ENDS)]
    others = [(f"k{n}", "2022-01-01", None, 10.0) for n in range(60)]
    # of another tenure: comparable with nobody
    young = [(f"y{n}", "2024-02-20", "2024-05-20", 10.0) for n in range(60)]
    columns = "customer_id started_at ended_at monthly_amount"
    contracts = table("subscriptions", columns, [*late, *others, *young])
    tickets = [
        (f"t{n}", "2024-04-01", "2024-04-10", "2024-04-20") for n in range(len(ENDS))
    ]
    data = KpiData(
        no_purchases(contracts.customer_id),
        CUTOFF,
        {
            "subscriptions": contracts,
            "tickets": table(
                "tickets", "customer_id opened_at due_at resolved_at", tickets
            ),
        },
        horizon_days=30,
        begins=date(2022, 1, 1),
    )
    [gap] = contract_study(data, QUARTER)["support"]["experiences"]
    # within 30 days of 10 April: one ends on the 30th day, one on the 31st; one had
    # left before
    assert (gap["n_customers"], gap["n_unmatched"]) == (3, 0)
    assert gap["rate"] == pytest.approx(1 / 3)
    assert gap["rate_compared"] == 0
    assert gap["value_lost"] == pytest.approx(1 / 3 * 3 * 120)
