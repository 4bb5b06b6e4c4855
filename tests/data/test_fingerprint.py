import datetime

import ibis
import pyarrow as pa
import pytest

from regulars.data.fingerprint import fingerprint
from regulars.data.ledger import build_ledger

DAYS = [datetime.date(2024, 1, 1), datetime.date(2024, 1, 9)]


def name_of(amounts=(1.0, 2.0), days=DAYS, ids=("a", "a"), **more):
    columns = {
        "customer_id": list(ids),
        "order_date": list(days),
        "order_time": pa.array(days).cast(pa.timestamp("us")),
        "amount": list(amounts),
        "is_return": [False, False],
    }
    return fingerprint(build_ledger(ibis.memtable(pa.table(columns | more))))


def test_order_of_the_rows_does_not_matter():
    assert name_of() == name_of((2.0, 1.0), DAYS[::-1])


@pytest.mark.parametrize(
    "other",
    [
        {"amounts": (2.0, 1.0)},
        {"ids": ("a", "b")},
        {"days": [DAYS[0], DAYS[0]]},
        {"product_id": ["x", "y"]},
    ],
)
def test_other_contents_have_another_name(other):
    assert name_of(**other) != name_of()


def test_products_count():
    assert name_of(product_id=["x", "y"]) != name_of(product_id=["x", "x"])
