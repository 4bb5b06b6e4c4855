"""Logs that nobody tuned on: what ``init`` proposes for them, and what comes of it.

The logs are those of ``benchmarks/unseen.py``, smaller. None of them follows the
purchase process that the models assume.
"""

from __future__ import annotations

import importlib.util
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from regulars.config import parse_settings
from regulars.errors import DataError
from regulars.evaluation.backtest import evaluate_window
from regulars.evaluation.gate import ece_by_chance
from regulars.init import guess_config, render_config
from regulars.kinds.non_contractual import open_workspace, purchase_problem
from regulars.training import train

LOGS_FILE = Path(__file__).parents[1] / "benchmarks" / "unseen_logs.py"


def _load_logs():
    spec = importlib.util.spec_from_file_location("unseen_logs", LOGS_FILE)
    module = importlib.util.module_from_spec(spec)
    sys.modules["unseen_logs"] = module
    spec.loader.exec_module(module)
    return {log.name: log for log in module.LOGS}


LOGS = _load_logs()


@pytest.fixture
def write(tmp_path):
    """A function from a log's name and a size to its file."""

    def of(name, n_customers):
        path = tmp_path / f"{name}.csv"
        path.write_text(LOGS[name].write(np.random.default_rng(7), n_customers))
        return path

    return of


def quietly(step):
    """Say nothing of the steps."""


@pytest.fixture
def open_guessed(write, tmp_path):
    """A function from a log's name and a size to its workspace, as guessed."""

    def of(name, n_customers):
        text = render_config(guess_config(write(name, n_customers)))
        out = f"outputs={(tmp_path / 'out').as_posix()}"
        settings = parse_settings(text, ["churn.tuning_trials=1", out])
        return open_workspace(settings, quietly)

    return of


def trained(work):
    return train(purchase_problem(work, quietly), quietly)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "n_customers", "shortest", "longest"),
    [
        ("wholesale", 100, 14, 60),
        ("coffee", 400, 7, 28),
        ("garden-centre", 300, 90, 365),
        ("bare", 300, 28, 90),
        ("boxes", 200, 60, 60),
        ("canteen", 40, 7, 7),
        ("tiny", 30, 14, 60),
    ],
)
def test_horizon_that_is_proposed_suits_the_rhythm(
    write, name, n_customers, shortest, longest
):
    assert shortest <= guess_config(write(name, n_customers)).horizon_days <= longest


@pytest.mark.slow
@pytest.mark.usefixtures("few_trees")
# a few enormous orders, as a wholesaler has them: told to the user, no fault here
@pytest.mark.filterwarnings("ignore::regulars.errors.AssumptionWarning")
@pytest.mark.parametrize(
    ("name", "n_customers"), [("wholesale", 200), ("coffee", 500), ("boxes", 300)]
)
def test_forecast_is_no_worse_than_any_rival_and_calibrated(
    open_guessed, name, n_customers
):
    test = trained(open_guessed(name, n_customers)).churn_test
    gap = evaluate_window(test)["differences"]["log_loss"]
    assert gap["low"] <= 0
    bound = max(0.03, ece_by_chance(test.forecasts["model"]))
    assert test.metrics["model"]["ece"] <= bound


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "n_customers", "low", "high"),
    [("canteen", 60, 0.0, 0.15), ("never-again", 600, 0.97, 1.0)],
)
def test_log_is_scored_and_says_why_when_hardly_anyone_leaves_or_returns(
    open_guessed, name, n_customers, low, high
):
    work = open_guessed(name, n_customers)
    found = trained(work)
    assert found.process_only
    assert any("too few stayed" in note for note in found.notes)
    current = work.features.by_cutoff([work.timeline.cutoff])[work.timeline.cutoff]
    scores = found.model.predict(current)["churn_probability"]
    assert low <= scores.mean() <= high


@pytest.mark.slow
def test_windows_of_a_closed_shop_are_passed_over_and_told(open_guessed):
    line = open_guessed("closed-doors", 300).timeline
    days = {*line.training_cutoffs, *(fold.cutoff for fold in line.folds)}
    windows = [line.teaching.label_window(day) for day in days]
    # shut from 2023-03-29 to 2023-05-27
    shared = [
        (min(b.toordinal(), 738667) - max(a.toordinal(), 738608)) for a, b in windows
    ]
    assert max(shared) <= 0.2 * line.label_horizon_days
    # half a year of them all the same, and from before it was shut
    assert len(line.training_cutoffs) >= 6
    assert min(line.training_cutoffs) < date(2023, 3, 29)


@pytest.mark.slow
def test_export_that_broke_off_is_told(open_guessed):
    found = trained(open_guessed("lost-month", 150))
    assert any("pass a cutoff of 2023-04-1" in note for note in found.notes)


@pytest.mark.slow
def test_refunds_alone_are_refused_in_a_sentence(open_guessed):
    with pytest.raises(DataError, match="no purchase: every row that passed"):
        open_guessed("refunds-only", 50)
