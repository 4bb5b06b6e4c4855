from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from regulars.errors import DataError
from regulars.models.tabular.encoding import MAX_LEVELS, TabularEncoder


@pytest.fixture
def rows():
    plans = pd.Series(["a"] * 9 + ["b"] * 5 + ["rare"], dtype=object)
    return pd.DataFrame({"n": np.arange(15.0), "plan": plans})


def test_rare_and_unknown_categories_are_in_no_column(rows):
    encoder = TabularEncoder().fit(rows)
    new = pd.DataFrame({"n": [1.0, 2.0], "plan": ["rare", "never seen"]})
    assert encoder.transform(new)[["plan = a", "plan = b"]].to_numpy().sum() == 0


def test_missing_category_stays_missing(rows):
    new = pd.DataFrame({"n": [None], "plan": [None]})
    assert TabularEncoder().fit(rows).transform(new).isna().all(axis=None)


def test_columns_are_bounded_when_there_are_many_categories():
    levels = pd.Series([f"v{n % 60:02}" for n in range(600)], dtype=object)
    encoder = TabularEncoder().fit(pd.DataFrame({"c": levels}))
    assert len(encoder.owners_) == MAX_LEVELS


def test_encoder_survives_json(rows):
    encoder = TabularEncoder().fit(rows)
    same = TabularEncoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    pd.testing.assert_frame_equal(same.transform(rows), encoder.transform(rows))


def test_numbers_sent_as_text_are_read(rows):
    new = pd.DataFrame({"plan": ["a", "a"], "n": ["3", None]})
    found = TabularEncoder().fit(rows).transform(new)["n"]
    assert found[0] == 3
    assert np.isnan(found[1])


def test_row_that_lacks_an_attribute_is_refused(rows):
    with pytest.raises(DataError, match=r"lack plan \(1 of the 2 attributes"):
        TabularEncoder().fit(rows).transform(rows[["n"]])


def test_text_in_a_number_is_refused(rows):
    bad = rows.assign(n="many")
    with pytest.raises(DataError, match=r"'n' is a number.*15 of 15 rows.*'many'"):
        TabularEncoder().fit(rows).transform(bad)


def test_truth_value_of_a_request_is_the_word_of_the_file():
    rows = pd.DataFrame({"vip": ["yes", "no"] * 6})
    encoder = TabularEncoder().fit(rows)
    found = encoder.transform(pd.DataFrame({"vip": [True, False, None]}))
    assert found["vip = yes"].tolist()[:2] == [1.0, 0.0]
    assert found.iloc[2].isna().all()


def test_unknown_categories_are_counted(rows):
    encoder = TabularEncoder().fit(rows)
    new = pd.DataFrame({"n": [1.0] * 4, "plan": ["rare", "new", "new", None]})
    assert encoder.unknown(new)["plan"].to_dict() == {"new": 2}


def test_owner_of_a_category_is_its_attribute(rows):
    assert TabularEncoder().fit(rows).owners_ == {
        "n": "n",
        "plan = a": "plan",
        "plan = b": "plan",
    }


def test_unknown_categories_are_counted_and_rare_ones_are_not(rows):
    new = pd.DataFrame({"n": 1.0, "plan": ["a", "rare", "xl", "xl"]})
    unknown = TabularEncoder().fit(rows).unknown(new)
    assert unknown["plan"].to_dict() == {"xl": 2}
