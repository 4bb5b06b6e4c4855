from datetime import date, timedelta

import ibis
import pytest

from regulars.data.engine import connect
from regulars.data.strays import find_stray_days, stray_days_of

START = date(2023, 1, 1)


def log(*strays, first=START, n_days=600, a_day=1):
    """Return days and counts of a log with stray (day, rows) pairs."""
    days = {first + timedelta(days=i): a_day for i in range(n_days)}
    days |= dict(strays)
    return list(days), list(days.values())


@pytest.mark.parametrize(
    ("strays", "n_rows", "gaps"),
    [
        ([(date(1970, 1, 1), 1)], 1, [19358]),
        ([(date(1969, 12, 31), 1)], 1, [19359]),
        ([(date(1900, 1, 1), 30)], 30, [44925]),
        # a default date may have many rows
        ([(date(1970, 1, 1), 200)], 200, [19358]),
        ([(date(2099, 12, 31), 2)], 2, [27524]),
        ([(date(9999, 12, 31), 2)], 2, [2912939]),
        ([(date(1970, 1, 1), 1), (date(2099, 12, 31), 1)], 2, [19358, 27524]),
        # slips: 2003 for 2023, 2203 for 2023
        ([(date(2003, 5, 5), 1)], 1, [7181]),
        ([(date(2003, 5, 5), 2), (date(2013, 5, 5), 1)], 3, [3528]),
        ([(date(1970, 1, 1), 40), (date(2003, 5, 5), 1)], 41, [7181]),
        ([(date(2028, 5, 5), 6)], 6, [1352]),
        ([(date(2021, 5, 5), 1)], 1, [606]),
    ],
)
def test_stray_days_are_counted_with_their_gap(strays, n_rows, gaps):
    found = find_stray_days(*log(*strays))
    assert found.n_rows == n_rows
    assert [each.gap_days for each in found.stretches] == gaps
    assert found.share == pytest.approx(n_rows / (600 + n_rows))
    assert (found.first, found.last) == (START, START + timedelta(days=599))


@pytest.mark.parametrize(
    ("days", "counts"),
    [
        log(),
        # a gap of less than a year
        log((date(2022, 2, 1), 1)),
        # over a hundredth of the rows, on no default day
        log((date(2003, 5, 5), 20)),
        # a long log: ten years before it are not far
        log((date(1990, 5, 5), 1), first=date(1999, 1, 1), n_days=9_000),
        # 2000-01-01 in the middle of a log
        log((date(2000, 1, 1), 30), first=date(1999, 1, 1)),
        ([date(1970, 1, 1)], [5]),
        ([date(1970, 1, 1), date(2024, 1, 1)], [5, 1]),
        ([], []),
    ],
)
def test_no_stray_days(days, counts):
    assert find_stray_days(days, counts) is None


def test_few_rows_are_no_log_to_lie_far_from():
    days = [date(2003, 1, 1), *(START + timedelta(days=i) for i in range(5))]
    assert find_stray_days(days, [1] * 6) is None


def test_order_of_the_days_does_not_matter():
    days, counts = log((date(1970, 1, 1), 1))
    assert find_stray_days(days[::-1], counts[::-1]) == find_stray_days(days, counts)


def test_the_sentence_has_share_and_gap():
    found = find_stray_days(*log((date(1970, 1, 1), 1)))
    assert found.describe() == (
        "1 row is of 1970-01-01 (0.2% of all), 19,358 days before the rest of the log "
        "(2023-01-01 to 2024-08-22). This is a date that systems write where they know "
        "none."
    )


def test_the_expression_leaves_out_the_stray_rows_alone():
    found = find_stray_days(*log((date(1970, 1, 1), 1), (date(2099, 12, 31), 2)))
    rows = ["1970-01-01 10:00", "1970-01-02", "2023-01-01", "soon", "2099-12-31 23:00"]
    connection = connect()
    connection.create_table("t", ibis.memtable({"t": rows}), temp=True)
    where = found.keep_sql("try_cast(t AS TIMESTAMP)")
    kept = connection.raw_sql(f"SELECT t FROM t WHERE {where}").fetchall()
    assert [text for (text,) in kept] == ["2023-01-01", "soon"]


def test_days_of_a_column():
    days, _ = log((date(1970, 1, 1), 1))
    table = ibis.memtable({"day": [*days, None]})
    assert stray_days_of(table.day).n_rows == 1
