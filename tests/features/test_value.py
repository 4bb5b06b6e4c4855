"""What value is made of, worked out by hand; features and clv name it alike."""

from __future__ import annotations

from datetime import date

import pytest

from regulars.clv import shares
from regulars.features.value import VALUE_COLUMNS
from regulars.models.reading import feature_columns

A, B, C, D = (date(2024, 1, day) for day in (1, 5, 9, 13))
CUTOFF = date(2024, 2, 1)
GROSS = ["gross_order_value", "gross_amount", "returned_amount"]
OWN = ["own_margin", "own_margin_amount", "own_margin_days", "own_margin_spread"]


def _rows(lines, names):
    return [
        {"customer_id": "a", "order_date": day} | dict(zip(names, values, strict=True))
        for day, *values in lines
    ]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param([(A, 8.0), (B, 6.0), (C, 2.0)], [4, 16, 0], id="no returns"),
        pytest.param([(A, 8.0), (B, 6.0), (C, -6.0)], [6, 14, 6], id="another day"),
        pytest.param([(A, 8.0), (B, 6.0), (B, -6.0)], [6, 14, 6], id="the same day"),
        pytest.param([(A, -5.0), (B, 6.0), (C, 2.0)], [2, 8, 5], id="comes first"),
        pytest.param([(A, 8.0), (A, -3.0), (B, 6.0)], [6, 14, 3], id="of the first"),
        pytest.param([(A, 8.0), (B, 0.0)], [0, 8, 0], id="zero is a purchase"),
        pytest.param([(A, 8.0)], [0, 8, 0], id="one order"),
    ],
)
def test_gross_amounts(features_of, lines, expected):
    found = features_of(_rows(lines, ["amount"]), CUTOFF)
    assert found[GROSS].iloc[0].tolist() == expected
    assert not set(OWN) & set(found.columns)


@pytest.mark.parametrize(
    ("names", "lines", "expected"),
    [
        pytest.param(["cost_amount"], [(A, 10, 4), (B, 10, 8)], [8, 20, 2, 0.08]),
        pytest.param(["cost_amount"], [(A, 10, 4), (B, 10, None)], [6, 10, 1, 0]),
        pytest.param(["cost_amount"], [(A, 10, -4)], [6, 10, 1, 0]),
        pytest.param(["cost_amount"], [(A, 10, 4), (B, -10, 4)], [0, 0, 1, 0]),
        pytest.param(["cost_amount"], [(A, 10, 4), (B, -10, -4)], [0, 0, 1, 0]),
        pytest.param(["cost_amount"], [(A, 10, 4), (B, -10, 0)], [-4, 0, 1, 0]),
        pytest.param(["cost_amount"], [(A, 10, 30)], [-20, 10, 1, 0]),
        pytest.param(["cost_amount"], [(A, 10, 4), (B, 0, 3)], [3, 10, 1, 0]),
        pytest.param(["margin_rate"], [(A, 10, 0.5), (B, 30, 0.1)], [8, 40, 2, 0.08]),
        pytest.param(["margin_rate"], [(A, 10, -0.5), (B, -4, -0.5)], [-3, 6, 1, 0]),
        pytest.param(
            ["cost_amount", "margin_rate"],
            [(A, 10, 4, 0.1), (B, 10, None, 0.1), (C, 10, None, None)],
            [7, 20, 2, 0.125],
            id="cost wins, rate where there is none",
        ),
        pytest.param(["cost_amount"], [(A, 10, None)], [0, 0, 0, 0], id="none has any"),
    ],
)
def test_own_margins(features_of, names, lines, expected):
    rows = _rows(
        [(day, *map(_number, rest)) for day, *rest in lines], ["amount", *names]
    )
    rows.append(
        {"customer_id": "z", "order_date": A, "amount": 1.0} | dict.fromkeys(names, 0.0)
    )
    found = features_of(rows, CUTOFF).set_index("customer_id")
    assert found.loc["a", OWN].tolist() == pytest.approx(expected, abs=1e-6)


def _number(value):
    return None if value is None else float(value)


def test_features_and_purchase_process_name_the_columns_alike():
    assert tuple(VALUE_COLUMNS) == shares.VALUE_COLUMNS


def test_models_learn_from_none_of_them(features_of):
    rows = _rows([(A, 8.0, 2.0), (B, 6.0, 2.0)], ["amount", "cost_amount"])
    found = features_of(rows, CUTOFF)
    assert set(VALUE_COLUMNS) <= set(found.columns)
    assert not set(VALUE_COLUMNS) & set(feature_columns(found))


def test_what_happens_from_the_cutoff_on_changes_nothing(features_of):
    names = ["amount", "cost_amount"]
    past = _rows([(A, 8.0, 2.0), (B, 6.0, 2.0)], names)
    later = _rows([(C, -8.0, 2.0), (D, 90.0, 1.0)], names)
    found = features_of(past + later, C)
    assert found.equals(features_of(past, C))
