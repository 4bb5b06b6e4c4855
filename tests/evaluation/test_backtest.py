"""The windows of a backtest, and what is made of them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from regulars.config import BacktestSettings, TimeSettings
from regulars.errors import NotEnoughHistoryError
from regulars.evaluation.backtest import (
    best_baseline,
    evaluate_staleness,
    evaluate_window,
    overall,
    roll_back,
)
from regulars.evaluation.holdout import evaluate_churn_forecasts

TIME = TimeSettings(horizon_days=28, gap_days=7, training_cutoffs=3, step_days=14)


@pytest.fixture
def window():
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.05, 0.95, 1500)
    y = (rng.random(1500) < truth).astype(float)
    flat = 0.5 * truth + 0.25
    return evaluate_churn_forecasts(
        y,
        {"model": truth, "flat": flat, "coin": np.full(1500, 0.5)},
        cutoff=date(2024, 5, 1),
    )


def test_every_window_is_known_and_its_training_labels_were():
    lines = roll_back(
        TIME, BacktestSettings(windows=3), date(2024, 7, 1), date(2023, 1, 1)
    )
    assert [line.cutoff for line in lines] == [
        date(2024, 7, 1),
        date(2024, 6, 3),
        date(2024, 5, 6),
    ]
    for line in lines:
        assert line.label_window(line.test_cutoff)[1] == line.cutoff
        for cutoff in line.training_cutoffs:
            assert line.label_window(cutoff)[1] <= line.test_cutoff


def test_windows_stop_where_the_log_is_too_young():
    asked = BacktestSettings(windows=10)
    lines = roll_back(TIME, asked, date(2024, 7, 1), date(2024, 3, 1))
    assert 0 < len(lines) < 10
    with pytest.raises(NotEnoughHistoryError, match="needs a horizon of 28 days"):
        roll_back(TIME, asked, date(2024, 7, 1), date(2024, 6, 1))


def test_step_days_move_the_windows_when_set():
    asked = BacktestSettings(windows=2, step_days=7)
    first, second = roll_back(TIME, asked, date(2024, 7, 1), date(2023, 1, 1))
    assert (first.test_cutoff - second.test_cutoff).days == 7


def test_model_is_compared_with_the_best_baseline(window):
    found = evaluate_window(window)
    assert found["best_baseline"] == "flat" == best_baseline([window])
    assert found["differences"]["log_loss"]["high"] < 0
    assert found["differences"]["ece"]["difference"] < 0


def test_overall_counts_windows_beyond_chance(window):
    found = overall([evaluate_window(window)] * 2)
    assert (found["n_windows"], found["n_better"], found["n_worse"]) == (2, 2, 0)
    own = window.metrics["model"]["log_loss"]
    assert found["mean"]["model"]["log_loss"] == pytest.approx(own)


def test_stale_model_is_compared_on_the_same_windows(window):
    y, fresh = window.churned, window.forecasts["model"]
    stale = window.forecasts["flat"]
    rows = evaluate_staleness({1: [(y, stale, fresh)] * 2, 0: [(y, fresh, fresh)]})
    assert [row["age"] for row in rows] == [0, 1]
    assert rows[0]["differences"]["log_loss"]["difference"] == 0
    assert rows[1]["n_windows"] == 2
    assert rows[1]["differences"]["log_loss"]["low"] > 0
