"""Conditions that leave rows out, and count them."""

import pytest
from tests.data.logs import NAMES, figures

from regulars.errors import DataError, RegularsError

STATUS = """no,cust,day,total,status
1,a,2024-01-01,10,completed
2,a,2024-01-05,20,cancelled
3,b,2024-01-06,30,completed
4,b,2024-01-07,x,failed
5,c,2024-01-08,40,
"""


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("status IN ('completed', 'processing')", (2, 2, 40.0, {"left_out": 3})),
        ("status <> 'failed' OR status IS NULL", (3, 4, 100.0, {"left_out": 1})),
        ("no < 4 AND Status = 'completed'", (2, 2, 40.0, {"left_out": 3})),
    ],
)
def test_where_leaves_rows_out_and_counts_them(read_files, where, expected):
    intake = read_files({"o.csv": STATUS}, f'path: o.csv, {NAMES}}}, where: "{where}"')
    assert figures(intake) == expected
    assert intake.counts["transactions"].n_faults == 0


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("staus = 'completed'", "where .*no column|uses the column 'staus'.*'status'"),
        ("total", "is no condition"),
        ("sum(no) > 3", "no aggregate"),
        ("status = ", "cannot be read"),
        ("status = 'completely'", "none of its 5 rows can be used .5 with left out"),
    ],
)
def test_where_that_makes_no_sense_is_refused(read_files, where, message):
    with pytest.raises(RegularsError, match=message):
        read_files({"o.csv": STATUS}, f'path: o.csv, {NAMES}}}, where: "{where}"')


def test_faults_are_a_share_of_the_rows_that_were_meant(read_files):
    with pytest.raises(DataError, match=r"1 of 3 rows .33\.3%"):
        read_files(
            {"o.csv": STATUS}, f'path: o.csv, {NAMES}}}, where: "no IN (1, 3, 4)"'
        )
