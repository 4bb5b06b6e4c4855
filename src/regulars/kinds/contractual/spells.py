"""Contracts as spells: the times without a day between in which a customer stays.

A change of plan, or a renewal on the day of the end, is no cancellation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regulars.features.subscriptions import TIES, new_spells
from regulars.features.table_columns import array_of, days

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from regulars.timeline import Timeline


def spells_of(contracts: pd.DataFrame) -> pd.DataFrame:
    """Join contracts that follow each other without a day between them.

    Parameters
    ----------
    contracts : DataFrame of shape (n_contracts, n_columns)
        ``customer_id``, ``started_date``, ``ended_date`` (the first day without the
        contract; missing where it runs) and what else there is.

    Returns
    -------
    DataFrame of shape (n_contracts, n_columns + 4)
        With ``started``, ``ended``, ``spell_start`` and ``spell_end`` as times, sorted
        by customer and start.

    Examples
    --------
    >>> days = ["2024-01-01", "2024-02-01", "2024-04-01"]
    >>> ends = ["2024-02-01", "2024-03-01", None]
    >>> spells = spells_of(pd.DataFrame({"customer_id": ["a"] * 3,
    ...                                  "started_date": days, "ended_date": ends}))
    >>> spells["spell_start"].dt.month.tolist()
    [1, 1, 4]
    """
    # ties are never broken by the end: before a cutoff it may not be known
    order = ["customer_id", "started", *(c for c in TIES if c in contracts)]
    rows = contracts.assign(
        started=pd.to_datetime(contracts["started_date"]).astype("datetime64[us]"),
        ended=pd.to_datetime(contracts["ended_date"]).astype("datetime64[us]"),
    ).sort_values(order, kind="stable", ignore_index=True)
    customer = pd.factorize(rows["customer_id"])[0]
    started, ended = (days(array_of(rows, name)) for name in ("started", "ended"))
    spell = np.cumsum(new_spells(customer, started, ended))
    runs = rows["ended"].isna().groupby(spell).transform("any")
    return rows.assign(
        spell_start=rows["started"].groupby(spell).transform("min"),
        spell_end=rows["ended"].groupby(spell).transform("max").mask(runs),
    )


def running(spells: pd.DataFrame, cutoff: date) -> pd.DataFrame:
    """Return the contracts that run at a cutoff."""
    day = pd.Timestamp(cutoff)
    return spells[
        (spells["started"] < day) & (spells["ended"].isna() | (spells["ended"] >= day))
    ]


def cancelled(
    spells: pd.DataFrame, timeline: Timeline, customers: pd.Series, cutoff: date
) -> NDArray[np.float64]:
    """Return who cancelled in the window of a cutoff.

    Parameters
    ----------
    spells : DataFrame of shape (n_contracts, n_columns)
        As `spells_of` gives them.
    timeline : Timeline
        Gap and horizon.
    customers : Series of shape (n_customers,)
        Customers with a running contract at the cutoff.
    cutoff : date
        The window begins ``gap_days`` after it.

    Returns
    -------
    array of shape (n_customers,)
        1 where the spell ended in the window, 0 where it outlasted it, NaN where it
        ended in the gap: such a customer is neither.
    """
    start, end = map(pd.Timestamp, timeline.label_window(cutoff))
    day = pd.Timestamp(cutoff)
    here = spells[
        (spells["started"] < day)
        & (spells["spell_end"].isna() | (spells["spell_end"] >= day))
    ]
    ends = here.drop_duplicates("customer_id", keep="last").set_index("customer_id")
    last = ends["spell_end"].reindex(customers)
    inside = ((last >= start) & (last < end)).to_numpy(dtype=np.float64)
    return np.where((last < start).to_numpy(), np.nan, inside)


def tenures_before(
    spells: pd.DataFrame, cutoff: date
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return days each spell has lasted as known at a cutoff, and which have ended."""
    day = pd.Timestamp(cutoff)
    known = spells[spells["spell_start"] < day].drop_duplicates(
        ["customer_id", "spell_start"]
    )
    over = known["spell_end"] < day
    until = known["spell_end"].where(over, day)
    tenure = np.asarray((until - known["spell_start"]).dt.days, dtype=np.float64)
    return tenure, np.asarray(over, dtype=bool)
