"""Small logs, and what is asked of those that were read."""

from __future__ import annotations

import csv
from datetime import date

NAMES = "columns: {customer_id: cust, order_time: day, amount: total"


def figures(intake):
    """Customers, orders and revenue, and the rows by reason."""
    counts = intake.counts["transactions"]
    facts = counts.facts
    reasons = {reason.reason: reason.rows for reason in counts.reasons}
    return facts["n_customers"], facts["n_orders"], facts["revenue"], reasons


TODAY = date(2025, 1, 1)


HEADER = "customer_id,order_time,amount"


def lines(*rows, header=HEADER):
    return "\n".join([header, *rows]) + "\n"


def reasons(intake):
    return {r.reason: r.rows for r in intake.counts["transactions"].reasons}


def frame(intake):
    return intake.tables["transactions"].order_by(["order_time", "customer_id"])


def records(path):
    return list(csv.DictReader(path.read_text().splitlines()))


GOOD = ("c1,2024-01-01,5", "c2,2024-01-02 10:00,7.5")
