"""Signals of loyalty beside the 20 purchases of conftest, each worked out by hand."""

from __future__ import annotations

from datetime import date

import pytest

from regulars.config import KpiSettings
from regulars.kpis import KpiData
from regulars.kpis.catalogue import CATALOGUE
from regulars.kpis.programme import breadth_rows
from regulars.kpis.spans import Span
from regulars.kpis.study import kpi_study

QUARTER = Span(date(2024, 4, 1), date(2024, 7, 1))
HALF_YEAR = Span(date(2024, 1, 1), date(2024, 7, 1))
ANSWERS = [
    ("a", "2024-04-01 09:00", 3.0),
    ("a", "2024-05-30 09:00", 9.0),  # the last one counts
    ("b", "2024-04-15 09:00", 6.0),
    ("d", "2024-06-02 09:00", 10.0),
    ("f", "2024-06-02 09:00", 8.0),
    ("c", "2024-05-01 09:00", 0.0),
    ("e", "2024-07-01 09:00", 0.0),  # after the period
    ("x", "2024-05-01 09:00", 10.0),  # has never bought
]


@pytest.fixture(scope="session")
def surveys(tables):
    return tables.table("surveys", "customer_id answered_at score", ANSWERS)


def figures(data, span=QUARTER):
    study = kpi_study(data, span)
    return {f["kpi"]: f for f in study["figures"]}, {
        each["kpi"]: each["why"] for each in study["absent"]
    }


def test_nps_is_of_last_answers_with_the_trinomials_interval(make_data, surveys):
    found, _ = figures(make_data(tables={"surveys": surveys}))
    # promoters a and d, detractors b and c, f neither
    assert found["nps"]["value"] == 0
    assert found["promoter_share"]["value"] == 2 / 5
    assert found["detractor_share"]["value"] == 2 / 5
    error = 100 * ((0.4 + 0.4 - 0.0) / 5) ** 0.5
    assert found["nps"]["high"] == pytest.approx(1.959964 * error, rel=1e-6)
    assert found["nps"]["n"] == 5
    # of a, b, d, f, g, h, who are there at the end, a, b, d and f answered
    assert found["survey_response_rate"]["value"] == pytest.approx(4 / 6)


def test_answering_are_set_beside_the_silent(make_data, surveys):
    found, _ = figures(make_data(tables={"surveys": surveys}))
    # of the buyers a, b, d, f answered, g and h did not; c answered, but did not buy
    assert found["orders_of_answering"]["value"] == (2 + 1 + 1 + 2) / 4
    assert found["orders_of_silent"]["value"] == 1
    assert found["spend_of_answering"]["value"] == (90 + 5 + 25 + 30) / 4
    assert found["spend_of_silent"]["value"] == (70 + 5) / 2


def test_response_rate_is_of_the_asked_where_events_say_who(make_data, surveys, tables):
    asked = [(c, "2024-04-05 09:00", "survey_sent") for c in "abcg"]
    events = tables.table("events", "customer_id event_time event_type", asked)
    found, _ = figures(make_data(tables={"surveys": surveys, "events": events}))
    assert found["survey_response_rate"]["value"] == 3 / 4


def test_answers_at_or_after_the_end_change_nothing(make_data, surveys, tables):
    more = [*ANSWERS, ("a", "2024-07-01 00:00", 0.0)]
    later = tables.table("surveys", "customer_id answered_at score", more)
    assert figures(make_data(tables={"surveys": later})) == figures(
        make_data(tables={"surveys": surveys})
    )


def test_referrals_count_whoever_came_afterwards(make_data, tables):
    rows = [
        ("a", "f", "2024-04-01 10:00"),  # bought on 5 April
        ("a", "y", "2024-04-01 10:00"),  # never
        ("b", "d", "2024-05-01 10:00"),  # had bought before
        ("d", "h", "2024-07-01 10:00"),  # after the period
    ]
    columns = "referrer_id referred_id referred_at"
    referrals = tables.table("referrals", columns, rows)
    found, _ = figures(make_data(tables={"referrals": referrals}))
    assert found["referral_rate"]["value"] == pytest.approx(2 / 6)
    assert found["referral_conversion"]["value"] == pytest.approx(1 / 3)


def test_members_are_those_with_a_posting(make_data, tables):
    rows = [
        ("a", "2024-01-05", "earn", "gold"),
        ("a", "2024-05-05", "redeem", None),
        ("b", "2024-03-05", "redeem", "silver"),  # before the period
        ("c", "2024-03-05", "earn", "gold"),  # not there at the end
        ("h", "2024-07-01", "earn", "gold"),
    ]
    loyalty = tables.table("loyalty", "customer_id posted_at kind tier", rows)
    data = make_data(tables={"loyalty": loyalty})
    found, _ = figures(data)
    assert found["participation_rate"]["value"] == pytest.approx(2 / 6)
    assert found["redemption_rate"]["value"] == 1 / 2
    cut = {
        f["segment"]: f["value"]
        for f in kpi_study(data, QUARTER, ["tier"])["figures"]
        if f["kpi"] == "retention_rate" and f["segment"]
    }
    assert cut == {"tier=gold": 0.5, "tier=no tier": 0.5, "tier=silver": 1.0}


def test_no_table_is_said_and_no_zero(make_data):
    found, absent = figures(make_data())
    names = {k.name for k in CATALOGUE.values() if k.group == "loyalty"}
    assert {*absent} >= names - {"tenure_days"}
    assert not {*found} & names - {"tenure_days"}
    assert absent["nps"] == "There is no table of surveys (source.surveys)."


