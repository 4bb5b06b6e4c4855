from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from regulars import terminal as console
from regulars.pipeline import STEPS
from regulars.results import BacktestResult, CheckResult, TrainingSummary
from regulars.results.check import FindingSummary
from regulars.terminal import (
    STEP_WORDS,
    backtested,
    checked,
    compared,
    progress,
    questions,
)


def _drawn(table):
    screen = Console(file=io.StringIO(), width=200)
    screen.print(table)
    return screen.file.getvalue()


READ = {"n_customers": 9, "notices": []}
FIGURES = {
    "cutoff": "2024-01-01",
    "n_customers": 1234,
    "churn_rate": 0.25,
    "roc_auc": 0.8765,
    "average_precision": 0.5,
    "top_decile_lift": 2.0,
    "brier": 0.1,
    "log_loss": 0.3,
    "ece": None,
}
UNDATED = FIGURES | {"cutoff": None}
TRAINING = TrainingSummary(
    model_uri="models:/shop/1",
    model_version="1",
    run_id="a1",
    is_champion=True,
    champion_reason="the first",
    process_only=False,
    notes=(),
    test=FIGURES,
    value_test=None,
    baselines={"rfm": FIGURES | {"roc_auc": 0.5}},
)


@pytest.fixture
def result():
    reason = {
        "reason": "anonymous",
        "label": "no customer_id",
        "rows": 10,
        "share": 0.005,
        "is_fault": False,
        "examples": ["[b]4", "5"],
    }
    rows = {"rows_in": 2000, "rows_kept": 1990, "rows_set_aside": 10}
    none = {"rows_in": 0, "rows_kept": 0, "rows_set_aside": 0, "reasons": []}
    tables = {
        "transactions": READ | rows | {"reasons": [reason]},
        "tickets": READ | none,
    }
    return CheckResult(name="shop", tables=tables, findings=())


def test_checked_counts_rows_and_shares(result):
    text = _drawn(checked(result))
    assert "2,000" in text
    assert "0.50%" in text
    assert "99.50%" in text
    assert "set aside: no customer_id (such as [b]4, 5)" in text


def test_compared_puts_the_model_first_and_a_dash_for_what_is_undefined():
    text = _drawn(compared(TRAINING, {"rfm": "RFM logistic"}))
    assert "1,234 customers, 25.0% did not buy again" in text
    assert text.index("regulars") < text.index("RFM logistic")
    assert "0.8765" in text
    assert " - " in text


@pytest.mark.parametrize(
    ("change", "title"),
    [
        ({"kind": "contractual"}, "Test window from 2024-01-01: 1,234 .* 25.0% left"),
        ({"test": UNDATED}, "Test on rows kept apart: .* churned"),
        ({"test": UNDATED, "test_splits": [UNDATED] * 5}, "Mean of 5 tests: "),
    ],
)
def test_title_says_what_was_tested(change, title):
    summary = TrainingSummary.model_validate(
        dict(TRAINING) | {"kind": "labelled"} | change
    )
    assert re.search(title, _drawn(compared(summary, {})))


def test_compared_is_nothing_without_a_test_window():
    assert compared(TRAINING.model_copy(update={"test": None}), {}) is None


def test_backtested_sets_each_window_beside_its_best_baseline():
    gap = {"difference": -0.01, "low": -0.02, "high": None}
    window = {
        "cutoff": "2024-01-01",
        "n_customers": 1234,
        "churn_rate": 0.25,
        "process_only": False,
        "weights": {},
        "value_metrics": {},
        "metrics": {"model": FIGURES},
        "intervals": {"model": {}},
        "best_baseline": "rfm",
        "differences": {"log_loss": gap},
    }
    alone = window | {"best_baseline": None, "differences": {}}
    backtest = BacktestResult(
        name="shop",
        baseline_labels={},
        windows=[window, alone],
        overall={"n_windows": 2, "mean": {}, "n_better": 1, "n_worse": 0},
        slices=None,
        staleness=(),
        notes=(),
    )
    text = _drawn(backtested(backtest, {"rfm": "RFM logistic"}))
    assert "better than the best baseline beyond chance in 1, worse in 0" in text
    assert "-0.0100 (-0.0200)" in text
    assert "RFM logistic" in text


def test_questions_put_the_line_to_write_below():
    finding = FindingSummary(
        key="large_customer",
        severity="ask",
        table="transactions",
        seen="Customer 'c2' has 11% of the revenue.",
        advice="If it is a till, write `guest_ids: ['c2']` under `source`.",
        setting={"under": "source", "line": "guest_ids: ['c2']", "override": "x"},
        figures={},
        examples=(),
    )
    (start, _), (text, line) = questions([finding])
    assert start.plain.endswith(": 1")
    assert "Question: large customer" in text.plain
    assert "write the line below under `source`" in text.plain
    assert line == "guest_ids: ['c2']"


def test_nothing_is_asked_where_nothing_was_found():
    [(text, line)] = questions(())
    assert (text.plain, line) == ("Nothing to ask about these data.", "")


@pytest.mark.parametrize("quiet", [True, False])
def test_progress_is_silent_in_a_pipe(quiet, capsys):
    with progress(STEPS, quiet=quiet) as step:
        step("check")
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "")


def test_progress_tells_words_and_how_far_on_a_terminal(monkeypatch):
    screen = Console(file=io.StringIO(), force_terminal=True, width=80)
    monkeypatch.setattr(console, "Console", lambda **_: screen)
    with progress(STEPS, quiet=False) as step:
        step("check")
        step("selection 3/30")
        step("something new")
    text = screen.file.getvalue()
    assert "something new" in text


def test_every_step_of_the_pipeline_has_words():
    assert {*STEPS} <= {*STEP_WORDS}
