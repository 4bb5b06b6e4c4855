from __future__ import annotations

import pandas as pd
import pytest


def _large(log):
    till = log["order_time"].dt.day_of_year % 15 == 0
    return log.assign(customer_id=log["customer_id"].mask(till, "till"))


def _returns_only(log):
    strangers = log.sample(40, random_state=1)
    ids = [f"r{k}" for k in range(40)]
    rows = strangers.assign(customer_id=ids, order_id=ids, amount=-5.0, is_return=True)
    return pd.concat([log, rows])


def _returns_first(log):
    # customers who come late send things back before they have bought any
    late = log.groupby("customer_id")["order_time"].min()
    late = late[late > "2024-07-01"].head(40)
    rows = log.head(len(late)).assign(
        customer_id=late.index,
        order_time=late.to_numpy() - pd.Timedelta(days=20),
        order_id=[f"r{k}" for k in range(len(late))],
        amount=-5.0,
        is_return=True,
    )
    return pd.concat([log, rows])


def _once(log):
    first = log.drop_duplicates("customer_id").assign(is_return=False)
    unique = first["customer_id"].str[:4]
    return first.assign(amount=first["amount"].abs(), customer_unique_id=unique)


CASES = [
    (_large, "large_customer", {"n_customers": 1}, set()),
    (_returns_only, "returns_only", {"n_customers": 40, "n_rows": 40}, set()),
    (_returns_first, "returns_first", {}, set()),
    (_once, "nobody_twice", {"column": "customer_unique_id"}, {"similar_ids"}),
]


@pytest.mark.parametrize(("spoil", "key", "figures", "together"), CASES)
def test_spoilt_log_is_asked_about(assert_asked, spoil, key, figures, together):
    assert_asked(spoil, key, figures, together)
