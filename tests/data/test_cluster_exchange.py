"""What a cluster's workers do, in one process: nothing is lost between buckets."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regulars.config import parse_settings
from regulars.data.cluster_exchange import COUNTED, Exchange, in_blocks, without_copies
from regulars.data.cluster_rules import rules_of
from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.data.staging import PRINT
from regulars.errors import ConfigError, DataError

CONFIG = """
name: x
source:
  time_zone: Europe/Berlin
  transactions:
    path: FILE
    max_bad_share: 0.1
    columns: {customer_id: who, order_time: when, amount: {sql: "price * 2"}}
    where: state <> 'test'
  referrals: {path: OTHER}
time: {cutoff: 2024-03-01}
"""


def log(n_rows=400):
    """Lines as text: of nobody, after the cutoff, no number, and copies."""
    rng = np.random.default_rng(0)
    days = rng.integers(0, 80, n_rows).astype("timedelta64[D]")
    when = np.datetime64("2024-01-01T23:30") + days
    rows = {
        "who": [f"c{number}" for number in rng.integers(0, 40, n_rows)],
        "when": [str(each).replace("T", " ") for each in when],
        "price": [str(each) for each in rng.integers(1, 5, n_rows)],
        "state": ["test" if each else "paid" for each in rng.random(n_rows) < 0.1],
    }
    rows["who"][3], rows["price"][5], rows["when"][7] = None, "dear", "never"
    table = pa.table(rows)
    return pa.concat_tables([table, table[:20]])


def referrals():
    ids = pa.array([f"c{number}" for number in range(40)])
    return pa.table(
        {
            "referrer_id": ids,
            "referred_id": ids[::-1],
            "referred_at": ["2024-01-05"] * 40,
        }
    )


@pytest.fixture
def settings(tmp_path):
    pq.write_table(log(), tmp_path / "log.parquet")
    pq.write_table(referrals(), tmp_path / "referrals.parquet")
    text = CONFIG.replace("FILE", f"{tmp_path}/log.parquet")
    return parse_settings(text.replace("OTHER", f"{tmp_path}/referrals.parquet"))


@pytest.fixture
def exchange(settings):
    rules = {
        name: rules_of(name, rows, settings, name)
        for name, rows in (("transactions", log()), ("referrals", referrals()))
    }
    return Exchange(rules, 7, {})


class Frame:
    """As much of a table of Spark as an exchange asks for."""

    def __init__(self, batches):
        self.batches = batches

    def mapInArrow(self, work, schema):  # noqa: N802
        return Frame([*work(iter(self.batches))])


def shuffled(exchange, **tables):
    """Return the buckets, as if Spark had brought their blocks together."""
    sent = [
        row
        for name, table in tables.items()
        for batch in exchange.send(name, Frame(table.to_batches(150))).batches
        for row in batch.to_pylist()
    ]
    schema = pa.schema(
        [("table", "string"), ("bucket", "int32"), ("rows", "binary")]
    ).append(pa.field("counts", "string"))
    return [
        exchange.received(
            [pa.RecordBatch.from_pylist([r for r in sent if r["bucket"] == n], schema)]
        )
        for n in range(exchange.n_buckets)
    ]


def test_rows_of_all_buckets_are_those_that_the_intake_keeps(settings, exchange):
    intake = read_tables(settings, connect())
    buckets = shuffled(exchange, transactions=log(), referrals=referrals())
    whole = pa.concat_tables([each.tables["transactions"] for each in buckets])
    clean = intake.tables["transactions"].to_pyarrow()
    keys = [(name, "ascending") for name in ("customer_id", "order_time", "amount")]
    same = whole.drop_columns([PRINT, COUNTED]).select(clean.column_names)
    assert same.sort_by(keys).to_pylist() == clean.sort_by(keys).to_pylist()
    of_log = [c for b in buckets for c in b.counts if c["table"] == "transactions"]
    assert sum(each["n_read"] for each in of_log) == 420
    reasons = {
        each.reason: sum(count["reasons"].get(each.reason, 0) for count in of_log)
        for each in intake.counts["transactions"].reasons
    }
    reasons["duplicate"] = sum(bucket.copies["transactions"] for bucket in buckets)
    assert reasons == {e.reason: e.rows for e in intake.counts["transactions"].reasons}
    assert len(reasons) == 6


def test_customers_meet_in_one_bucket_with_who_brought_them(exchange):
    buckets = shuffled(exchange, transactions=log(), referrals=referrals())
    ids = [
        {*each.tables["transactions"]["customer_id"].to_pylist()} for each in buckets
    ]
    assert sum(map(len, ids)) == len(set().union(*ids)) == 40
    for own, bucket in zip(ids, buckets, strict=True):
        rows = bucket.tables["referrals"].to_pylist()
        assert all({row["referrer_id"], row["referred_id"]} & own for row in rows)
        assert own <= {row["referrer_id"] for row in rows}
        assert own <= {row["referred_id"] for row in rows}
        assert len(rows) == len({row[PRINT] for row in rows})
    n_counted = sum(
        row[COUNTED] for b in buckets for row in b.tables["referrals"].to_pylist()
    )
    assert n_counted == 40


def test_sample_holds_all_rows_of_the_same_customers_of_every_table(exchange):
    lines = exchange.rules["transactions"].of_share(log(), 0.4)
    ids = {*lines["who"].to_pylist()}
    assert 5 < len(ids) < 30
    whole = [row for row in log()["who"].to_pylist() if row in ids]
    assert lines.num_rows == len(whole)
    rows = exchange.rules["referrals"].of_share(referrals(), 0.4).to_pylist()
    assert all({row["referrer_id"], row["referred_id"]} & ids for row in rows)
    assert ids <= {row["referrer_id"] for row in rows}


def test_counts_name_reasons_with_examples(exchange):
    (batch,) = exchange.send("transactions", Frame(log().to_batches())).batches
    counts = json.loads(batch["counts"][0].as_py())
    assert counts["reasons"]["missing_customer_id"] == 2
    assert counts["examples"]["missing_amount"]
    assert counts["examples"]["missing_customer_id"] == []


def test_blocks_are_put_together_whole():
    batches = pa.table({"n": range(10)}).to_batches(3)
    blocks = [*in_blocks(batches, 5)]
    assert [block.num_rows for block in blocks] == [6, 4]
    assert pa.concat_tables(blocks)["n"].to_pylist() == [*range(10)]
    assert not [*in_blocks([], 5)]


def test_first_of_copies_stays():
    rows = pa.table({PRINT: [4, 2, 4, 3], "n": [0, 1, 2, 3]})
    assert without_copies(rows)["n"].to_pylist() == [0, 1, 3]


def test_source_without_rows_is_refused(settings):
    with pytest.raises(DataError, match="table t holds no rows"):
        rules_of("transactions", log()[:0], settings, "table t")


def test_what_needs_rows_in_their_order_is_refused(settings):
    from regulars.data.cluster_session import read_tables as read_on_cluster

    table = settings.source.transactions.model_copy(update={"amount_of": "order"})
    source = settings.source.model_copy(update={"transactions": table})
    with pytest.raises(ConfigError, match="amount_of: order: a cluster hands out rows"):
        read_on_cluster(None, settings.model_copy(update={"source": source}))


def test_data_without_purchases_are_refused(settings):
    from regulars.data.cluster_session import read_tables as read_on_cluster

    source = settings.source.model_copy(update={"transactions": None})
    with pytest.raises(ConfigError, match=r"give source\.transactions"):
        read_on_cluster(None, settings.model_copy(update={"source": source}))
