"""How expected spend was chosen, and how far its intervals hold.

``training.json`` comes in as a dictionary; a table of the candidates on the validation
windows and a sentence on the intervals go out.
"""

from __future__ import annotations

from typing import Any

from regulars.report.comparison import (
    VALUE_MEASURES,
    Comparison,
    Measure,
    compared,
    three,
)
from regulars.report.formats import is_missing, money, percent

MOST_CANDIDATES = 10
MEASURES = (
    *VALUE_MEASURES,
    Measure("normalized_gini", "Normalised Gini", "more", three),
    Measure("decile_error", "Deciles off by", "less", three),
)


def spend_comparison(training: dict[str, Any]) -> Comparison | None:
    """Lay the candidates for spend beside each other, as validation windows saw them."""
    figures = training.get("spend_selection") or {}
    if not figures:
        return None
    ranked = sorted(figures, key=lambda name: (figures[name]["mae"], name))
    chosen = training.get("value_model")
    kept = {*ranked[:MOST_CANDIDATES], *(n for n in ranked if "+" not in n), chosen}
    order = [name for name in ranked if name in kept]
    labels = {name: name.replace("+", " + ") for name in order}
    return compared(MEASURES, {n: figures[n] for n in order}, labels, own=chosen)


def spend_intervals(training: dict[str, Any], currency: str) -> str:
    """Say for how many customers the intervals of spend held."""
    found = training.get("spend_intervals")
    if not found:
        return ""
    validation = found["validation"]["interval_coverage"]
    text = (
        f"Intervals of spend that are meant to hold for {percent(found['level'])} of "
        f"customers held for {percent(validation)} on validation windows they were not "
        "learnt from"
    )
    test = found.get("test") or {}
    if is_missing(test.get("interval_coverage")):
        return f"{text}."
    return (
        f"{text}, and for {percent(test['interval_coverage'])} on the test window, "
        f"where they are {money(test['interval_width'], currency)} wide on average."
    )
