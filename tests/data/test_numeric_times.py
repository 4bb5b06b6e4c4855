"""Times that are numbers: seconds since 1970 and the days of spreadsheets."""

from datetime import UTC, datetime, timedelta

import pytest

from regulars.config import parse_settings
from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.init.proposal import propose

FIRST = datetime(2023, 1, 1, 8, 30, tzinfo=UTC)
SECONDS = [int((FIRST + timedelta(days=i)).timestamp()) for i in range(200)]


def write(folder, name, numbers):
    rows = [f"c{i % 20},{n},{i % 9}.50" for i, n in enumerate(numbers)]
    path = folder / "log.csv"
    path.write_text("\n".join([f"customer_id,{name},amount", *rows]) + "\n")
    return path


@pytest.mark.parametrize(
    ("name", "numbers", "sql", "note"),
    [
        ("created_at", SECONDS, "to_timestamp(created_at)", "seconds since 1970"),
        ("timestamp", SECONDS, 'to_timestamp("timestamp")', "seconds since 1970"),
        (
            "event_time",
            [n * 1000 + 250 for n in SECONDS],
            "to_timestamp(event_time / 1000)",
            "milliseconds since 1970",
        ),
        (
            "ts",
            [n * 10**6 for n in SECONDS],
            "to_timestamp(ts / 1000000)",
            "microseconds since 1970",
        ),
        ("order_ts", [f"{n}.0" for n in SECONDS], "to_timestamp(order_ts)", "seconds"),
        (
            "order_date",
            [f"{n / 86400 + 25569:.6f}" for n in SECONDS],
            "TIMESTAMP '1899-12-30' + to_seconds(round(order_date * 86400))",
            "day numbers of a spreadsheet",
        ),
    ],
)
def test_init_writes_the_expression_and_says_so(tmp_path, name, numbers, sql, note):
    text = propose([str(write(tmp_path, name, numbers))]).text
    settings = parse_settings(text)
    assert settings.source.transactions.columns["order_time"].sql == sql
    assert note in text
    intake = read_tables(settings, connect())
    assert intake.counts["transactions"].rows_kept == 200
    times = intake.tables["transactions"].order_time.to_pyarrow().to_pylist()
    read = min(times).replace(microsecond=0, tzinfo=UTC)
    assert read == FIRST


def test_numbers_of_another_name_are_no_times(tmp_path):
    path = write(tmp_path, "reference", SECONDS)
    text = path.read_text().replace("amount", "total,day", 1)
    lines = text.splitlines()
    dated = [f"{line},2023-{i % 12 + 1:02d}-05" for i, line in enumerate(lines[1:])]
    path.write_text("\n".join([lines[0], *dated]) + "\n")
    columns = parse_settings(propose([str(path)]).text).source.transactions.columns
    assert columns["order_time"] == "day"


def test_a_stray_number_leaves_the_bulk_as_it_is(tmp_path):
    text = propose([str(write(tmp_path, "created_at", [0, *SECONDS]))]).text
    settings = parse_settings(text)
    assert "1970-01-01" in text
    intake = read_tables(settings, connect())
    assert intake.counts["transactions"].facts["first_order"] == "2023-01-01"


def test_a_number_beyond_all_times_costs_its_row_alone(tmp_path):
    numbers = [10**18, *SECONDS]
    settings = parse_settings(
        propose([str(write(tmp_path, "created_at", numbers))]).text
    )
    counts = read_tables(settings, connect()).counts["transactions"]
    assert (counts.rows_kept, counts.rows_set_aside) == (200, 1)


def test_a_zone_of_several_meanings_is_said_by_init(tmp_path):
    times = [f"2023-05-{i % 28 + 1:02d} 12:00:00 CST" for i in range(60)]
    with pytest.raises(ValueError, match=r"several meanings.*CST.*offset"):
        propose([str(write(tmp_path, "created_at", times))])
