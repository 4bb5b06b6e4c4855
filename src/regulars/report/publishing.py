"""The pages that go beside a model or a backtest: its card, and its charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regulars.report.charts import render_charts
from regulars.report.model_card import render_model_card
from regulars.report.results import Results
from regulars.results import BacktestResult, TrainingResult, as_result
from regulars.results.writing import write_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write_card_page(card: Mapping[str, Any] | TrainingResult, folder: Path) -> None:
    """Write the model's card for people, of the same content as its JSON."""
    text = render_model_card(as_result(TrainingResult, card))
    write_text(text, folder / "model_card.md")


def write_training_pages(
    card: Mapping[str, Any] | TrainingResult, folder: Path
) -> None:
    """Write the model's card and the charts of its training."""
    write_card_page(card, folder)
    _draw(Results(training=as_result(TrainingResult, card)), folder / "figures")


def write_backtest_pages(
    result: Mapping[str, Any] | BacktestResult, folder: Path
) -> None:
    """Write the charts of a backtest."""
    _draw(Results(backtest=as_result(BacktestResult, result)), folder / "figures")


def _draw(results: Results, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, chart in render_charts(results).items():
        # one copy of Plotly for all of them
        chart.write_html(folder / f"{name}.html", include_plotlyjs="directory")
