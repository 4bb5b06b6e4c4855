"""Charts and tables of the backtest: windows, parts of the base, staleness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.report.formats import (
    MISSING,
    date,
    number,
    percent,
    plural,
    short_date,
)
from regulars.report.model_charts import (
    escaped,
    reliability_figure,
    reliability_line,
    series_labels,
)
from regulars.report.style import BASELINES, MODEL, figure, line, reference, strokes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import plotly.graph_objects as go

    from regulars.results import BacktestResult
    from regulars.results.backtest import BacktestWindow, SliceFigures
    from regulars.results.measures import Bounds, Gap

UNKNOWN = (None, None)


def windows_chart(backtest: BacktestResult) -> go.Figure | None:
    """Draw the log loss of the model and the baselines in each test window."""
    windows = _windows(backtest)
    if not windows:
        return None
    names = {name for window in windows for name in window.metrics}
    labels = series_labels(names, backtest.baseline_labels)
    days = [short_date(window.cutoff) for window in windows]
    traces = []
    for rank, (name, stroke) in enumerate(strokes(names).items(), start=1):
        losses = [
            window.metrics[name].log_loss if name in window.metrics else None
            for window in windows
        ]
        trace = line(days, _rounded(losses), escaped(labels[name]), stroke)
        marker = {"symbol": stroke.symbol, "size": 8 if name == "model" else 6}
        trace.update(mode="lines+markers", marker=marker, legendrank=rank)
        if name == "model":
            ends = [w.intervals["model"].get("log_loss", UNKNOWN) for w in windows]
            trace.error_y = _bars(losses, ends)
        traces.append(trace)
    chart = figure(traces[::-1])
    chart.update_xaxes(title_text="Test cutoff", **_in_order(days))
    chart.update_yaxes(title_text="Log loss (lower is better)")
    return chart


def differences_chart(backtest: BacktestResult) -> go.Figure | None:
    """Draw by how much the model differs from the best baseline in each window."""
    known = [each for each in _windows(backtest) if "log_loss" in each.differences]
    if not known:
        return None
    gaps = [window.differences["log_loss"] for window in known]
    days = [short_date(window.cutoff) for window in known]
    return _gap_chart(days, gaps, "Test cutoff", "Log loss less the best baseline's")


def calibration_chart(backtest: BacktestResult) -> go.Figure | None:
    """Draw what share of customers churned against what was said, window by window."""
    known = [window for window in _windows(backtest) if window.reliability]
    if not known:
        return None
    # the latest window looks like the model elsewhere, the earlier ones like baselines
    earlier = BASELINES[: len(known) - 1] or BASELINES
    traces = []
    for rank, window in enumerate(known[::-1]):
        stroke = MODEL if not rank else earlier[(rank - 1) % len(earlier)]
        label, size = short_date(window.cutoff), 6 if rank else 8
        trace = reliability_line(window.reliability, label, stroke, size=size)
        traces.append(trace.update(legendrank=rank + 1))
    return reliability_figure(traces[::-1])


def staleness_chart(backtest: BacktestResult) -> go.Figure | None:
    """Draw what a model loses for each window in which it is not trained again."""
    rows, step = backtest.staleness, backtest.step_days
    if len(rows) < 2:
        return None
    gaps = [row.differences["log_loss"] for row in rows]
    ages = [f"{row.age * step} days" if step else str(row.age) for row in rows]
    return _gap_chart(
        ages, gaps, "Days without training", "Log loss more than a fresh model's"
    )


def _gap_chart(
    across: Sequence[str], gaps: Sequence[Gap], below: str, beside: str
) -> go.Figure:
    values = [gap.difference for gap in gaps]
    trace = line(list(across), _rounded(values), "Difference, 95% interval", MODEL)
    trace.update(mode="lines+markers", marker={"symbol": "circle", "size": 8})
    trace.error_y = _bars(values, [(gap.low, gap.high) for gap in gaps])
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


def backtest_captions(backtest: BacktestResult) -> dict[str, str]:
    """Write the captions of the backtest's charts."""
    return {name: write(backtest) for name, write in CAPTIONS.items()}


def _windows_caption(backtest: BacktestResult) -> str:
    if not backtest.windows:
        return ""
    losses = [window.metrics["model"].log_loss for window in backtest.windows]
    rows = "what was known at the cutoff" if backtest.is_dated else "the other rows"
    return (
        f"In {plural(len(losses), 'window')} the model's log loss lay between "
        f"{number(min(losses), 3)} and {number(max(losses), 3)}, each time with a "
        f"model trained only on {rows}."
    )


