import datetime
from types import SimpleNamespace

import ibis
import pyarrow as pa
import pytest

from regulars.data import fingerprint as module
from regulars.data import queries
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


def test_how_an_engine_hands_out_its_rows_does_not_matter(monkeypatch):
    days = pa.table(
        {
            "customer_id": [f"c{number}" for number in range(250)],
            "day": [DAYS[0]] * 250,
            "n_orders": [1] * 250,
            "n_lines": [1] * 250,
            "amount_micros": [*range(249), None],
        }
    )
    con = ibis.duckdb.connect()
    con.con.register("days", days)
    monkeypatch.setattr(module, "ROWS", 100)
    names = {
        fingerprint(SimpleNamespace(days=table, items=None))
        for table in (con.table("days"), ibis.memtable(days))
    }
    in_batches = queries.in_batches
    monkeypatch.setattr(queries, "in_batches", lambda table, n: in_batches(table, 7))
    names.add(fingerprint(SimpleNamespace(days=ibis.memtable(days), items=None)))
    assert len(names) == 1


def test_blocks_have_as_many_rows_as_asked_for():
    table = ibis.memtable(pa.table({"n": range(25)})).order_by("n")
    sizes = [block.num_rows for block in queries.in_blocks(table, 10)]
    assert sizes == [10, 10, 5]
