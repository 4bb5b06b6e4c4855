"""What a reader has to know of a purchase log and its windows, in sentences."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from regulars.clv.process import LABELS
from regulars.data.closures import closure_notes, closures_known, daily_purchases
from regulars.data.strays import stray_days_of
from regulars.kinds.non_contractual.snapshots import FEWEST_CHURNERS

if TYPE_CHECKING:
    from datetime import date

    from regulars.data.ledger import Ledger
    from regulars.timeline import Timeline

# silent days at the end of a log from which a note is due
STALE_DAYS = 7


# said of a log that is too short to test a model on
NO_TEST = (
    "The history is shorter than one horizon: there is no test window, and no "
    "figure of how good the scores are."
)


def log_notes(
    ledger: Ledger, timeline: Timeline, training_cutoffs: int, known_at: date
) -> list[str]:
    """Return what there is to say of a log as it was known on a day.

    So many training windows were asked for.
    """
    closures = closures_known(daily_purchases(ledger))(known_at)
    return [
        *history_notes(timeline, training_cutoffs),
        *stale_notes(ledger, known_at),
        *stray_notes(ledger),
        *closure_notes(closures, known_at),
    ]


def process_only_note(timeline: Timeline, kind: str) -> str:
    """Return why the purchase process carries the scores alone."""
    reason = "The history holds no window to learn a classifier from"
    if timeline.folds:
        reason = (
            "Too few customers left, or too few stayed, to learn a classifier from "
            f"({FEWEST_CHURNERS} of each are needed in a window and in those before it)"
        )
    return (
        f"{reason}: the purchase-process model ({LABELS[kind]} and Gamma-Gamma) "
        "carries the scores alone."
    )


def extrapolation_note(weight: float) -> str:
    """Return how churn is extrapolated to a horizon that nothing could teach."""
    return (
        "Shorter stretches inside the history say that silence goes on more "
        "steadily than the purchase process expects: its ratio is mixed with that "
        f"of the days, which has a share of {weight:.0%}."
    )


def tested_otherwise(tested: Timeline, final: Timeline) -> list[str]:
    """Return in what the model that was tested is unlike the one that scores."""
    if tested.test_cutoff is None:
        return [NO_TEST]
    if tested.label_horizon_days == final.label_horizon_days:
        return []
    return [
        f"The figures are those of a model made as of {tested.test_cutoff}, when the "
        f"history taught windows of {tested.label_horizon_days} days; the model that "
        f"scores has learnt on windows of {final.label_horizon_days} days."
    ]


def stale_notes(ledger: Ledger, cutoff: date) -> list[str]:
    """Return a warning where the cutoff lies well after the last record."""
    if ledger.last_day is None:
        return []
    silent_days = (cutoff - ledger.last_day).days - 1
    if silent_days < STALE_DAYS:
        return []
    return [
        f"The log ends {silent_days} days before the cutoff ({cutoff}). If "
        "records are missing there, customers who bought look as if they had left: "
        f"read a newer log, or pass a cutoff of {ledger.last_day + timedelta(days=1)}."
    ]


def stray_notes(ledger: Ledger) -> list[str]:
    """Return a warning where days lie far from the rest of the log."""
    strays = stray_days_of(ledger.days.day)
    if strays is None:
        return []
    return [
        f"Windows are laid over {strays.first} to {strays.last}, the bulk of the log; "
        "days lie far from it, and their customers count with what they bought there. "
        "`regulars check` names the setting that leaves them out."
    ]


def history_notes(timeline: Timeline, training_cutoffs: int) -> list[str]:
    """Return what a short history costs."""
    notes = []
    usable = len(timeline.training_cutoffs)
    if timeline.is_extrapolated:
        notes.append(
            f"The history holds no two windows of {timeline.horizon_days} days, to "
            "learn from and to choose on: the model learnt on windows of "
            f"{timeline.label_horizon_days} days, and the purchase process carries "
            f"its forecasts over to {timeline.horizon_days} days; intervals of spend "
            "are stretched in proportion."
        )
    if 0 < usable < training_cutoffs:
        notes.append(
            f"The history leaves {usable} of the {training_cutoffs} training windows "
            "asked for."
        )
    return notes
