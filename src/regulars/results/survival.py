"""How long contracts last, in figures and in the training's record."""

from __future__ import annotations

from collections.abc import Mapping

from regulars.results.base import Part


class SurvivalStep(Part):
    """A step of Kaplan and Meier's curve, with Greenwood's band."""

    tenure_days: float
    n_at_risk: int
    n_ended: int
    survival: float
    low: float | None  # None where nobody is left
    high: float | None


class HazardPeriod(Part):
    """The share of the contracts seen in a period of tenure that ends in it."""

    period: int
    from_days: int
    n_exposed: float  # a contract seen for half a period counts a half
    n_ended: int
    hazard: float
    low: float | None
    high: float | None


class Survival(Part):
    """How long spells of contracts last, as known at a cutoff."""

    curve: tuple[SurvivalStep, ...]
    hazard: tuple[HazardPeriod, ...]
    plans: Mapping[str, tuple[SurvivalStep, ...]]
    period_days: int
    n_spells: int
    n_ended: int
    median_days: float | None  # None: fewer than half have ended
