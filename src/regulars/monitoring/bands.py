"""The scores of each cutoff: how many customers lie in which band of risk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from regulars.models.horizon import BANDS
from regulars.monitoring.checks import Watch, tail
from regulars.results.monitoring import ScoreMonth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import pandas as pd

    from regulars.config import MonitoringSettings


def score_month(scores: pd.DataFrame, cutoff: date, version: str) -> ScoreMonth:
    """Return the figures of the scores of one cutoff."""
    shares = scores["risk_band"].value_counts(normalize=True)
    return ScoreMonth(
        cutoff=cutoff,
        model_version=version,
        n_customers=len(scores),
        mean_churn_probability=float(scores["churn_probability"].mean()),
        band_shares={band: float(shares.get(band, 0.0)) for band in BANDS},
        expected_spend=_total(scores, "expected_spend"),
        clv=_total(scores, "clv"),
    )


def _total(scores: pd.DataFrame, name: str) -> float | None:
    values = scores[name]
    return None if values.isna().all() else float(values.sum())


def watch_bands(
    months: Sequence[ScoreMonth], settings: MonitoringSettings
) -> list[Watch]:
    """Watch the share of each band against the scoring before."""
    if len(months) < 2:
        return []
    before, own = months[-2:]
    watches = []
    for band in BANDS:
        share, usual = own.band_shares[band], before.band_shares[band]
        spread = usual * (1 - usual) + share * (1 - share)
        # most customers are in both: as if they were not
        error = float(np.sqrt(spread / min(own.n_customers, before.n_customers)))
        excess = abs(share - usual) - settings.band_change
        watches.append(
            Watch(
                room="scores",
                name=f"band {band}",
                value=share,
                expected=usual,
                threshold=settings.band_change,
                p_value=min(2 * tail(excess, error), 1.0),
                since=own.cutoff,
                sentence=(
                    f"{share:.0%} of the customers are in the band '{band}' as of "
                    f"{own.cutoff}, {usual:.0%} as of {before.cutoff} "
                    f"({settings.band_change:.0%} either way is tolerated). Look at "
                    "the arrival of data first: with days missing, everybody looks "
                    "silent."
                ),
            )
        )
    return watches
