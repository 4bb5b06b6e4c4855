from __future__ import annotations

import ibis
import pandas as pd
import pytest

from regulars.data.ledger import build_ledger

# customer, day, order, amount, is_return
SMALL = [
    ("a", "2024-01-05", "1", 10.0, False),
    ("a", "2024-01-20", "2", 20.0, False),
    ("a", "2024-02-03", "3", 30.0, False),
    ("b", "2024-01-09", "4", 40.0, False),
    ("b", "2024-01-30", "4r", -15.0, True),
    ("b", "2024-04-02", "5", 25.0, False),
    ("c", "2024-02-10", "6", 50.0, False),
    ("c", "2024-02-10", "7", 5.0, False),
    ("d", "2024-04-20", "8", 60.0, False),
    ("d", "2024-04-30", "8r", -60.0, True),
]


@pytest.fixture(scope="session")
def make_ledger():
    def make(rows):
        names = ["customer_id", "order_date", "order_id", "amount", "is_return"]
        log = pd.DataFrame(rows, columns=names)
        log["order_time"] = pd.to_datetime(log["order_date"]).astype("datetime64[us]")
        log["order_date"] = log["order_time"].dt.date
        return build_ledger(ibis.memtable(log))

    return make


@pytest.fixture(scope="session")
def ledger(make_ledger):
    return make_ledger(SMALL)
