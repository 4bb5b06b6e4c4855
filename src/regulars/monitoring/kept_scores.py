"""Scored tables that the batch has kept, by cutoff."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from regulars.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

FOLDER, NAME = "scores", b"regulars.name"
_FILE = re.compile(r"cutoff=(\d{4}-\d{2}-\d{2})\.parquet")
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
    """The files ``scores/cutoff=DAY.parquet`` of an outputs folder."""

    outputs: Path
    # of the model: another configuration may share the folder
    name: str

    def near(self, day: date, within: timedelta) -> date:
        """Return the latest kept cutoff of the days up to one; else the day itself."""
        folder = self.outputs / FOLDER
        found = (_FILE.fullmatch(path.name) for path in folder.glob("cutoff=*.parquet"))
        days = (date.fromisoformat(match[1]) for match in found if match)
        close = sorted(each for each in days if day - within < each <= day)
        return close[-1] if close else day

    def read(self, day: date) -> pd.DataFrame | None:
        """Return the scores of a day, if they were kept."""
        path = self.outputs / FOLDER / f"cutoff={day}.parquet"
        if not path.is_file():
            return None
        try:
            said = pq.read_schema(path).metadata or {}
            if said.get(NAME, self.name.encode()) != self.name.encode():
                return None
            kept: pd.DataFrame = pq.read_table(path, columns=[*COLUMNS]).to_pandas()
        except (OSError, pa.ArrowException) as error:
            msg = (
                f"The scores of an earlier cutoff in '{path}' cannot be read "
                f"({str(error).splitlines()[0]}). Delete the file, or put back a whole "
                "one."
            )
            raise DataError(msg) from error
        return kept
