"""Scored tables that the batch has kept, by cutoff."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, timedelta

    import pandas as pd

    from regulars.scoring.history import History

COLUMNS = (
    "customer_id",
    "churn_probability",
    "expected_spend",
    "clv",
    "risk_band",
    "model_version",
)


@dataclass(frozen=True)
class KeptScores:
    """What the watch reads of the scores of earlier cutoffs."""

    history: History

    @cached_property
    def days(self) -> list[date]:
        """The cutoffs that have scores, rising."""
        return self.history.days()

    def near(self, day: date, within: timedelta) -> date:
        """Return the latest kept cutoff of the days up to one; else the day itself."""
        close = [each for each in self.days if day - within < each <= day]
        return close[-1] if close else day

    def frame(self, day: date) -> pd.DataFrame | None:
        """Return the scores of a day, if they were kept."""
        if day not in self.days:
            return None
        kept: pd.DataFrame = self.history.read(day, COLUMNS).to_pandas()
        return kept
