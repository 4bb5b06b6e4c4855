"""The pages that go beside a model or a backtest."""

from __future__ import annotations

import pytest

from regulars.report.publishing import (
    write_backtest_pages,
    write_card_page,
    write_training_pages,
)
from regulars.results import BacktestResult, TrainingResult


@pytest.fixture
def training(build, parts):
    return build(TrainingResult, **parts("training"))


def test_charts_stand_beside_the_card_with_one_plotly_for_all(training, tmp_path):
    write_training_pages(training, tmp_path)
    assert (tmp_path / "model_card.md").read_text().startswith("# Model card: cdnow")
    names = {path.name for path in (tmp_path / "figures").iterdir()}
    assert {"roc.html", "gains.html", "plotly.min.js"} < names


def test_card_of_what_a_training_writes_is_that_of_what_is_read(training, tmp_path):
    write_card_page(training, tmp_path / "read")
    write_card_page(training.model_dump(), tmp_path / "written")
    pages = [tmp_path / name / "model_card.md" for name in ("read", "written")]
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_backtest_without_windows_has_no_charts(build, tmp_path):
    write_backtest_pages(build(BacktestResult), tmp_path)
    assert [*(tmp_path / "figures").iterdir()] == []