def _differences_caption(backtest: BacktestResult) -> str:
    overall = backtest.overall
    if not overall.n_windows:
        return ""
    return (
        f"Below 0 the model is better. Beyond chance it was better than the best "
        f"baseline of the window in {overall.n_better} of {overall.n_windows} "
        f"windows, and worse in {overall.n_worse}."
    )


def _calibration_caption(backtest: BacktestResult) -> str:
    errors = [w.metrics["model"].ece or 0.0 for w in backtest.windows if w.reliability]
    if not errors:
        return ""
    return (
        "On windows that it had not seen, the mean gap between what the model said and "
        f"what happened was {percent(min(errors), 1)} to {percent(max(errors), 1)} of "
        "the customers."
    )


def _staleness_caption(backtest: BacktestResult) -> str:
    if len(backtest.staleness) < 2:
        return ""
    oldest = backtest.staleness[-1]
    gap = oldest.differences["log_loss"]
    is_sure = _verdict(gap) in ("better", "worse")
    surely = "more than chance explains" if is_sure else "which chance may explain"
    days = number(oldest.age * (backtest.step_days or 0))
    return (
        f"A model that is not trained for {days} days has a log loss "
        f"{number(gap.difference, 4)} above that of a fresh one on the same windows, "
        f"{surely}."
    )


def window_rows(backtest: BacktestResult) -> list[dict[str, str]]:
    """Lay out the figures by test window, the latest first."""
    labels = backtest.baseline_labels
    return [_window_row(window, labels) for window in _windows(backtest)[::-1]]


def _window_row(window: BacktestWindow, labels: Mapping[str, str]) -> dict[str, str]:
    own, ends = window.metrics["model"], window.intervals["model"]
    row = {
        "cutoff": date(window.cutoff),
        "n_customers": number(window.n_customers),
        "churn_rate": percent(window.churn_rate),
        "roc_auc": number(own.roc_auc, 3),
        "roc_auc_interval": _interval(ends.get("roc_auc", UNKNOWN), 3),
        "log_loss": number(own.log_loss, 3),
        "log_loss_interval": _interval(ends.get("log_loss", UNKNOWN), 3),
        "ece": number(own.ece, 3),
    }
    rival, gap = window.best_baseline, window.differences.get("log_loss")
    if rival is None or gap is None:
        beside = {"rival": "", "difference": MISSING, "interval": "", "verdict": ""}
    else:
        beside = {"rival": series_labels([rival], labels)[rival], **gap_row(gap)}
    return row | beside


def _interval(ends: Bounds, digits: int) -> str:
    if None in ends:
        return ""
    return f"{number(ends[0], digits)} to {number(ends[1], digits)}"


def gap_row(gap: Gap | SliceFigures) -> dict[str, str]:
    """Lay out a difference, its interval and what it says."""
    return {
        "difference": number(gap.difference, 4),
        "interval": _interval((gap.low, gap.high), 4),
        "verdict": _verdict(gap),
    }


def _verdict(gap: Gap | SliceFigures) -> str:
    if gap.low is None or gap.high is None:
        return "too few customers"
    if gap.high < 0:
        return "better"
    return "worse" if gap.low > 0 else "no clear difference"


def _windows(backtest: BacktestResult) -> list[BacktestWindow]:
    return sorted(backtest.windows, key=lambda window: window.cutoff)


def _rounded(values: Sequence[float | None]) -> list[float | None]:
    return [None if value is None else round(value, 5) for value in values]


def _bars(values: Sequence[float | None], ends: Sequence[Bounds]) -> dict[str, Any]:
    """Return error bars; a point without a whole interval has none."""
    bars = [_bar(value, *end) for value, end in zip(values, ends, strict=True)]
    return {
        "array": [above for above, _ in bars],
        "arrayminus": [below for _, below in bars],
        "thickness": 1.2,
        "width": 4,
    }


def _bar(
    value: float | None, low: float | None, high: float | None
) -> tuple[float, float]:
    if value is None or low is None or high is None:
        return 0, 0
    return round(high - value, 5), round(value - low, 5)


FROM_BACKTEST: dict[str, Callable[[BacktestResult], go.Figure | None]] = {
    "windows": windows_chart,
    "differences": differences_chart,
    "calibration_over_time": calibration_chart,
    "staleness": staleness_chart,
}
CAPTIONS: dict[str, Callable[[BacktestResult], str]] = {
    "windows": _windows_caption,
    "differences": _differences_caption,
    "calibration_over_time": _calibration_caption,
    "staleness": _staleness_caption,
}
