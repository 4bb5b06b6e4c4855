"""Feature rows by cutoff, with the purchase process of their own cutoff and outcomes.

A ledger, a timeline and the settings come in; for any of the timeline's cutoffs the
rows that a model learns from or is judged on go out. Features are computed once, each
purchase process is fitted once, and an outcome is handed out only to one who says on
which day it is used.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from regulars.clv.process import PURCHASE_MODELS, PurchaseProcess
from regulars.errors import (
    ConvergenceError,
    DataError,
    NotEnoughHistoryError,
    RegularsWarning,
)
from regulars.features.cache import FeatureCache
from regulars.labels.purchases import build_labels
from regulars.metrics import log_loss, mae
from regulars.models.retention import Horizon, add_process, stack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from regulars.config import Settings
    from regulars.data.ledger import Ledger
    from regulars.timeline import Timeline

FEWEST_CHURNERS = 20
BASELINE_PROCESS = "bg_nbd"


def horizon_of(settings: Settings, timeline: Timeline | None = None) -> Horizon:
    """Return what the scores are about."""
    return Horizon(
        horizon_days=settings.time.horizon_days,
        gap_days=settings.time.gap_days,
        margin=settings.value.margin,
        discount_rate_annual=settings.value.discount_rate_annual,
        clv_horizon_days=settings.value.clv_horizon_days,
        risk_bands=settings.scores.risk_bands,
        label_horizon_days=timeline.label_horizon_days if timeline else None,
        currency=settings.source.currency,
    )


class Snapshots:
    """Feature rows by cutoff, each with the purchase process of its own cutoff."""

    def __init__(
        self,
        ledger: Ledger,
        timeline: Timeline,
        settings: Settings,
        features: FeatureCache | None = None,
        processes: dict[tuple[date, str], PurchaseProcess] | None = None,
    ) -> None:
        self._ledger = ledger
        self._timeline = timeline
        self.horizon = horizon_of(settings, timeline)
        self.cache = features or FeatureCache(ledger, settings)
        found = self.cache.by_cutoff(timeline.snapshots)
        unknown = _unknown_somewhere(found, timeline.test_cutoff or timeline.cutoff)
        self._features = {
            day: rows.drop(columns=unknown) for day, rows in found.items()
        }
        self._processes = {} if processes is None else processes
        self.kind = BASELINE_PROCESS

    def features(self, cutoff: date) -> pd.DataFrame:
        """Return the keys and features of a cutoff."""
        if cutoff not in self._features:
            msg = (
                f"No customer had bought anything before {cutoff}. Pass a later "
                "cutoff, or read more of the log."
            )
            raise NotEnoughHistoryError(msg)
        return self._features[cutoff]

    def process(self, cutoff: date, kind: str | None = None) -> PurchaseProcess:
        """Return the purchase process fitted to what was known at a cutoff."""
        key = (cutoff, kind or self.kind)
        if key not in self._processes:
            with warnings.catch_warnings():
                # what the final model warns of becomes a note; see `process_notes`
                warnings.simplefilter("ignore", RegularsWarning)
                fitted = PurchaseProcess(key[1]).fit(self.features(cutoff))
            self._processes[key] = fitted
        return self._processes[key]

    def choose_process(self) -> dict[str, dict[str, float]]:
        """Take the purchase model that foresees the validation windows best.

        Each model is ranked by the log loss of its probability of no purchase and by
        the mean absolute error of its expected purchases, both in units of the
        BG/NBD model's; the least sum is taken. A model that cannot be fitted to some
        window is out.
        """
        found: dict[str, dict[str, float]] = {}
        for kind in PURCHASE_MODELS:
            scores = [
                self._foresight(fold.cutoff, kind) for fold in self._timeline.folds
            ]
            if scores and None not in scores:
                losses, errors = zip(*filter(None, scores), strict=True)
                found[kind] = {
                    "log_loss": float(np.mean(losses)),
                    "mae": float(np.mean(errors)),
                }
        if found:
            unit = found.get(BASELINE_PROCESS) or next(iter(found.values()))
            self.kind = min(
                found,
                key=lambda kind: sum(
                    found[kind][m] / unit[m] for m in ("log_loss", "mae")
                ),
            )
        return found

    def _foresight(self, cutoff: date, kind: str) -> tuple[float, float] | None:
        if not self.has_process(cutoff, kind):
            return None
        known_at = self._timeline.test_cutoff or self._timeline.cutoff
        rows = self.taught(cutoff, known_at=known_at, kind=kind)
        silent = rows["btyd_no_purchase_probability"]
        loss = log_loss(rows["churned"], silent)
        return loss, mae(rows["n_purchases"], rows["btyd_expected_purchases"])

    def final_warnings(self) -> list[str]:
        """Return what the purchase process warns of at the cutoff of the scores."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", RegularsWarning)
            PurchaseProcess(self.kind).fit(self.features(self._timeline.cutoff))
        return [
            str(entry.message)
            for entry in caught
            if issubclass(entry.category, RegularsWarning)
        ]

    def labelled(
        self, cutoff: date, *, known_at: date, kind: str | None = None
    ) -> pd.DataFrame:
        """Return the rows of a cutoff with process columns and outcomes."""
        return self._rows(cutoff, known_at, kind, self.horizon, self._timeline)

    def taught(
        self, cutoff: date, *, known_at: date, kind: str | None = None
    ) -> pd.DataFrame:
        """Return the rows of a cutoff as models learn from them."""
        horizon, line = self.horizon.teaching, self._timeline.teaching
        return self._rows(cutoff, known_at, kind, horizon, line)

    def _rows(
        self,
        cutoff: date,
        known_at: date,
        kind: str | None,
        horizon: Horizon,
        line: Timeline,
    ) -> pd.DataFrame:
        rows = add_process(self.features(cutoff), self.process(cutoff, kind), horizon)
        outcomes = build_labels(self._ledger, line, rows, known_at=known_at)
        return pd.concat(
            [rows, outcomes.drop(columns=["customer_id", "cutoff"])], axis=1
        )

    def clv(self, cutoff: date) -> NDArray[np.float64]:
        """Return what each customer was worth, as known at a cutoff."""
        value = self.process(cutoff).clv(
            self.features(cutoff),
            margin=self.horizon.margin,
            discount_rate_annual=self.horizon.discount_rate_annual,
            horizon_days=self.horizon.clv_horizon_days,
        )
        return np.maximum(value, 0.0)

    def stacked(
        self, cutoffs: Sequence[date], *, known_at: date
    ) -> pd.DataFrame | None:
        """Return the rows of several cutoffs as models learn from them."""
        usable = [day for day in cutoffs if self.has_process(day)]
        if not usable:
            return None
        rows = stack([self.taught(day, known_at=known_at) for day in usable])
        fewest = min(rows["churned"].sum(), (1 - rows["churned"]).sum())
        return rows if fewest >= FEWEST_CHURNERS else None

    def has_process(self, cutoff: date, kind: str | None = None) -> bool:
        """Return whether a purchase process could be fitted at a cutoff."""
        try:
            self.process(cutoff, kind)
        except (ConvergenceError, DataError, NotEnoughHistoryError):
            return False
        return True


def _unknown_somewhere(
    features: Mapping[date, pd.DataFrame], known_at: date
) -> list[str]:
    """Return the features that no customer of some cutoff has.

    A window of a year is unknown while the log is younger. A model that learnt with it
    missing could not use it when it comes to be known, or would take it for news.
    Cutoffs after `known_at` have no say: the tested model may not know of them.
    """
    early = [rows for day, rows in features.items() if day <= known_at]
    columns = list(early[0].columns) if early else []
    return [name for name in columns if any(rows[name].isna().all() for rows in early)]
