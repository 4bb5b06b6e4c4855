"""What the tables beside the purchases say of customers, by hand-made rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.features.contacts import contacts
from regulars.features.customers import attributes_of
from regulars.features.dated_tables import (
    MOST_WORDS,
    columns_of,
    sorted_rows,
    words_before,
    words_in,
)
from regulars.features.events import events
from regulars.features.loyalty import loyalty
from regulars.features.referrals import referrals
from regulars.features.surveys import surveys
from regulars.features.tickets import tickets

DAY = pd.Timestamp("2024-04-01")
CUSTOMERS = pd.Index(["a", "b"], name="customer_id")


def at(*days):
    return pd.to_datetime(pd.Series([None if d is None else f"2024-{d}" for d in days]))


def rows(*days, **columns):
    """Rows of customer a."""
    return pd.DataFrame({"customer_id": "a", "day": at(*days), **columns})


def seen(name, frame):
    return sorted_rows(name, frame).at(DAY.date(), CUSTOMERS)


def columns(frame, name, word):
    ready = sorted_rows(name, frame)
    return columns_of(name, ready, DAY.date(), CUSTOMERS, {name: (word,)})


def test_events_are_counted_by_type():
    frame = rows("03-01", "03-02", event_type=["visit", "email_open"])
    columns = events(seen("events", frame), ["visit"])
    assert columns["events_ever"].tolist() == [2, 0]
    assert columns["events_visit_ever"].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("resolved", "due", "n_open", "n_late"),
    [
        ("03-05", "03-10", 0, 0),
        ("03-15", "03-10", 0, 1),
        (None, "03-10", 1, 1),
        (None, "04-01", 1, 0),
        # resolved on the cutoff's own day, which is not seen
        ("04-01", "03-10", 1, 1),
    ],
)
def test_ticket_is_open_and_late_as_known_at_the_cutoff(resolved, due, n_open, n_late):
    frame = rows("03-01", resolved_date=at(resolved), due_date=at(due))
    columns = tickets(seen("tickets", frame))
    assert columns["tickets_open"][0] == n_open
    assert columns["tickets_late"][0] == n_late


def test_tickets_without_a_resolution_column_are_late_when_due():
    columns = tickets(seen("tickets", rows("03-01", due_date=at("03-10"))))
    assert columns["tickets_late"][0] == 1
    assert "tickets_open" not in columns


def test_days_to_resolve_leave_open_tickets_out():
    frame = rows("03-01", "03-02", resolved_date=at("03-05", None))
    assert tickets(seen("tickets", frame))["mean_days_to_resolve"][0] == 4


@pytest.mark.parametrize("scores", [[3, 9, 1], [9, 3, 1]])
def test_last_score_of_a_day_is_the_highest_whatever_the_order(scores):
    columns = surveys(seen("surveys", rows("03-02", "03-02", "03-01", score=scores)))
    assert columns["last_survey_score"][0] == 9
    assert columns["mean_survey_score"][0] == pytest.approx(13 / 3)


def test_loyalty_has_the_balance_and_the_last_tier():
    frame = rows(
        "03-01", "03-02", "03-03", points=[50, -20, 0], tier=["gold", "silver", None]
    )
    columns = loyalty(seen("loyalty", frame))
    assert columns["points_balance"][0] == 30
    assert columns["tier"].tolist() == ["silver", None]


def test_referrals_know_both_sides():
    columns = referrals(seen("referrals", rows("03-01", referred_id=["b"])))
    assert columns["referrals_ever"].tolist() == [1, 0]
    assert columns["was_referred"].tolist() == [False, True]


def test_control_group_is_not_contacted():
    frame = rows("03-01", "03-02", is_control=[True, False])
    assert contacts(seen("contacts", frame))["contacts_ever"][0] == 1


def test_offer_taken_on_the_cutoff_is_not_known():
    frame = rows("03-01", "03-02", is_control=False, redeemed_date=at("03-31", "04-01"))
    assert contacts(seen("contacts", frame))["offers_taken"][0] == 1


def test_attributes_are_the_latest_known_before_the_cutoff():
    frame = rows("01-01", "03-01", "04-01", seats=[1, 2, 3], city=["x", "y", "z"])
    found = attributes_of(frame, DAY, CUSTOMERS)
    assert found["seats"].tolist()[0] == 2.0
    assert found["city"].tolist() == ["y", None]


def test_dates_become_days_ago_and_those_to_come_are_missing():
    frame = rows("01-01", born=at("03-30"), due=at("04-02"))
    found = attributes_of(frame, DAY, CUSTOMERS)
    assert found.loc["a", "born"] == 2.0
    assert np.isnan(found.loc["a", "due"])


def test_columns_are_numbers_or_categories():
    frame = rows("03-01", kind="earn", points=[5], tier=["gold"])
    found = columns(frame, "loyalty", "earn")
    assert {str(kind) for kind in found.dtypes} == {"float64", "object"}
    assert found.index.equals(CUSTOMERS)


def test_words_are_the_commonest_known_by_the_day():
    words = [f"w{n:02}" for n in range(MOST_WORDS + 1)] + ["w07", "late"]
    days = ["03-01"] * (MOST_WORDS + 2) + ["04-01"]
    known = words_before({"events": rows(*days, event_type=words)}, DAY)["events"]
    assert known[:3] == ("w07", "w00", "w01")
    assert len(known) == MOST_WORDS
    assert "late" not in known


def test_words_are_read_back_from_the_columns():
    frame = rows("03-01", event_type=["email_open"])
    found = columns(frame, "events", "email_open")
    assert words_in(found.columns)["events"] == ("email_open",)
