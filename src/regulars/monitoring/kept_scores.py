"""Scored tables that the batch has kept, by cutoff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.scoring.history import FileHistory

if TYPE_CHECKING:
    from datetime import date, timedelta

    import pandas as pd

COLUMNS = (
    "customer_id",
    "churn_probability",
    "expected_spend",
    "clv",
    "risk_band",
    "model_version",
)


class KeptScores(FileHistory):
    """What the watch reads of the files of earlier cutoffs."""

    def near(self, day: date, within: timedelta) -> date:
        """Return the latest kept cutoff of the days up to one; else the day itself."""
        close = [each for each in self.days() if day - within < each <= day]
        return close[-1] if close else day

    def frame(self, day: date) -> pd.DataFrame | None:
        """Return the scores of a day, if they were kept."""
        if not self.has(day):
            return None
        kept: pd.DataFrame = self.read(day, COLUMNS).to_pandas()
        return kept
