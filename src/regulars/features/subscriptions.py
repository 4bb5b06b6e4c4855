"""Contracts of customers: what runs now, since when, at what price, what came before.

Contracts without a day between them are one spell: a change of plan, or a renewal on
the day of the end, is no new beginning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.features.dated_rows import Changed
from regulars.features.sorted_rows import running_total

if TYPE_CHECKING:
    from regulars.features.dated_rows import DatedRows, SeenRows, Words
    from regulars.features.group import Columns
    from regulars.features.sorted_rows import Flags, Floats, Ints

ENDED, PLAN, PRICE = "ended_date", "plan", "monthly_amount"
TIES = (PLAN, PRICE)
"""What decides between contracts of one day; never the end, which may lie ahead."""

MEANINGS = {
    "contracts_running": "Contracts that run",
    "tenure_days": "Days since the start of the spell that runs",
    "contract_days": "Days since the start of the contract that runs (of several the "
    "one that began last)",
    "plan": "Plan of that contract",
    "plan_changes": "Contracts on another plan than the one before",
    "monthly_amount": "Price a month of the contracts that run",
    "price_change": "Price a month of that contract less that of the one before it",
    "contracts_ended": "Contracts that have ended",
    "restarts": "Spells after the first",
    "days_since_last_end": "Days since a contract ended",
}


def subscriptions(seen: SeenRows, words: Words) -> Columns:
    """Return what a customer's contracts say."""
    rows, ended = seen.rows, seen.by(ENDED)
    # a contract runs through the day before its end
    runs = rows.days(ENDED) >= seen.day
    columns = {
        "contracts_running": seen.number() - ended.number(),
        "tenure_days": seen.day - seen.last(spell_starts(rows), runs),
        "contract_days": seen.since(runs),
        "contracts_ended": ended.number(),
        "restarts": np.maximum(seen.number(opens_spell) - 1, 0),
        "days_since_last_end": ended.since(),
    }
    if PLAN in rows:
        columns["plan"] = seen.last_text(PLAN, runs)
        columns["plan_changes"] = np.maximum(seen.number(Changed(PLAN)) - 1, 0)
    if PRICE in rows:
        price = np.where(runs, rows[PRICE], np.nan)
        total = seen.total(running_total(price))
        has_price = seen.total(running_total(~np.isnan(price))) > 0
        columns["monthly_amount"] = np.where(has_price, total, np.nan)
        columns["price_change"] = seen.last(price_changes(rows), runs)
    return columns


def opens_spell(rows: DatedRows) -> Flags:
    """Return which contracts open a spell."""
    return new_spells(rows.customer, rows.day, rows.days(ENDED))


def new_spells(customer: Ints, started: Ints, ended: Ints) -> Flags:
    """Return which contracts open a spell, of contracts by customer and start.

    Any other starts no later than the furthest end of the customer's earlier ones: one
    that overlaps may outlast those after it.
    """
    opens = np.ones(len(started), bool)
    if len(started):
        low = min(started.min(), ended.min())
        span = started.max() - low + 1
        # every customer's days lie beyond all of the one before
        base = customer * span - low
        reach = np.maximum.accumulate(base + np.minimum(ended, started.max()))
        opens[1:] = (base + started)[1:] > reach[:-1]
    return opens


def spell_starts(rows: DatedRows) -> Ints:
    """Return the day on which each contract's spell began."""
    opens = np.flatnonzero(opens_spell(rows))
    return rows.day[opens][rows.running(opens_spell).totals[1:] - 1]


def price_changes(rows: DatedRows) -> Floats:
    """Return the price of each contract less that of the customer's one before it."""
    change = np.full(len(rows), np.nan)
    change[1:] = np.diff(rows[PRICE])
    change[1:][np.diff(rows.customer) != 0] = np.nan
    return change
