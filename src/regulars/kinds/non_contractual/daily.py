"""What customers who had bought before spent, and how often they came, day by day."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import ibis
import numpy as np
import pandas as pd

from regulars.data.ledger import MICROS
from regulars.models.season import DailyTotals

if TYPE_CHECKING:
    from datetime import date

    from regulars.data.ledger import Ledger


class Daily(NamedTuple):
    """Totals of every day before one, of customers after their first day."""

    spend: DailyTotals
    # days of purchase, one a customer and day
    purchases: DailyTotals


def daily_totals(ledger: Ledger, *, known_at: date) -> Daily:
    """Return what came in on every day before one.

    Newcomers are left out: a forecast is of customers who have bought before.
    """
    assert ledger.first_day is not None
    days = ledger.days.filter(ledger.days.day < ibis.literal(known_at))
    first = days.day.min().over(ibis.window(group_by=days.customer_id))
    later = days.mutate(first=first).filter(lambda t: t.day > t["first"])
    totals = later.group_by("day").aggregate(
        spend=later.spend_micros.sum() / MICROS, purchases=later.count()
    )
    by_day = totals.to_pandas().assign(day=lambda t: pd.to_datetime(t["day"]))
    last = pd.Timestamp(known_at) - pd.Timedelta(days=1)
    calendar = pd.date_range(ledger.first_day, last)
    every = by_day.set_index("day").reindex(calendar, fill_value=0.0)
    return Daily(
        *(
            DailyTotals(ledger.first_day, every[name].to_numpy(np.float64))
            for name in Daily._fields
        )
    )
