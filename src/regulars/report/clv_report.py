"""One page about a fitted model: its parameters, and how they stand up to the data.

In: a fitted model and the summary it was fitted to; for more pictures the purchase days
and a Gamma-Gamma model. Out: one HTML page that needs nothing but itself. Each picture
has a sentence that says what to read off it.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from plotly.offline import get_plotlyjs
from sklearn.utils.validation import check_is_fitted

from regulars.clv import (
    alive_matrix,
    diagnostics,
    purchases_matrix,
    spend_diagnostics,
)
from regulars.clv.rows import read_columns
from regulars.report import clv_charts as charts

if TYPE_CHECKING:
    import datetime as dt

    import plotly.graph_objects as go

__all__ = ["render_model_report", "write_model_report"]

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:0 auto;padding:1rem;
color:#1b1b1b;background:#fff}
table{border-collapse:collapse;margin:1rem 0}
th,td{padding:.25rem .9rem;text-align:right;border-bottom:1px solid #ddd}
th:first-child,td:first-child{text-align:left}
figure{margin:2rem 0}figcaption{color:#444}
@media print{figure{break-inside:avoid}}
"""
_PICTURE = tuple[str, str, "go.Figure"]


def render_model_report(
    model: Any,
    summary: Any,
    *,
    time_unit_days: float | None = None,
    purchase_days: Any = None,
    calibration_end: dt.date | None = None,
    value_model: Any = None,
    title: str | None = None,
) -> str:
    """Return a page about a fitted model."""
    check_is_fitted(model, "theta_")
    if purchase_days is not None and time_unit_days is None:
        msg = (
            "purchase_days needs time_unit_days: the days in the model's unit of time "
            "(1 for days, 7 for weeks)."
        )
        raise ValueError(msg)
    pictures = _pictures(model, summary)
    if purchase_days is not None:
        track = diagnostics.tracking(
            model,
            purchase_days,
            time_unit_days=float(time_unit_days or 1.0),
            calibration_end=calibration_end,
        )
        pictures = _tracking_pictures(track) + pictures
    if value_model is not None:
        pictures += _spend_pictures(value_model, summary)
    models = [model] if value_model is None else [model, value_model]
    return _page(title or type(model).__name__, models, pictures)


def write_model_report(
    path: str | Path, model: Any, summary: Any, **options: Any
) -> Path:
    """Write the page of `render_model_report` to a file, whole or not at all.

    Parameters
    ----------
    path : str or pathlib.Path
        The file; its folder must exist.
    model, summary, **options
        As `render_model_report`.

    Returns
    -------
    pathlib.Path
        The file.
    """
    target = Path(path)
    text = render_model_report(model, summary, **options)
    partial = target.with_name(f".{target.name}.partial")
    partial.write_text(text, encoding="utf-8")
    return partial.replace(target)


def _pictures(model: Any, summary: Any) -> list[_PICTURE]:
    """Return the pictures that the model itself can give."""
    if hasattr(model, "spend_density"):
        return _spend_pictures(model, summary)
    if hasattr(model, "survival"):
        fit = diagnostics.survival_fit(model, summary)
        text = "Subscribers left after each renewal date, and the model's share."
        return [("Survival", text, charts.survival_chart(fit))]
    if model.n_features_in_ > len(model._columns):
        return []  # with covariates there is no one curve for all customers
    fit = diagnostics.frequency_fit(model, summary)
    age = float(read_columns(summary, ["T"])["T"].max())
    alive = alive_matrix(model, age)
    ahead = max(round(age / 3), 1)
    purchases = purchases_matrix(model, age, ahead)
    return [
        (
            "Customers by number of repeat purchases",
            "The closer the pairs, the better the model describes who comes back.",
            charts.frequency_chart(fit),
        ),
        (
            "Who is still a customer",
            "Of the oldest customers: many purchases long ago are a bad sign.",
            charts.matrix_chart(alive, title="P(alive)"),
        ),
        (
            f"Expected purchases in the next {ahead}",
            "The best customers bought often and lately.",
            charts.matrix_chart(purchases, title="Purchases"),
        ),
    ]


def _tracking_pictures(track: Any) -> list[_PICTURE]:
    return [
        (
            "Repeat purchases, added up",
            "The lines should stay together beyond the dotted one.",
            charts.tracking_chart(track),
        ),
        (
            "Repeat purchases by period",
            "The model knows no seasons: single peaks are not its fault, a lasting gap "
            "is.",
            charts.tracking_chart(track, is_cumulative=False),
        ),
    ]


def _spend_pictures(value_model: Any, summary: Any) -> list[_PICTURE]:
    density = spend_diagnostics.spend_density(value_model, summary)
    by_frequency = spend_diagnostics.spend_by_frequency(summary)
    found = value_model.correlations_with_frequency_
    return [
        (
            "Mean spend of repeat buyers",
            "Two humps in the actual line mean two kinds of customers.",
            charts.spend_density_chart(density),
        ),
        (
            "Mean spend by number of purchases",
            "Gamma-Gamma takes this line to be flat. Correlation with the number of "
            f"purchases: {found['pearson']:.2f} (Pearson), {found['spearman']:.2f} "
            "(Spearman).",
            charts.spend_by_frequency_chart(by_frequency),
        ),
    ]


def _page(title: str, models: list[Any], pictures: list[_PICTURE]) -> str:
    tables = "".join(_table(model) for model in models)
    drawn = "".join(
        f"<figure><h2>{html.escape(heading)}</h2>"
        + figure.to_html(
            full_html=False,
            include_plotlyjs=False,
            div_id=f"picture-{number}",
            config={"displayModeBar": False, "responsive": True},
        )
        + f"<figcaption>{html.escape(text)}</figcaption></figure>"
        for number, (heading, text, figure) in enumerate(pictures)
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style>"
        f"<script>{get_plotlyjs()}</script></head><body>"
        f"<h1>{html.escape(title)}</h1>{tables}{drawn}</body></html>"
    )


def _table(model: Any) -> str:
    """Return parameters with standard errors, and what the fit says of itself."""
    rows = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{value:.4g}</td>"
        f"<td>{_or_dash(model.standard_errors_[name])}</td></tr>"
        for name, value in model.params_.items()
    )
    edges = "; ".join(f"{name} at its {side} edge" for name, side in _edges(model))
    return (
        f"<h2>{html.escape(type(model).__name__)}</h2>"
        f"<p>{model.n_customers_:,.0f} customers, log-likelihood "
        f"{model.log_likelihood_:,.3f}, AIC {model.aic_:,.1f}, BIC {model.bic_:,.1f}."
        f"{' Beware: ' + html.escape(edges) + '.' if edges else ''}</p>"
        "<table><tr><th>Parameter</th><th>Estimate</th><th>Standard error</th></tr>"
        f"{rows}</table>"
    )


def _edges(model: Any) -> list[tuple[str, str]]:
    return list(getattr(model, "at_edge_", {}).items())


def _or_dash(value: float) -> str:
    return f"{value:.2g}" if np.isfinite(value) else "none"
