from __future__ import annotations

import importlib.util
from datetime import date
from pathlib import Path

import ibis
import pandas as pd
import pytest

from regulars.config import KpiSettings
from regulars.data.ledger import build_ledger
from regulars.kpis import KpiData

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


@pytest.fixture(scope="session")
def tables():
    place = Path(__file__).with_name("tables.py")
    spec = importlib.util.spec_from_file_location("kpi_tables", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# 20 rows: customer, day, order, amount, is_return. Customers count as there for 90 days
# after a purchase; the period is the second quarter of 2024, the one before the first.
LOG = [
    ("a", "2023-04-02", "1", 40.0, False),
    ("b", "2023-05-10", "2", 60.0, False),
    ("g", "2023-05-01", "3", 10.0, False),
    ("a", "2024-01-05", "4", 50.0, False),
    ("b", "2024-01-20", "5", 30.0, False),
    ("c", "2024-02-01", "6", 20.0, False),
    ("c", "2024-02-11", "7", 20.0, False),
    ("d", "2024-03-01", "8", 80.0, False),
    ("e", "2024-03-15", "9", 10.0, False),
    ("a", "2024-04-02", "10", 30.0, False),
    ("a", "2024-04-02", "10", 20.0, False),
    ("a", "2024-05-20", "11", 40.0, False),
    ("b", "2024-04-10", "12", 10.0, False),
    ("b", "2024-04-12", "12r", -5.0, True),
    ("d", "2024-06-01", "13", 25.0, False),
    ("f", "2024-04-05", "14", 15.0, False),
    ("f", "2024-04-25", "15", 15.0, False),
    ("g", "2024-06-20", "16", 70.0, False),
    ("h", "2024-06-30", "17", 5.0, False),
    ("a", "2024-07-02", "18", 1.0, False),
]


@pytest.fixture(scope="session")
def log():
    return LOG


@pytest.fixture(scope="session")
def make_data(make_ledger):
    def make(rows=LOG, cutoff=date(2024, 7, 3), **more):
        counting = {"active_days": 90, "second_purchase_days": 30}
        counting |= more.pop("settings", {})
        settings = KpiSettings(**counting)
        return KpiData(make_ledger(rows), cutoff, settings=settings, **more)

    return make
