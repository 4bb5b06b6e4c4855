"""What each signal says of hand-made customers, and where it says nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.features.dated_tables import DATED_GROUPS
from regulars.scoring.purchase_words import Facts
from regulars.scoring.signal_words import signals_in


def said(customer, stay=None, leave=None):
    """The warnings and the comforts of one customer."""
    facts = Facts(pd.DataFrame([customer]), stay or {}, leave or {}, "EUR")
    words = [signal.words(facts) for signal in signals_in(customer)]
    here = np.array([0])
    sides = [[each.warning for each in words], [each.comfort for each in words]]
    return [[str(s.texts(here)[0]) for s in side if s.speaks[0]] for side in sides]


@pytest.mark.parametrize(
    ("customer", "stay", "sentence"),
    [
        (
            {"tickets_open": 2, "oldest_open_ticket_days": 21},
            {"tickets_open": 0},
            "2 support tickets open, the oldest for 21 days",
        ),
        (
            {"tickets_open": 1, "oldest_open_ticket_days": 1},
            {"tickets_open": 0},
            "1 support ticket open for 1 day",
        ),
        (
            {"days_past_due": 12, "bad_experiences": 1},
            {"days_past_due": 0, "bad_experiences": 0},
            "a ticket 12 days past its promised date",
        ),
        (
            {"days_past_due": 0, "bad_experiences": 2, "days_since_bad_experience": 5},
            {"days_past_due": 0, "bad_experiences": 0},
            "2 bad experiences with support (late, opened again or a low score), the "
            "last 5 days ago",
        ),
        (
            {"last_csat": 1},
            {"last_csat": 4},
            "last rated support with 1 (those who stay: 4)",
        ),
        (
            {"last_survey_score": 3, "is_detractor": 1},
            {"last_survey_score": 8},
            "last recommended us with 3 of 10 (a detractor)",
        ),
        (
            {"last_survey_score": 7, "is_detractor": 0, "survey_score_change": -2},
            {"last_survey_score": 8, "survey_score_change": 0},
            "last recommended us with 7 of 10, 2 less than before",
        ),
        ({"never_answered": 1}, {"never_answered": 0}, "has answered no survey"),
        (
            {"events_visit_ever": 9, "days_since_events_visit": 63},
            {"days_since_events_visit": 8},
            "no visit for 63 days (those who stay: 8)",
        ),
        (
            {"events_email_open_ever": 0, "days_since_events_email_open": np.nan},
            {"events_email_open_ever": 5, "days_since_events_email_open": 8},
            "no e-mail opened so far",
        ),
        (
            {
                "events_visit_ever": 9,
                "events_visit_trend": -0.5,
                "events_visit_last_30_days": 1,
                "events_visit_last_90_days": 8,
            },
            {"events_visit_trend": 0},
            "visits down: 1 in the last 30 days, 7 in the 60 before",
        ),
        (
            {
                "events_email_sent_ever": 99,
                "events_email_sent_last_90_days": 10,
                "events_email_sent_ignored_share": 0.9,
            },
            {"events_email_sent_ignored_share": 0.5},
            "ignored 9 of 10 e-mails of the last 90 days",
        ),
        (
            {"points_older_than_180_days": 1240, "points_balance": 2000},
            {"points_older_than_180_days": 100, "points_balance": 2000},
            "1,240 points unused for half a year (those who stay: 100)",
        ),
        (
            {"contacts_redeemed_share": 0, "offers_taken": 0, "contacts_ever": 4},
            {"contacts_redeemed_share": 0.5},
            "took 0 offers from 4 contacts",
        ),
        (
            {"contacts_last_30_days": 6},
            {"contacts_last_30_days": 2},
            "6 contacts in the last 30 days (those who stay: 2)",
        ),
        ({"price_change": 10.0}, {"price_change": 0}, "price up by EUR 10.00 a month"),
        (
            {"tenure_days": 40},
            {"tenure_days": 400},
            "a subscriber for only 40 days (those who stay: 400)",
        ),
        (
            {"tickets_tag_late_ever": 1, "tickets_tag_late_last_90_days": 1},
            {"tickets_tag_late_ever": 0, "tickets_tag_late_last_90_days": 0},
            "1 ticket tagged late in the last 90 days (those who stay: 0)",
        ),
        (
            {
                "tickets_department_web_ever": 3,
                "tickets_department_web_last_90_days": 0,
            },
            {
                "tickets_department_web_ever": 1,
                "tickets_department_web_last_90_days": 0,
            },
            "3 tickets for web so far (those who stay: 1)",
        ),
    ],
)
def test_warning_tells_the_figure_that_is_worse(customer, stay, sentence):
    assert said(customer, stay=stay) == [[sentence], []]
    # as is usual of those who stay, it warns of nothing
    assert said(customer, stay=customer) == [[], []]


@pytest.mark.parametrize(
    ("customer", "leave", "sentence"),
    [
        (
            {"last_survey_score": 10, "is_promoter": 1},
            {"last_survey_score": 6},
            "last recommended us with 10 of 10 (a promoter)",
        ),
        (
            {"tickets_last_90_days": 0, "tickets_open": 0},
            {"tickets_last_90_days": 2},
            "no support ticket in the last 90 days (those who leave: 2)",
        ),
        (
            {"events_visit_ever": 9, "days_since_events_visit": 2},
            {"days_since_events_visit": 40},
            "last visit 2 days ago (those who leave: 40)",
        ),
        (
            {
                "events_ever": 9,
                "events_trend": 0.5,
                "events_last_30_days": 6,
                "events_last_90_days": 8,
            },
            {"events_trend": 0},
            "events up: 6 in the last 30 days, 2 in the 60 before",
        ),
        (
            {
                "events_email_sent_ever": 9,
                "events_email_sent_last_90_days": 10,
                "events_email_sent_ignored_share": 0.2,
            },
            {"events_email_sent_ignored_share": 0.9},
            "opened 8 of 10 e-mails of the last 90 days",
        ),
        (
            {"points_balance": 1240},
            {"points_balance": 100},
            "1,240 points unused (those who leave: 100)",
        ),
        ({"referrals_ever": 2}, {"referrals_ever": 0}, "has referred 2 customers"),
        (
            {"offers_taken": 2, "contacts_redeemed_share": 0.5, "contacts_ever": 4},
            {"contacts_redeemed_share": 0},
            "took 2 offers from 4 contacts",
        ),
        ({"price_change": -3.0}, {"price_change": 0}, "price down by EUR 3.00 a month"),
    ],
)
def test_comfort_tells_the_figure_that_is_better(customer, leave, sentence):
    assert said(customer, leave=leave) == [[], [sentence]]
    assert said(customer, leave=customer) == [[], []]


def test_what_is_not_known_says_nothing():
    names = [name for group in DATED_GROUPS.values() for name in group.meanings]
    unknown = dict.fromkeys([*names, "events_visit_ever", "tickets_high_ever"], np.nan)
    usual = dict.fromkeys(unknown, 1.0)
    assert said(unknown, stay=usual, leave=usual) == [[], []]


def test_a_feature_belongs_to_one_signal_and_what_is_no_signal_to_none():
    names = [
        "tickets_open",
        "tickets_ever",
        "days_past_due",
        "events_ever",
        "events_visit_ever",
        "loyalty_earn_ever",
        "points_balance",
        "plan",
        "seats",
        "contacts_of_the_year",
    ]
    signals = signals_in(names)
    told = sorted(name for signal in signals for name in signal.features)
    assert told == sorted([*names[:7]])
    points = next(s for s in signals if "points_balance" in s.features)
    assert "loyalty_earn_ever" in points.features
    assert signals_in(["seats"]) == []


def test_events_of_all_kinds_are_no_fact_beside_the_commonest_kind():
    names = ["events_ever", "days_since_events", "events_visit_ever"]
    more = ["days_since_events_visit", "events_email_sent_ever"]
    told = [set(each.features) for each in signals_in([*names, *more])]
    assert {*names, "days_since_events_visit"} in told
    assert len(told) == 2
    (alone,) = signals_in(["events_ever", "days_since_events"])
    assert {*alone.features} == {"events_ever", "days_since_events"}
