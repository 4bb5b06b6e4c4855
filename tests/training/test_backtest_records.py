from __future__ import annotations

import json

import pytest

from regulars.training.backtest_records import parent_metrics, record_backtest

WINDOW = {
    "cutoff": "2024-03-01",
    "best_baseline": "bg_nbd",
    "intervals": {"model": {"roc_auc": [0.7, 0.9]}, "bg_nbd": {"roc_auc": [0.6, None]}},
    "differences": {"log_loss": {"difference": -0.1, "low": -0.2, "high": None}},
}
RESULT = {
    "windows": [WINDOW],
    "overall": {"mean": {"model": {"roc_auc": 0.8}, "bg_nbd": {"roc_auc": 0.7}}},
    "slices": {"rows": [{"slice": "plan", "value": "s", "n": 40, "roc_auc": None}]},
    "staleness": [
        {"age": 0, "n_windows": 1, "differences": {"log_loss": {"difference": None}}},
        {"age": 1, "n_windows": 1, "differences": {"log_loss": {"difference": 0.02}}},
    ],
}


class Store:
    """Keeps what it is given in place of writing it."""

    def record_runs(self, parent, children):
        self.parent, self.children = parent, children
        self.result = json.loads((parent.artifacts / "backtest.json").read_text())
        self.pages = (parent.artifacts / "page.txt").read_text()
        return "run"


@pytest.fixture
def store():
    recorder = Store()
    figures = {"2024-03-01": {"test.roc_auc": 0.8}}

    def pages(result, folder):
        (folder / "page.txt").write_text(str(len(result["windows"])))

    run = record_backtest(recorder, RESULT, figures, {"data": "abc"}, pages)
    assert run == "run"
    return recorder


def test_means_and_ages_are_figures_of_the_whole():
    assert parent_metrics(RESULT) == {
        "backtest.model.roc_auc": 0.8,
        "backtest.baseline.bg_nbd.roc_auc": 0.7,
        "backtest.stale_1.log_loss_difference": 0.02,
    }


def test_result_and_pages_lie_beside_the_run(store):
    assert store.result == RESULT
    assert store.pages == "1"
    assert store.parent.tags == {"name": "backtest", "data": "abc"}


def test_windows_slices_and_ages_have_runs_of_their_own(store):
    assert {*store.children} == {
        "window 2024-03-01",
        "plan s",
        "0 windows old",
        "1 windows old",
    }
    assert store.children["plan s"].metrics == {"n": 40.0}


def test_figures_that_are_undefined_are_left_out(store):
    assert store.children["window 2024-03-01"].metrics == {
        "test.roc_auc": 0.8,
        "test.roc_auc.low": 0.7,
        "test.roc_auc.high": 0.9,
        "baseline.bg_nbd.roc_auc.low": 0.6,
        "difference.log_loss": -0.1,
        "difference.log_loss.low": -0.2,
    }


def test_log_without_slices_has_no_runs_of_them():
    recorder = Store()
    bare = {**RESULT, "slices": None, "staleness": []}
    record_backtest(
        recorder, bare, {}, {}, lambda _, f: (f / "page.txt").write_text("")
    )
    assert {*recorder.children} == {"window 2024-03-01"}
