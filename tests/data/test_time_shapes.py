from datetime import datetime

import ibis
import pytest

from regulars.data.contract import ColumnContract, TableContract
from regulars.data.engine import connect
from regulars.data.formats import find_time_format
from regulars.data.parsing import read_columns
from regulars.data.time_shapes import looks_like_time, possible_formats

LOCAL = datetime(2023, 5, 26, 12, 17, 1)
LATE = datetime(2023, 5, 26, 16, 17, 1)  # 12:17:01 -0400, in UTC
INDIA = datetime(2023, 5, 26, 6, 47, 1)  # 12:17:01 +0530, in UTC


def read(*texts, time_zone="UTC", time_format=None):
    """Find the format of texts and return the first one's time and day."""
    connection = connect()
    schema = {"i": "int64", "x": "string"}
    rows = {"i": list(range(len(texts))), "x": list(texts)}
    connection.create_table("t", ibis.memtable(rows, schema=schema), temp=True)
    table = connection.table("t")
    form = time_format or find_time_format(table.x, "'x'", "time_format").format
    when = TableContract("t", "a row", (ColumnContract("v", "time", "when", "", True),))
    reading = read_columns(
        table, {"v": "x"}, when, time_zone=time_zone, formats={"v": form}
    )
    columns = {k: v.cast("string") for k, v in reading.columns.items()}
    row = reading.table.order_by("i").select(**columns).to_pyarrow().to_pylist()[0]
    connection.disconnect()
    return row["v"] and datetime.fromisoformat(row["v"]), row["v_date"], form


@pytest.mark.parametrize(
    "text",
    [
        "2023-05-26 12.17.01",
        "2023-05-26 12:17:01,000",
        "2023-05-26T12:17:01.000",
        "2023-05-26 12:17:01 PM",
        "20230526T121701",
        "20230526 121701",
        "20230526121701",
        "26-May-2023 12:17:01",
        "26-MAY-23 12:17:01",
        "26May2023 12:17:01",
        "26. May 2023 12:17:01",
        "26 May 2023, 12:17:01",
        "Friday, May 26, 2023 12:17:01 PM",
        "Fri May 26 12:17:01 2023",
        "May 26, 2023, 12:17:01 PM",
        "May 26, 2023 at 12:17:01 PM",
        "5/26/2023, 12:17:01 PM",
        "26/05/2023, 12:17:01",
        "26.05.2023 12.17.01",
        "26/05/2023 12:17:01,123",
        "12:17:01 26/05/2023",
        "2023-May-26 12:17:01",
        "2023.05.26 12:17:01",
        "26-05-23 12:17:01",
        "2023-05-26 12:17:01.123456789",
        "26/05/2023 12:17:01.123456789",
    ],
)
def test_without_an_offset_the_clock_is_that_of_the_zone(text):
    moment, day, _ = read(text, time_zone="America/New_York")
    assert moment.replace(microsecond=0) == LATE
    assert day == "2023-05-26"


@pytest.mark.parametrize(
    "text",
    [
        *("12.34", "1234", "0.5", "-3.25", "1,234.50", "12:34", "A-12-34", "1.234,50"),
        *("9999999999999999999999", "1e400", "inf", "10.0.0.12", "blue", "", "12-34"),
    ],
)
def test_numbers_and_words_have_no_format(text):
    assert possible_formats([text]) == ()
    assert not looks_like_time(text)


def test_a_shape_leaves_few_formats():
    assert possible_formats(["03/04/2024"]) == ("%d/%m/%Y", "%m/%d/%Y")
    assert possible_formats(["5 May 2024"]) == ("%d %b %Y", "%d %B %Y")