def test_table_without_a_row_in_the_period_is_said(make_data, tables):
    old = [("a", "2023-04-02 09:00", 9.0)]
    surveys = tables.table("surveys", "customer_id answered_at score", old)
    found, absent = figures(make_data(tables={"surveys": surveys}))
    assert "nps" not in found
    assert (
        absent["nps"] == "No customer answered a survey from 2024-04-01 to 2024-07-01."
    )


LINES = [
    # one order, one of its two lines with a discount
    ("a", "2024-04-02", "1", "milk", "p", 10.0, 0.0),
    ("a", "2024-04-02", "1", "bread", "q", 10.0, 2.0),
    # two orders on one day, one with a discount
    ("a", "2024-05-02", "2", "milk", "p", 10.0, 1.0),
    ("a", "2024-05-02", "3", "milk", "p", 10.0, None),
    ("b", "2024-05-02", "4", "milk", "p", 10.0, 0.0),
    ("b", "2024-03-02", "5", "bread", "q", 10.0, 0.0),
]
COLUMNS = "customer_id order_date order_id category product_id amount discount_amount"


def test_orders_without_a_discount_and_breadth(tables):
    data = KpiData(tables.ledger(COLUMNS, LINES), date(2024, 7, 1))
    found, _ = figures(data)
    # orders 3 and 4 of 1, 2, 3, 4
    assert found["full_price_share"]["value"] == 2 / 4
    assert found["breadth"]["value"] == (2 + 1) / 2


def test_breadth_counts_more_categories_than_a_number_has_bits(tables):
    lines = [("a", "2024-04-02", "1", f"c{i}", "p", 1.0, 0.0) for i in range(70)]
    found, _ = figures(KpiData(tables.ledger(COLUMNS, lines), date(2024, 7, 1)))
    assert found["breadth"]["value"] == 70


def test_breadth_of_a_span_counts_no_category_twice_for_its_parts(tables):
    spans = [QUARTER, Span(date(2024, 3, 1), date(2024, 5, 1)), HALF_YEAR]
    data = KpiData(tables.ledger(COLUMNS, LINES), date(2024, 7, 1))
    found = [
        breadth_rows(data, span).order_by("customer_id").to_pyarrow()["n_categories"]
        for span in spans
    ]
    assert [each.to_pylist() for each in found] == [[2, 1], [2, 1], [2, 2]]


TICKETS = [
    # customer, opened, due, resolved, reopened, csat
    ("a", "2024-03-20", "2024-03-25 12:00", "2024-03-25 13:00", False, None),
    ("b", "2024-05-15", "2024-05-20 12:00", None, None, None),
    ("c", "2024-04-20", "2024-05-25 12:00", "2024-05-25 12:00", True, 5.0),
    ("d", "2024-04-20", "2024-05-25 12:00", "2024-05-21 12:00", False, 2.0),
    ("f", "2024-04-20", "2024-05-25 12:00", "2024-05-25 12:00", False, 3.0),
    # resolved after the period: late, but not yet followed long enough
    ("g", "2024-06-20", "2024-06-25 12:00", "2024-07-02 12:00", False, None),
]
TICKET = "customer_id opened_at due_at resolved_at reopened csat"


def test_bad_experiences_are_late_reopened_or_badly_rated(make_data, tables):
    tickets = tables.table("tickets", TICKET, TICKETS)
    data = make_data(tables={"tickets": tickets}, settings={"after_days": 30})
    found, _ = figures(data)
    # a: late on 25 March, 31 days before the first that counts... followed to
    # 24 April, bought on 2 April; b: late on 20 May, nothing by 19 June; c: reopened,
    # nothing; d: rated 2 on 21 May, bought on 1 June; f is content
    assert found["repurchase_after_bad_experience"]["value"] == 2 / 4


def test_what_becomes_known_later_is_not_known(make_data, tables):
    tickets = tables.table("tickets", TICKET, TICKETS)
    later = [*TICKETS[:3], (*TICKETS[3][:5], 2.0), *TICKETS[4:]]
    later.append(("f", "2024-07-01", "2024-07-01 12:00", None, True, 1.0))
    again = tables.table("tickets", TICKET, later)
    results = [
        figures(make_data(tables={"tickets": each}, settings={"after_days": 30}))
        for each in (tickets, again)
    ]
    assert results[0] == results[1]


@pytest.mark.parametrize("block", [1, 2, 60])
def test_price_rise_is_set_beside_the_window_before(tables, monkeypatch, block):
    """Ten buyers; five come back at the old price, three at the new one."""
    # windows are counted in blocks: where one ends changes nothing
    monkeypatch.setattr("regulars.kpis.price_rises.BLOCK", block)
    rows = []
    for window, price, buyers in (
        ("2024-01-10", 10.0, range(10)),
        ("2024-04-10", 10.0, [*range(5), *range(10, 15)]),
        ("2024-06-10", 11.0, [*range(3), *range(20, 27)]),
    ):
        rows += [(f"c{b}", window, "p", price, 1.0) for b in buyers]
        # a product of a steady price does not count
        rows += [(f"c{b}", window, "q", 5.0, 1.0) for b in range(10)]
    names = "customer_id order_date product_id amount quantity"
    data = KpiData(
        tables.ledger(names, rows),
        date(2024, 7, 1),
        settings=KpiSettings(price_window_days=60),
    )
    # windows of 60 days to 1 July: from 3 March, 2 May; one earlier from 2 January
    found, absent = figures(data, Span(date(2024, 3, 3), date(2024, 7, 1)))
    assert found["repurchase_after_price_rise"]["value"] == 0.3
    assert found["repurchase_before_price_rise"]["value"] == 0.5
    assert found["price_rise_difference"]["value"] == pytest.approx(-0.2)
    assert "repurchase_after_price_rise" not in absent
