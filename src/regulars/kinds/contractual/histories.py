"""What dated tables say of customers before a day: one function a table.

Rows with a customer and a day come in, all before the cutoff; columns of numbers and
categories for the customers asked for go out. A column without a date of its own (a
ticket's satisfaction, whether it was reopened) is not used: nobody can say when it
became known.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Columns = dict[str, pd.Series]
    Words = Mapping[str, tuple[str, ...]]

WINDOWS_DAYS = (30, 90)
MOST_WORDS = 20
# tables whose rows are counted by the word in this column, too
WORDED = {"events": "event_type", "tickets": "priority", "loyalty": "kind"}
WORDED_NAME = re.compile(rf"({'|'.join(WORDED)})_(.+)_last_{WINDOWS_DAYS[0]}_days")
NOT_USED = {
    "tickets": ("csat", "reopened", "tags"),
    "surveys": ("comment",),
}


def words_before(tables: Mapping[str, pd.DataFrame], day: pd.Timestamp) -> Words:
    """Return the kinds of events, tickets and postings that were known by a day."""
    found = {}
    for name, column in WORDED.items():
        table = tables.get(name)
        if table is not None and column in table:
            counts = table.loc[table["day"] < day, column].value_counts()
            order = sorted(counts.index, key=lambda word: (-counts[word], str(word)))
            found[name] = tuple(str(word) for word in order[:MOST_WORDS])
    return found


def words_in(names: Iterable[str]) -> Words:
    """Return the words that columns were made of."""
    found: dict[str, tuple[str, ...]] = dict.fromkeys(WORDED, ())
    for name in names:
        if match := WORDED_NAME.fullmatch(name):
            found[match[1]] = (*found[match[1]], match[2])
    return found


def columns_of(
    name: str, rows: pd.DataFrame, day: pd.Timestamp, customers: pd.Index, words: Words
) -> pd.DataFrame:
    """Return what a dated table says of customers."""
    counted = rows[~rows["is_control"].astype(bool)] if "is_control" in rows else rows
    found = _counts(name, counted, day, customers)
    for word in words.get(name, ()):
        here = counted[counted[WORDED[name]].astype(str) == word]
        found |= _counts(f"{name}_{word}", here, day, customers)
    if name in MORE:
        found |= MORE[name](counted, day, customers)
    frame = pd.DataFrame(found, index=customers)
    numbers = [c for c in frame.columns if frame[c].dtype != object]
    return frame.astype(dict.fromkeys(numbers, np.float64))


def _counts(
    stem: str, rows: pd.DataFrame, day: pd.Timestamp, customers: pd.Index
) -> Columns:
    ages = (day - rows["day"]).dt.days
    who = rows["customer_id"]
    found = {
        f"{stem}_last_{window}_days": _how_many(who[ages <= window], customers)
        for window in WINDOWS_DAYS
    }
    found[f"{stem}_ever"] = _how_many(who, customers)
    found[f"days_since_{stem}"] = ages.groupby(who).min().reindex(customers)
    return found


def _how_many(who: pd.Series, customers: pd.Index) -> pd.Series:
    return who.value_counts().reindex(customers).fillna(0)


def _tickets(rows: pd.DataFrame, day: pd.Timestamp, customers: pd.Index) -> Columns:
    found: Columns = {}
    who = rows["customer_id"]
    resolved = rows.get("resolved_date")
    over = resolved if resolved is not None else pd.Series(pd.NaT, rows.index)
    over = over.where(over < day)
    if resolved is not None:
        found["tickets_open"] = _how_many(who[over.isna()], customers)
        took = (over - rows["day"]).dt.days
        found["mean_days_to_resolve"] = took.groupby(who).mean().reindex(customers)
    if "due_date" in rows:
        # late is a ticket that was due and neither then nor before was resolved
        due = rows["due_date"]
        late = (due < day) & (over.isna() | (over > due))
        found["tickets_late"] = _how_many(who[late], customers)
    return found


def _surveys(rows: pd.DataFrame, day: pd.Timestamp, customers: pd.Index) -> Columns:
    ordered = rows.sort_values(["day", "score"], kind="stable")
    scores = ordered.groupby("customer_id")["score"]
    return {
        "last_survey_score": scores.last().reindex(customers),
        "mean_survey_score": scores.mean().reindex(customers),
    }


def _loyalty(rows: pd.DataFrame, day: pd.Timestamp, customers: pd.Index) -> Columns:
    found: Columns = {}
    if "points" in rows:
        points = rows.groupby("customer_id")["points"].sum()
        found["points_balance"] = points.reindex(customers)
    if "tier" in rows:
        tiers = rows.dropna(subset=["tier"]).sort_values(["day", "tier"], kind="stable")
        last = tiers.groupby("customer_id")["tier"].last()
        found["tier"] = _category(last.reindex(customers))
    return found


def _referrals(rows: pd.DataFrame, day: pd.Timestamp, customers: pd.Index) -> Columns:
    brought = pd.Index(rows["referred_id"])
    return {"was_referred": pd.Series(customers.isin(brought), customers)}


def _contacts(rows: pd.DataFrame, day: pd.Timestamp, customers: pd.Index) -> Columns:
    if "redeemed_date" not in rows:
        return {}
    taken = rows["redeemed_date"] < day
    return {"offers_taken": _how_many(rows.loc[taken, "customer_id"], customers)}


def _category(values: pd.Series) -> pd.Series:
    known = values.notna().to_numpy(dtype=bool)
    texts = values.astype(str).astype(object)
    return texts.where(known, None)


MORE: dict[str, Callable[[pd.DataFrame, pd.Timestamp, pd.Index], Columns]] = {
    "tickets": _tickets,
    "surveys": _surveys,
    "loyalty": _loyalty,
    "referrals": _referrals,
    "contacts": _contacts,
}


def attributes_of(
    rows: pd.DataFrame, day: pd.Timestamp, customers: pd.Index
) -> pd.DataFrame:
    """Return the attributes of customers that were known by a day."""
    known = rows[rows["day"] < day].sort_values("day", kind="stable")
    latest = known.drop_duplicates("customer_id", keep="last")
    held = latest.set_index("customer_id").drop(columns="day").reindex(customers)
    return pd.DataFrame({c: _read(held[c], day) for c in held}, index=customers)


def _read(values: pd.Series, day: pd.Timestamp) -> pd.Series:
    kind: Any = pd.api.types
    if kind.is_datetime64_any_dtype(values):
        before: pd.Series = (day - values).dt.days.astype(np.float64)
        return before.mask(before < 0)
    if kind.is_numeric_dtype(values):
        return values.astype(np.float64)
    return _category(values)
