"""Features of customers with a running contract, as known before a cutoff.

From the contracts, from every dated table and, where there are any, from purchases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regulars.features.dated_tables import words_before
from regulars.features.matrix import build_matrix
from regulars.features.value import VALUE_COLUMNS
from regulars.kinds.contractual.spells import running

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from regulars.features.dated_tables import Words
    from regulars.kinds.contractual.workspace import ContractWorkspace

KEYS = ["customer_id", "cutoff"]


def snapshot(
    work: ContractWorkspace, cutoff: date, words: Words | None = None
) -> pd.DataFrame:
    """Return the customers with a running contract and what was known before a cutoff.

    Parameters
    ----------
    work : ContractWorkspace
        The tables.
    cutoff : date
        Features see the days before it.
    words : mapping of str to tuple of str, optional
        Kinds of events, tickets and postings that have columns of their own; default:
        those that were known at the cutoff.

    Returns
    -------
    DataFrame of shape (n_customers, n_features + 2)
        Sorted by customer; ``customer_id``, ``cutoff`` and the features.
    """
    day = pd.Timestamp(cutoff)
    if words is None:
        words = words_before(work.signals.tables, day)
    rows = _contracts(work.spells, cutoff)
    rows = rows.join(work.signals.raw(cutoff, rows.index, words, taken=rows.columns))
    rows = rows.sort_index().reset_index()
    rows.insert(1, "cutoff", day)
    return _with_purchases(work, rows, cutoff)


def _contracts(spells: pd.DataFrame, cutoff: date) -> pd.DataFrame:
    day = pd.Timestamp(cutoff)
    now = running(spells, cutoff)
    # of contracts side by side the one that began last is the current one
    current = now.drop_duplicates("customer_id", keep="last").set_index("customer_id")
    known = spells[spells["started"] < day]
    past = known[known["ended"] < day].groupby("customer_id")
    rows = pd.DataFrame(index=current.index)
    rows["tenure_days"] = (day - current["spell_start"]).dt.days.astype(float)
    rows["contract_days"] = (day - current["started"]).dt.days.astype(float)
    rows["contracts_running"] = _per_customer(now, rows.index)
    if "plan" in current:
        plans = current["plan"].astype(object)
        rows["plan"] = plans.where(plans.notna().to_numpy(dtype=bool), None)
    if "monthly_amount" in current:
        price = current["monthly_amount"].astype(np.float64)
        whole = now.groupby("customer_id")["monthly_amount"].sum(min_count=1)
        rows["monthly_amount"] = whole.reindex(rows.index).astype(np.float64)
        before = known.groupby("customer_id")["monthly_amount"].shift()
        last = before.groupby(known["customer_id"]).last().reindex(rows.index)
        # against the contract before the current one
        rows["price_change"] = price - last.astype(np.float64)
    counts = past.size().reindex(rows.index)
    rows["contracts_ended"] = counts.fillna(0).astype(float)
    starts = known.groupby("customer_id")["spell_start"].nunique()
    rows["restarts"] = starts.reindex(rows.index).astype(float) - 1
    since_end = (day - past["ended"].max()).dt.days
    rows["days_since_last_end"] = since_end.reindex(rows.index).astype(float)
    return rows


def _per_customer(rows: pd.DataFrame, customers: pd.Index) -> pd.Series:
    return rows["customer_id"].value_counts().reindex(customers).astype(float)


def _with_purchases(
    work: ContractWorkspace, rows: pd.DataFrame, cutoff: date
) -> pd.DataFrame:
    if work.ledger is None:
        return rows
    matrix = build_matrix(
        work.ledger,
        [cutoff],
        lookback_days=work.settings.time.lookback_days,
        groups=work.settings.features.groups,
        extra=work.settings.features.extra,
        # churn is not learnt from what value is made of
    ).drop(columns=["cutoff", *VALUE_COLUMNS], errors="ignore")
    return rows.merge(matrix, how="left", on="customer_id", validate="1:1")


def stacked(
    work: ContractWorkspace, cutoffs: Sequence[date], words: Words
) -> pd.DataFrame:
    """Return the snapshots of several cutoffs under each other."""
    snapshots = [snapshot(work, cutoff, words) for cutoff in cutoffs]
    return pd.concat(snapshots, ignore_index=True)
