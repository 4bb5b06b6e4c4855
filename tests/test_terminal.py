from __future__ import annotations

import io

import pytest
from rich.console import Console

from regulars import terminal as console
from regulars.pipeline import STEPS
from regulars.terminal import STEP_WORDS, checked, compared, progress


def _drawn(table):
    screen = Console(file=io.StringIO(), width=200)
    screen.print(table)
    return screen.file.getvalue()


FOUND = {
    "tables": {
        "transactions": {
            "rows_in": 2000,
            "rows_kept": 1990,
            "reasons": [
                {"rows": 10, "label": "no customer_id", "examples": ["[b]4", 5]},
            ],
        },
        "tickets": {"rows_in": 0, "rows_kept": 0, "reasons": []},
    }
}

FIGURES = {
    "cutoff": "2024-01-01",
    "n_customers": 1234,
    "churn_rate": 0.25,
    "roc_auc": 0.8765,
    "average_precision": 0.5,
    "top_decile_lift": 2.0,
    "log_loss": 0.3,
    "ece": None,
}


def test_checked_counts_rows_and_shares():
    text = _drawn(checked(FOUND))
    assert "2,000" in text
    assert "0.50%" in text
    assert "99.50%" in text
    assert "set aside: no customer_id (such as [b]4, 5)" in text


def test_compared_puts_the_model_first_and_a_dash_for_what_is_undefined():
    result = {"test": FIGURES, "baselines": {"rfm": FIGURES | {"roc_auc": 0.5}}}
    text = _drawn(compared(result, {"rfm": "RFM logistic"}))
    assert "1,234 customers, 25.0% did not buy again" in text
    assert text.index("regulars") < text.index("RFM logistic")
    assert "0.8765" in text
    assert " - " in text


def test_compared_is_nothing_without_a_test_window():
    assert compared({"test": None, "baselines": {}}, {}) is None


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
