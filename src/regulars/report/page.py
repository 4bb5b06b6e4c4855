"""The report: one self-contained HTML page made of a run's result files.

A folder comes in, a page goes out. The page computes nothing, loads nothing from the
network (its own security policy forbids it), and comes out the same, byte for byte,
from the same files. Whatever the files hold is text: it is escaped everywhere.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import plotly.offline
from markupsafe import Markup

from regulars.report import formats
from regulars.report.attributes import attribute_content
from regulars.report.backtest_charts import rival_label, slice_rows, window_rows
from regulars.report.captions import captions
from regulars.report.charts import render_charts
from regulars.report.comparison import churn_comparison, value_comparison
from regulars.report.history_charts import nobody_came_back
from regulars.report.model_card import search_words
from regulars.report.offer_charts import offer_rows
from regulars.report.results import WRITTEN_BY, Results, read_results
from regulars.report.spend_tables import spend_comparison, spend_intervals
from regulars.report.tables import (
    customers_at_risk,
    findings,
    intake,
    key_figures,
    opening,
    parameters,
    segments,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

FILE_NAME = "report.html"
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
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "kpis.json")
    ...     _ = path.write_text('{"summary": {"n_customers": 3}}', encoding="utf-8")
    ...     page = render_report(folder)
    >>> page[:15]
    '<!doctype html>'
    """
    results = read_results(folder, parts)
    if results.kind:
        page = _environment().get_template("attributes.html")
        content = {**_shared(results), **attribute_content(results)}
    else:
        page = _environment().get_template("page.html")
        content = _content(results)
    return page.render(**content) + "\n"


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
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "kpis.json").write_text("{}", encoding="utf-8")
    ...     write_report(folder).name
    'report.html'
    """
    target = Path(folder) / FILE_NAME if path is None else Path(path)
    page = render_report(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        unfinished.write_text(page, encoding="utf-8", newline="\n")
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for form in (formats.number, formats.percent, formats.money, formats.date):
        environment.filters[form.__name__] = form
    environment.filters["month"] = formats.month
    return environment


def _shared(results: Results) -> dict[str, Any]:
    """Return what every kind of page lays out."""
    training = results.training or {}
    drawn = render_charts(results)
    return {
        "results": results,
        "training": training,
        "written_by": WRITTEN_BY,
        "charts": {name: chart.layout.height for name, chart in drawn.items()},
        "figures": _as_script(drawn),
        "captions": captions(results),
        "intake": intake(results),
        "findings": findings(results),
        "churn_table": churn_comparison(training),
        "currency": results.currency,
        "offers": offer_rows(training, results.currency),
        "windows": window_rows(results.backtest or {}),
        "slices": slice_rows(results.backtest or {}),
        "slice_rival": rival_label(results.backtest or {}),
        "provenance": _provenance(results),
        "plotly": Markup(plotly.offline.get_plotlyjs()),
    }


def _content(results: Results) -> dict[str, Any]:
    """Return everything that the page of a purchase log lays out."""
    training, kpis = results.training or {}, results.kpis or {}
    return {
        **_shared(results),
        "kpis": kpis,
        "notes": [*(training.get("notes") or ()), *(kpis.get("notes") or ())],
        # a page without predictions says once why, not in each of its sections
        "no_scores": None if training else kpis.get("no_scores"),
        "nobody_came_back": nobody_came_back(kpis),
        "opening": opening(results),
        "key_figures": key_figures(results),
        "value_table": value_comparison(training),
        "spend_table": spend_comparison(training),
        "spend_intervals": spend_intervals(training, results.currency),
        "customers": customers_at_risk(results),
        "segments": segments(results),
        "parameters": parameters(training),
    }


def _as_script(drawn: dict[str, go.Figure]) -> Markup:
    """Return the figures as JSON that may stand inside a script element."""
    content = {name: json.loads(chart.to_json()) for name, chart in drawn.items()}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    for character, code in UNSAFE_IN_SCRIPT.items():
        text = text.replace(character, code)
    return Markup(text)


def _provenance(results: Results) -> list[tuple[str, str]]:
    """List what made these figures, as far as the files say."""
    training, scores = results.training or {}, results.scores
    horizon, gap = training.get("horizon_days"), training.get("gap_days")
    first: Any = scores.iloc[0] if scores is not None and len(scores) else {}
    rows = [
        ("Model", _model(training)),
        ("Model version", first.get("model_version", training.get("model_version"))),
        ("Probability calibration", training.get("calibration")),
        ("Search", search_words(training.get("tuning"))),
        ("Model of spend", training.get("value_model")),
        ("Predicted window", f"{horizon} days" if horizon else None),
        ("Gap before it", f"{gap} days" if gap else None),
        ("Champion", _champion(training)),
    ]
    versions = training.get("versions") or {}
    rows += [
        ("Scored", formats.moment(first.get("scored_at"))),
        ("Run", first.get("run_id")),
        ("Data fingerprint", _shortened(training.get("fingerprint"))),
        ("Commit", _shortened(training.get("commit"))),
        ("Python", training.get("python")),
        *((name, versions[name]) for name in sorted(versions)),
        ("Seed", training.get("seed")),
    ]
    return [
        (label, str(value))
        for label, value in rows
        if not formats.is_missing(value) and value not in ("", formats.MISSING)
    ]


def _model(training: dict[str, Any]) -> str | None:
    """Name the model; of a blend, its members with their shares."""
    shares = {n: w for n, w in (training.get("weights") or {}).items() if w > 0}
    if len(shares) < 2:
        return training.get("model_name")
    members = (f"{name} {formats.percent(share)}" for name, share in shares.items())
    return f"{training.get('model_name')} of {formats.listing(list(members))}"


def _shortened(identifier: Any, length: int = 12) -> str | None:
    return None if identifier is None else str(identifier)[:length]


def _champion(training: dict[str, Any]) -> str | None:
    if training.get("is_champion") is None:
        return None
    answer = "yes" if training["is_champion"] else "no"
    reason = training.get("champion_reason")
    return f"{answer}: {reason}" if reason else answer
