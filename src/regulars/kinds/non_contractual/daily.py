"""What customers who had bought before spent, day by day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis
import numpy as np
import pandas as pd

from regulars.data.ledger import MICROS
from regulars.models.season import DailyTotals

if TYPE_CHECKING:
    from datetime import date

    from regulars.data.ledger import Ledger


def daily_spend(ledger: Ledger, *, known_at: date) -> DailyTotals:
    """Return the spend of every day before one, of customers after their first day.

    Newcomers are left out: a forecast is of customers who have bought before.
    """
    assert ledger.first_day is not None
    days = ledger.days.filter(ledger.days.day < ibis.literal(known_at))
    first = days.day.min().over(ibis.window(group_by=days.customer_id))
    later = days.mutate(first=first).filter(lambda t: t.day > t["first"])
    spent = later.group_by("day").aggregate(spend=later.spend_micros.sum() / MICROS)
    frame = spent.to_pandas()
    by_day = pd.Series(frame["spend"].to_numpy(), pd.to_datetime(frame["day"]))
    last = pd.Timestamp(known_at) - pd.Timedelta(days=1)
    every = by_day.reindex(pd.date_range(ledger.first_day, last), fill_value=0.0)
    return DailyTotals(ledger.first_day, every.to_numpy(np.float64))
