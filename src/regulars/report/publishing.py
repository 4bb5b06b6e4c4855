"""The pages that go beside a model or a backtest: its card, and its charts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from regulars.report.charts import render_charts
from regulars.report.model_card import render_model_card
from regulars.report.results import Results
from regulars.scoring.sinks import write_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write_card_page(card: Mapping[str, Any], folder: Path) -> None:
    """Write the model's card for people, of the same content as its JSON."""
    write_text(render_model_card(_plain(card)), folder / "model_card.md")


def write_training_pages(card: Mapping[str, Any], folder: Path) -> None:
    """Write the model's card and the charts of its training."""
    write_card_page(card, folder)
    _draw(Results(training=_plain(card)), folder / "figures")


def write_backtest_pages(result: Mapping[str, Any], folder: Path) -> None:
    """Write the charts of a backtest."""
    _draw(Results(backtest=_plain(result)), folder / "figures")


def _plain(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content as its JSON file reads."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(content), default=str))
    return plain


def _draw(results: Results, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in render_charts(results).items():
        # one copy of Plotly for all of them
        figure.write_html(folder / f"{name}.html", include_plotlyjs="directory")
