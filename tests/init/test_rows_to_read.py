from __future__ import annotations

import numpy as np
import pytest
from tests.init.logs import every, log, read

MARKS = {
    # name, values, expected where, rows left out
    "no word means that it was no sale": ("status", every(5, "new", "paid"), None, 0),
    "rows without a status stay": (
        "status",
        lambda f: np.where(
            f.index % 5 == 0, None, np.where(f.index % 2, "ok", "failed")
        ),
        "(status = 'ok' OR status IS NULL)",
        160,
    ),
    "all are cancelled": ("status", lambda f: "cancelled", None, 0),
    "many words": (
        "status",
        lambda f: np.where(f.index % 4 == 0, "void", "s" + (f.index % 20).astype(str)),
        "status NOT IN ('void')",
        100,
    ),
    "Magento's closed in a shop that is not Magento's": (
        "state",
        lambda f: np.select(
            [f.index % 4 == 0, f.index % 4 == 1], ["closed", "canceled"], "complete"
        ),
        "state IN ('complete', 'closed')",
        100,
    ),
    "a mark of the customer": (
        "status",
        lambda f: np.where(f.customer_id % 3 == 0, "cancelled", "active"),
        None,
        0,
    ),
    "the status of the customer": (
        "customer_status",
        every(5, "cancelled", "ok"),
        None,
        0,
    ),
    "a flag": ("is_cancelled", every(10, 1, 0), "is_cancelled <> '1'", 40),
    "a flag that is a label elsewhere": (
        "canceled",
        every(8, "yes", "no"),
        "canceled <> 'yes'",
        50,
    ),
    "sales that bear the mark": (
        "refunded",
        every(8, "True", "False"),
        "refunded <> 'True'",
        50,
    ),
    "a day of cancellation": (
        "cancelled_at",
        every(10, "2024-06-01 10:00", None),
        "cancelled_at IS NULL",
        40,
    ),
}


@pytest.mark.parametrize("case", MARKS)
def test_rows_that_are_no_sales_are_left_out(init, case):
    name, make, where, n_rows = MARKS[case]
    _, settings = init(orders=log(**{name: make}))
    assert settings.source.transactions.where == where
    figures, reasons = read(settings)
    assert reasons == ({"left_out": n_rows} if n_rows else {})
    assert figures[1] == 400 - n_rows


def test_closed_orders_of_magento_were_refunded(init):
    frame = log(status=every(4, "closed", "complete")).rename(
        columns={"order_id": "increment_id", "amount": "grand_total"}
    )
    text, settings = init(orders=frame)
    assert settings.source.transactions.where == "status = 'complete'"
    assert "leaves out 100 rows: closed 100" in text


def test_rows_that_take_a_sale_back_stay(init):
    frame = log(status=every(10, "refunded", "paid"))
    frame["amount"] = frame.amount.where(frame.status == "paid", -frame.amount)
    _, settings = init(orders=frame)
    assert settings.source.transactions.where is None
    assert read(settings)[0][2] == round(frame.amount.sum(), 2)


def test_codes_are_asked_about(init):
    text, settings = init(orders=log(current_state=lambda f: f.index % 5 + 1))
    assert settings.source.transactions.where is None
    assert "# 'current_state' holds codes (1 80, 2 80, 3 80, 4 80, 5 80)" in text
