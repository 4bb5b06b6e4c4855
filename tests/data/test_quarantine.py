import pytest
from tests.data.logs import GOOD, HEADER, lines, records

from regulars.data.engine import connect
from regulars.errors import ConfigError


def test_quarantine_holds_reason_file_row_and_all_values(read, tmp_path):
    text = lines(
        "c1,2024-01-01,5,first",
        "c2,2024-01-02",
        "c3,never,5,note",
        "c1,2024-01-01,5,first",
        header=HEADER + ",remark",
    )
    intake = read(text).write_quarantine(tmp_path / "q.csv")
    rows = records(intake.quarantine_path)
    told = [(row["regulars_reason"], row["regulars_row"]) for row in rows]
    assert told == [
        ("malformed_line", "2"),
        ("order_time_unreadable", "3"),
        ("duplicate", "4"),
    ]
    assert rows[0]["regulars_line"] == "c2,2024-01-02"
    assert {row["regulars_file"] for row in rows} == {"log.csv"}
    assert (rows[1]["order_time"], rows[1]["remark"]) == ("never", "note")
    assert (rows[2]["customer_id"], rows[2]["remark"]) == ("c1", "first")


def test_quarantine_is_written_empty_when_nothing_was_set_aside(read, tmp_path):
    read(lines(*GOOD)).write_quarantine(tmp_path / "q.parquet")
    assert connect().read_parquet(tmp_path / "q.parquet").count().execute() == 0


def test_quarantine_with_an_unknown_ending_is_refused(read, tmp_path):
    with pytest.raises(ConfigError, match=r"must end in \.csv or \.parquet"):
        read(lines(*GOOD)).write_quarantine(tmp_path / "q.xlsx")
