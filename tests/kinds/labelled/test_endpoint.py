"""The endpoint of a labelled table: rows of attributes in, scores out."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from regulars.config import ServingSettings
from regulars.errors import RegularsError
from regulars.serving.faults import fault_of
from regulars.serving.model import ModelHolder
from regulars.serving.openapi import describe

LIMITS = ServingSettings()


@pytest.fixture(scope="module")
def model(first_training):
    return ModelHolder(first_training[0].settings()).model


@pytest.fixture
def rows(frame):
    sent = frame.head(20).rename(columns={"who": "customer_id"})
    return json.loads(
        sent[["customer_id", "calls", "plan", "age"]].to_json(orient="records")
    )


def _answer(model, rows, form="dataframe_records"):
    question = model.read(json.dumps({form: rows}).encode(), LIMITS)
    (answer,) = model.answer([question])
    return json.loads(answer.body)["predictions"]


def test_rows_are_scored_in_their_order(model, rows):
    found = _answer(model, rows)
    assert [row["customer_id"] for row in found] == [r["customer_id"] for r in rows]
    turned = _answer(model, rows[::-1], "inputs")
    np.testing.assert_allclose(
        [row["churn_probability"] for row in turned[::-1]],
        [row["churn_probability"] for row in found],
    )


def test_description_lists_the_attributes(model):
    paths = describe(model, LIMITS)["paths"]
    content = paths["/invocations"]["post"]["requestBody"]["content"]
    form = content["application/json"]["schema"]["oneOf"][0]
    row = form["properties"]["dataframe_records"]["items"]
    assert row["required"] == ["calls", "plan", "age"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"calls": [1]}, "'calls' of row 1 is a list or an object"),
        ({"calls": "many"}, "calls"),
        ({"customer_id": 1.5}, "'customer_id' is 1.5"),
    ],
)
def test_wrong_value_is_refused(model, rows, change, message):
    wrong = [rows[0], {**rows[1], **change}]
    with pytest.raises(RegularsError, match=message):
        _answer(model, wrong)


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=1),
)
ROW = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("customer_id", "calls", "plan", "age", "x"), ODD)
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(ROW, max_size=3))
def test_odd_rows_are_refused_or_scored(model, rows):
    status = 200
    try:
        n_answered = len(_answer(model, rows))
    except Exception as error:
        status, n_answered = fault_of(error).status, len(rows)
    assert status < 500
    assert n_answered == len(rows)
