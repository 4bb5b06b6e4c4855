"""Feature rows by cutoff, with the purchase process of their own cutoff and outcomes.

Features are computed once, each purchase process is fitted once, and outcomes are given
only for a stated day of use, so that none is used before it was known.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
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
from regulars.features.rows import FeatureRows
from regulars.labels.purchases import OUTCOMES, build_labels, refuse_unknown
from regulars.metrics import log_loss, mae
from regulars.models.memo import Memo
from regulars.models.retention import stack
from regulars.training.terms import horizon_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from regulars.config import Settings
    from regulars.data.ledger import Ledger
    from regulars.models.horizon import Horizon
    from regulars.timeline import Timeline

# of customers who left, and who stayed, below which no classifier is learnt
FEWEST_CHURNERS = 20
BASELINE_PROCESS = "bg_nbd"


@dataclass(frozen=True, eq=False)
class Snapshots:
    """Feature rows by cutoff, each with the purchase process of its own cutoff."""

    ledger: Ledger
    timeline: Timeline
    horizon: Horizon
    cache: FeatureRows
    rows: Mapping[date, pd.DataFrame] = field(repr=False)
    # processes, and what follows from them; shared by the snapshots of one ledger,
    # which say the same of a cutoff whoever came first
    memo: Memo = field(repr=False)
    # the purchase model in use
    kind: str = BASELINE_PROCESS

    @classmethod
    def of(
        cls,
        ledger: Ledger,
        timeline: Timeline,
        settings: Settings,
        cache: FeatureRows | None = None,
        memo: Memo | None = None,
    ) -> Snapshots:
        """Lay a ledger out at the cutoffs of a timeline.

        `memo` holds what other snapshots of the ledger have worked out; what is worked
        out here is added.
        """
        cache = cache or FeatureRows(FeatureCache(ledger, settings))
        words = cache.vocabulary(timeline.stands_at)
        rows = cache.by_cutoff(timeline.snapshots, words)
        unknown = _unknown_somewhere(rows, timeline.stands_at)
        return cls(
            ledger,
            timeline,
            horizon_of(settings, timeline),
            cache,
            {day: features.drop(columns=unknown) for day, features in rows.items()},
            memo or Memo(),
        )

    def with_horizon(self, horizon: Horizon) -> Snapshots:
        """Return the snapshots with other terms."""
        return replace(self, horizon=horizon)

    def with_process(self, kind: str) -> Snapshots:
        """Return the snapshots with another purchase model in use."""
        return replace(self, kind=kind)

    def features(self, cutoff: date) -> pd.DataFrame:
        """Return the keys and features of a cutoff."""
        if cutoff not in self.rows:
            msg = (
                f"No customer had bought anything before {cutoff}. Pass a later "
                "cutoff, or read more of the log."
            )
            raise NotEnoughHistoryError(msg)
        return self.rows[cutoff]

    def process(self, cutoff: date, kind: str | None = None) -> PurchaseProcess:
        """Return the purchase process fitted to what was known at a cutoff."""
        kind = kind or self.kind

        def fitted() -> PurchaseProcess:
            with warnings.catch_warnings():
                # what the final model warns of becomes a note; see `final_warnings`
                warnings.simplefilter("ignore", RegularsWarning)
                return PurchaseProcess(kind).fit(self.features(cutoff))

        return self.memo.of(("process", cutoff, kind), fitted)

    def compare_processes(self) -> dict[str, dict[str, float]]:
        """Return how the purchase models predict the validation windows.

        ``log_loss`` of the probability of no purchase and ``mae`` of the expected
        purchases, by model. A model that cannot be fitted to some window is out; empty
        without validation windows.
        """
        figures: dict[str, dict[str, float]] = {}
        for kind in PURCHASE_MODELS:
            scores = [
                self._foresight(fold.cutoff, kind) for fold in self.timeline.folds
            ]
            if scores and None not in scores:
                losses, errors = zip(*filter(None, scores), strict=True)
                figures[kind] = {
                    "log_loss": float(np.mean(losses)),
                    "mae": float(np.mean(errors)),
                }
        return figures

    def with_best_process(
        self, figures: Mapping[str, Mapping[str, float]]
    ) -> Snapshots:
        """Return the snapshots with the purchase model of the best figures in use.

        Both figures in units of the BG/NBD model's; the least sum is taken.
        """
        if not figures:
            return self
        unit = figures.get(BASELINE_PROCESS) or next(iter(figures.values()))
        return self.with_process(
            min(
                figures,
                key=lambda kind: sum(
                    figures[kind][m] / unit[m] for m in ("log_loss", "mae")
                ),
            )
        )

    def _foresight(self, cutoff: date, kind: str) -> tuple[float, float] | None:
        if not self.has_process(cutoff, kind):
            return None
        known_at = self.timeline.stands_at
        rows = self.learnt(cutoff, known_at=known_at, kind=kind)
        silent = rows["btyd_no_purchase_probability"]
        loss = log_loss(rows["churned"], silent)
        return loss, mae(rows["n_purchases"], rows["btyd_expected_purchases"])

    def final_warnings(self) -> list[str]:
        """Return what the purchase process warns of at the cutoff of the scores."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", RegularsWarning)
            PurchaseProcess(self.kind).fit(self.features(self.timeline.stands_at))
        return [
            str(entry.message)
            for entry in caught
            if issubclass(entry.category, RegularsWarning)
        ]

    def labelled(
        self, cutoff: date, *, known_at: date, kind: str | None = None
    ) -> pd.DataFrame:
        """Return the rows of a cutoff with process columns and outcomes.

        Of the horizon asked for; `known_at` is the day on which the outcomes are used.
        """
        return self._labelled(cutoff, known_at, kind, self.horizon, self.timeline)

    def learnt(
        self, cutoff: date, *, known_at: date, kind: str | None = None
    ) -> pd.DataFrame:
        """Return the rows of a cutoff as models learn from them.

        As `labelled`, of the horizon that the history can teach.
        """
        horizon, timeline = self.horizon.teaching, self.timeline.teaching
        return self._labelled(cutoff, known_at, kind, horizon, timeline)

    def _labelled(
        self,
        cutoff: date,
        known_at: date,
        kind: str | None,
        horizon: Horizon,
        timeline: Timeline,
    ) -> pd.DataFrame:
        kind = kind or self.kind
        rows = self.features(cutoff)
        refuse_unknown(timeline, [cutoff], known_at)
        expected = self.memo.of(
            ("expected", cutoff, kind, horizon.days, horizon.gap_days),
            lambda: self.process(cutoff, kind).predict(
                rows, horizon_days=horizon.days, gap_days=horizon.gap_days
            ),
        )
        outcomes = self.memo.of(
            ("outcomes", cutoff, *timeline.label_window(cutoff)),
            lambda: build_labels(self.ledger, timeline, rows, known_at=known_at)[
                list(OUTCOMES)
            ],
        )
        return pd.concat([rows, expected, outcomes], axis=1)

    def clv(self, cutoff: date) -> NDArray[np.float64]:
        """Return the value of each customer as known at a cutoff; 0 or more."""
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
        """Return the rows of several cutoffs as models learn from them.

        None where no cutoff has customers enough for a purchase process, or where
        hardly anyone stayed or hardly anyone left.
        """
        usable = [day for day in cutoffs if self.has_process(day)]
        if not usable:
            return None
        rows = stack([self.learnt(day, known_at=known_at) for day in usable])
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
