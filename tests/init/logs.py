"""Logs of several kinds, and what is read of them by a proposed configuration."""

from __future__ import annotations

import numpy as np
import pandas as pd
from tests.init import exports

from regulars.data.engine import connect
from regulars.data.intake import read_tables


def read(settings):
    """Return customers, orders and revenue, and the rows that were set aside."""
    counts = read_tables(settings, connect()).counts["transactions"]
    facts = counts.facts
    figures = (facts["n_customers"], facts["n_orders"], facts["revenue"])
    return figures, {each.reason: each.rows for each in counts.reasons}


def sources(settings):
    columns = settings.source.transactions.columns
    return {name: getattr(source, "sql", source) for name, source in columns.items()}


def figures_of(frame, customer, order, amount):
    total = round(float(frame[amount].sum()), 2)
    return frame[customer].nunique(), frame[order].nunique(), total


def log(**more):
    """Return 400 orders of 80 customers, with more columns."""
    base = exports._orders()
    frame = pd.DataFrame(
        {
            "order_id": base.number,
            "date": base.time.dt.strftime("%Y-%m-%d %H:%M"),
            "customer_id": base.customer,
            "amount": base.total,
        }
    )
    return frame.assign(**{name: make(frame) for name, make in more.items()})


def every(n, yes, no):
    """Return a function that gives each nth row the first value."""
    return lambda frame: np.where(frame.index % n == 0, yes, no)


def shopify():
    orders = exports.shopify_orders()
    good = orders[~orders.status.isin(["refunded", "voided"])]
    good = good.assign(net=good.total - good.refunded)
    return exports.shopify(orders), figures_of(good, "email", "number", "net")


def written(folder, frame, name="file.csv"):
    path = folder / name
    frame.to_csv(path, index=False)
    return path


def contracts(n_rows=400, seed=0):
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2023-01-01") + pd.to_timedelta(
        rng.integers(0, 500, n_rows), unit="D"
    )
    life = pd.to_timedelta(rng.exponential(250, n_rows).astype(int) + 1, unit="D")
    ended = (start + life).where(start + life < "2024-12-01")
    return pd.DataFrame(
        {
            "account_id": [f"a{n}" for n in range(n_rows)],
            "plan_name": rng.choice(["basic", "pro"], n_rows),
            "MRR": rng.choice([9.0, 29.0], n_rows),
            "start_date": start,
            "cancelled_at": ended,
        }
    )


def people(n_rows=300, seed=0):
    rng = np.random.default_rng(seed)
    calls = rng.integers(0, 9, n_rows)
    left = rng.random(n_rows) < 0.1 + 0.08 * calls
    return pd.DataFrame(
        {
            "CustomerID": np.arange(n_rows) + 7000,
            "Calls": calls,
            "City": rng.choice(["Rome", "Oslo"], n_rows),
            "Churn": np.where(left, "Yes", "No"),
        }
    )
