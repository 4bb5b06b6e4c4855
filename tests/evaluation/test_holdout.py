from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest

from regulars.evaluation import evaluate_churn_forecasts, evaluate_spend_forecasts
from regulars.evaluation.holdout import drift_notes

DAY = date(2024, 3, 1)


def _window(n_rows=400, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.random(n_rows)
    return (rng.random(n_rows) < p).astype(int), p


def test_better_forecast_has_the_better_figures_and_intervals_hold_them():
    y, p = _window()
    test = evaluate_churn_forecasts(
        y, {"model": p, "coin": np.full(len(y), 0.5)}, cutoff=DAY
    )
    model, coin = test.metrics["model"], test.metrics["coin"]
    assert model["cutoff"] == "2024-03-01"
    assert model["n_customers"] == 400
    assert model["churn_rate"] == pytest.approx(y.mean())
    assert model["roc_auc"] > 0.75 > coin["roc_auc"] == 0.5
    assert model["log_loss"] < coin["log_loss"] == pytest.approx(np.log(2))
    for metric, (low, high) in test.intervals["model"].items():
        assert low <= model[metric] <= high, metric


def test_same_seed_gives_the_same_intervals():
    y, p = _window()
    one, same, other = (
        evaluate_churn_forecasts(
            y, {"model": p}, cutoff=DAY, random_state=seed
        ).intervals
        for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_curves_run_from_corner_to_corner():
    y, p = _window()
    curves = evaluate_churn_forecasts(y, {"model": p}, cutoff=DAY).curves["model"]
    assert {*curves} == {"roc", "gains", "lift", "reliability"}
    for axis in curves["roc"].values():
        assert (axis[0], axis[-1]) == (0.0, 1.0)


@pytest.mark.parametrize("outcome", [0, 1])
def test_window_with_one_outcome_is_judged_and_fits_json(outcome):
    _, p = _window(60)
    test = evaluate_churn_forecasts(np.full(60, outcome), {"model": p}, cutoff=DAY)
    assert test.metrics["model"]["roc_auc"] is None
    assert test.metrics["model"]["log_loss"] > 0
    text = json.dumps(
        [test.metrics, test.intervals, test.curves], allow_nan=False, default=str
    )
    assert "NaN" not in text


def test_everything_fits_json():
    y, p = _window()
    test = evaluate_churn_forecasts(y, {"model": p}, cutoff=DAY)
    json.dumps([test.metrics, test.intervals, test.curves], allow_nan=False)


def test_spend_is_judged_by_hand():
    test = evaluate_spend_forecasts(
        [0.0, 10.0, 20.0], {"model": np.array([1.0, 8.0, 30.0])}
    )
    found = test.metrics["model"]
    assert found["mae"] == pytest.approx(13 / 3)
    assert found["total_ratio"] == pytest.approx(39 / 30)
    assert found["spearman"] == pytest.approx(1.0)


def test_error_is_that_of_typical_spend_where_there_is_any():
    spent, rival = [0.0, 10.0], np.array([5.0, 6.0])
    forecasts = {"model": np.array([4.0, 6.0]), "rival": rival}
    test = evaluate_spend_forecasts(spent, forecasts, typical=np.array([0.0, 9.0]))
    assert test.metrics["model"]["typical_mae"] == pytest.approx(0.5)
    assert test.metrics["model"]["mae"] == pytest.approx(4.0)
    # who says one figure says it for both
    assert test.metrics["rival"]["typical_mae"] == pytest.approx(4.5)
    unknown = evaluate_spend_forecasts(spent, forecasts, typical=np.full(2, np.nan))
    assert unknown.metrics["model"]["typical_mae"] == pytest.approx(4.0)


def test_spend_without_a_total_fits_json():
    test = evaluate_spend_forecasts([0.0, 0.0], {"model": np.array([1.0, 1.0])})
    json.dumps(test.metrics, allow_nan=False)
    assert test.metrics["model"]["total_ratio"] is None


def test_level_that_chance_explains_is_no_news():
    y, p = _window()
    test = evaluate_churn_forecasts(y, {"model": p}, cutoff=DAY)
    spent = evaluate_spend_forecasts([1.0, 3.0], {"model": np.array([2.0, 2.5])})
    assert drift_notes(test, spent) == []
    assert drift_notes(None, None) == []


def test_level_beyond_chance_is_told():
    y, p = _window(4000)
    test = evaluate_churn_forecasts(y, {"model": p**2}, cutoff=DAY)
    [note] = drift_notes(test, None)
    assert note.startswith(f"In the test window {y.mean():.1%} of the customers left")
    assert f"where {(p**2).mean():.1%} were expected to" in note


@pytest.mark.parametrize(("said", "told"), [(6.0, "67%"), (2.0, "200%")])
def test_total_spend_far_off_is_told_when_buyers_are_many(said, told):
    y, p = _window()
    test = evaluate_churn_forecasts(y, {"model": p}, cutoff=DAY)
    spent = evaluate_spend_forecasts([1.0, 7.0], {"model": np.full(2, said)})
    [note] = drift_notes(test, spent)
    assert f"customers spent {told} of what was expected" in note
    few = evaluate_churn_forecasts(y[:60], {"model": p[:60]}, cutoff=DAY)
    assert drift_notes(few, spent) == []
