import pandas as pd
import pytest

from regulars.data.number_frames import frame_of_numbers
from regulars.errors import DataError


def test_dressed_column_becomes_plain_and_other_texts_stay():
    frame = pd.DataFrame(
        {"price": ["1.234,50 €", None, "free", "2,00 €"], "plan": ["a", "b", "a", "b"]}
    )
    read, notices = frame_of_numbers(frame, (), "'a.csv'", "Mend it.")
    assert read.price.tolist()[::2] == ["1234.5", "free"]
    assert read.price.isna().tolist() == [False, True, False, False]
    assert read.plan.tolist() == ["a", "b", "a", "b"]
    assert notices == ["'price' was read as numbers: '1.234,50 €' is 1234.5."]


def test_column_that_is_skipped_is_left_alone():
    frame = pd.DataFrame({"price": ["1,50 €", "2,00 €"]})
    assert frame_of_numbers(frame, {"price"}, "x", "")[0].equals(frame)


def test_two_readings_are_refused_with_the_cure_of_the_caller():
    frame = pd.DataFrame({"price": ["1,234", "2,500"]})
    with pytest.raises(DataError, match=r"can be read in two ways.* Drop it\.$"):
        frame_of_numbers(frame, (), "'a.csv'", "Drop it.")
