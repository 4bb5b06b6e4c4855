from __future__ import annotations

import numpy as np
import pytest


def test_events_are_counted_by_type(seen_of):
    found = seen_of("events", ["03-01", "03-02"], event_type=["visit", "app"])
    assert found["events_ever"].tolist() == [2, 0]
    assert found["events_visit_ever"].tolist() == [1, 0]
    assert found["days_since_events_visit"].tolist()[0] == 31
    assert np.isnan(found["days_since_events_visit"]["b"])


@pytest.mark.parametrize(
    ("days", "trend"),
    [
        # one of the last 30 days and two of the 60 before: even
        (["03-31", "02-20", "01-15"], 0),
        (["03-31"], 1),
        (["01-15"], -1),
        # three times as many a day as before
        (["03-31", "03-30", "03-29", "02-20", "01-15"], 0.5),
        (["01-01"], np.nan),
    ],
)
def test_trend_compares_the_last_30_days_with_the_60_before(seen_of, days, trend):
    found = seen_of("events", days, event_type="visit")
    np.testing.assert_allclose(found["events_trend"]["a"], trend)
    np.testing.assert_allclose(found["events_visit_trend"]["a"], trend)


@pytest.mark.parametrize(
    ("types", "share"),
    [
        (["email_sent", "email_sent", "email_open"], 0.5),
        (["email_sent"], 1),
        # opened twice
        (["email_sent", "email_open", "email_open"], 0),
        (["visit", "push_sent"], np.nan),
    ],
)
def test_ignored_is_what_was_sent_and_not_opened(seen_of, types, share):
    days = ["03-01"] * len(types) + ["03-02"]
    customers = ["a"] * len(types) + ["b"]
    types = [*types, "email_sent"]
    found = seen_of("events", days, customer_id=customers, event_type=types)
    np.testing.assert_allclose(found["events_email_sent_ignored_share"], [share, 1])


def test_only_what_is_sent_can_be_ignored(seen_of):
    found = seen_of("events", ["03-01"], event_type=["visit"])
    assert not [name for name in found if "ignored" in name]


def test_values_are_summed_by_window_where_there_are_any(seen_of):
    days, values = ["03-31", "03-01", "01-01"], [1.5, 2.0, 4.0]
    found = seen_of("events", days, event_type="visit", value=values)
    assert found["value_of_events_last_30_days"].tolist() == [1.5, 0]
    assert found["value_of_events_last_90_days"].tolist() == [3.5, 0]
    assert "value_of_events_last_30_days" not in seen_of("events", days, event_type="x")
