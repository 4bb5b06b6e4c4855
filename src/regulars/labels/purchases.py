"""Label customers by what they bought in the window after a cutoff.

This module looks only forward from a cutoff and `regulars.features` only backward;
neither imports the other, so that an outcome cannot slip into a feature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import pandas as pd

from regulars.data.ledger import MICROS
from regulars.errors import LeakageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from regulars.data.ledger import Ledger
    from regulars.timeline import Timeline

OUTCOMES = ("churned", "n_purchases", "spend")


def build_labels(
    ledger: Ledger, timeline: Timeline, keys: pd.DataFrame, *, known_at: date
) -> pd.DataFrame:
    """Return the outcome of every (customer, cutoff).

    A customer has churned when no day of the window ``[cutoff + gap,
    cutoff + gap + horizon)`` holds a purchase; a refund is not a purchase, but it is
    netted from the spend.

    Parameters
    ----------
    ledger : Ledger
        One row a customer and day.
    timeline : Timeline
        Gap and horizon.
    keys : DataFrame of shape (n_rows, 2 or more)
        ``customer_id`` and ``cutoff``; other columns are ignored.
    known_at : date
        The day on which these labels are used: every window has to be over by then.

    Returns
    -------
    DataFrame of shape (n_rows, 5)
        ``customer_id``, ``cutoff``, ``churned`` (0 or 1), ``n_purchases`` (days with a
        purchase) and ``spend`` (net of returns, in the currency of the log), in the
        order and with the index of `keys`.

    Raises
    ------
    LeakageError
        A window ends after `known_at`.

    Examples
    --------
    >>> from datetime import date
    >>> from regulars.config import TimeSettings
    >>> from regulars.data.ledger import build_ledger
    >>> from regulars.timeline import plan
    >>> log = ibis.memtable(pd.DataFrame({
    ...     "customer_id": ["a", "a", "b"],
    ...     "order_time": pd.to_datetime(["2024-01-01", "2024-02-05", "2024-01-09"]),
    ...     "order_date": pd.to_datetime(
    ...         ["2024-01-01", "2024-02-05", "2024-01-09"]).date,
    ...     "amount": [10.0, 4.0, 7.0], "is_return": [False, False, False]}))
    >>> line = plan(TimeSettings(horizon_days=28), date(2024, 1, 1), date(2024, 3, 1))
    >>> keys = pd.DataFrame({"customer_id": ["b", "a"],
    ...                      "cutoff": [date(2024, 2, 1)] * 2})
    >>> labels = build_labels(build_ledger(log), line, keys, known_at=line.cutoff)
    >>> labels[["customer_id", "churned", "n_purchases", "spend"]]
      customer_id  churned  n_purchases  spend
    0           b        1            0    0.0
    1           a        0            1    4.0
    """
    cutoffs = sorted({pd.Timestamp(day).date() for day in keys["cutoff"].unique()})
    refuse_unknown(timeline, cutoffs, known_at)
    outcomes = outcomes_in_windows(ledger, timeline, cutoffs).to_pandas()
    aligned = (
        keys[["customer_id", "cutoff"]]
        .assign(_day=pd.to_datetime(keys["cutoff"]))
        .merge(
            outcomes.assign(_day=pd.to_datetime(outcomes["cutoff"])).drop(
                columns="cutoff"
            ),
            on=["customer_id", "_day"],
            how="left",
            validate="many_to_one",
        )
        .drop(columns="_day")
        .set_index(keys.index)
    )
    n_purchases = aligned["n_purchases"].fillna(0).astype("int64")
    return aligned.assign(
        churned=(n_purchases == 0).astype("int64"),
        n_purchases=n_purchases,
        spend=aligned["spend"].fillna(0.0).astype("float64"),
    )[["customer_id", "cutoff", *OUTCOMES]]


def refuse_unknown(timeline: Timeline, cutoffs: Sequence[date], known_at: date) -> None:
    """Raise a LeakageError where the outcome of a cutoff is not known on a day."""
    unknown = [day for day in cutoffs if timeline.label_window(day)[1] > known_at]
    if unknown:
        msg = (
            f"The outcome of {len(unknown)} of {len(cutoffs)} cutoffs (latest "
            f"{unknown[-1]}) is not known on {known_at}: its window ends on "
            f"{timeline.label_window(unknown[-1])[1]}. Use earlier cutoffs."
        )
        raise LeakageError(msg)


def outcomes_in_windows(
    ledger: Ledger, timeline: Timeline, cutoffs: Sequence[date]
) -> ibis.Table:
    """Return one row a customer and cutoff with anything in the window."""
    days = ledger.days
    windows = []
    for cutoff in cutoffs:
        start, end = timeline.label_window(cutoff)
        inside = days.filter(
            (days.day >= ibis.literal(start)) & (days.day < ibis.literal(end))
        )
        windows.append(
            inside.group_by("customer_id")
            .aggregate(
                n_purchases=inside.is_purchase.cast("int64").sum(),
                spend=inside.spend_micros.sum() / MICROS,
            )
            .mutate(cutoff=ibis.literal(cutoff))
        )
    return ibis.union(*windows) if len(windows) > 1 else windows[0]
