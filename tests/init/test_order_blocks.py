from __future__ import annotations

import numpy as np
import pytest
from tests.init.logs import every, log, read, shopify


def lines(**more):
    """Return the log with two lines an order."""
    frame = log().loc[lambda f: f.index.repeat(2)].reset_index(drop=True)
    frame["sku"] = np.arange(len(frame)) % 97
    return frame.assign(**{name: make(frame) for name, make in more.items()})


TOTALS = {
    "the name says so": (lines().rename(columns={"amount": "order_total"}), "order"),
    "many orders say so": (lines(), "order"),
    "one price for everything": (lines(amount=lambda f: 9.99), "line"),
    "prices that are alike by chance": (lines(amount=every(7, 5.0, 9.0)), "line"),
    "price times pieces": (
        lines(quantity=lambda f: 2, unit_price=lambda f: (f.amount / 2).round(3)),
        "line",
    ),
    "a contract that is paid again": (
        lines(
            date=lambda f: [f"2024-{1 + k % 12:02}-{1 + k % 27:02}" for k in f.index]
        ),
        "line",
    ),
    "lines of their own": (lines(amount=lambda f: f.index % 300 + 1), "line"),
}


@pytest.mark.parametrize("case", TOTALS)
def test_total_on_every_line_is_counted_once(init, case):
    frame, amount_of = TOTALS[case]
    _, settings = init(orders=frame)
    assert settings.source.transactions.amount_of == amount_of


def test_few_orders_are_asked_about(init):
    text, settings = init(orders=lines().head(16))
    assert settings.source.transactions.amount_of == "line"
    assert "# amount_of: order  # 'amount' is the same on all lines of each of" in text


@pytest.mark.parametrize("blank", [["Email"], ["Email", "Name", "Created at"]])
def test_blank_lines_belong_to_the_order_above(init, blank):
    frame, figures = shopify()
    frame[blank] = frame[blank].where(frame.Total.notna())
    _, settings = init(orders=frame)
    assert settings.source.transactions.fill_down.by == "Name"
    assert read(settings)[0] == figures


def test_sparse_column_makes_no_blank_lines(init):
    frame = lines(note=every(2, "gift", None))
    assert init(orders=frame)[1].source.transactions.fill_down is None
