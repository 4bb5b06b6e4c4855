import pytest
from tests.data.test_time_shapes import INDIA, LATE, LOCAL, read

from regulars.data.formats import AmbiguousTimeError
from regulars.data.zones import HOURS, unclear_zone
from regulars.errors import DataError


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


def test_zone_of_one_meaning_is_not_unclear():
    texts = [f"12:17:01 {name}" for name in HOURS]
    assert unclear_zone(texts) is None
    assert unclear_zone([*texts, "12:17:01 IST"]).startswith("'IST' (+05:30 in India")
