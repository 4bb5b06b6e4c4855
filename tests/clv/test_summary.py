"""Summaries: a log checked by hand, refunds, units, groups, and the papers' CDNOW."""

from __future__ import annotations

import datetime as dt

import ibis
import numpy as np
import pandas as pd
import pytest

from regulars.clv.beta_geo import BetaGeoModel
from regulars.clv.summary import grouped_summary, summarise
from regulars.errors import ConfigError, DataError

CUTOFF = dt.date(2024, 3, 1)


@pytest.fixture
def log():
    rows = [  # customer, day, amount, is_return
        ("ann", "2024-01-01", 10.0, False),
        ("ann", "2024-01-11", 5.0, False),
        ("ann", "2024-01-11", 7.0, False),  # the same day: one purchase
        ("ann", "2024-01-21", 8.0, False),
        ("ann", "2024-01-21", -8.0, True),  # nets to zero: still a purchase day
        ("ann", "2024-02-10", -5.0, True),  # a refund only: no purchase day
        ("bob", "2024-02-20", 3.0, False),
        ("cat", "2024-02-20", -3.0, True),  # never bought
        ("dan", "2024-03-01", 3.0, False),  # on the cutoff: not seen
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "when", "amount", "is_return"])
    return frame.assign(order_date=pd.to_datetime(frame["when"])).drop(columns="when")


def test_summarise_follows_the_rules_for_days_and_refunds(log):
    found = summarise(log, CUTOFF)
    assert found.loc["ann"].tolist() == [2.0, 20.0, 60.0, 6.0]  # (12 + 0) / 2
    assert found.loc["bob"].tolist() == [0.0, 0.0, 10.0, 0.0]
    assert found.index.tolist() == ["ann", "bob"]


A, B, C = "2024-01-01", "2024-01-11", "2024-01-21"


@pytest.mark.parametrize(
    ("lines", "expected"),  # (day, amount, is_return); frequency, recency, T, money
    [
        pytest.param([(A, 7.0), (B, -7.0)], [0, 0, 60, 0], id="refund on another day"),
        pytest.param([(A, 7.0), (A, -7.0)], [0, 0, 60, 0], id="refund on the same day"),
        pytest.param(
            [(A, 7.0), (B, 9.0), (B, -4.0)], [1, 10, 60, 5], id="beside a purchase"
        ),
        pytest.param(
            [(A, 7.0), (B, 9.0), (C, -9.0)], [1, 10, 60, 9], id="refund of a repeat"
        ),
        pytest.param(
            [(A, -3.0), (B, 7.0), (C, 8.0)], [1, 10, 50, 8], id="refund comes first"
        ),
        pytest.param([(A, -7.0), (B, -1.0)], None, id="refunds only"),
        pytest.param([(A, 7.0), (B, 0.0)], [1, 10, 60, 0], id="zero is a purchase"),
        pytest.param([(A, 7.0), (B, -0.0)], [1, 10, 60, 0], id="so is minus zero"),
        pytest.param(
            [(A, 7.0, False), (B, -7.0, False)], [0, 0, 60, 0], id="flag says no"
        ),
        pytest.param(
            [(A, 7.0, False), (B, 7.0, True)], [0, 0, 60, 0], id="flag without a minus"
        ),
        pytest.param(
            [(A, 7.0, False), (B, 9.0, False), (B, 4.0, True)],
            [1, 10, 60, 5],
            id="flag without a minus beside a purchase",
        ),
        pytest.param(
            [(A, 7.0, None), (B, -7.0, None)], [0, 0, 60, 0], id="flag is missing"
        ),
        pytest.param([(A, 7.0, 0), (B, 7.0, 1)], [0, 0, 60, 0], id="flag is 0 or 1"),
        pytest.param([(A, 7), (B, -7)], [0, 0, 60, 0], id="whole amounts"),
    ],
)
@pytest.mark.parametrize("kind", ["frame", "table", "groups"])
def test_negative_amount_is_a_return_everywhere(lines, expected, kind):
    names = ["order_date", "amount", "is_return"][: len(lines[0])]
    frame = pd.DataFrame(lines, columns=names).assign(customer_id="ann")
    frame["order_date"] = pd.to_datetime(frame["order_date"])
    if kind == "groups":
        rows = grouped_summary(frame, CUTOFF)
        assert rows.drop(columns="weight").to_numpy().tolist() == (
            [] if expected is None else [expected[:3]]
        )
        return
    found = summarise(frame if kind == "frame" else ibis.memtable(frame), CUTOFF)
    found = found if kind == "frame" else found.drop("customer_id").to_pandas()
    assert found.to_numpy().tolist() == ([] if expected is None else [expected])


def test_summarise_ends_at_the_last_day_seen_as_lifetimes_does_when_told(log):
    found = summarise(log, CUTOFF, count_last_day=False)
    assert found["T"].tolist() == [59.0, 9.0]


