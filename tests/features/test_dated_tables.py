"""What holds for every table beside the purchases: names, meanings, words, no leak."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.features.dated_tables import (
    DATED_GROUPS,
    columns_of,
    columns_of_words,
    describe_dated,
    notes_on,
    sorted_rows,
    words_before,
    words_in,
)

CUTOFF = date(2024, 4, 1)
DAY = pd.Timestamp(CUTOFF)
IDS = [f"c{n}" for n in range(12)]
CUSTOMERS = pd.Index(IDS, name="customer_id")
N = 150
TYPES = ["visit", "email_sent", "email_open", "email_click", "app", "call", "chat"]


def table(name, seed=0):
    """Rows of all columns, over two hundred days around the cutoff."""
    rng = np.random.default_rng(seed)
    day = DAY + pd.to_timedelta(rng.integers(-150, 50, N), unit="D")
    who = rng.choice(IDS[:-1], N)

    def later(most, known=0.8):
        when = pd.Series(day + pd.to_timedelta(rng.integers(0, most, N), unit="D"))
        return when.where(rng.random(N) < known)

    def of(*words):
        return rng.choice(np.array(words, object), N)

    columns = {
        "events": {"event_type": of(*TYPES), "value": rng.random(N)},
        "tickets": {
            "first_response_date": later(20),
            "resolved_date": later(60),
            "due_date": later(60),
            "priority": of("low", "normal", "high", "urgent"),
            "department": of("shop", "web", "phone", "post"),
            "tags": of("late broken", "late,rude", "new|x", None),
            "reopened": rng.random(N) < 0.3,
            "csat": rng.choice([1, 2, 3, 4, 5, np.nan], N),
        },
        "surveys": {"score": rng.integers(0, 11, N)},
        "loyalty": {
            "kind": of("earn", "redeem", "expire", "adjust", "tier", "badge"),
            "points": rng.integers(-50, 100, N),
            "tier": of("gold", "silver", None),
            "badge": of("fan", None),
        },
        "referrals": {"referred_id": rng.choice(IDS, N)},
        "contacts": {
            "is_control": rng.random(N) < 0.3,
            "offer_id": of("o", None),
            "cost_amount": rng.random(N),
            "redeemed_date": later(40),
        },
        "subscriptions": {
            "ended_date": later(90),
            "plan": of("s", "m", None),
            "monthly_amount": rng.choice([9, 19, np.nan], N),
        },
        "customers": {
            "city": of("Rome", "Oslo", None),
            "seats": rng.integers(0, 9, N),
            "renewal": later(90),
        },
    }[name]
    return pd.DataFrame({"customer_id": who, "day": day, **columns})


def features(name, frame, words=None):
    first = pd.Series(DAY - pd.Timedelta(days=9), IDS)
    first.iloc[::3] = DAY + pd.Timedelta(days=3)
    rows = sorted_rows(name, frame, first)
    if words is None:
        words = words_before({name: rows}, CUTOFF)
    return columns_of(name, rows, CUTOFF, CUSTOMERS, words)


def corrupted(frame, seed):
    """Change what nobody knew at the cutoff, and the order of the rows."""
    rng = np.random.default_rng(seed)
    frame = frame.copy()

    def moved(days):
        """Days on which something happens, or None, at or after the cutoff."""
        ahead = DAY + pd.to_timedelta(rng.integers(0, 90, len(days)), unit="D")
        return pd.Series(ahead, days.index).where(rng.random(len(days)) < 0.6)

    if "resolved_date" in frame:
        pending = ~(frame["resolved_date"] < DAY)
        n = pending.sum()
        frame.loc[pending, "csat"] = rng.choice([1.0, 5.0], n)
        frame.loc[pending, "reopened"] = rng.random(n) < 0.5
    dates = ("first_response_date", "resolved_date", "ended_date", "redeemed_date")
    for name in dates:
        if name in frame:
            unknown = ~(frame[name] < DAY)
            frame.loc[unknown, name] = moved(frame.loc[unknown, name])
    ahead = frame["day"] >= DAY
    late = frame[ahead]
    for name in late.columns.difference(["customer_id", "day"]):
        shuffled = rng.permutation(len(late))
        frame.loc[ahead, name] = late[name].to_numpy()[shuffled]
    frame.loc[ahead, "day"] = DAY + pd.Timedelta(days=int(rng.integers(0, 9)))
    dropped = frame[ahead].sample(frac=0.3, random_state=seed).index
    return frame.drop(index=dropped).sample(frac=1, random_state=seed)


@pytest.mark.parametrize("name", DATED_GROUPS)
@given(seed=st.integers(0, 10_000))
def test_nothing_from_the_cutoff_on_changes_a_feature(name, seed):
    frame = table(name)
    later = corrupted(frame, seed)
    pd.testing.assert_frame_equal(
        features(name, later), features(name, frame), check_exact=True
    )


@pytest.mark.parametrize("name", DATED_GROUPS)
def test_the_past_does_change_features(name):
    found, other = features(name, table(name, 0)), features(name, table(name, 1))
    assert not found.equals(other)


@pytest.mark.parametrize("name", DATED_GROUPS)
def test_arrow_and_pandas_give_the_same(name):
    frame = table(name)
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    pd.testing.assert_frame_equal(features(name, arrow), features(name, frame))


@pytest.mark.parametrize("name", DATED_GROUPS)
def test_every_feature_has_a_meaning_and_every_meaning_a_feature(name):
    found = [*features(name, table(name))]
    if name == "customers":  # any attribute
        return
    meanings = describe_dated().query("group == @name")["feature"]
    patterns = [re.sub(r"\\{\w+\\}", ".+", re.escape(each)) for each in meanings]
    for feature in found:
        assert any(re.fullmatch(each, feature) for each in patterns), feature
    for each in patterns:
        assert any(re.fullmatch(each, feature) for feature in found), each


@pytest.mark.parametrize("name", DATED_GROUPS)
def test_a_group_has_under_forty_features(name):
    found = features(name, table(name))
    assert len(found.columns) < 40
    assert found.columns.is_unique
    assert found.index.equals(CUSTOMERS)
    assert {str(kind) for kind in found.dtypes} <= {"float64", "object"}


@pytest.mark.parametrize("name", DATED_GROUPS)
def test_a_table_without_a_row_before_the_cutoff_has_features(name):
    frame = table(name)
    late = frame[frame["day"] >= DAY]
    words = words_before({name: frame}, CUTOFF)
    found = features(name, late, words)
    assert [*found] == [*features(name, frame)]
    if name != "customers":
        numbers = found.select_dtypes("number")
        assert (numbers.isna() | (numbers == 0) | (numbers == 1)).all(axis=None)


def events(*types, day="2024-03-01"):
    days = pd.to_datetime([day] * len(types))
    return pd.DataFrame({"customer_id": "a", "day": days, "event_type": types})


def test_words_are_the_commonest_known_by_the_day():
    early = events(*(f"w{n}" for n in range(9)), "w7")
    late = events("late", "late", "late", day="2024-04-01")
    known = words_before({"events": pd.concat([early, late])}, CUTOFF)["events"]
    assert known == ("w7", "w0", "w1", "w2", "w3", "w4")


def test_words_of_other_columns_and_tables_are_apart():
    known = words_before({n: table(n) for n in ("tickets", "loyalty")}, CUTOFF)
    assert set(known) == {"tickets", "tickets_department", "tickets_tag", "loyalty"}
    assert "late" in known["tickets_tag"]


@pytest.mark.parametrize("name", ["events", "tickets", "loyalty"])
def test_words_are_read_back_from_the_columns(name):
    known = words_before({name: table(name)}, CUTOFF)
    found = words_in(features(name, table(name)))
    assert {stem: words for stem, words in found.items() if words} == known


def test_columns_of_words_are_those_that_a_word_brings():
    known = words_before({"events": table("events")}, CUTOFF)
    without = features("events", table("events"), {})
    brought = {*features("events", table("events"))} - {*without}
    assert brought == columns_of_words(known)


def test_users_are_told_what_is_not_used():
    assert notes_on("surveys", ["score", "comment"]) == ["Not used: surveys.comment."]
    assert notes_on("surveys", ["score"]) == []
    assert "tickets.csat" in notes_on("tickets", ["csat"])[0]
