from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.features.sorted_rows import (
    Seen,
    SortedRows,
    day_number,
    in_micros,
    ratio,
    running_total,
)

CUTOFF = date(2024, 2, 1)


@st.composite
def logs(draw):
    """Customers, days around the cutoff and an amount, unsorted."""
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, 4), st.integers(-900, 60), st.integers(-500, 500)),
            max_size=40,
        )
    )
    return sorted((who, day_number(CUTOFF) + day, n) for who, day, n in rows)


def rows_of(log):
    columns = np.array(log, np.int64).reshape(-1, 3).T
    return SortedRows(
        columns[0],
        columns[1],
        5,
        {"n": columns[2], "spend": columns[2] / 100},
    )


@given(log=logs(), last_days=st.sampled_from([None, 1, 7, 365]))
def test_sums_and_counts_are_those_of_a_loop(log, last_days):
    seen = Seen(rows_of(log), CUTOFF)
    for who in range(5):
        ages = [(day_number(CUTOFF) - day, n) for c, day, n in log if c == who]
        inside = [n for age, n in ages if 1 <= age <= (last_days or 10_000)]
        assert seen.count(last_days)[who] == len(inside)
        assert seen.total("n", last_days)[who] == sum(inside)
        assert seen.total("spend", last_days)[who] == pytest.approx(sum(inside) / 100)
        doubled = seen.total(running_total(2 * seen.rows["n"]), last_days)
        assert doubled[who] == 2 * sum(inside)


@given(log=logs())
def test_last_and_largest_are_those_of_a_loop(log):
    rows = rows_of(log)
    seen = Seen(rows, CUTOFF)
    last, largest = seen.last(rows["n"]), seen.largest(rows["n"])
    since = seen.day - seen.last(rows.day)
    for who in range(5):
        own = [(day, n) for c, day, n in log if c == who and day < day_number(CUTOFF)]
        if own:
            assert last[who] == own[-1][1]
            assert largest[who] == max(n for _, n in own)
            assert since[who] == day_number(CUTOFF) - own[-1][0]
        else:
            assert np.isnan(last[who])
            assert np.isnan(since[who])
            assert largest[who] == 0


def test_a_measure_is_worked_out_once():
    calls = []

    def measure(rows):
        calls.append(1)
        return rows["n"]

    seen = Seen(rows_of([(0, 0, 3), (0, 1, 4)]), CUTOFF)
    assert seen.total(measure)[0] == seen.total(measure, 365_000)[0] == 7
    assert len(calls) == 1


def test_columns_come_in_their_own_unit():
    rows = rows_of([(0, 0, 3)])
    assert rows["spend"].tolist() == [0.03]
    assert "spend" in rows
    assert "price" not in rows
    with pytest.raises(KeyError, match="price"):
        rows["price"]


def test_millionths_are_rounded_away_from_zero_and_nothing_is_zero():
    values = np.array([2.5e-6, -2.5e-6, np.nan, 0.1 + 0.2])
    assert in_micros(values).tolist() == [3, -3, 0, 300_000]


def test_ratio_is_missing_where_the_denominator_is_zero():
    np.testing.assert_array_equal(
        ratio(np.array([1, 0]), np.array([2, 0])), np.array([0.5, np.nan])
    )
