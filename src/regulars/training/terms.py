"""The horizon and terms of the scores, from the settings and the timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.models.horizon import Horizon

if TYPE_CHECKING:
    from regulars.config import Settings
    from regulars.timeline import Timeline


def horizon_of(
    settings: Settings, timeline: Timeline | None = None, *, has_days: bool = True
) -> Horizon:
    """Return the terms of the scores.

    The timeline says whether models learn on a shorter horizon; without days there is
    no horizon.
    """
    return Horizon(
        horizon_days=settings.time.horizon_days if has_days else None,
        gap_days=settings.time.gap_days if has_days else 0,
        margin=settings.value.margin,
        discount_rate_annual=settings.value.discount_rate_annual,
        clv_horizon_days=settings.value.clv_horizon_days,
        risk_bands=settings.scores.risk_bands,
        gap_breaks=settings.scores.gap_breaks,
        value_breaks=settings.scores.value_breaks,
        label_horizon_days=timeline.label_horizon_days if timeline else None,
        currency=settings.source.currency,
    )


def timeline_record(timeline: Timeline) -> dict[str, Any]:
    """Return the days of a timeline by what they are."""
    return {
        "cutoff": timeline.cutoff,
        "label_horizon_days": timeline.label_horizon_days,
        "test_cutoff": timeline.test_cutoff,
        "validation_cutoff": timeline.validation_cutoff,
        "training_cutoffs": timeline.training_cutoffs,
        "refit_cutoffs": timeline.refit_cutoffs,
    }
