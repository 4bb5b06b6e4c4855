from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tests.init.logs import figures_of, log, read, sources

from regulars.errors import ConfigError


@pytest.mark.parametrize(
    ("main", "amount", "order"),
    [
        ("payments", "payment_value", ("orders", "payments", "customers")),
        ("items", "price", ("customers", "items", "orders")),
    ],
)
def test_three_files_run_from_one_configuration(init, olist, main, amount, order):
    text, settings = init(**{name: olist[name] for name in order})
    table = settings.source.transactions
    assert Path(table.path).stem == main
    joined = {Path(join.path).stem: join.on for join in table.join}
    assert joined == {"orders": "order_id", "customers": "customer_id"}
    assert sources(settings)["customer_id"] == "customer_unique_id"
    frame = olist[main].merge(olist["orders"]).merge(olist["customers"])
    good = frame[~frame.order_status.isin(["canceled", "unavailable"])]
    figures = figures_of(good, "customer_unique_id", "order_id", amount)
    assert read(settings)[0] == figures
    if main == "items":
        assert f"amount: {amount}  # without 'freight_value'" in text


def test_two_files_that_repeat_the_key_are_refused(init, olist):
    with pytest.raises(ConfigError) as caught:
        init(**olist)
    message = str(caught.value)
    assert "both repeat 'order_id'" in message
    assert "Leave one of them out" in message
    assert "'payments.csv' holds 'payment_value', 'items.csv' holds 'price'" in message


def test_file_without_a_common_key_is_refused(init, olist):
    with pytest.raises(ConfigError, match=r"no key that is unique in 'customers\.csv'"):
        init(payments=olist["payments"], customers=olist["customers"])


def test_keys_may_have_other_names(init):
    orders = log().drop(columns=["amount"]).rename(columns={"order_id": "id"})
    items = pd.DataFrame({"order_id": [*orders.id] * 2, "price": 5.5, "sku": "a"})
    _, settings = init(order_items=items, orders=orders)
    assert settings.source.transactions.join[0].on == {"order_id": "id"}
    # two equal lines of an order are one line written twice
    assert read(settings)[0] == (80, 400, 2_200.0)


def test_keys_are_known_by_what_they_hold(init):
    orders = log()
    people = pd.DataFrame(
        {
            "reference": [f"KD-{n:05}" for n in range(1, 81)],
            "email": [f"p{n}@example.org" for n in range(1, 81)],
        }
    )
    orders["customer"] = [f"KD-{n:05}" for n in orders.pop("customer_id")]
    _, settings = init(orders=orders, people=people)
    assert settings.source.transactions.join[0].on == {"customer": "reference"}
    assert read(settings)[0][:2] == (80, 400)
