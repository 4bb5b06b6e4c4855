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
    """One measure of the test window.

    Attributes
    ----------
    key, label : str
        Name in the file and in words.
    better : {'more', 'less', 'one'}
        Where the best value lies; ``one``: nearest to 1.
    form : callable
        Number to text.

    Examples
    --------
    >>> MEASURES[0].key
    'roc_auc'
    """

    key: str
    label: str
    better: str
    form: Callable[[Any], str]

    def loss(self, value: float) -> float:
        """Return how far a value is from the best there could be, up to a constant.

        Parameters
        ----------
        value : float
            A value of this measure.

        Returns
        -------
        float
            Less is better.

        Examples
        --------
        >>> Measure("r", "ratio", "one", str).loss(0.75)
        0.25
        """
        if self.better == "one":
            return abs(value - 1)
        return -value if self.better == "more" else value


def three(value: Any) -> str:
    """Format a measure with three decimals.

    Parameters
    ----------
    value : float or None
        The measure.

    Returns
    -------
    str
        The figure.

    Examples
    --------
    >>> three(0.88049)
    '0.880'
    """
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
    """One figure of a comparison.

    Attributes
    ----------
    text, interval : str
        The figure and its 95% interval, which may be empty.
    is_best : bool
        Whether no other figure of its column is better.

    Examples
    --------
    >>> Cell("0.88").interval
    ''
    """

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
    """Lay the model's churn measures beside the baselines'.

    Parameters
    ----------
    training : dict
        ``training.json``.

    Returns
    -------
    Comparison or None
        None where the model was not tested.

    Examples
    --------
    >>> table = churn_comparison({"test": {"roc_auc": 0.8},
    ...                           "baselines": {"rfm": {"roc_auc": 0.9}}})
    >>> table.summary
    'A baseline is better than the model on every measure: ROC AUC (rfm).'
    """
    rows = {"model": training.get("test"), **(training.get("baselines") or {})}
    intervals = {
        "model": training.get("test_intervals") or {},
        **(training.get("baseline_intervals") or {}),
    }
    return _comparison(training, MEASURES, rows, intervals)


def value_comparison(training: dict[str, Any]) -> Comparison | None:
    """Lay the model's measures of spend beside the baselines'.

    Parameters
    ----------
    training : dict
        ``training.json``.

    Returns
    -------
    Comparison or None
        None where spend was not tested.

    Examples
    --------
    >>> value_comparison({"value_test": {"mae": 11.2}}).rows[0][2][0].text
    '11.20'
    """
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
    """Lay measures of several forecasts beside each other.

    Parameters
    ----------
    measures : tuple of Measure
        Columns; those that no row has are left out.
    rows : mapping of str to mapping
        Figures by forecast, in the order of the table.
    labels : mapping of str to str
        What to call each forecast.
    own : str or None
        The forecast to mark.
    intervals : mapping, optional
        Bounds by forecast and measure.

    Returns
    -------
    Comparison
        Without a summary.

    Examples
    --------
    >>> table = compared(MEASURES, {"a": {"brier": 0.1}}, {"a": "A"}, own="a")
    >>> table.headings, table.rows[0][:2]
    (['Brier score'], ('A', True))
    """
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
    """Format the 95% interval of a measure.

    Parameters
    ----------
    measure : Measure
        Says how many decimals.
    bounds : sequence of two floats, or None
        Low and high.

    Returns
    -------
    str
        Low and high, joined by an en dash; empty where there are none.

    Examples
    --------
    >>> interval(MEASURES[0], None)
    ''
    """
    if not bounds or any(is_missing(bound) for bound in bounds):
        return ""
    return f"{measure.form(bounds[0])}\u2013{measure.form(bounds[1])}"
