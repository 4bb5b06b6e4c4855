from __future__ import annotations

import pytest

from regulars.results import BacktestResult, as_result, read_result
from regulars.training.backtest_records import parent_metrics, record_backtest

METRICS = {
    "cutoff": None,
    "n_customers": 40,
    "churn_rate": 0.5,
    "roc_auc": 0.8,
    "average_precision": None,
    "top_decile_lift": None,
    "brier": None,
    "log_loss": 0.4,
    "ece": None,
}
UNKNOWN = {"difference": None, "low": None, "high": None}
WINDOW = {
    "cutoff": "2024-03-01",
    "n_customers": 40,
    "churn_rate": 0.5,
    "process_only": False,
    "weights": {"logistic": 1.0},
    "value_metrics": {},
    "metrics": {"model": METRICS},
    "best_baseline": "bg_nbd",
    "intervals": {"model": {"roc_auc": [0.7, 0.9]}, "bg_nbd": {"roc_auc": [0.6, None]}},
    "differences": {"log_loss": {"difference": -0.1, "low": -0.2, "high": None}},
}
SLICE = {
    **{"slice": "plan", "value": "s", "share": 1.0, "n_customers": 40},
    **dict.fromkeys(("churn_rate", "predicted_rate"), 0.5),
    **dict.fromkeys(("roc_auc", "log_loss", "ece", "difference", "low", "high")),
}
AGES = [
    {"age": 0, "n_windows": 1, "n_customers": 40, "differences": {"log_loss": UNKNOWN}},
    {
        "age": 1,
        "n_windows": 1,
        "n_customers": 40,
        "differences": {"log_loss": {**UNKNOWN, "difference": 0.02}},
    },
]
CONTENT = {
    "name": "shop",
    "baseline_labels": {},
    "windows": [WINDOW],
    "overall": {
        "n_windows": 1,
        "mean": {"model": {"roc_auc": 0.8}, "bg_nbd": {"roc_auc": 0.7}},
        "n_better": 0,
        "n_worse": 0,
    },
    "slices": {"rival": "bg_nbd", "rows": [SLICE]},
    "staleness": AGES,
    "notes": [],
}
RESULT = as_result(BacktestResult, CONTENT)


class Store:
    """Keeps what it is given in place of writing it."""

    def record_runs(self, parent, children):
        self.parent, self.children = parent, children
        self.result = read_result(BacktestResult, parent.artifacts / "backtest.json")
        self.pages = (parent.artifacts / "page.txt").read_text()
        return "run"


@pytest.fixture
def store():
    recorder = Store()
    figures = {"2024-03-01": {"test.roc_auc": 0.8}}

    def pages(result, folder):
        (folder / "page.txt").write_text(str(len(result.windows)))

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
    assert store.children["plan s"].metrics == {
        "share": 1.0,
        "n_customers": 40.0,
        "churn_rate": 0.5,
        "predicted_rate": 0.5,
    }


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
    bare = as_result(BacktestResult, {**CONTENT, "slices": None, "staleness": []})
    record_backtest(
        recorder, bare, {}, {}, lambda _, f: (f / "page.txt").write_text("")
    )
    assert {*recorder.children} == {"window 2024-03-01"}
