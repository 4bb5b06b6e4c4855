"""Builds the tables beside the purchases from short rows; no tests."""

from __future__ import annotations

import ibis
import pandas as pd

from regulars.data.contract import TABLES, day_name
from regulars.data.ledger import build_ledger


def table(name, columns, rows):
    """Return a clean table as intake would: times, and a day for each of them."""
    frame = pd.DataFrame(rows, columns=columns.split())
    for column in TABLES[name].columns:
        if column.kind == "time" and column.name in frame:
            times = pd.to_datetime(frame[column.name]).astype("datetime64[us]")
            frame[column.name] = times
            days = times.dt.date.astype(object)
            frame[day_name(column.name)] = days.where(times.notna(), None)
    return ibis.memtable(frame, schema=_schema(name, frame))


KINDS = {"id": "string", "text": "string", "flag": "boolean", "number": "float64"}


def _schema(name, frame):
    contract = {column.name: column.kind for column in TABLES[name].columns}
    kinds = {}
    for column in frame:
        if column.endswith("_date"):
            kinds[column] = "date"
        elif contract.get(column) == "time":
            kinds[column] = "timestamp"
        else:
            kinds[column] = KINDS[contract.get(column, "text")]
    return ibis.schema(kinds)


def ledger(columns, rows):
    """Return a ledger of lines with more columns than the common ones."""
    frame = pd.DataFrame(rows, columns=columns.split())
    frame["order_time"] = pd.to_datetime(frame["order_date"]).astype("datetime64[us]")
    frame["order_date"] = frame["order_time"].dt.date
    frame["is_return"] = frame["amount"] < 0
    return build_ledger(ibis.memtable(frame))
