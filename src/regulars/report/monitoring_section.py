"""The watch over the model: what rings, outcomes over time, and what came by month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.report.formats import (
    MISSING,
    date,
    is_missing,
    money,
    number,
    percent,
    plural,
    short_date,
)
from regulars.report.style import MODEL, VERMILION, Stroke, figure, line, reference

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import plotly.graph_objects as go

    from regulars.results import MonitoringResult
    from regulars.results.measures import Bounds
    from regulars.results.monitoring import ColumnDrift, Outcome

# of the inputs, those that differ most
SHOWN = 10
# what is 0.00 on the page says nothing
LEAST_PSI = 0.005
# of the periods, a year
PERIODS = 13
ROOMS = {
    "inputs": "Inputs",
    "scores": "Scores",
    "arrival": "Arrival of data",
    "quality": "Quality of data",
    "outcome": "Outcome",
}
ACTUAL = Stroke(VERMILION, "7px,4px", "square", 2.4)


def ranking_chart(watch: MonitoringResult) -> go.Figure | None:
    """Draw the ROC AUC of the scores of each cutoff beside what was promised."""
    known = [row for row in watch.outcomes if row.roc_auc is not None]
    if not known:
        return None
    days = [short_date(row.cutoff) for row in known]
    trace = line(days, [row.roc_auc for row in known], "What came", MODEL)
    ends = [row.roc_auc_bounds for row in known]
    trace.update(
        mode="lines+markers",
        marker={"symbol": MODEL.symbol, "size": 8},
        error_y=_bars([row.roc_auc or 0.0 for row in known], ends),
    )
    traces = [trace]
    promised = watch.promise.roc_auc if watch.promise else None
    if promised is not None:
        traces.insert(0, reference(days, [promised] * len(days), "What was promised"))
    chart = figure(traces, height=320)
    chart.update_xaxes(title_text="Scored as of", type="category")
    return chart.update_yaxes(title_text="ROC AUC (higher is better)")


def level_chart(watch: MonitoringResult) -> go.Figure | None:
    """Draw the share that was expected to churn beside the share that did."""
    rows = watch.outcomes
    if not rows:
        return None
    days = [short_date(row.cutoff) for row in rows]
    series = (
        ([row.mean_churn_probability for row in rows], "Expected", MODEL),
        ([row.churn_rate for row in rows], "Churned", ACTUAL),
    )
    traces = [
        line(days, shares, name, stroke).update(
            mode="lines+markers", marker={"symbol": stroke.symbol, "size": 8}
        )
        for shares, name, stroke in series
    ]
    chart = figure(traces, height=320)
    chart.update_xaxes(title_text="Scored as of", type="category")
    return chart.update_yaxes(tickformat=".0%", title_text="Share of the customers")


def _bars(values: Sequence[float], ends: Sequence[Bounds]) -> dict[str, Any]:
    pairs = list(zip(values, ends, strict=True))
    return {
        "type": "data",
        "symmetric": False,
        "array": [0.0 if high is None else high - v for v, (_, high) in pairs],
        "arrayminus": [0.0 if low is None else v - low for v, (low, _) in pairs],
        "thickness": 1.4,
        "width": 4,
    }


FROM_WATCH: dict[str, Callable[[MonitoringResult], go.Figure | None]] = {
    "outcome_ranking": ranking_chart,
    "outcome_level": level_chart,
}


def watch_captions(watch: MonitoringResult) -> dict[str, str]:
    """Write the captions of the watch's charts."""
    if not watch.outcomes:
        return {}
    last = watch.outcomes[-1]
    captions = {
        "outcome_level": (
            f"Of those scored as of {date(last.cutoff)} {percent(last.churn_rate)} "
            f"churned, where {percent(last.mean_churn_probability)} were expected to."
        )
    }
    promised = watch.promise.roc_auc if watch.promise else None
    if last.roc_auc is not None and promised is not None:
        captions["outcome_ranking"] = (
            f"{number(last.roc_auc, 3)} for the scores as of {date(last.cutoff)}, "
            f"where the test promised {number(promised, 3)}; bars are 95% intervals."
        )
    return captions


def watch_section(watch: MonitoringResult | None) -> dict[str, Any] | None:
    """Lay out the section of the watch; None where nobody has looked."""
    if watch is None:
        return None
    return {
        "summary": _summary(watch),
        "alarms": [
            {
                "room": ROOMS[alarm.room],
                "since": date(alarm.since) if alarm.since else MISSING,
                "sentence": alarm.sentence,
            }
            for alarm in watch.alarms
        ],
        "notes": watch.notes,
        "outcomes": [_outcome(row, watch.currency or "") for row in watch.outcomes],
        "value": _value(watch),
        "columns": [
            _column(each)
            for each in (*watch.scores, *watch.inputs[:SHOWN])
            if each.psi >= LEAST_PSI
        ],
        "n_inputs": len(watch.inputs),
        "periods": [
            {
                "period": short_date(row.start),
                "n_lines": number(row.n_lines),
                "n_customers": number(row.n_customers),
                "revenue": money(row.revenue, watch.currency or ""),
                "median": money(row.median_amount, watch.currency or ""),
            }
            for row in watch.periods[-PERIODS:]
        ],
    }


def _summary(watch: MonitoringResult) -> str:
    day = f" as of {date(watch.cutoff)}" if watch.cutoff else ""
    trained = f", trained as of {date(watch.trained_at)}" if watch.trained_at else ""
    rung = plural(len(watch.alarms), "alarm") if watch.alarms else "no alarm"
    return (
        f"Version {watch.model_version}{trained}, was watched{day}: {rung} of "
        f"{plural(len(watch.checks), 'check')}."
    )


def _value(watch: MonitoringResult) -> str:
    found, currency = watch.value, watch.currency or ""
    if found is None:
        return ""
    return (
        f"Customers scored as of {date(found.cutoff)} were expected to be worth "
        f"{money(found.expected, currency, short=True)} over {found.days} days, and "
        f"brought {money(found.came, currency, short=True)}: a ratio of "
        f"{number(found.ratio, 2)} (95% {_interval(found.ratio_bounds, 2)})."
    )


def _outcome(row: Outcome, currency: str) -> dict[str, str]:
    return {
        "cutoff": date(row.cutoff),
        "version": f"by version {row.model_version}",
        "n_customers": number(row.n_customers),
        "expected": percent(row.mean_churn_probability),
        "churned": percent(row.churn_rate),
        "roc_auc": number(row.roc_auc, 3),
        "roc_auc_interval": _interval(row.roc_auc_bounds, 3),
        "log_loss": number(row.log_loss, 3),
        "ece": number(row.ece, 3),
        "slope": number(row.calibration_slope, 2),
        "slope_interval": _interval(row.calibration_slope_bounds, 2),
        "expected_spend": money(row.expected_spend, currency),
        "spend": money(row.spend, currency),
        "ratio": number(row.total_ratio, 2),
        "ratio_interval": _interval(row.total_ratio_bounds, 2),
    }


def _interval(bounds: Bounds, digits: int) -> str:
    if any(is_missing(end) for end in bounds):
        return ""
    low, high = (number(end, digits) for end in bounds)
    return f"{low} to {high}"


def _column(column: ColumnDrift) -> dict[str, str]:
    return {
        "name": column.name,
        "meaning": column.meaning if column.meaning != column.name else "",
        "psi": number(column.psi, 2),
        "among": number(column.psi_among_snapshots, 2),
        "missing": percent(column.missing),
        "missing_before": percent(column.missing_before),
    }
