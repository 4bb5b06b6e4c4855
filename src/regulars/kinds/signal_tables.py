"""The tables beside purchases and contracts: rows with the day they are known from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

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
    texts: Collection[str] = (),
) -> tuple[Signals, list[str]]:
    """Return the dated tables, and what a reader has to know of them.

    `first_orders` are the days, by customer, from which attributes without a day of
    their own count as known; None: such attributes are not used. `first_days` are those
    from which somebody is a customer, where referrals are to know it. `begins` and
    `texts` are the first days of the tables and the attributes that hold categories,
    where the rows are those of some customers only.
    """
    found = {n: dated(n, tables[n].execute()) for n in DATED if n in tables}
    notes = [note for n in found for note in notes_on(n, [*found[n]])]
    if CUSTOMERS in tables:
        attributes = tables[CUSTOMERS].execute()
        if KNOWN_FROM in attributes:
            found[CUSTOMERS] = _attributes(attributes, attributes[KNOWN_FROM], texts)
        elif first_orders is None:
            notes.append(
                "The customers table does not say from when its attributes were known "
                "(known_from): none of them is used. If they were known when a "
                "customer first bought, say so: customers.undated: as_of_first_order."
            )
        else:
            days = attributes["customer_id"].map(first_orders)
            found[CUSTOMERS] = _attributes(attributes, days, texts)
            notes.append(
                "The customers table does not say from when its attributes were known: "
                "taken as known from each customer's first order on "
                "(customers.undated). One that was written later, or is kept up to "
                "date, tells the past its future, and the figures are too good."
            )
    return Signals(found, begins, first_days), notes


def strangers(signals: Signals, customers: Collection[Any], of: str) -> list[str]:
    """Return a note for each table none of whose customers is among some."""
    return [
        f"No customer of {name} has {of}: are the ids the same?"
        for name, rows in signals.tables.items()
        if not rows["customer_id"].isin(customers).any()
    ]


def _attributes(
    rows: pd.DataFrame, known_from: pd.Series, texts: Collection[str]
) -> pd.DataFrame:
    held = rows.drop(columns=["customer_id", "known_from", KNOWN_FROM], errors="ignore")
    # whether a column holds numbers belongs to the table, not to a day
    kinds = pd.api.types
    read = {
        c: held[c]
        if c in texts or kinds.is_datetime64_any_dtype(held[c])
        else typed(held[c])[0]
        for c in held
    }
    day = pd.to_datetime(known_from)
    found = pd.DataFrame({"customer_id": rows["customer_id"], **read, "day": day})
    return found[found["day"].notna()]
