from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.models.tabular.columns import (
    Column,
    as_record,
    describe,
    kind_of,
    messages,
    typed,
    univariate_auc,
)

CHURNED = np.array([0.0, 1.0] * 50)


@pytest.mark.parametrize(
    ("values", "kind", "known"),
    [
        (["1", " 2.5", "n/a"], "number", [1.0, 2.5]),
        (["gold", "?", "7"], "category", ["gold", "7"]),
        ([True, False, True], "number", [1.0, 0.0, 1.0]),
        ([1.0, np.inf, 3.0], "number", [1.0, 3.0]),
    ],
)
def test_column_is_read_as_what_it_holds(values, kind, known):
    column, strays = typed(pd.Series(values))
    assert kind_of(column) == kind
    assert column.dropna().tolist() == known
    assert strays == ()


def test_few_texts_among_numbers_are_strays():
    column, strays = typed(pd.Series([*map(str, range(39)), "about 40"]))
    assert kind_of(column) == "number"
    assert strays == ("about 40",)
    assert column.isna().sum() == 1


def test_column_that_is_filled_for_churners_alone_is_a_leak():
    left_on = pd.Series(np.where(CHURNED == 1, 9.0, np.nan))
    column = describe("left_on", left_on, CHURNED)
    assert column.is_leak_suspect
    assert column.is_label
    assert column.missing_share == 0.5


def test_column_that_differs_in_every_row_gains_nothing_by_that():
    assert univariate_auc(pd.Series(np.arange(100.0)), CHURNED) < 0.6
    names = pd.Series([f"c{number}" for number in range(100)], dtype=object)
    assert univariate_auc(names, CHURNED) < 0.6


def test_few_of_a_class_say_nothing():
    assert (
        univariate_auc(pd.Series(np.arange(5.0)), np.array([1.0, 1, 0, 0, 0])) is None
    )


def test_messages_name_the_leak_the_label_and_the_strays():
    leak = Column("left_on", "number", 0.5, 40, auc=0.98)
    assert messages(leak)[0].startswith(
        "'left_on' alone tells churners apart with a ROC AUC of 0.980: was it "
    )
    label = Column("left", "category", 0.0, 2, auc=1.0)
    assert "is the label in other words" in messages(label)[0]
    strays = Column("age", "number", 0.0, 40, ("forty",), 0.6)
    assert messages(strays)[0].endswith("texts such as 'forty' count as missing.")
    assert messages(Column("age", "number", 0.0, 40)) == []


def test_record_is_json_safe():
    assert as_record(Column("age", "number", 1 / 3, 5, auc=0.123456)) == {
        "name": "age",
        "kind": "number",
        "missing_share": 0.333333,
        "n_values": 5,
        "roc_auc_alone": 0.1235,
        "is_leak_suspect": False,
    }
