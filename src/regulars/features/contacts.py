"""Campaign contacts: how often a customer was contacted, and offers taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.features.dated_rows import days_of

if TYPE_CHECKING:
    from regulars.features.dated_rows import SeenRows
    from regulars.features.group import Columns


def contacts(seen: SeenRows) -> Columns:
    """Return counts of a customer's contacts and of the offers they took."""
    # the control group was held out on purpose: nobody contacted them
    contacted = ~seen.frame["is_control"].to_numpy(bool)
    columns = seen.counts("contacts", contacted)
    if "redeemed_date" in seen.frame:
        redeemed = seen.frame["redeemed_date"]
        is_known = (days_of(redeemed) < seen.day) & redeemed.notna().to_numpy()
        columns["offers_taken"] = seen.count_of(contacted & is_known)
    return columns
