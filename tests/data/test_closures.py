"""Stretches without purchases are found, and low seasons are not taken for them."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.data.closures import (
    Closure,
    closure_notes,
    closures_known,
    find_closures,
    shut_days,
)
from regulars.data.ledger import build_ledger

DAYS = pd.date_range("2022-01-01", periods=730)


def busy(per_day=20.0):
    rng = np.random.default_rng(0)
    counts = pd.Series(rng.poisson(per_day, len(DAYS)).astype(float), index=DAYS)
    return counts[counts > 0]


@given(st.integers(60, 600), st.integers(14, 70), st.integers(0, 5))
def test_closed_door_is_found_to_the_day(start, length, strays):
    counts = busy()
    shut = DAYS[start : start + length]
    kept = counts[~counts.index.isin(shut)]
    if strays:
        kept.loc[shut[length // 2]] = strays
        kept = kept.sort_index()
    [found] = find_closures(kept)
    assert abs((pd.Timestamp(found.start) - shut[0]).days) <= 1
    assert abs((pd.Timestamp(found.end) - shut[-1]).days - 1) <= 1
    assert found.n_purchases >= strays
    assert found.n_usual == pytest.approx(20 * length, rel=0.15)


def test_end_of_a_log_is_silent_when_one_stray_record_stands_there():
    counts = busy()
    kept = pd.concat([counts[counts.index < DAYS[700]], pd.Series(1.0, DAYS[-1:])])
    [found] = find_closures(kept)
    assert found.start == DAYS[700].date()
    assert found.end == DAYS[-1].date() + timedelta(days=1)
    [note] = closure_notes([found], found.end)
    assert "and ends there" in note
    assert note.endswith(f"pass a cutoff of {found.start}.")


@pytest.mark.parametrize(
    "counts",
    [
        busy(),
        busy()[busy().index.day_of_week < 5],
        busy()[~busy().index.isin(DAYS[200:207])],
        busy(0.5),
        busy() * np.exp(1.3 * np.cos(2 * np.pi * np.arange(730) / 365)),
        busy() * np.linspace(0.05, 2, 730),
        pd.Series([3.0], index=DAYS[:1]),
        pd.Series(dtype=float, index=DAYS[:0]),
    ],
    ids=[
        "every day",
        "working days",
        "a week of holidays",
        "a small shop",
        "a strong season",
        "growth",
        "one day",
        "no day",
    ],
)
def test_usual_rhythm_is_not_silence(counts):
    assert find_closures(counts) == []


def test_low_season_is_not_silence_when_it_comes_every_year():
    winters = busy()[busy().index.month.isin([11, 12, 1, 2, 3])]
    assert find_closures(winters) == []


@given(st.integers(100, 600), st.integers(0, 700))
def test_later_days_change_nothing_of_what_was_known(start, day):
    counts = busy()
    counts = counts[~counts.index.isin(DAYS[start : start + 40])]
    when = DAYS[day].date()
    past = counts[counts.index < DAYS[day]]
    assert closures_known(counts)(when) == closures_known(past)(when)


def test_notes_are_about_days_before_the_cutoff():
    counts = busy()
    counts = counts[~counts.index.isin(DAYS[300:350])]
    found = find_closures(counts)
    assert closure_notes(found, date(2022, 3, 1)) == []
    [note] = closure_notes(found, date(2024, 1, 1))
    assert note.startswith("The log holds 0 purchases from 2022-10-28 to 2022-12-16")


def test_stretch_that_comes_every_year_comes_again():
    summer = Closure(date(2023, 6, 1), date(2023, 9, 1), 0, 99)
    following = Closure(date(2024, 6, 1), date(2024, 9, 1), 0, 99)
    assert summer.n_days == 92
    assert summer.comes_again(following)
    assert not summer.comes_again(summer)


def test_one_purchase_is_said_in_the_singular():
    march = Closure(date(2024, 3, 1), date(2024, 4, 1), 1, 900)
    [note] = closure_notes([march], date(2024, 9, 1))
    assert note.startswith("The log holds 1 purchase from 2024-03-01 to 2024-03-31,")


def test_shut_days_of_a_ledger_are_those_known_on_a_day():
    days = [day for day in DAYS[:400] if not DAYS[200] <= day < DAYS[230]]
    log = pd.DataFrame({"order_time": np.repeat(days, 20)})
    log["customer_id"] = np.arange(len(log)) % 20
    log = log.assign(order_date=log["order_time"].dt.date, amount=1.0, is_return=False)
    shut = shut_days(build_ledger(ibis.memtable(log)))
    assert shut(DAYS[200].date()) == []
    assert shut(DAYS[300].date()) == [(DAYS[200].date(), DAYS[230].date())]
