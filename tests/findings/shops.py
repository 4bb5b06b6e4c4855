"""Logs of a healthy shop, for spoiling."""

from __future__ import annotations

from regulars.datasets.simulate import simulate_customers


def shop(seed=0, n_customers=400):
    """A healthy log of whole months, with order numbers and times of day."""
    log = simulate_customers(n_customers, random_state=seed, days=370).orders
    log["order_time"] = log["order_time"].dt.tz_localize(None).dt.floor("s")
    log["customer_id"] = "c" + log["customer_id"].astype(str).str.zfill(4)
    return log[log["order_time"] < "2025-01-01"].astype({"order_id": str})


def plain(log):
    """The same log with days and amounts only, one row an order."""
    day = log["order_time"].dt.normalize()
    rows = log[~log["is_return"]].groupby(["customer_id", day, "order_id"])["amount"]
    return rows.sum().round(2).reset_index().drop(columns="order_id")
