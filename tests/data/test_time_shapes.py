from datetime import datetime

import ibis
import pytest

from regulars.data.contract import ColumnContract, TableContract
from regulars.data.engine import connect
from regulars.data.formats import AmbiguousTimeError, find_time_format
from regulars.data.parsing import read_columns
from regulars.data.time_shapes import looks_like_time, possible_formats
from regulars.errors import DataError

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
    ("text", "moment"),
    [
        ("2023-05-26 12:17:01 -0400", LATE),
        ("2023-05-26 12:17:01 -04:00", LATE),
        ("2023-05-26 12:17:01 -04", LATE),
        ("2023-05-26 12:17:01-0400", LATE),
        ("2023-05-26T12:17:01.000000-04:00", LATE),
        ("2023-05-26T12:17:01 +0530", INDIA),
        ("2023-05-26 12:17:01 +05:30", INDIA),
        ("2023-05-26T12:17:01+0530", INDIA),
        ("2023-05-26 12:17:01 UTC", LOCAL),
        ("2023-05-26 12:17:01 GMT", LOCAL),
        ("2023-05-26 12:17:01 Z", LOCAL),
        ("2023-05-26T12:17:01Z", LOCAL),
        ("2023-05-26T12:17:01z", LOCAL),
        ("2023-05-26 12:17:01 UTC-04:00", LATE),
        ("2023-05-26 12:17:01 GMT-4", LATE),
        ("2023-05-26 12:17:01 EDT", LATE),
        ("2023-05-26 11:17:01 EST", LATE),
        ("2023-05-26 09:17:01 PDT", LATE),
        ("2023-05-26 18:17:01 CEST", LATE),
        ("2023-05-26 18:17:01 Europe/Berlin", LATE),
        ("2023-05-26T18:17:01+02:00[Europe/Berlin]", LATE),
        ("2023-05-26 12:17:01 -0400 (EDT)", LATE),
        ("2023-05-26 12:17:01,000 -0400", LATE),
        ("2023/05/26 12:17:01 -0400", LATE),
        ("05/26/2023 12:17:01 -0400", LATE),
        ("26.05.2023 12:17:01 +0530", INDIA),
        ("26/05/2023 12:17:01 EDT", LATE),
        ("05/26/2023 12:17:01 PM EDT", LATE),
        ("May 26, 2023 12:17:01 PM EDT", LATE),
        ("Fri, 26 May 2023 12:17:01 -0400", LATE),
        ("Fri, 26 May 2023 16:17:01 GMT", LATE),
        ("26 May 2023 12:17:01 -0400", LATE),
        ("Fri May 26 2023 12:17:01 GMT-0400 (Eastern Daylight Time)", LATE),
        ("Fri May 26 12:17:01 2023 -0400", LATE),
        ("Fri May 26 16:17:01 UTC 2023", LATE),
        ("Fri May 26 16:17:01 +0000 2023", LATE),
        ("20230526T161701Z", LATE),
        ("20230526T121701-0400", LATE),
        ("26/May/2023:12:17:01 -0400", LATE),
    ],
)
def test_an_offset_makes_an_instant_in_any_zone(text, moment):
    assert read(text, time_zone="Asia/Tokyo")[0] == moment


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
    ("text", "zone", "day"),
    [
        ("2023-05-26 23:30:00 -0400", "UTC", "2023-05-27"),
        ("2023-05-26 23:30:00 -0400", "America/New_York", "2023-05-26"),
        ("Sat, 27 May 2023 01:30:00 +0200", "UTC", "2023-05-26"),
        ("2023-05-26 23:30:00 UTC", "Asia/Tokyo", "2023-05-27"),
    ],
)
def test_the_day_of_an_instant_is_that_of_the_zone(text, zone, day):
    assert read(text, time_zone=zone)[1] == day


@pytest.mark.parametrize(
    "text",
    [
        "2023-05-26 12:17:01 foo",
        "2023-05-26 12:17:01 Mars/North",
        "2023-05-26 12:17:01 +99:00",
        "2023-05-26 12:17:01+25:00",
        "2023-05-26 12:17:01+02:00:30",
        "2023-05-26 12:17:01 XYZ",
        "2023-05-26 12:17:01 +0200 foo",
        "2023-06-31 12:17:01 +0200",
        "31/06/2023 12:17:01 +0200",
        "20230631T121701Z",
        "26/05/2023 12:17:01 +1500",
    ],
)
def test_what_is_no_time_is_not_read(text):
    assert read(text)[0] is None


@pytest.mark.parametrize("name", ["CST", "IST", "BST"])
@pytest.mark.parametrize("day", ["2023-05-26", "05/26/2023", "26 May 2023"])
def test_a_zone_of_several_meanings_is_refused(name, day):
    with pytest.raises(DataError, match=f"several meanings.*'{name}'.*offset"):
        read(f"{day} 12:17:01 {name}", f"{day} 12:17:01 UTC")


def test_slash_dates_with_an_offset_can_still_be_ambiguous():
    with pytest.raises(AmbiguousTimeError) as caught:
        read("03/04/2024 10:00 +0200", "05/06/2024 11:00 +0200")
    assert caught.value.formats == ("%d/%m/%Y %H:%M %z", "%m/%d/%Y %H:%M %z")


def test_a_stated_format_may_name_the_zone():
    form = "%Y-%m-%d %H:%M:%S %Z"
    assert read("2023-05-26 12:17:01 EDT", time_format=form)[0] == LATE
    assert read("2023-05-26 12:17:01 BST", time_format=form)[0] is None


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
