"""Campaign contacts: how often a customer was contacted, and offers taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.features.dated_rows import EVER, meanings, within
from regulars.features.sorted_rows import ratio

if TYPE_CHECKING:
    from regulars.features.dated_rows import DatedRows, SeenRows, Words
    from regulars.features.group import Columns
    from regulars.features.sorted_rows import Flags, Floats

COST = (within(90), EVER)

MEANINGS = {
    **meanings("contacts", "contact", "Contacts"),
    "offers_taken": "Offers taken",
    "offers_taken_last_90_days": "Offers taken in the last 90 days",
    "days_since_offer_taken": "Days since the last offer taken",
    "contacts_redeemed_share": "Offers taken over contacts",
    "offers_redeemed_share": "Offers taken over contacts with an offer",
    **meanings("contact_cost", "", "Cost of the contacts", COST),
}


def contacts(seen: SeenRows, words: Words) -> Columns:
    """Return counts of a customer's contacts and of the offers they took.

    The control group was held out on purpose: nobody contacted them.
    """
    columns = seen.counts("contacts", contacted)
    if "redeemed_date" in seen.rows:
        taken = seen.by("redeemed_date")
        n_taken = taken.number(contacted)
        columns |= {
            "offers_taken": n_taken,
            "offers_taken_last_90_days": taken.number(contacted, 90),
            "days_since_offer_taken": taken.since(contacted),
            "contacts_redeemed_share": ratio(n_taken, seen.number(contacted)),
        }
        if "offer_id" in seen.rows:
            n_offers = seen.number(with_offer)
            columns["offers_redeemed_share"] = ratio(taken.number(with_offer), n_offers)
    if "cost_amount" in seen.rows:
        columns |= seen.counts("contact_cost", cost, COST)
    return columns


def contacted(rows: DatedRows) -> Flags:
    """Return which rows are contacts, not customers held out."""
    return np.asarray(rows["is_control"] == 0)


def with_offer(rows: DatedRows) -> Flags:
    """Return which contacts came with an offer."""
    return contacted(rows) & (rows.texts("offer_id").codes > 0)


def cost(rows: DatedRows) -> Floats:
    """Return what each contact cost."""
    return np.where(contacted(rows), rows["cost_amount"], 0.0)
