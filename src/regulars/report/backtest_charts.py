"""Charts of the backtest: windows, differences from the best baseline, staleness.

``backtest.json`` comes in as a dictionary, figures and their captions go out. What was
not written is not drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.report.formats import date, number, percent, plural, short_date
from regulars.report.model_charts import SHARES, escaped, series_labels
from regulars.report.style import BASELINES, MODEL, figure, line, reference, strokes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import plotly.graph_objects as go

ENDS = ("difference", "low", "high")


def windows_chart(backtest: dict[str, Any]) -> go.Figure | None:
    """Draw the log loss of the model and the baselines in each test window."""
    windows = _windows(backtest)
    if not windows:
        return None
    names = {name for window in windows for name in window["metrics"]}
    labels = _labels(backtest, names)
    days = [short_date(window["cutoff"]) for window in windows]
    traces = []
    for rank, (name, stroke) in enumerate(strokes(names).items(), start=1):
        losses = [window["metrics"].get(name, {}).get("log_loss") for window in windows]
        trace = line(days, _rounded(losses), escaped(labels[name]), stroke)
        marker = {"symbol": stroke.symbol, "size": 8 if name == "model" else 6}
        trace.update(mode="lines+markers", marker=marker, legendrank=rank)
        if name == "model":
            ends = [w["intervals"]["model"].get("log_loss") for w in windows]
            trace.error_y = _bars(losses, ends)
        traces.append(trace)
    chart = figure(traces[::-1])
    chart.update_xaxes(title_text="Test cutoff", **_in_order(days))
    chart.update_yaxes(title_text="Log loss (lower is better)")
    return chart


def differences_chart(backtest: dict[str, Any]) -> go.Figure | None:
    """Draw by how much the model differs from the best baseline in each window."""
    known = [w for w in _windows(backtest) if w["differences"].get("log_loss")]
    if not known:
        return None
    gaps = [window["differences"]["log_loss"] for window in known]
    days = [short_date(window["cutoff"]) for window in known]
    return _gap_chart(days, gaps, "Test cutoff", "Log loss less the best baseline's")


def calibration_chart(backtest: dict[str, Any]) -> go.Figure | None:
    """Draw what share of customers churned against what was said, window by window."""
    known = [window for window in _windows(backtest) if window.get("reliability")]
    if not known:
        return None
    earlier = BASELINES[: len(known) - 1] or BASELINES
    traces = []
    for rank, window in enumerate(known[::-1]):
        stroke = MODEL if not rank else earlier[(rank - 1) % len(earlier)]
        points = window["reliability"]
        trace = line(
            [round(point["mean_predicted"], 5) for point in points],
            [round(point["observed_rate"], 5) for point in points],
            short_date(window["cutoff"]),
            stroke,
        )
        marker = {"symbol": stroke.symbol, "size": 6 if rank else 8}
        trace.update(mode="lines+markers", marker=marker, legendrank=rank + 1)
        traces.append(trace)
    diagonal = reference([0, 1], [0, 1], "Perfect").update(legendrank=99)
    chart = figure([diagonal, *traces[::-1]])
    chart.update_xaxes(title_text="Predicted probability of churn", **SHARES)
    chart.update_yaxes(title_text="Share that did churn", **SHARES)
    return chart


def staleness_chart(backtest: dict[str, Any]) -> go.Figure | None:
    """Draw what a model loses for each window in which it is not trained again."""
    rows = backtest.get("staleness") or []
    if len(rows) < 2:
        return None
    gaps = [row["differences"]["log_loss"] for row in rows]
    step = int(backtest.get("step_days") or 0)
    ages = [f"{row['age'] * step} days" if step else str(row["age"]) for row in rows]
    return _gap_chart(
        ages, gaps, "Days without training", "Log loss more than a fresh model's"
    )


def _gap_chart(
    across: Sequence[str], gaps: Sequence[dict[str, Any]], below: str, beside: str
) -> go.Figure:
    values = [gap["difference"] for gap in gaps]
    trace = line(list(across), _rounded(values), "Difference, 95% interval", MODEL)
    trace.update(mode="lines+markers", marker={"symbol": "circle", "size": 8})
    trace.error_y = _bars(values, [[gap["low"], gap["high"]] for gap in gaps])
    level = reference(across, [0] * len(across), "No difference")
    chart = figure([level.update(legendrank=2), trace])
    chart.update_xaxes(title_text=below, **_in_order(across))
    chart.update_yaxes(title_text=beside)
    return chart


def _in_order(across: Sequence[str]) -> dict[str, Any]:
    """Keep categories in this order, whichever trace names them first."""
    return {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": list(across),
    }


def backtest_captions(backtest: dict[str, Any]) -> dict[str, str]:
    """Write the captions of the backtest's charts."""
    return {name: write(backtest) for name, write in CAPTIONS.items()}


def _windows_caption(backtest: dict[str, Any]) -> str:
    windows = _windows(backtest)
    if not windows:
        return ""
    losses = [window["metrics"]["model"]["log_loss"] for window in windows]
    return (
        f"In {plural(len(windows), 'window')} the model's log loss lay between "
        f"{number(min(losses), 3)} and {number(max(losses), 3)}, each time with a "
        f"model trained only on {_trained_on(backtest)}."
    )


def _trained_on(backtest: dict[str, Any]) -> str:
    is_dated = backtest.get("is_dated", True)
    return "what was known at the cutoff" if is_dated else "the other rows"


