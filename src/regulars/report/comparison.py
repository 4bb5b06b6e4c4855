"""The model beside its baselines on the test window, the best figures marked."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from regulars.report.formats import in_sentence, is_missing, listing, number, plural
from regulars.report.model_charts import series_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from regulars.results import TrainingResult
    from regulars.results.base import Part
    from regulars.results.measures import Bounds, Intervals


@dataclasses.dataclass(frozen=True)
class Measure:
    """One measure of the test window."""

    key: str
    label: str
    better: str  # more, less, or one: the nearest to 1 is best
    form: Callable[[Any], str]

    def of(self, figures: Part) -> float | None:
        """Return this measure of a forecast; None where it is undefined."""
        value: float | None = getattr(figures, self.key)
        return None if is_missing(value) else value

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
    Measure("typical_mae", "Error of typical spend", "less", _two),
    Measure("tweedie_deviance", "Deviance of the mean", "less", three),
    Measure("spearman", "Rank correlation", "more", three),
    Measure("total_ratio", "Predicted / actual total", "one", three),
    Measure("normalized_gini", "Normalised Gini", "more", three),
)


@dataclasses.dataclass(frozen=True)
class Cell:
    """One figure of a comparison."""

    text: str
    interval: str = ""
    is_best: bool = False


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The model beside its baselines; the summary says who wins where."""

    # measures in words, and what is better in each
    headings: list[str]
    hints: list[str]
    # label, whether it is the model's row, and a cell a measure
    rows: list[tuple[str, bool, list[Cell]]]
    summary: str


HINTS = {"more": "higher is better", "less": "lower is better", "one": "1 is best"}


def churn_comparison(training: TrainingResult) -> Comparison | None:
    """Lay the model's churn measures beside the baselines'."""
    if training.test is None:
        return None
    intervals = {
        "model": training.test_intervals or {},
        **training.baseline_intervals,
    }
    rows = {"model": training.test, **training.baselines}
    return _comparison(training, MEASURES, rows, intervals)


def value_comparison(training: TrainingResult) -> Comparison | None:
    """Lay the model's measures of spend beside the baselines'."""
    if training.value_test is None:
        return None
    rows = {"model": training.value_test, **training.value_baselines}
    return _comparison(training, VALUE_MEASURES, rows, {})


def _comparison(
    training: TrainingResult,
    measures: tuple[Measure, ...],
    rows: Mapping[str, Part],
    intervals: Mapping[str, Intervals],
) -> Comparison:
    labels = series_labels(rows, training.baseline_labels)
    ordered = {name: rows[name] for name in ["model", *sorted({*rows} - {"model"})]}
    table = compared(measures, ordered, labels, own="model", intervals=intervals)
    # beside nobody it is neither best nor worst
    if len(ordered) == 1:
        return table
    known = _known(measures, ordered)
    best = {m.key: _best(m, ordered) for m in known}
    return dataclasses.replace(table, summary=_summary(known, best, labels))


def compared(
    measures: tuple[Measure, ...],
    rows: Mapping[str, Part],
    labels: Mapping[str, str],
    *,
    own: str | None,
    intervals: Mapping[str, Intervals] | None = None,
) -> Comparison:
    """Lay measures of several forecasts beside each other."""
    known = _known(measures, rows)
    best = {m.key: _best(m, rows) for m in known}
    bounds = intervals or {}
    lines = [
        (
            labels[name],
            name == own,
            [
                Cell(
                    m.form(m.of(figures)),
                    interval(m, bounds.get(name, {}).get(m.key)),
                    name in best[m.key],
                )
                for m in known
            ],
        )
        for name, figures in rows.items()
    ]
    return Comparison(
        [m.label for m in known], [HINTS[m.better] for m in known], lines, ""
    )


def _known(
    measures: tuple[Measure, ...], rows: Mapping[str, Part]
) -> tuple[Measure, ...]:
    """Return the measures that some row has."""
    return tuple(
        m for m in measures if any(m.of(row) is not None for row in rows.values())
    )


def _best(measure: Measure, rows: Mapping[str, Part]) -> set[str]:
    """Name the best; figures as they are, not as they read."""
    losses = {
        name: measure.loss(value)
        for name, row in rows.items()
        if (value := measure.of(row)) is not None
    }
    least = min(losses.values())
    return {name for name, loss in losses.items() if loss == least}


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


def interval(measure: Measure, bounds: Bounds | None) -> str:
    """Format the 95% interval of a measure."""
    if bounds is None or any(map(is_missing, bounds)):
        return ""
    return f"{measure.form(bounds[0])}\u2013{measure.form(bounds[1])}"
