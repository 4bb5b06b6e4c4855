"""A checked purchase log with its cutoffs: what a training starts from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from regulars.data.fingerprint import fingerprint
from regulars.features.cache import FeatureCache

if TYPE_CHECKING:
    from regulars.config import Settings
    from regulars.data.intake import Intake
    from regulars.data.ledger import Ledger
    from regulars.timeline import Timeline


@dataclass(frozen=True)
class Workspace:
    """Checked tables of a log, laid out in time."""

    settings: Settings
    intake: Intake
    ledger: Ledger
    timeline: Timeline

    @cached_property
    def features(self) -> FeatureCache:
        """Feature rows by cutoff, computed once."""
        return FeatureCache(self.ledger, self.settings)

    def fingerprint(self) -> str:
        """Return a digest of the log."""
        return fingerprint(self.ledger)