def _differences_caption(backtest: dict[str, Any]) -> str:
    found = backtest.get("overall") or {}
    if not found.get("n_windows"):
        return ""
    return (
        f"Below 0 the model is better. Beyond chance it was better than the best "
        f"baseline of the window in {found['n_better']} of {found['n_windows']} "
        f"windows, and worse in {found['n_worse']}."
    )


def _calibration_caption(backtest: dict[str, Any]) -> str:
    errors = [
        window["metrics"]["model"]["ece"]
        for window in _windows(backtest)
        if window.get("reliability")
    ]
    if not errors:
        return ""
    return (
        "On windows that it had not seen, the mean gap between what the model said and "
        f"what happened was {percent(min(errors), 1)} to {percent(max(errors), 1)} of "
        "the customers."
    )


def _staleness_caption(backtest: dict[str, Any]) -> str:
    rows = backtest.get("staleness") or []
    if len(rows) < 2:
        return ""
    last, step = rows[-1], int(backtest.get("step_days") or 0)
    gap = last["differences"]["log_loss"]
    beyond = gap["low"] is not None and (gap["low"] > 0 or gap["high"] < 0)
    surely = "more than chance explains" if beyond else "which chance may explain"
    return (
        f"A model that is not trained for {number(last['age'] * step)} days has a log "
        f"loss {number(gap['difference'], 4)} above that of a fresh one on the same "
        f"windows, {surely}."
    )


def window_rows(backtest: dict[str, Any]) -> list[dict[str, str]]:
    """Lay out the figures by test window, the latest first."""
    return [_window_row(backtest, window) for window in _windows(backtest)[::-1]]


def _window_row(backtest: dict[str, Any], window: dict[str, Any]) -> dict[str, str]:
    own = window["metrics"]["model"]
    ends = window["intervals"]["model"]
    rival = window.get("best_baseline")
    gap = window["differences"].get("log_loss") or dict.fromkeys(ENDS)
    return {
        "cutoff": date(window["cutoff"]),
        "n_customers": number(window.get("n_customers")),
        "churn_rate": percent(window.get("churn_rate")),
        "roc_auc": number(own.get("roc_auc"), 3),
        "roc_auc_interval": _interval(ends.get("roc_auc"), 3),
        "log_loss": number(own["log_loss"], 3),
        "log_loss_interval": _interval(ends.get("log_loss"), 3),
        "ece": number(own.get("ece"), 3),
        "rival": _labels(backtest, {rival})[rival] if rival else "",
        "difference": number(gap["difference"], 4),
        "interval": _ends(gap),
        "verdict": _verdict(gap) if rival else "",
    }


def _interval(ends: Sequence[float | None] | None, digits: int) -> str:
    if not ends or None in ends:
        return ""
    return f"{number(ends[0], digits)} to {number(ends[1], digits)}"


def slice_rows(backtest: dict[str, Any]) -> list[dict[str, str]]:
    """Lay out the figures by part of the customer base."""
    rows = (backtest.get("slices") or {}).get("rows") or []
    return [
        {
            "slice": f"{str(row['slice']).replace('_', ' ')}: {row['value']}",
            "n_customers": number(row["n_customers"]),
            "churn_rate": percent(row["churn_rate"]),
            "predicted_rate": percent(row["predicted_rate"]),
            "roc_auc": number(row["roc_auc"], 3),
            "log_loss": number(row["log_loss"], 3),
            "difference": number(row["difference"], 4),
            "interval": _ends(row),
            "verdict": _verdict(row),
        }
        for row in rows
    ]


def _ends(row: dict[str, Any]) -> str:
    if row["low"] is None or row["high"] is None:
        return ""
    return f"{number(row['low'], 4)} to {number(row['high'], 4)}"


def _verdict(row: dict[str, Any]) -> str:
    if row["low"] is None or row["high"] is None:
        return "too few customers"
    if row["high"] < 0:
        return "better"
    return "worse" if row["low"] > 0 else "no clear difference"


def rival_label(backtest: dict[str, Any]) -> str:
    """Return what to call the baseline that the parts are compared with."""
    name = str((backtest.get("slices") or {}).get("rival", ""))
    return _labels(backtest, {name})[name]


def _labels(backtest: dict[str, Any], names: set[str]) -> dict[str, str]:
    known = {"baseline_labels": backtest.get("baseline_labels")}
    return series_labels({**known, "baselines": {key: {} for key in names - {"model"}}})


def _windows(backtest: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(backtest.get("windows") or [], key=lambda w: str(w["cutoff"]))


def _rounded(values: Sequence[float | None]) -> list[float | None]:
    return [None if value is None else round(value, 5) for value in values]


def _bars(values: Sequence[float | None], ends: Sequence[Any]) -> dict[str, Any]:
    """Return error bars; a point without a whole interval has none."""
    above, below = [], []
    for value, end in zip(values, ends, strict=True):
        whole = value is not None and end and None not in end
        above.append(round(end[1] - value, 5) if whole else 0)
        below.append(round(value - end[0], 5) if whole else 0)
    return {"array": above, "arrayminus": below, "thickness": 1.2, "width": 4}


FROM_BACKTEST: dict[str, Callable[[dict[str, Any]], go.Figure | None]] = {
    "windows": windows_chart,
    "differences": differences_chart,
    "calibration_over_time": calibration_chart,
    "staleness": staleness_chart,
}
CAPTIONS: dict[str, Callable[[dict[str, Any]], str]] = {
    "windows": _windows_caption,
    "differences": _differences_caption,
    "calibration_over_time": _calibration_caption,
    "staleness": _staleness_caption,
}
