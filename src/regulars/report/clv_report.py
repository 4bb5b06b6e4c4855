"""One page about a fitted model: its parameters, and how they stand up to the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from markupsafe import Markup
from sklearn.utils.validation import check_is_fitted

from regulars.clv import (
    alive_matrix,
    diagnostics,
    purchases_matrix,
    spend_diagnostics,
)
from regulars.clv.rows import read_columns
from regulars.report import clv_charts as charts
from regulars.report.layout import render_template
from regulars.results.writing import write_text

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    import plotly.graph_objects as go


class Picture(NamedTuple):
    """A chart of a fitted model, and what to read off it."""

    heading: str
    text: str
    chart: go.Figure


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
        The file; its folder is made where there is none.
    model, summary, **options
        As `render_model_report`.

    Returns
    -------
    pathlib.Path
        The file.
    """
    return write_text(render_model_report(model, summary, **options), path)


def _pictures(model: Any, summary: Any) -> list[Picture]:
    """Return the pictures that the model itself can give."""
    if hasattr(model, "spend_density"):
        return _spend_pictures(model, summary)
    if hasattr(model, "survival"):
        fit = diagnostics.survival_fit(model, summary)
        text = "Subscribers left after each renewal date, and the model's share."
        return [Picture("Survival", text, charts.survival_chart(fit))]
    if model.n_features_in_ > len(model._columns):
        return []  # with covariates there is no one curve for all customers
    fit = diagnostics.frequency_fit(model, summary)
    age = float(read_columns(summary, ["T"])["T"].max())
    alive = alive_matrix(model, age)
    ahead = max(round(age / 3), 1)
    purchases = purchases_matrix(model, age, ahead)
    return [
        Picture(
            "Customers by number of repeat purchases",
            "The closer the pairs, the better the model describes who comes back.",
            charts.frequency_chart(fit),
        ),
        Picture(
            "Who is still a customer",
            "Of the oldest customers: many purchases long ago are a bad sign.",
            charts.matrix_chart(alive, title="P(alive)"),
        ),
        Picture(
            f"Expected purchases in the next {ahead}",
            "The best customers bought often and lately.",
            charts.matrix_chart(purchases, title="Purchases"),
        ),
    ]


def _tracking_pictures(track: Any) -> list[Picture]:
    return [
        Picture(
            "Repeat purchases, added up",
            "The lines should stay together beyond the dotted one.",
            charts.tracking_chart(track),
        ),
        Picture(
            "Repeat purchases by period",
            "The model knows no seasons: single peaks are not its fault, a lasting gap "
            "is.",
            charts.tracking_chart(track, is_cumulative=False),
        ),
    ]


def _spend_pictures(value_model: Any, summary: Any) -> list[Picture]:
    density = spend_diagnostics.spend_density(value_model, summary)
    by_frequency = spend_diagnostics.spend_by_frequency(summary)
    correlation = value_model.correlations_with_frequency_
    return [
        Picture(
            "Mean spend of repeat buyers",
            "Two humps in the actual line mean two kinds of customers.",
            charts.spend_density_chart(density),
        ),
        Picture(
            "Mean spend by number of purchases",
            "Gamma-Gamma takes this line to be flat. Correlation with the number of "
            f"purchases: {correlation['pearson']:.2f} (Pearson), "
            f"{correlation['spearman']:.2f} (Spearman).",
            charts.spend_by_frequency_chart(by_frequency),
        ),
    ]


def _page(title: str, models: list[Any], pictures: list[Picture]) -> str:
    drawn = [
        picture._replace(chart=_html(picture.chart, f"picture-{number}"))
        for number, picture in enumerate(pictures)
    ]
    content = {"title": title, "models": map(_figures, models), "pictures": drawn}
    return render_template("model.html", content)


def _html(chart: go.Figure, name: str) -> Markup:
    return Markup(
        chart.to_html(
            full_html=False,
            include_plotlyjs=False,
            div_id=name,
            config={"displayModeBar": False, "responsive": True},
        )
    )


def _figures(model: Any) -> dict[str, Any]:
    """Return parameters with standard errors, and what the fit says of itself."""
    edges = getattr(model, "at_edge_", {}).items()
    return {
        "name": type(model).__name__,
        "fit": f"{model.n_customers_:,.0f} customers, log-likelihood "
        f"{model.log_likelihood_:,.3f}, AIC {model.aic_:,.1f}, BIC {model.bic_:,.1f}.",
        "edges": "; ".join(f"{name} at its {side} edge" for name, side in edges),
        "rows": [
            (name, f"{value:.4g}", _or_none(model.standard_errors_[name]))
            for name, value in model.params_.items()
        ],
    }


def _or_none(value: float) -> str:
    return f"{value:.2g}" if np.isfinite(value) else "none"
