"""The model beside its baselines on the test window, measure by measure.

``training.json`` comes in as a dictionary, tables of printable figures with their
intervals go out, the best of each column marked, whoever it belongs to.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from regulars.report.formats import in_sentence, is_missing, listing, number, plural
from regulars.report.model_charts import series_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclasses.dataclass(frozen=True)
class Measure:
    """One measure of the test window."""

    key: str
    label: str
    better: str
    form: Callable[[Any], str]

    def loss(self, value: float) -> float:
        """Return how far a value is from the best there could be, up to a constant."""
        if self.better == "one":
            return abs(value - 1)
        return -value if self.better == "more" else value


def three(value: Any) -> str:
    """Format a measure with three decimals."""
    return number(value, 3)


def _two(value: Any) -> str:
    return number(value, 2)


MEASURES = (
    Measure("roc_auc", "ROC AUC", "more", three),
    Measure("average_precision", "Average precision", "more", three),
    Measure("top_decile_lift", "Lift in the top tenth", "more", _two),
    Measure("log_loss", "Log loss", "less", three),
    Measure("brier", "Brier score", "less", three),
    Measure("ece", "Calibration error", "less", three),
)
VALUE_MEASURES = (
    Measure("mae", "Mean absolute error", "less", _two),
    Measure("spearman", "Rank correlation", "more", three),
    Measure("total_ratio", "Predicted / actual total", "one", three),
)


@dataclasses.dataclass(frozen=True)
class Cell:
    """One figure of a comparison."""

    text: str
    interval: str = ""
    is_best: bool = False


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The model beside its baselines.

    Attributes
    ----------
    headings : list of str
        Measures, in words.
    hints : list of str
        What is better, by measure.
    rows : list of (str, bool, list of Cell)
        Label, whether it is the model's row, and a cell a measure.
    summary : str
        Who wins where, in a sentence.

    Examples
    --------
    >>> Comparison([], [], [], "").rows
    []
    """

    headings: list[str]
    hints: list[str]
    rows: list[tuple[str, bool, list[Cell]]]
    summary: str


HINTS = {"more": "higher is better", "less": "lower is better", "one": "1 is best"}


def churn_comparison(training: dict[str, Any]) -> Comparison | None:
    """Lay the model's churn measures beside the baselines'."""
    rows = {"model": training.get("test"), **(training.get("baselines") or {})}
    intervals = {
        "model": training.get("test_intervals") or {},
        **(training.get("baseline_intervals") or {}),
    }
    return _comparison(training, MEASURES, rows, intervals)


def value_comparison(training: dict[str, Any]) -> Comparison | None:
    """Lay the model's measures of spend beside the baselines'."""
    rows = {"model": training.get("value_test")}
    rows |= training.get("value_baselines") or {}
    return _comparison(training, VALUE_MEASURES, rows, {})


def _comparison(
    training: dict[str, Any],
    measures: tuple[Measure, ...],
    rows: dict[str, dict[str, Any] | None],
    intervals: dict[str, dict[str, Any]],
) -> Comparison | None:
    if not rows["model"]:
        return None
    labels = {**{n: n.replace("_", " ") for n in rows}, **series_labels(training)}
    order = ["model", *sorted({name for name, row in rows.items() if row} - {"model"})]
    present = {name: rows[name] or {} for name in order}
    table = compared(measures, present, labels, own="model", intervals=intervals)
    if len(present) == 1:
        return table
    kept = _told(measures, present)
    best = {m.key: _best(m, present) for m in kept}
    return dataclasses.replace(table, summary=_summary(kept, best, labels))


def compared(
    measures: tuple[Measure, ...],
    rows: Mapping[str, Mapping[str, Any]],
    labels: Mapping[str, str],
    *,
    own: str | None,
    intervals: Mapping[str, Mapping[str, Any]] | None = None,
) -> Comparison:
    """Lay measures of several forecasts beside each other."""
    kept = _told(measures, rows)
    best = {m.key: _best(m, rows) for m in kept}
    bounds = intervals or {}
    lines = [
        (
            labels[name],
            name == own,
            [
                Cell(
                    m.form(figures.get(m.key)),
                    interval(m, bounds.get(name, {}).get(m.key)),
                    name in best[m.key],
                )
                for m in kept
            ],
        )
        for name, figures in rows.items()
    ]
    return Comparison(
        [m.label for m in kept], [HINTS[m.better] for m in kept], lines, ""
    )


def _told(
    measures: tuple[Measure, ...], rows: Mapping[str, Mapping[str, Any]]
) -> tuple[Measure, ...]:
    """Return the measures that some row has."""
    return tuple(
        m
        for m in measures
        if any(not is_missing(row.get(m.key)) for row in rows.values())
    )


def _best(measure: Measure, rows: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Name the best; figures as they are, not as they read."""
    known = {
        name: row[measure.key]
        for name, row in rows.items()
        if not is_missing(row.get(measure.key))
    }
    best = min(map(measure.loss, known.values()))
    return {name for name, value in known.items() if measure.loss(value) == best}


def _summary(
    measures: tuple[Measure, ...], best: dict[str, set[str]], labels: dict[str, str]
) -> str:
    lost = [m for m in measures if "model" not in best[m.key]]
    count = plural(len(measures), "measure")
    if not lost:
        return f"No baseline is better than the model on any of {count}."
    start = (
        "A baseline is better than the model on every measure"
        if len(lost) == len(measures)
        else f"A baseline is better than the model on {len(lost)} of {count}"
    )
    words = [f"{in_sentence(m.label)} ({labels[min(best[m.key])]})" for m in lost]
    return f"{start}: {listing(words)}."


def interval(measure: Measure, bounds: Any) -> str:
    """Format the 95% interval of a measure."""
    if not bounds or any(is_missing(bound) for bound in bounds):
        return ""
    return f"{measure.form(bounds[0])}\u2013{measure.form(bounds[1])}"
