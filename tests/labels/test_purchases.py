from __future__ import annotations

from datetime import date, datetime, time, timedelta

import ibis
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.config import TimeSettings
from regulars.data.ledger import build_ledger
from regulars.errors import LeakageError
from regulars.labels.purchases import build_labels
from regulars.timeline import Timeline

CUTOFF = date(2024, 2, 1)


def _ledger(rows):
    """(customer, day, amount[, is_return]) as a ledger."""
    whole = [(*row, row[2] < 0) if len(row) == 3 else row for row in rows]
    frame = pd.DataFrame(
        {
            "customer_id": [row[0] for row in whole],
            "order_time": [datetime.combine(row[1], time(9)) for row in whole],
            "order_date": [row[1] for row in whole],
            "amount": [float(row[2]) for row in whole],
            "is_return": [bool(row[3]) for row in whole],
        }
    )
    frame["order_time"] = frame["order_time"].astype("datetime64[us]")
    return build_ledger(ibis.memtable(frame))


def _line(horizon=28, gap=0):
    return Timeline(
        cutoff=CUTOFF + timedelta(days=400),
        horizon_days=horizon,
        gap_days=gap,
        label_horizon_days=horizon,
        test_cutoff=None,
        folds=(),
        training_cutoffs=(),
    )


def _labels(rows, *, horizon=28, gap=0, customers=("a",), known_at=None):
    keys = pd.DataFrame({"customer_id": customers, "cutoff": [CUTOFF] * len(customers)})
    line = _line(horizon, gap)
    return build_labels(_ledger(rows), line, keys, known_at=known_at or line.cutoff)


BEFORE = ("a", date(2024, 1, 5), 10)


@pytest.mark.parametrize(
    ("day", "churned"),
    [
        (date(2024, 1, 31), 1),
        (date(2024, 2, 1), 0),
        (date(2024, 2, 28), 0),
        (date(2024, 2, 29), 1),
    ],
)
def test_window_is_half_open_without_gap(day, churned):
    assert _labels([BEFORE, ("a", day, 5)])["churned"].tolist() == [churned]


@pytest.mark.parametrize(
    ("day", "churned"),
    [
        (date(2024, 2, 7), 1),
        (date(2024, 2, 8), 0),
        (date(2024, 3, 6), 0),
        (date(2024, 3, 7), 1),
    ],
)
def test_window_begins_after_the_gap(day, churned):
    labels = _labels([BEFORE, ("a", day, 5)], gap=7)
    assert labels["churned"].tolist() == [churned]


def test_refund_alone_is_no_purchase_and_lowers_the_spend():
    labels = _labels([BEFORE, ("a", date(2024, 2, 3), -4)])
    assert labels.loc[0, ["churned", "n_purchases", "spend"]].tolist() == [1, 0, -4.0]


def test_order_of_amount_zero_is_a_purchase():
    labels = _labels([BEFORE, ("a", date(2024, 2, 3), 0)])
    assert labels.loc[0, ["churned", "n_purchases", "spend"]].tolist() == [0, 1, 0.0]


def test_orders_of_one_day_are_one_purchase_and_spend_is_net():
    day = date(2024, 2, 3)
    labels = _labels(
        [
            BEFORE,
            ("a", day, 4),
            ("a", day, 6),
            ("a", date(2024, 2, 9), 8),
            ("a", date(2024, 2, 10), -3),
        ]
    )
    assert labels.loc[0, ["n_purchases", "spend"]].tolist() == [2, 15.0]


def test_customer_without_anything_in_the_window_has_churned():
    labels = _labels([BEFORE], customers=("a", "unheard of"))
    assert labels["churned"].tolist() == [1, 1]
    assert labels["spend"].tolist() == [0.0, 0.0]


def test_outcomes_follow_the_order_and_the_index_of_the_keys():
    rows = [("a", CUTOFF, 3), ("b", date(2024, 3, 1), 4)]
    keys = pd.DataFrame(
        {
            "customer_id": ["b", "a", "b"],
            "cutoff": pd.to_datetime(["2024-03-01", "2024-02-01", "2024-02-01"]),
            "other": 1,
        },
        index=[7, 3, 9],
    )
    line = _line()
    labels = build_labels(_ledger(rows), line, keys, known_at=line.cutoff)
    assert labels.index.tolist() == [7, 3, 9]
    assert labels["n_purchases"].tolist() == [1, 1, 0]
    assert labels["spend"].tolist() == [4.0, 3.0, 0.0]


def test_labels_are_refused_when_the_window_is_not_over():
    with pytest.raises(
        LeakageError,
        match=r"1 of 1 cutoffs \(latest 2024-02-01\).*"
        "not known on 2024-02-28.*ends on 2024-02-29",
    ):
        _labels([BEFORE], known_at=date(2024, 2, 28))


def test_labels_are_given_on_the_day_after_the_window():
    assert _labels([BEFORE], known_at=date(2024, 2, 29))["churned"].tolist() == [1]


_LINE = st.tuples(st.sampled_from("abc"), st.integers(-40, 80), st.integers(-20, 20))


@settings(max_examples=25)
@given(
    st.lists(_LINE, min_size=1, max_size=15),
    st.lists(_LINE, max_size=6),
    st.integers(0, 10),
)
def test_outcome_equals_the_slow_count_and_sees_only_its_window(log, outside, gap):
    window = range(gap, gap + 28)
    rows = [(who, CUTOFF + timedelta(days=day), amount) for who, day, amount in log]
    beyond = [
        (who, CUTOFF + timedelta(days=day), amount)
        for who, day, amount in outside
        if day not in window
    ]
    found = _labels(rows, gap=gap, customers=tuple("abc"))
    for label in found.itertuples():
        inside = [
            row for row in log if row[0] == label.customer_id and row[1] in window
        ]
        bought = {row[1] for row in inside if row[2] >= 0}
        assert label.n_purchases == len(bought)
        assert label.churned == (not bought)
        assert label.spend == sum(row[2] for row in inside)
    changed = _labels(rows + beyond, gap=gap, customers=tuple("abc"))
    pd.testing.assert_frame_equal(found, changed)


def test_timeline_settings_and_labels_agree_about_the_window():
    line = _line(TimeSettings().horizon_days, TimeSettings().gap_days)
    assert line.label_window(CUTOFF) == (CUTOFF, CUTOFF + timedelta(days=90))
