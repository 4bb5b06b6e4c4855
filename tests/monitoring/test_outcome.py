from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from regulars.config import MonitoringSettings
from regulars.models.horizon import Horizon
from regulars.monitoring.checks import ring
from regulars.monitoring.outcome import (
    Scored,
    calibration_slope,
    evaluate_outcome,
    promise_of,
    watch_outcomes,
)
from regulars.monitoring.value import evaluate_value_outcome, watch_value
from regulars.results.monitoring import Promise

TOLERATED = MonitoringSettings()


def _scored(n=4000, *, sharpen=1.0, shift=0.0, times=1.0, seed=0, day=date(2024, 6, 1)):
    """Scores whose log-odds are `sharpen` times the true ones, moved by `shift`."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 1.2, n)
    churned = (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(float)
    said = 1 / (1 + np.exp(-(sharpen * odds + shift)))
    spend = rng.gamma(2.0, 10.0, n) * (1 - churned)
    return Scored(day, "1", said, churned, times * np.full(n, spend.mean()), spend)


def _promise(auc=0.75):
    return Promise(
        source="test",
        roc_auc=auc,
        roc_auc_bounds=(auc - 0.02, auc + 0.02),
        log_loss=None,
        ece=None,
        total_ratio=None,
    )


def _alarms(scored, promise=None):
    outcome = evaluate_outcome(scored)
    watches = watch_outcomes([outcome], scored, promise, TOLERATED)
    return {each.name for each in ring(watches, 0.05)[1]}


def test_true_probabilities_ring_nothing():
    assert _alarms(_scored(), _promise()) == set()


@pytest.mark.parametrize(
    ("changed", "rung"),
    [
        ({"shift": 1.0}, {"mean probability", "ECE"}),
        ({"sharpen": 2.5}, {"calibration slope", "ECE"}),
        ({"times": 2.0}, {"total spend"}),
        ({"times": 0.5}, {"total spend"}),
    ],
)
def test_what_is_off_rings(changed, rung):
    assert rung <= _alarms(_scored(**changed), _promise())


def test_auc_below_the_promise_rings_beyond_both_intervals():
    assert "ROC AUC" in _alarms(_scored(), _promise(0.95))
    assert "ROC AUC" not in _alarms(_scored(n=150), _promise(0.8))


def test_slope_is_one_for_true_and_below_for_bold_probabilities():
    true, bold = _scored(n=20_000), _scored(n=20_000, sharpen=2.0)
    slope, error = calibration_slope(true.churned, true.churn_probability)
    assert abs(slope - 1) < 3 * error
    assert calibration_slope(bold.churned, bold.churn_probability)[0] == pytest.approx(
        slope / 2, rel=0.01
    )


def test_slope_of_one_probability_is_unknown():
    slope, _ = calibration_slope(np.array([0.0, 1.0] * 50), np.full(100, 0.5))
    assert np.isnan(slope)


def test_too_few_of_a_kind_say_nothing():
    assert evaluate_outcome(_scored(n=30)) is None


def test_since_is_the_first_of_the_cutoffs_in_a_row_that_are_off():
    days = [date(2024, month, 1) for month in (3, 4, 5)]
    shifts = (0.0, 1.0, 1.0)
    scored = [_scored(shift=s, day=d) for s, d in zip(shifts, days, strict=True)]
    outcomes = [evaluate_outcome(each) for each in scored]
    watches = watch_outcomes(outcomes, scored[-1], _promise(), TOLERATED)
    off = next(each for each in watches if each.name == "mean probability")
    assert off.since == date(2024, 4, 1)
    assert "since 2024-04-01" in off.sentence


def test_nothing_is_promised_without_a_test():
    assert promise_of(None, None) is None


def _terms():
    return Horizon(
        horizon_days=30,
        margin=0.3,
        discount_rate_annual=0.0,
        clv_horizon_days=365,
        risk_bands=(0.4, 0.7),
    )


def test_value_is_compared_with_the_margin_that_came():
    margin = np.random.default_rng(0).gamma(2.0, 10.0, 2000)
    day = date(2023, 6, 1)
    found = evaluate_value_outcome(day, "1", 2 * margin, margin, _terms())
    assert found.ratio == pytest.approx(2.0)
    [watch] = watch_value(found, TOLERATED)
    assert watch.p_value < 1e-6
    right = evaluate_value_outcome(day, "1", margin[::-1], margin, _terms())
    [watch] = watch_value(right, TOLERATED)
    assert watch.p_value == 1.0 or watch.p_value > 0.5
    assert watch_value(None, TOLERATED) == []


def test_value_of_nobody_who_bought_is_unknown():
    nothing = np.zeros(5)
    day = date(2023, 6, 1)
    assert evaluate_value_outcome(day, "1", nothing + 1, nothing, _terms()) is None
