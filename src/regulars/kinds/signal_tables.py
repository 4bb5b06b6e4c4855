"""The tables beside purchases and contracts: rows with the day they are known from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from regulars.features.customers import days_in, flags_in
from regulars.features.dated_tables import notes_on
from regulars.features.signals import CUSTOMERS, Signals, dated
from regulars.models.tabular.columns import typed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

DATED = (
    "subscriptions",
    "events",
    "tickets",
    "surveys",
    "loyalty",
    "referrals",
    "contacts",
)
KNOWN_FROM = "known_from_date"


def signals_of(
    tables: Mapping[str, Any],
    first_orders: pd.Series | None = None,
    first_days: pd.Series | None = None,
    *,
    begins: Mapping[str, pd.Timestamp] | None = None,
) -> tuple[Signals, list[str]]:
    """Return the dated tables, and what a reader has to know of them.

    `first_orders` are the days, by customer, from which attributes without a day of
    their own count as known; None: such attributes are not used. `first_days` are those
    from which somebody is a customer, where referrals are to know it. `begins` are the
    first days of the tables, where the rows are those of some customers only.
    """
    found = {n: dated(n, tables[n].execute()) for n in DATED if n in tables}
    notes = [note for n in found for note in notes_on(n, [*found[n]])]
    written = None
    if CUSTOMERS in tables:
        attributes = tables[CUSTOMERS].execute()
        if KNOWN_FROM in attributes:
            days = attributes[KNOWN_FROM]
            found[CUSTOMERS], written = _attributes(attributes, days)
        elif first_orders is None:
            notes.append(
                "The customers table does not say from when its attributes were known "
                "(known_from): none of them is used. If they were known when a "
                "customer first bought, say so: customers.undated: as_of_first_order."
            )
        else:
            first = first_orders.set_axis(first_orders.index.astype(str))
            days = attributes["customer_id"].astype(str).map(first)
            found[CUSTOMERS], written = _attributes(attributes, days)
            notes.append(
                "The customers table does not say from when its attributes were known: "
                "taken as known from each customer's first order on "
                "(customers.undated). One that was written later, or is kept up to "
                "date, tells the past its future, and the figures are too good."
            )
    return Signals(found, begins, first_days, written), notes


def strangers(signals: Signals, customers: Collection[Any], of: str) -> list[str]:
    """Return a note for each table none of whose customers is among some."""
    # one table may hold numbers where another holds texts
    known = pd.Series(customers).astype(str)
    return [
        f"No customer of {name} has {of}: are the ids the same?"
        for name, rows in signals.tables.items()
        if not rows["customer_id"].astype(str).isin(known).any()
    ]


def _attributes(
    rows: pd.DataFrame, known_from: pd.Series
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the attributes with their days; those read as numbers as written, too."""
    day = pd.to_datetime(known_from)
    rows, day = rows[day.notna()], day[day.notna()]
    held = rows.drop(columns=["customer_id", "known_from", KNOWN_FROM], errors="ignore")
    # whether a column holds numbers belongs to the table, not to a day
    read = {name: _read(held[name]) for name in held}
    found = pd.DataFrame({"customer_id": rows["customer_id"], **read, "day": day})
    is_text = {name: not pd.api.types.is_numeric_dtype(held[name]) for name in held}
    written = [n for n in held if is_text[n] and found[n].dtype == np.float64]
    return found, held[written]


def _read(values: pd.Series) -> pd.Series:
    """Return an attribute as numbers, as days or as categories."""
    if pd.api.types.is_datetime64_any_dtype(values):
        return values
    found = typed(values)[0]
    if found.dtype != object:
        return found
    for other in (flags_in(found), days_in(found)):
        if other is not None:
            return other
    return found
