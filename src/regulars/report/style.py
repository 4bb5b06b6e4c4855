"""One look for every chart: colours, dashes, markers and the layout beneath them.

Colours are those of Okabe and Ito (2008), which colour-blind readers tell apart; each
comes with a dash and a marker of its own, so that a page printed in grey still reads.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from regulars.report.formats import THIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, GREY = "#CC79A7", "#56B4E9", "#7f7f7f"
GRID = "rgba(127,127,127,0.22)"


@dataclasses.dataclass(frozen=True)
class Stroke:
    """How one series is drawn."""

    colour: str
    dash: str  # Plotly's own names, as those of symbols
    symbol: str
    width: float = 1.8  # pixels


MODEL = Stroke(BLUE, "solid", "circle", 3.2)
BASELINES = (
    Stroke(VERMILION, "7px,4px", "square"),
    Stroke(GREEN, "2px,2px", "triangle-up"),
    Stroke(ORANGE, "8px,3px,2px,3px", "diamond"),
    Stroke(PURPLE, "18px,5px", "cross"),
    Stroke(SKY, "18px,3px,2px,3px,2px,3px", "x"),
    Stroke(GREY, "5px,2px,1px,2px", "star"),
)


def strokes(names: Iterable[str]) -> dict[str, Stroke]:
    """Give each series its stroke, the same one in every chart."""
    names = list(names)
    others = sorted(set(names) - {"model"})
    looks = {"model": MODEL} if "model" in names else {}
    for position, name in enumerate(others):
        looks[name] = BASELINES[position % len(BASELINES)]
    return looks


def figure(traces: Sequence[Any], *, height: int = 380, **layout: Any) -> go.Figure:
    """Return a figure in the report's look."""
    legend = {
        "orientation": "h",
        "x": 0,
        "xanchor": "left",
        "y": 1.02,
        "yanchor": "bottom",
        "font": {"size": 12},
        "itemclick": "toggle",
    }
    base = go.Layout(
        height=height,
        margin={"l": 52, "r": 22, "t": 12, "b": 48},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 13, "color": "#1b1f24"},
        separators="." + THIN,
        hovermode="closest",
        dragmode=False,
        legend=legend,
        template="none",
        barcornerradius=2,
    )
    drawn = go.Figure(data=list(traces), layout=base)
    drawn.update_layout(**layout)
    common = {
        "gridcolor": GRID,
        "zeroline": False,
        "linecolor": GREY,
        "fixedrange": True,
        "title_standoff": 10,
        "title_font_size": 13,
        "ticklabeloverflow": "allow",
    }
    drawn.update_xaxes(showgrid=False, showline=True, ticks="outside", ticklen=4)
    drawn.update_xaxes(tickcolor=GREY, **common)
    drawn.update_yaxes(automargin=True, **common)
    return drawn


def fill(colour: str, hatching: Any = "") -> dict[str, Any]:
    """Return the filling of a bar, with white hatching to tell it apart in grey."""
    pattern = {
        "shape": hatching,
        "size": 7,
        "solidity": 0.25,
        "fillmode": "overlay",
        "fgcolor": "rgba(255,255,255,0.85)",
    }
    return {"color": colour, "pattern": pattern}


def line(x: Sequence[Any], y: Sequence[Any], name: str, stroke: Stroke) -> go.Scatter:
    """Return a series as a line."""
    return go.Scatter(
        x=list(x),
        y=list(y),
        name=name,
        mode="lines",
        line={"color": stroke.colour, "dash": stroke.dash, "width": stroke.width},
    )


def reference(x: Sequence[Any], y: Sequence[Any], name: str) -> go.Scatter:
    """Return the thin grey line that a reader compares with."""
    return go.Scatter(
        x=list(x),
        y=list(y),
        name=name,
        mode="lines",
        hoverinfo="skip",
        line={"color": GREY, "dash": "2px,3px", "width": 1.3},
    )


def thinned(values: Sequence[Any], positions: Sequence[int]) -> list[Any]:
    """Pick points for drawing, rounded to what a screen can show."""
    picked = [values[position] for position in positions]
    return [None if value is None else round(float(value), 5) for value in picked]


def kept_positions(count: int, limit: int = 250) -> list[int]:
    """Return evenly spread positions of a long curve, its two ends among them."""
    if count <= limit:
        return list(range(count))
    return sorted({round(i * (count - 1) / (limit - 1)) for i in range(limit)})
