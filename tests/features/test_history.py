"""What the lines of a day add to it."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from regulars.features import history
from regulars.features.history import history_of

DAY = date(2024, 1, 1)


@pytest.fixture
def days_of(clean_lines):
    """A function from lines of one day of one customer to that day's columns."""

    def build(*lines):
        rows = [{"customer_id": "a", "order_date": DAY} | line for line in lines]
        days = history_of(clean_lines(rows)).days
        assert len(days) == 1
        return {name: days[name][0] for name in days.names}

    return build


def ordered(*names, **columns):
    return [{"order_id": name} | columns for name in names]


@pytest.mark.parametrize(
    ("names", "n_orders"),
    [
        ("A", 1),
        ("AA", 1),
        ("AB", 2),
        ("ABA", 2),
        ("ABCABC", 3),
        ([None], 1),
        (["A", None], 1),
        ([None, None, "A", "B"], 2),
    ],
)
def test_orders_of_a_day_are_its_distinct_numbers(days_of, names, n_orders):
    assert days_of(*ordered(*names))["n_orders"] == n_orders


def test_a_return_is_no_order_and_lowers_the_spend(days_of):
    back = {"order_id": "R", "amount": -4.0, "is_return": True}
    day = days_of(*ordered("A", amount=10.0), back, *ordered("A", amount=1.0))
    assert (day["n_orders"], day["n_lines"], day["is_purchase"]) == (1, 2, True)
    assert (day["spend"], day["returns_amount"]) == (7.0, 4.0)
    alone = days_of(back)
    assert (alone["n_orders"], alone["is_purchase"], alone["spend"]) == (0, False, -4.0)


def test_orders_without_numbers_are_counted_by_their_time(clean_lines):
    rows = [
        {"customer_id": "a", "order_date": DAY, "amount": 1.0},
        {"customer_id": "a", "order_date": DAY, "amount": 2.0},
    ]
    assert history_of(clean_lines(rows)).days["n_orders"].tolist() == [1]


def test_the_first_line_of_a_product_is_new_and_lines_without_one_are_not(clean_lines):
    rows = [
        {"customer_id": who, "order_date": date(2024, 1, day), "product_id": product}
        for who, day, product in [
            ("a", 3, "p"),
            ("a", 1, "p"),
            ("a", 2, None),
            ("a", 3, "q"),
            ("b", 1, "p"),
        ]
    ]
    days = history_of(clean_lines(rows)).days
    assert days["new_products"].tolist() == [1, 0, 1, 1]


def test_gaps_are_between_purchases_of_one_customer(clean_lines):
    rows = [
        {"customer_id": who, "order_date": date(2024, 1, day), "amount": amount}
        for who, day, amount in [
            ("a", 1, 1.0),
            ("a", 4, 1.0),
            ("a", 5, -1.0),
            ("a", 9, 1.0),
            ("b", 20, 1.0),
        ]
    ]
    days = history_of(clean_lines(rows)).days
    assert days["gap_days"].tolist() == [0, 3, 0, 5, 0]
    assert days.purchases.tolist() == [0, 1, 3, 4]


def test_lines_in_any_order_give_the_same_days(clean_lines):
    rows = [
        {"customer_id": who, "order_date": date(1969, 12, day), "category": kind}
        for who, day, kind in [("b", 9, "x"), ("a", 5, "y"), ("b", 2, "x")]
    ]
    table = clean_lines(rows)
    found = history_of(table)
    assert found.customers.to_pylist() == ["a", "b"]
    backwards = history_of(table.take(pa.array([2, 1, 0])))
    for name in found.days.names:
        assert found.days[name].tolist() == backwards.days[name].tolist()


def test_lines_too_many_for_one_whole_number_are_numbered_alike(
    clean_lines, monkeypatch
):
    rows = [
        {"customer_id": who, "order_date": DAY, "category": kind}
        for who, kind in zip("aabbab", "xyxxxy", strict=True)
    ]
    expected = history_of(clean_lines(rows)).days
    monkeypatch.setattr(history, "MOST_BITS", 1)
    found = history_of(clean_lines(rows)).days
    for name in ("category_squares", "category_lines_of_one", "new_categories"):
        assert found[name].tolist() == expected[name].tolist()
    assert expected["category_squares"].tolist() == [2 * 2 + 1, 2 * 2 + 1]
