from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.models.profile import Profile
from regulars.scoring.attribute_words import figure, in_words, sentences

PROFILE = Profile(
    quantiles={"calls_a_day": list(range(101)), "complained": [0.0] * 90 + [1.0] * 10},
    shares={"plan": {"flat": 0.75}},
)


def _written(rows):
    """Sentences of every customer, a column an attribute."""
    everybody = np.arange(len(rows))
    said = sentences(rows, PROFILE)
    for each in said:
        assert (each.speaks == (each.texts(everybody) != "")).all()
    return np.column_stack([each.texts(everybody) for each in said])


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("calls_a_day", 2.0, "calls a day 2: lower than 97% of customers"),
        ("calls_a_day", 99.0, "calls a day 99: higher than 98% of customers"),
        ("calls_a_day", 50.0, ""),
        ("calls_a_day", 45.0, ""),
        ("complained", 0.0, "complained 0, as 90% of customers"),
        ("complained", 1.0, "complained 1: higher than 90% of customers"),
        ("calls_a_day", np.nan, "calls a day is not known"),
        ("plan", "flat", "plan: flat (75% of customers)"),
        ("plan", "gold", "plan: gold (rare)"),
        ("plan", None, "plan is not known"),
    ],
)
def test_sentence_tells_the_value_and_its_place(name, value, sentence):
    values = pd.Series([value], dtype=object if name == "plan" else float)
    rows = pd.DataFrame({name: values})
    assert _written(rows).tolist() == [[sentence]]


def test_sentences_stand_a_row_a_customer_and_a_column_an_attribute():
    rows = pd.DataFrame({"calls_a_day": [2.0, 2.0, 99.0], "plan": ["gold"] * 3})
    found = _written(rows)
    assert found.shape == (3, 2)
    assert found[2].tolist() == [
        "calls a day 99: higher than 98% of customers",
        "plan: gold (rare)",
    ]
    assert found[0].tolist() == found[1].tolist()
    assert _written(rows.iloc[:0]).shape == (0, 2)


def test_name_of_a_column_reads_as_words():
    assert in_words("Seconds_of  Use") == "seconds of use"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (4370.0, "4,370"),
        (0.123456, "0.123"),
        (1234.567, "1,234.57"),
        (np.inf, "unknown"),
    ],
)
def test_number_is_written_as_a_person_would(value, text):
    assert figure(value) == text
