import pytest
from tests.data.logs import GOOD, HEADER, TODAY, lines, records

from regulars.config import parse_settings
from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.errors import DataError


def test_anonymous_rows_stop_the_run_when_they_are_an_error(read):
    with pytest.raises(DataError, match=r"1 of 3 rows have no customer_id \(row 3\)"):
        read(lines(*GOOD, ",2024-01-03,5"), extra="    anonymous: error")


def test_too_many_faults_stop_the_run_and_still_write_the_quarantine(read, tmp_path):
    text = lines(*GOOD, "c8,never,5", "c9,2024-01-03,x")
    quarantine = tmp_path / "out" / "bad.csv"
    with pytest.raises(DataError, match=r"2 of 4 rows \(50\.0%\) are faulty.*c8"):
        read(text, extra="    max_bad_share: 0.4", quarantine=quarantine)
    assert len(records(quarantine)) == 2


def test_anonymous_rows_do_not_count_as_faults(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text(lines(*GOOD, *[",2024-01-03,5"] * 10))
    text = f"name: t\nsource: {{transactions: {{path: '{file}', max_bad_share: 0.0}}}}"
    intake = read_tables(parse_settings(text), connect(), today=TODAY)
    assert intake.counts["transactions"].n_faults == 0


def test_no_usable_row_is_refused(read):
    with pytest.raises(DataError, match=r"none of its 1 rows can be used"):
        read(lines(",2024-01-01,5"))


def test_header_only_is_refused(read):
    with pytest.raises(DataError, match="holds no rows"):
        read(HEADER + "\n")
