"""How expected spend was chosen, and how far its intervals hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regulars.report.comparison import (
    VALUE_MEASURES,
    Comparison,
    Measure,
    compared,
    three,
)
from regulars.report.formats import is_missing, money, percent

if TYPE_CHECKING:
    from regulars.results import TrainingResult

MOST_CANDIDATES = 10
MEASURES = (
    *VALUE_MEASURES,
    Measure("normalized_gini", "Normalised Gini", "more", three),
    Measure("decile_error", "Deciles off by", "less", three),
)


def spend_comparison(training: TrainingResult) -> Comparison | None:
    """Lay the candidates for spend beside each other, as validation windows saw them.

    The nearest ones, every candidate that stands alone, and the chosen one.
    """
    figures, chosen = training.spend_selection, training.value_model
    if not figures:
        return None
    ranked = sorted(figures, key=lambda name: (figures[name].mae, name))
    kept = {*ranked[:MOST_CANDIDATES], *(n for n in ranked if "+" not in n), chosen}
    order = [name for name in ranked if name in kept]
    labels = {name: name.replace("+", " + ") for name in order}
    return compared(MEASURES, {n: figures[n] for n in order}, labels, own=chosen)


def spend_intervals(training: TrainingResult, currency: str) -> str:
    """Say for how many customers the intervals of spend held."""
    if training.spend_intervals is None:
        return ""
    intervals = training.spend_intervals
    validation, test = intervals.validation.interval_coverage, intervals.test
    text = (
        f"Intervals of spend that are meant to hold for {percent(intervals.level)} of "
        f"customers held for {percent(validation)} on validation windows they were not "
        "learnt from"
    )
    if is_missing(test.interval_coverage):
        return f"{text}."
    return (
        f"{text}, and for {percent(test.interval_coverage)} on the test window, "
        f"where they are {money(test.interval_width, currency)} wide on average."
    )
