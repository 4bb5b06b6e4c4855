from __future__ import annotations

import numpy as np
import pytest

from regulars.features.tickets import notes_on


@pytest.mark.parametrize(
    ("resolved", "due", "n_open", "n_late", "past_due"),
    [
        ("03-05", "03-10", 0, 0, 0),
        # on the day itself it is in time
        ("03-10", "03-10", 0, 0, 0),
        ("03-15", "03-10", 0, 1, 0),
        (None, "03-10", 1, 1, 22),
        (None, "03-31", 1, 1, 1),
        (None, "04-01", 1, 0, 0),
        (None, None, 1, 0, 0),
        # resolved on the cutoff's own day, which is not seen
        ("04-01", "03-10", 1, 1, 22),
    ],
)
def test_ticket_is_open_and_late_as_known_at_the_cutoff(
    seen_of, dates, resolved, due, n_open, n_late, past_due
):
    found = seen_of(
        "tickets", ["03-01"], resolved_date=dates(resolved), due_date=dates(due)
    )
    assert found["tickets_open"].tolist() == [n_open, 0]
    assert found["tickets_late"].tolist() == [n_late, 0]
    assert found["days_past_due"].tolist() == [past_due, 0]
    assert found["oldest_open_ticket_days"].tolist() == [31 * n_open, 0]


def test_tickets_without_a_resolution_column_are_late_when_due(seen_of, dates):
    found = seen_of("tickets", ["03-01"], due_date=dates("03-10"))
    assert found["tickets_late"]["a"] == 1
    assert "tickets_open" not in found


def test_latest_and_oldest_are_of_open_tickets(seen_of, dates):
    found = seen_of(
        "tickets",
        ["01-01", "02-01", "03-01"],
        resolved_date=dates("03-20", None, None),
        due_date=dates("01-02", "02-10", "03-30"),
    )
    assert found["oldest_open_ticket_days"]["a"] == 60
    assert found["days_past_due"]["a"] == 51
    assert found["tickets_late"]["a"] == 3
    # due in the last 90 days, which begin on January 2nd
    assert found["tickets_late_last_90_days"]["a"] == 3


def test_days_to_resolve_and_to_respond_leave_the_rest_out(seen_of, dates):
    found = seen_of(
        "tickets",
        ["03-01", "03-02", "03-03"],
        resolved_date=dates("03-05", None, "04-02"),
        first_response_date=dates("03-01", "03-04", "04-01"),
    )
    assert found["mean_days_to_resolve"].tolist()[0] == 4
    assert found["mean_days_to_respond"].tolist()[0] == 1
    assert found["tickets_unanswered"].tolist() == [1, 0]
    assert np.isnan(found["mean_days_to_resolve"]["b"])


def test_satisfaction_and_reopening_count_from_the_resolution_on(seen_of, dates):
    found = seen_of(
        "tickets",
        ["03-01", "03-02", "03-03", "03-04"],
        resolved_date=dates("03-20", "03-10", "04-01", None),
        csat=[4, 2, 1, 1],
        reopened=[False, True, True, True],
    )
    # the ticket resolved last is not the one opened last
    assert found["last_csat"]["a"] == 4
    assert found["mean_csat"]["a"] == 3
    assert found["tickets_reopened"].tolist() == [1, 0]
    assert found["bad_experiences"].tolist() == [1, 0]
    assert found["days_since_bad_experience"]["a"] == 22


def test_last_satisfaction_of_a_day_is_the_highest(seen_of, dates):
    for csat in ([5, 1], [1, 5]):
        found = seen_of(
            "tickets", ["03-01"] * 2, resolved_date=dates("03-10", "03-10"), csat=csat
        )
        assert found["last_csat"]["a"] == 5


def test_satisfaction_and_reopening_need_a_resolution(seen_of):
    found = seen_of("tickets", ["03-01"], csat=[1], reopened=[True])
    unused = [n for n in found if "csat" in n or "reopened" in n or "bad" in n]
    assert unused == []


def test_bad_experiences_are_breaches_reopenings_and_low_satisfaction(seen_of, dates):
    found = seen_of(
        "tickets",
        ["03-01", "01-02", "03-03"],
        resolved_date=dates("03-25", "01-09", None),
        due_date=dates("03-10", "01-10", "04-05"),
        reopened=[True, False, False],
        csat=[None, 2, None],
    )
    # late on March 10th and opened again by the 25th; low on January 9th
    assert found["bad_experiences"].tolist() == [3, 0]
    assert found["days_since_bad_experience"]["a"] == 7
    assert np.isnan(found["days_since_bad_experience"]["b"])


def test_tags_are_words_of_their_own_whatever_stands_between_them(seen_of):
    found = seen_of(
        "tickets",
        ["03-01", "03-02", "03-03", "03-04"],
        tags=["Late, broken", "late;rude", "broken|late", None],
        department=["shop", "web", "web", "web"],
    )
    assert found["tickets_tag_late_ever"].tolist() == [3, 0]
    assert found["tickets_tag_broken_ever"].tolist() == [2, 0]
    assert found["tickets_tag_rude_last_90_days"].tolist() == [1, 0]
    assert found["tickets_department_web_ever"].tolist() == [3, 0]


@pytest.mark.parametrize(
    ("columns", "notes"),
    [
        (["csat", "resolved_date"], ["Taken as known once"]),
        (["csat", "reopened"], ["known: tickets.csat, tickets.reopened"]),
        (["resolved_date"], []),
    ],
)
def test_users_are_told_from_when_satisfaction_counts(columns, notes):
    found = notes_on(columns)
    assert len(found) == len(notes)
    assert all(note in text for note, text in zip(notes, found, strict=True))
