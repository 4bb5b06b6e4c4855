from __future__ import annotations

import importlib.util
from datetime import date, datetime, time
from pathlib import Path

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from regulars.data.ledger import build_ledger
from regulars.features.dated_tables import columns_of, sorted_rows, words_before
from regulars.features.matrix import FeaturePlan

TYPES = {
    "customer_id": pa.string(),
    "order_date": pa.date32(),
    "order_time": pa.timestamp("us"),
    "amount": pa.float64(),
    "is_return": pa.bool_(),
    "order_id": pa.string(),
    "product_id": pa.string(),
    "category": pa.string(),
    "quantity": pa.float64(),
    "discount_amount": pa.float64(),
    "cost_amount": pa.float64(),
    "margin_rate": pa.float64(),
}


def clean_table(rows):
    """Rows of dictionaries as the clean transactions that intake returns."""
    filled = []
    for row in rows:
        day = row["order_date"]
        midnight = datetime.combine(day, time())
        default = {"order_time": midnight, "amount": 1.0}
        whole = default | row
        whole.setdefault("is_return", whole["amount"] < 0)
        filled.append(whole)
    names = [name for name in TYPES if any(name in row for row in filled)]
    schema = pa.schema([(name, TYPES[name]) for name in names])
    return pa.Table.from_pylist(filled, schema=schema)


@pytest.fixture(scope="session")
def ledger_of():
    """A function from rows (dictionaries) to a ledger."""
    return lambda rows: build_ledger(ibis.memtable(clean_table(rows)))


@pytest.fixture(scope="session")
def clean_lines():
    """A function from rows (dictionaries) to the clean lines."""
    return clean_table


@pytest.fixture(scope="session")
def features_of():
    """A function from rows and cutoffs to the matrix, straight from the lines."""

    def build(rows, *cutoffs, **options):
        options.setdefault("first_day", min(row["order_date"] for row in rows))
        return FeaturePlan.of(cutoffs, **options).matrix([clean_table(rows)])

    return build


@pytest.fixture(scope="session")
def one_customer(features_of):
    """A function from days (and amounts) of one customer to their features."""

    def build(days, cutoff, amounts=None, **options):
        amounts = amounts or [1.0] * len(days)
        rows = [
            {"customer_id": "a", "order_date": date(*day), "amount": amount}
            for day, amount in zip(days, amounts, strict=True)
        ]
        matrix = features_of(rows, date(*cutoff), **options)
        return matrix.set_index("customer_id").loc["a"]

    return build


@pytest.fixture(scope="session")
def oracle():
    """The straightforward pandas version of the features."""
    path = Path(__file__).parents[1] / "_reference" / "pandas_features.py"
    spec = importlib.util.spec_from_file_location("pandas_features", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def to_frame():
    """A function from rows to the clean transactions as a pandas frame."""
    return lambda rows: clean_table(rows).to_pandas()


@pytest.fixture(scope="session")
def dates():
    """A function from days, of 2024 if they do not say, to a column of dates."""

    def column(*days):
        return pd.to_datetime(pd.Series([d and f"2024-{d}"[-10:] for d in days]))

    return column


@pytest.fixture(scope="session")
def seen_of(dates):
    """A function from rows of a dated table to features as of April 1st, 2024.

    The rows are those of customer a, if nothing else is said; b has none.
    """

    def build(name, days, first_days=None, customer_id="a", **columns):
        who = {"customer_id": customer_id, "day": dates(*days)}
        frame = pd.DataFrame(who | columns)
        customers = pd.Index(["a", "b"], name="customer_id")
        cutoff = date(2024, 4, 1)
        words = words_before({name: frame}, cutoff)
        rows = sorted_rows(name, frame, first_days)
        return columns_of(name, rows, cutoff, customers, words)

    return build
