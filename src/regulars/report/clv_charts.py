"""Charts of how a purchase model fits, drawn from the frames of `clv.diagnostics`.

Actual and expected differ in dash and marker as well as in colour, so that a page
printed in grey still reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from regulars.report.style import BLUE, GREY, VERMILION

if TYPE_CHECKING:
    import pandas as pd

_ACTUAL = {"color": BLUE, "dash": "solid", "symbol": "circle"}
_EXPECTED = {"color": VERMILION, "dash": "dash", "symbol": "square"}


def tracking_chart(tracking: pd.DataFrame, *, is_cumulative: bool = True) -> go.Figure:
    """Draw repeat purchases period by period, actual and expected."""
    suffix = "_cumulative" if is_cumulative else ""
    figure = _figure(
        [
            _line(tracking["period"], tracking[f"actual{suffix}"], "Actual", _ACTUAL),
            _line(
                tracking["period"], tracking[f"expected{suffix}"], "Expected", _EXPECTED
            ),
        ],
        "Period",
        "Repeat purchases, added up" if is_cumulative else "Repeat purchases",
    )
    seen = tracking.loc[~tracking["is_holdout"], "period"]
    if tracking["is_holdout"].any() and len(seen):
        figure.add_vline(
            x=float(seen.max()),
            line={"dash": "dot", "color": GREY},
            annotation_text="model stops looking",
        )
    return figure


def frequency_chart(fit: pd.DataFrame) -> go.Figure:
    """Draw how many customers made so many repeat purchases, actual and expected."""
    labels = _with_more(fit["frequency"])
    return _figure(
        [
            _bar(labels, fit["actual"], "Actual", _ACTUAL, ""),
            _bar(labels, fit["expected"], "Expected", _EXPECTED, "/"),
        ],
        "Repeat purchases",
        "Customers",
    )


def holdout_chart(by_frequency: pd.DataFrame) -> go.Figure:
    """Draw purchases of the holdout period by frequency before it."""
    labels = _with_more(by_frequency["frequency"])
    return _figure(
        [
            _line(labels, by_frequency["actual"], "Actual", _ACTUAL),
            _line(labels, by_frequency["expected"], "Expected", _EXPECTED),
        ],
        "Repeat purchases before the cutoff",
        "Purchases a customer after it",
    )


def matrix_chart(matrix: pd.DataFrame, *, title: str) -> go.Figure:
    """Draw a matrix of frequency and recency as a heat map."""
    heat = go.Heatmap(
        x=matrix.columns.tolist(),
        y=matrix.index.tolist(),
        z=matrix.to_numpy(),
        colorscale="Cividis",
        colorbar={"title": title},
        hovertemplate=("recency %{x:.1f}<br>frequency %{y}<br>%{z:.3f}<extra></extra>"),
    )
    return _figure([heat], "Recency (first to last purchase)", "Repeat purchases")


def spend_density_chart(density: pd.DataFrame) -> go.Figure:
    """Draw the density of mean spend among repeat buyers, actual and expected."""
    return _figure(
        [
            _line(density["value"], density["actual"], "Actual", _ACTUAL, "lines"),
            _line(
                density["value"], density["expected"], "Expected", _EXPECTED, "lines"
            ),
        ],
        "Mean spend a repeat purchase",
        "Density",
    )


def spend_by_frequency_chart(by_frequency: pd.DataFrame) -> go.Figure:
    """Draw mean spend by number of repeat purchases, with two standard errors."""
    labels = _with_more(by_frequency["frequency"])
    trace = _line(labels, by_frequency["mean_value"], "Actual", _ACTUAL)
    trace.error_y = {
        "type": "data",
        "array": (2 * by_frequency["standard_error"]).fillna(0.0).tolist(),
    }
    figure = _figure([trace], "Repeat purchases", "Mean spend a repeat purchase")
    return figure.update_yaxes(rangemode="tozero")  # or chance looks like a slope


def survival_chart(fit: pd.DataFrame) -> go.Figure:
    """Draw the share of subscribers left after each renewal date."""
    figure = _figure(
        [
            _line(fit["period"], fit["actual"], "Actual", _ACTUAL),
            _line(fit["period"], fit["expected"], "Expected", _EXPECTED),
        ],
        "Renewal dates since the start",
        "Share still subscribed",
    )
    return figure.update_yaxes(range=[0, 1.02], tickformat=".0%")


def _line(
    x: Any, y: Any, name: str, look: dict[str, str], mode: str = "lines+markers"
) -> go.Scatter:
    return go.Scatter(
        x=list(x),
        y=list(y),
        name=name,
        mode=mode,
        line={"color": look["color"], "dash": look["dash"], "width": 2.4},
        marker={"symbol": look["symbol"], "size": 6},
    )


def _bar(x: Any, y: Any, name: str, look: dict[str, str], pattern: str) -> go.Bar:
    marker = {"color": look["color"], "pattern": {"shape": pattern}}
    return go.Bar(x=list(x), y=list(y), name=name, marker=marker)


def _with_more(frequency: Any) -> list[str]:
    """Return labels, of which the last says that it stands for more too."""
    labels = [str(int(value)) for value in frequency]
    return [*labels[:-1], f"{labels[-1]}+"] if labels else []


def _figure(traces: list[Any], across: str, up: str) -> go.Figure:
    figure = go.Figure(traces)
    figure.update_layout(
        template="plotly_white",
        height=380,
        margin={"l": 60, "r": 20, "t": 30, "b": 50},
        legend={"orientation": "h", "y": 1.08, "x": 0},
    )
    figure.update_xaxes(title=across)
    return figure.update_yaxes(title=up)