def test_summarise_divides_days_and_never_collapses_them(log):
    found = summarise(log, CUTOFF, time_unit_days=7)
    assert found.loc["ann", "recency"] == 20 / 7
    assert found.loc["ann", "frequency"] == 2.0


def test_summarise_does_not_depend_on_the_order_of_rows(log):
    shuffled = log.sample(frac=1.0, random_state=3)
    pd.testing.assert_frame_equal(summarise(shuffled, CUTOFF), summarise(log, CUTOFF))


def test_summarise_does_not_see_the_cutoff_or_later(log):
    early = log[log["order_date"] < "2024-03-01"]
    pd.testing.assert_frame_equal(summarise(early, CUTOFF), summarise(log, CUTOFF))


def test_summarise_of_ledger_days_equals_that_of_the_log(log):
    days = pd.DataFrame(
        {
            "customer_id": ["ann"] * 4 + ["bob", "cat", "dan"],
            "day": pd.to_datetime(
                ["2024-01-01", "2024-01-11", "2024-01-21", "2024-02-10"]
                + ["2024-02-20"] * 2
                + ["2024-03-01"]
            ),
            "is_purchase": [True, True, True, False, True, False, True],
            "spend": [10.0, 12.0, 0.0, -5.0, 3.0, -3.0, 3.0],
        }
    )
    pd.testing.assert_frame_equal(summarise(days, CUTOFF), summarise(log, CUTOFF))


def test_summarise_of_a_table_is_a_table(log):
    table = summarise(ibis.memtable(log), CUTOFF)
    local = table.order_by("customer_id").to_pandas().set_index("customer_id")
    pd.testing.assert_frame_equal(local, summarise(log, CUTOFF))


def test_summarise_of_times_counts_calendar_days():
    log = pd.DataFrame(
        {
            "customer_id": [1, 1],
            "order_time": pd.to_datetime(["2024-01-01 23:00", "2024-01-02 01:00"]),
        }
    )
    found = summarise(log, "2024-01-03")
    assert found.iloc[0].tolist() == [1.0, 1.0, 2.0]
    assert "monetary_value" not in found  # no amounts were given


def test_grouped_summary_counts_the_customers_of_each_history(cdnow_log):
    single = summarise(cdnow_log, "1997-10-01", time_unit_days=7)
    grouped = grouped_summary(cdnow_log, "1997-10-01", time_unit_days=7)
    names = ["frequency", "recency", "T"]
    expected = single.groupby(names).size().rename("weight").reset_index()
    pd.testing.assert_frame_equal(grouped, expected.astype("float64"))
    assert len(grouped) < len(single)


def test_fit_to_groups_is_that_to_customers_to_the_last_bit(cdnow_log):
    single = summarise(cdnow_log, "1997-10-01", time_unit_days=7)
    grouped = grouped_summary(cdnow_log, "1997-10-01", time_unit_days=7)
    one, other = BetaGeoModel().fit(single), BetaGeoModel().fit(grouped)
    assert one.params_ == other.params_
    assert one.log_likelihood_ == other.log_likelihood_


def test_summarise_reaches_the_papers_numbers_from_the_raw_log(cdnow_log):
    """Fader, Hardie and Lee (2005): log-likelihood -9582.429."""
    found = summarise(cdnow_log, "1997-10-01", time_unit_days=7, count_last_day=False)
    assert len(found) == 2357
    model = BetaGeoModel().fit(found)
    assert model.log_likelihood_ == pytest.approx(-9582.429, abs=5e-4)
    expected = {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}
    assert model.params_ == pytest.approx(expected, rel=5e-4)


def test_summarise_says_which_column_is_missing(log):
    with pytest.raises(DataError, match="lack the column 'order_date'"):
        summarise(log.drop(columns="order_date"), CUTOFF)
    with pytest.raises(DataError, match="Did you mean 'customerid'"):
        summarise(log.rename(columns={"customer_id": "customerid"}), CUTOFF)


def test_summarise_refuses_times_that_are_words(log):
    with pytest.raises(DataError, match="must hold dates or times"):
        summarise(log.assign(order_date="2024-01-01"), CUTOFF)


@pytest.mark.parametrize("cutoff", ["soon", "2024-01-01 12:00", None])
def test_summarise_refuses_a_cutoff_that_is_no_day(log, cutoff):
    with pytest.raises(ConfigError, match="cutoff must be"):
        summarise(log, cutoff)


@pytest.mark.parametrize("unit", [0, -1, np.inf])
def test_summarise_refuses_a_unit_that_is_no_length(log, unit):
    with pytest.raises(ConfigError, match="time_unit_days"):
        summarise(log, CUTOFF, time_unit_days=unit)


def test_summarise_refuses_what_is_no_frame():
    with pytest.raises(TypeError, match="one row a purchase"):
        summarise([("ann", "2024-01-01")], CUTOFF)
