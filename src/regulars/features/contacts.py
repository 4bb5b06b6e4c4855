"""Campaign contacts: how often a customer was contacted, and offers taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.features.counting import counts, rows_per_customer

if TYPE_CHECKING:
    import pandas as pd

    from regulars.features.counting import Columns


def contacts(rows: pd.DataFrame, day: pd.Timestamp, customers: pd.Index) -> Columns:
    """Return counts of a customer's contacts and of the offers they took."""
    # the control group was held out on purpose: nobody contacted them
    contacted = rows[~rows["is_control"].astype(bool)]
    columns = counts("contacts", contacted, day, customers)
    if "redeemed_date" in contacted:
        taken = contacted["redeemed_date"] < day
        ids = contacted.loc[taken, "customer_id"]
        columns["offers_taken"] = rows_per_customer(ids, customers)
    return columns
