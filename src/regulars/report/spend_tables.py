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
    """Lay the candidates for spend beside each other, as validation windows saw them.

    Parameters
    ----------
    training : dict
        ``training.json``.

    Returns
    -------
    Comparison or None
        The chosen candidate, those that stand alone and the nearest means, by mean
        absolute error; None where nothing was chosen.

    Examples
    --------
    >>> figures = {"process": {"mae": 9.0}, "process+log": {"mae": 8.0}}
    >>> table = spend_comparison({"spend_selection": figures,
    ...                           "value_model": "process+log"})
    >>> [(name, is_chosen) for name, is_chosen, _ in table.rows]
    [('process + log', True), ('process', False)]
    """
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
    """Say for how many customers the intervals of spend held.

    Parameters
    ----------
    training : dict
        ``training.json``.
    currency : str
        ISO 4217 code.

    Returns
    -------
    str
        Empty where there are no intervals.

    Examples
    --------
    >>> found = {"interval_coverage": 0.88, "interval_width": 40.0}
    >>> spend_intervals({"spend_intervals": {"level": 0.9, "test": found,
    ...                  "validation": {"interval_coverage": 0.91}}}, "USD")
    'Intervals of spend that are meant to hold for 90% of customers held for 91% on \
validation windows they were not learnt from, and for 88% on the test window, where \
they are $40.00 wide on average.'
    """
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
