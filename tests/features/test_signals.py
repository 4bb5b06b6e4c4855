"""What is known beside purchases: columns of numbers, as of a day."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from regulars.features.signals import (
    OTHER,
    Signals,
    Vocabulary,
    as_attributes,
    digest_of,
    owner_of,
)

DAY = date(2024, 3, 1)
WHO = pd.Index(["a", "b", "c"], name="customer_id")


def rows(**columns):
    frame = pd.DataFrame(columns)
    return frame.assign(day=pd.to_datetime(frame["day"]))


@pytest.fixture
def tables():
    """Visits of a and b, and where eight customers live."""
    names = [*"abcdefgh"]
    return {
        "events": rows(
            customer_id=["a", "a", "b", "a"],
            event_type=["visit", "visit", "open", "later"],
            day=["2024-02-01", "2024-02-29", "2024-01-01", "2024-03-01"],
        ),
        "customers": rows(
            customer_id=names,
            region=["north"] * 5 + ["south", None, "west"],
            age=[20.0, np.nan, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0],
            day=["2024-01-01"] * 8,
        ),
    }


def columns(tables, day=DAY, **more):
    signals = Signals(tables)
    words = signals.vocabulary(day, pd.Index([*"abcdefgh"]))
    return signals.columns(day, WHO, words, **more)


def test_categories_become_a_column_a_word(tables):
    found = columns(tables)
    assert found["region = north"].tolist() == [1.0, 1.0, 1.0]
    # rare ones have no column
    assert "region = south" not in found
    assert found["age"].tolist()[::2] == [20.0, 40.0]
    assert (found.dtypes == np.float64).all()


def test_missing_category_is_missing_and_a_rare_one_is_none_of_the_known(tables):
    signals = Signals(tables)
    words = signals.vocabulary(DAY, pd.Index([*"abcdefgh"]))
    found = signals.columns(DAY, pd.Index(["f", "g", "nobody"]), words)
    assert found["region = north"].iloc[0] == 0.0
    assert found["region = north"].iloc[1:].isna().all()


def test_rows_of_the_day_and_later_change_nothing(tables):
    before = {
        name: table[table["day"] < pd.Timestamp(DAY)] for name, table in tables.items()
    }
    pd.testing.assert_frame_equal(columns(tables), columns(before))
    assert not any("later" in name for name in columns(tables))


def test_later_attributes_are_not_known_yet(tables):
    moved = tables["customers"].assign(region="south", day=pd.Timestamp("2024-03-01"))
    both = tables | {"customers": pd.concat([tables["customers"], moved])}
    pd.testing.assert_frame_equal(columns(both), columns(tables))


def test_before_a_table_begins_nothing_of_it_is_known(tables):
    signals = Signals(tables)
    words = Vocabulary({"events": ("visit",)}, {"region": ("north",)})
    found = signals.columns(date(2024, 1, 1), WHO, words)
    assert found.isna().all().all()
    # c never came, which is a fact once there are visits
    assert signals.columns(DAY, WHO, words).loc["c", "events_ever"] == 0.0


def test_rows_of_a_request_are_a_part_of_a_table_that_began_before(tables):
    nobody = tables["events"].iloc[:0]
    signals = Signals({"events": nobody}, {"events": pd.Timestamp("2024-01-01")})
    found = signals.columns(DAY, WHO, Vocabulary({"events": ("visit",)}))
    assert found["events_visit_ever"].tolist() == [0.0, 0.0, 0.0]


def test_attribute_keeps_apart_from_a_feature_of_its_name(tables):
    found = columns(tables, taken=["age"])
    assert "age (customers)" in found
    assert "age" not in found


def test_words_can_be_read_from_the_names_of_columns(tables):
    signals = Signals(tables)
    words = signals.vocabulary(DAY, pd.Index([*"abcdefgh"]))
    again = Vocabulary.in_names(signals.columns(DAY, WHO, words))
    pd.testing.assert_frame_equal(
        signals.columns(DAY, WHO, words), signals.columns(DAY, WHO, again)
    )


def test_names_of_each_table_are_those_of_its_columns(tables):
    signals = Signals(tables)
    words = signals.vocabulary(DAY, pd.Index([*"abcdefgh"]))
    by_table = signals.names(words)
    assert by_table["customers"] == ["region = north", "age"]
    whole = [name for names in by_table.values() for name in names]
    assert whole == [*signals.columns(DAY, WHO, words)]


@pytest.mark.parametrize(("sent", "known"), [(3, 1.0), (3.0, 1.0), ("3", 1.0), (4, 0)])
def test_category_sent_as_a_number_is_the_one_of_the_text(sent, known):
    table = rows(customer_id=["a"], size=[sent], day=["2024-01-01"])
    words = Vocabulary({}, {"size": ("3",)})
    found = Signals({"customers": table}).columns(DAY, WHO[:1], words)
    assert found["size = 3"].tolist() == [known]


def test_number_sent_as_a_text_is_read():
    table = rows(customer_id=["a"], age=["41"], day=["2024-01-01"])
    found = Signals({"customers": table}).columns(DAY, WHO[:1], Vocabulary())
    assert found["age"].tolist() == [41.0]


def test_categories_are_put_together_again():
    encoded = pd.DataFrame(
        {
            "region = north": [1.0, 0.0, 0.0, np.nan],
            "region = south": [0.0, 1.0, 0.0, np.nan],
            "age": [1.0, 2.0, 3.0, 4.0],
        }
    )
    found = as_attributes(encoded, encoded.columns)
    assert found["region"].tolist() == ["north", "south", OTHER, None]
    assert found["age"].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert [owner_of(name) for name in encoded] == ["region", "region", "age"]


def test_tables_without_a_row_are_left_out(tables):
    signals = Signals({"events": tables["events"].iloc[:0]})
    assert not signals
    assert signals.columns(DAY, WHO, Vocabulary()).empty


def test_digest_does_not_see_the_order_of_rows_and_columns(tables):
    turned = {name: table.iloc[::-1, ::-1] for name, table in tables.items()}
    assert digest_of(turned) == digest_of(tables)
    changed = tables | {"events": tables["events"].assign(event_type="visit")}
    assert digest_of(changed) != digest_of(tables)


def test_category_that_later_looks_like_a_number_keeps_its_texts():
    table = rows(customer_id=[*"abc"], code=[1.0, 2.0, np.nan], day=["2024-01-01"] * 3)
    written = pd.DataFrame({"code": ["01", "02", "x7"]})
    words = Vocabulary({}, {"code": ("01", "x7")})
    signals = Signals({"customers": table}, written=written).read_by(words)
    found = signals.columns(DAY, WHO, words)
    assert found["code = 01"].tolist() == [1.0, 0.0, 0.0]
    assert found["code = x7"].tolist() == [0.0, 0.0, 1.0]


def test_signals_that_are_read_already_are_the_same(tables):
    signals = Signals(tables)
    words = signals.vocabulary(DAY, pd.Index([*"abcdefgh"]))
    assert signals.read_by(words) is signals


def test_word_of_an_event_is_no_category():
    names = ["events_a = b_ever", "days_since_events_a = b", "loyalty_level = gold"]
    found = as_attributes(pd.DataFrame([[1.0] * 3], columns=names), names)
    assert [*found] == [*map(owner_of, names)] == [*names[:2], "loyalty_level"]
    words = Vocabulary.in_names(names)
    assert words.words["events"] == ("a = b",)
    assert words.levels == {"loyalty_level": ("gold",)}
