"""Refuse to score data that have stopped coming."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from regulars.errors import DataError
from regulars.scoring.manifest import FILE

if TYPE_CHECKING:
    from pathlib import Path

    from regulars.config import Settings

AUTO_DAYS = 14
"""Days that data may be old which an earlier scoring found younger."""


@dataclass(frozen=True)
class Freshness:
    """The last day with a record, and the day on which it is asked."""

    last_record: date
    today: date

    def refuse_stale(self, settings: Settings) -> None:
        """Refuse data whose last record is older than the settings allow.

        An archive is no stale log: without a limit of the user's own, data count as
        stale only where an earlier scoring has seen them up to date.
        """
        limit, stated = settings.scores.max_age_days, settings.time.cutoff
        if limit is None or (limit == "auto" and stated is not None):
            return
        if limit == "auto":
            if not self._were_fresh(settings.outputs_folder):
                return
            limit = AUTO_DAYS
        day = min(stated or self.today, self.today)
        n_days = (day - self.last_record).days
        if n_days > limit:
            msg = (
                f"The last record is of {self.last_record}, {n_days} days before "
                f"{day}: whoever bought since would look as if they had left. Read "
                f"newer data, or allow so old ones: --set scores.max_age_days={n_days} "
                "(null: any)."
            )
            raise DataError(msg)

    def _were_fresh(self, outputs: Path) -> bool:
        """Return whether the scoring before found the data up to date."""
        try:
            before = json.loads((outputs / FILE).read_text(encoding="utf-8"))
            scored = date.fromisoformat(before["scored_at"][:10])
            last = date.fromisoformat(before["last_record"])
        except (OSError, ValueError, KeyError, TypeError):
            return False
        return (scored - last).days <= AUTO_DAYS
