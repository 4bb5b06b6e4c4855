"""Ids that stand for many people are set aside as anonymous, and told."""

import numpy as np
import pandas as pd
import pytest

from regulars.config import parse_settings
from regulars.data.engine import connect
from regulars.data.intake import read_tables
from regulars.errors import DataError


def log(shares: dict[str, int], n_customers: int = 300, n_orders: int = 900):
    """Orders of ordinary customers, and as many more of each id as asked for."""
    random = np.random.default_rng(7)
    ids = [f"{number}" for number in random.integers(101, 101 + n_customers, n_orders)]
    ids += [id_ for id_, n in shares.items() for _ in range(n)]
    days = pd.Timestamp("2023-01-01") + pd.to_timedelta(
        random.integers(0, 500, len(ids)), unit="D"
    )
    rows = {"customer_id": ids, "order_time": days.strftime("%Y-%m-%d"), "amount": 10}
    return pd.DataFrame(rows).assign(order_id=np.arange(len(ids)))


def read(folder, frame, **keys):
    frame.to_csv(folder / "orders.csv", index=False)
    lines = "".join(f", {name}: {value}" for name, value in keys.items())
    path = folder / "orders.csv"
    text = f"name: a\nsource: {{transactions: {{path: '{path}'{lines}}}}}"
    return read_tables(parse_settings(text), connect())


@pytest.mark.parametrize(
    ("shares", "guests"),
    [
        ({"0": 583}, {"0"}),  # a shop export: 39% of all orders
        ({"guest": 60}, {"guest"}),
        ({"-1": 60, "0": 80}, {"-1", "0"}),
        ({"Walk-in customer": 90}, {"Walk-in customer"}),
        ({"500001": 250}, {"500001"}),  # no telling name, but a fifth of all orders
        ({"500001": 60}, set()),  # a good customer
        ({"0": 12}, set()),
        ({"guest": 15}, set()),
        ({"500001": 250, "500002": 200, "500003": 150, "500004": 140}, set()),
    ],
)
def test_implausible_ids_are_guests(tmp_path, shares, guests):
    intake = read(tmp_path, log(shares))
    counts = intake.counts["transactions"]
    rows = {r.reason: r.rows for r in counts.reasons}
    assert rows.get("guest_id", 0) == sum(shares[each] for each in guests)
    kept = set(intake.tables["transactions"].customer_id.execute())
    assert kept.isdisjoint(guests)
    assert set(shares) - guests <= kept
    assert counts.n_faults == 0
    for each in guests:
        assert any(f"'{each}'" in n and "guest_ids" in n for n in counts.notices)


def test_guests_are_seen_without_order_numbers(tmp_path):
    """On days alone, a year has but 365 orders for the till."""
    counts = read(tmp_path, log({"0": 583}).drop(columns="order_id"), duplicates="keep")
    assert counts.counts["transactions"].reasons[0].rows == 583


def test_few_customers_have_no_guests(tmp_path):
    """A firm of ten customers may well live off one of them."""
    intake = read(tmp_path, log({"0": 583}, n_customers=10, n_orders=50))
    assert intake.counts["transactions"].rows_set_aside == 0


def test_configuration_keeps_or_names_guests(tmp_path):
    frame = log({"0": 583})
    assert (
        read(tmp_path, frame, guest_ids="[]").counts["transactions"].rows_kept == 1483
    )
    counts = read(tmp_path, frame, guest_ids="[0, '101']").counts["transactions"]
    named = frame.customer_id.isin(["0", "101"]).sum()
    assert counts.rows_set_aside == named > 583


def test_guests_are_an_error_where_anonymous_rows_are(tmp_path):
    with pytest.raises(DataError, match=r"583 of 1,483 rows .*guests.*anonymous"):
        read(tmp_path, log({"0": 583}), anonymous="error")


def test_quarantine_has_the_guests_rows(tmp_path):
    intake = read(tmp_path, log({"0": 583}))
    intake.write_quarantine(tmp_path / "bad.csv")
    bad = pd.read_csv(tmp_path / "bad.csv", dtype=str)
    assert set(bad.regulars_reason) == {"guest_id"}
    assert set(bad.customer_id) == {"0"}
    assert bad.order_id.nunique() == 583
