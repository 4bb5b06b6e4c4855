import ibis
import pytest

from regulars.data.formats import AmbiguousTimeError, find_time_format
from regulars.errors import DataError


def found(*texts):
    column = ibis.memtable({"t": list(texts)}, schema={"t": "string"}).t
    return find_time_format(column, "'t'", "time_format").format


def test_standard_forms_need_no_format():
    assert found("2024-01-31", "20240201", "2024/02/02 10:00", None, "n/a") is None


def test_one_value_settles_the_order_of_day_and_month():
    assert found("03/04/2024", "04/13/2024", "05/06/2024") == "%m/%d/%Y"


def test_names_of_months_are_read():
    assert found("May 5, 2024", "Jun 6, 2024") == "%b %d, %Y"


def test_values_that_are_no_times_do_not_disturb():
    assert found("31.12.2024", "unknown", "01.01.2024") == "%d.%m.%Y"


def test_same_day_and_month_are_not_ambiguous():
    assert found("05/05/2024", "06/06/2024") == "%d/%m/%Y"


def test_no_time_at_all_is_left_to_the_checks():
    assert found("blue", "green") is None


def test_two_readings_are_refused_with_both_formats():
    with pytest.raises(AmbiguousTimeError, match="Set time_format") as caught:
        found("03/04/2024 10:00", "05/06/2024 11:00")
    assert caught.value.formats == ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M")


def test_mixture_is_refused_with_counts():
    with pytest.raises(DataError, match=r"of 2 different values '%d/%m/%Y' reads 1"):
        found("31/12/2024", "12/31/2024")
