"""The report: one self-contained HTML page made of a run's result files.

The page computes nothing, loads nothing from the network (its own security policy
forbids it), and comes out the same, byte for byte, from the same files. Whatever the
files hold is text: it is escaped everywhere.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from regulars.report import formats
from regulars.report.backtest_charts import window_rows
from regulars.report.captions import captions
from regulars.report.charts import render_charts
from regulars.report.churn_page import churn_content
from regulars.report.comparison import churn_comparison, value_comparison
from regulars.report.history_charts import nobody_came_back
from regulars.report.kpi_section import kpi_section
from regulars.report.layout import render_template
from regulars.report.model_card import members, search_words
from regulars.report.monitoring_section import watch_section
from regulars.report.offer_charts import assumed_value, offer_rows
from regulars.report.results import WRITTEN_BY, Results, read_results
from regulars.report.slice_tables import (
    rival_label,
    slice_rows,
    slices_caption,
    worst_slice_rows,
)
from regulars.report.spend_tables import (
    spend_comparison,
    spend_intervals,
    spend_level,
    spend_tenths,
)
from regulars.report.tables import (
    customers_at_risk,
    findings,
    intake,
    key_figures,
    opening,
    parameters,
    segments,
)
from regulars.results.writing import write_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

    from regulars.results import TrainingResult

FILE_NAME, SHORTENED = "report.html", 12
# inside a script element only these could end it or be misread by an HTML parser
UNSAFE_IN_SCRIPT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


def render_report(
    folder: str | Path, *, parts: Sequence[str] = tuple(WRITTEN_BY)
) -> str:
    """Return the report on a run as an HTML page.

    Parameters
    ----------
    folder : str or Path
        Where the run has written ``check.json``, ``kpis.json``, ``training.json`` and
        the scores. A section whose file is missing says so.
    parts : sequence of str
        Files to make the page of; default: all that are there.

    Returns
    -------
    str
        A whole HTML document of about 5 MB, nearly all of it Plotly's own script.

    Raises
    ------
    DataError
        Where the folder holds none of the files, or one that cannot be read.

    See Also
    --------
    write_report : The same, into a file.
    regulars.report.charts.render_charts : The figures alone.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from regulars.results import KpiResult, write_result
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "kpis.json")
    ...     _ = write_result(KpiResult(name="shop", currency="EUR"), path)
    ...     page = render_report(folder)
    >>> page[:15]
    '<!doctype html>'
    """
    results = read_results(folder, parts)
    if results.is_of_purchases:
        layout, content = "purchases.html", _purchases_content(results)
    else:
        layout, content = "churn.html", churn_content(results)
    content = _shared(results) | content
    content["links"] = _links(results, has_scores=not content["no_scores"])
    return render_template(layout, content) + "\n"


def write_report(folder: str | Path, path: str | Path | None = None) -> Path:
    """Write the report on a run, whole or not at all.

    Parameters
    ----------
    folder : str or Path
        Where the run has written its results.
    path : str or Path, optional
        Where to write; by default ``report.html`` in the same folder.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    DataError
        Where the folder holds none of the files, or one that cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from regulars.results import KpiResult, write_result
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "kpis.json")
    ...     _ = write_result(KpiResult(name="shop", currency="EUR"), path)
    ...     write_report(folder).name
    'report.html'
    """
    target = Path(folder) / FILE_NAME if path is None else Path(path)
    return write_text(render_report(folder), target)


def _shared(results: Results) -> dict[str, Any]:
    """Return what both layouts lay out."""
    training, backtest = results.training, results.backtest
    offer = training.profit if training else None
    drawn = render_charts(results)
    return {
        "results": results,
        "is_of_purchases": results.is_of_purchases,
        "title": "Retention report" if results.is_of_purchases else "Churn report",
        "training": training,
        "notes": [*(training.notes if training else ()), *_kpi_notes(results)],
        "no_scores": None,
        "written_by": WRITTEN_BY,
        "charts": {name: chart.layout.height for name, chart in drawn.items()},
        "figures": _as_script(drawn),
        "captions": captions(results),
        "intake": intake(results),
        "columns": (),
        "findings": findings(results),
        "customers": customers_at_risk(results),
        "churn_table": churn_comparison(training) if training else None,
        "currency": results.currency,
        "offer": offer,
        "offers": offer_rows(offer, results.currency) if offer else [],
        "offer_worth": assumed_value(offer, results.currency) if offer else "",
        "windows": window_rows(backtest) if backtest else [],
        "slices": slice_rows(backtest) if backtest else [],
        "worst_slices": worst_slice_rows(backtest) if backtest else [],
        "slices_caption": slices_caption(backtest) if backtest else "",
        "watch": watch_section(results.monitoring),
        "slice_rival": rival_label(backtest) if backtest else "",
        "provenance": _provenance(results),
    }


def _kpi_notes(results: Results) -> tuple[str, ...]:
    return results.kpis.notes if results.kpis else ()


def _purchases_content(results: Results) -> dict[str, Any]:
    """Return what the page of a purchase log lays out beside the shared."""
    training, kpis = results.training, results.kpis
    content: dict[str, Any] = {
        "kpis": kpis,
        "section": kpi_section(kpis),
        # a page without predictions says once why, not in each of its sections
        "no_scores": kpis.no_scores if kpis and not training else None,
        "nobody_came_back": nobody_came_back(kpis) if kpis else False,
        "opening": opening(results),
        "key_figures": key_figures(results),
        "segments": segments(results),
        "parameters": parameters(training),
    }
    if training:
        content |= {
            "value_table": value_comparison(training),
            "spend_table": spend_comparison(training),
            "spend_tenths": spend_tenths(training, results.currency),
            "spend_level": spend_level(training),
            "spend_intervals": spend_intervals(training, results.currency),
        }
    return content


def _links(results: Results, *, has_scores: bool) -> list[tuple[str, str]]:
    """Return anchor and words of each section that the page has."""
    has_section = bool(results.kpis and results.kpis.period)
    business = [("business", "Retention and loyalty")] if has_section else []
    if not has_scores:
        return [
            *business,
            ("history", "Customers and orders"),
            ("later", "What cannot be said yet"),
            ("data", "Data"),
        ]
    has_offer = bool(results.training and results.training.profit)
    is_of_purchases = results.is_of_purchases
    links = {
        "spread": "Risk and value" if is_of_purchases else "Risk",
        "customers": "Customers at risk",
        "history": "By month" if has_section else "Retention",
        "test": "How good it is",
        "reasons": "What matters",
        "money": "Money" if has_offer else "",
        "backtest": "Over time" if results.backtest else "",
        "watch": "Watch" if results.monitoring else "",
        "process": "Purchase process" if is_of_purchases else "",
        "data": "Data",
        "made": "How it was made",
    }
    return [
        *business,
        *((anchor, words) for anchor, words in links.items() if words),
    ]


def _as_script(drawn: dict[str, go.Figure]) -> Markup:
    """Return the figures as JSON that may stand inside a script element."""
    content = {name: json.loads(chart.to_json()) for name, chart in drawn.items()}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    for character, code in UNSAFE_IN_SCRIPT.items():
        text = text.replace(character, code)
    return Markup(text)


def _provenance(results: Results) -> list[tuple[str, str]]:
    """List what made these figures, as far as the files say."""
    training, scores = results.training, results.scores
    first: Any = scores.iloc[0] if scores is not None and len(scores) else {}
    version = training.model_version if training else None
    rows = [
        ("Model", _model(training) if training else None),
        # the champion that scored may be another model than the one trained here
        ("Model version", first.get("model_version", version)),
        *(_choices(training) if training else ()),
        ("Scored", formats.moment(first.get("scored_at"))),
        ("Run", first.get("run_id")),
        *(_making(training) if training else ()),
    ]
    return [
        (label, str(value))
        for label, value in rows
        if not formats.is_missing(value) and value not in ("", formats.MISSING)
    ]


def _choices(training: TrainingResult) -> list[tuple[str, str | None]]:
    horizon, gap = training.horizon_days, training.gap_days
    place = "yes" if training.is_champion else "no"
    return [
        ("Probability calibration", training.calibration),
        ("Search", search_words(training.tuning)),
        ("Model of spend", training.value_model),
        ("Predicted window", f"{horizon} days" if horizon else None),
        ("Gap before it", f"{gap} days" if gap else None),
        ("Champion", f"{place}: {training.champion_reason}"),
    ]


def _making(training: TrainingResult) -> list[tuple[str, Any]]:
    return [
        ("Data fingerprint", training.fingerprint[:SHORTENED]),
        ("Commit", training.commit and training.commit[:SHORTENED]),
        ("Python", training.python),
        *sorted(training.versions.items()),
        ("Seed", training.seed),
    ]


def _model(training: TrainingResult) -> str:
    """Name the model; of a blend, its members with their shares."""
    names = members(training)
    if len(names) < 2:
        return training.model_name
    return f"{training.model_name} of {formats.listing(names)}"
