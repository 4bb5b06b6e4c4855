"""Features of customers with a running contract, as known before a cutoff.

From the contracts, from every dated table and, where there are any, from purchases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    if words is None:
        words = words_before(work.signals.rows, cutoff)
    here = running(work.spells, cutoff)["customer_id"].unique()
    customers = pd.Index(sorted(here), name="customer_id")
    rows = work.signals.raw(cutoff, customers, words).reset_index()
    rows.insert(1, "cutoff", pd.Timestamp(cutoff))
    return _with_purchases(work, rows, cutoff)


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
