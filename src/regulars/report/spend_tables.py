"""How expected spend was chosen, its level, and how far its intervals hold."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from regulars.report.comparison import (
    VALUE_MEASURES,
    Cell,
    Comparison,
    Measure,
    compared,
    three,
)
from regulars.report.formats import is_missing, money, number, percent

if TYPE_CHECKING:
    from regulars.results import TrainingResult

MOST_CANDIDATES = 10
MEASURES = (
    *VALUE_MEASURES,
    Measure("decile_error", "Deciles off by", "less", three),
    Measure("mae", "Mean absolute error", "less", three),
)
# a factor that reads as 1.00 says nothing
SMALLEST_CHANGE = 0.005


def spend_comparison(training: TrainingResult) -> Comparison | None:
    """Lay the candidates for expected spend beside each other, as validation saw them.

    The best means, every candidate that stands alone, and the chosen one.
    """
    figures, chosen = training.spend_selection, training.value_model
    if not figures:
        return None

    def loss(name: str) -> tuple[float, str]:
        deviance = figures[name].tweedie_deviance
        return (math.inf if deviance is None else deviance, name)

    ranked = sorted(figures, key=loss)
    kept = {*ranked[:MOST_CANDIDATES], *(n for n in ranked if "+" not in n), chosen}
    order = [name for name in ranked if name in kept]
    labels = {name: name.replace("+", " + ") for name in order}
    return compared(MEASURES, {n: figures[n] for n in order}, labels, own=chosen)


def spend_tenths(training: TrainingResult, currency: str) -> Comparison | None:
    """Lay what was expected beside what came in, by tenth of expected spend."""
    tenths = training.spend_tenths
    if not tenths:
        return None
    headings = ["Customers", "Expected", "Came in", "Intervals meant for", "Held for"]
    rows = [
        (
            f"Tenth {row.decile}",
            False,
            [
                Cell(number(row.n_customers)),
                Cell(money(row.total_predicted, currency)),
                Cell(money(row.total_actual, currency)),
                Cell(percent(row.coverage_meant)),
                Cell(percent(row.coverage_held)),
            ],
        )
        for row in tenths
    ]
    if all(is_missing(row.coverage_held) for row in tenths):
        headings, rows = headings[:3], [(n, own, c[:3]) for n, own, c in rows]
    return Comparison(headings, [""] * len(headings), rows, "")


def spend_level(training: TrainingResult) -> str:
    """Say what expected spend is multiplied by, where it is by anything."""
    level, chosen = training.spend_level, training.value_model
    figures = training.spend_selection.get(chosen or "")
    if level is None or figures is None:
        return ""
    season = math.exp(level.season_share * level.season_gap)
    text = ""
    if abs(season - 1) > SMALLEST_CHANGE:
        text = (
            f"Expected and typical spend are multiplied by {number(season, 2)} for the "
            f"season, {percent(level.season_share)} of what it made of the same window "
            "in the years before: so much the model misses on validation windows. "
        )
    if abs(level.factor - 1) > SMALLEST_CHANGE:
        text += (
            f"Expected spend is multiplied by {number(level.factor, 2)}, since totals "
            "of validation windows were further off than a tenth."
        )
    return text.strip()


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
    if not is_missing(gap := intervals.validation.interval_gap):
        text += f" (at most {percent(gap)} off in any tenth of expected spend)"
    if is_missing(test.interval_coverage):
        return f"{text}."
    return (
        f"{text}, and for {percent(test.interval_coverage)} on the test window, "
        f"where they are {money(test.interval_width, currency)} wide on average."
    )
