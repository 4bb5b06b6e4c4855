"""Money on the test window."""

from __future__ import annotations

import json

import numpy as np
import pytest

from regulars.config import ProfitSettings
from regulars.evaluation.offer import expected_threshold, judge_offer
from regulars.metrics import profit_at_threshold


@pytest.fixture
def window():
    rng = np.random.default_rng(1)
    p = rng.uniform(0, 1, 4000)
    return (rng.random(4000) < p).astype(float), p, rng.gamma(2, 60, 4000)


def test_chosen_threshold_beats_the_usual_rules_when_probabilities_are_true(window):
    y, p, clv = window
    rules = judge_offer(y, p, clv, ProfitSettings())["rules"]
    for rival in ("above_half", "riskiest_decile", "everyone"):
        assert rules["chosen"]["profit"] > rules[rival]["profit"], rival
    assert rules["own_value"]["profit"] > rules["chosen"]["profit"]


def test_threshold_needs_no_outcome(window):
    y, p, clv = window
    first = judge_offer(y, p, clv, ProfitSettings())["threshold"]
    other = judge_offer(1 - y, p, clv, ProfitSettings())["threshold"]
    assert first == other == expected_threshold(p, clv, ProfitSettings())


def test_nobody_is_contacted_when_the_offer_never_pays(window):
    y, p, clv = window
    found = judge_offer(y, p, clv, ProfitSettings(contact_cost=1000))
    assert found["threshold"] is None
    assert found["rules"]["chosen"] == {
        "label": "Threshold chosen by expected profit",
        "profit": 0.0,
        "n_contacted": 0,
    }
    assert found["mpc"]["profit"] == 0
    json.dumps(found, allow_nan=False)


def test_profit_of_the_rules_is_that_of_the_metrics(window):
    y, p, clv = window
    costs = ProfitSettings(contact_cost=2, incentive_cost=5, accept_rate=0.4)
    found = judge_offer(y, p, clv, costs)["rules"]["above_half"]
    assert found["profit"] == pytest.approx(
        profit_at_threshold(y, p, 0.5, clv=clv, **costs.model_dump())
    )
    assert found["n_contacted"] == (p >= 0.5).sum()
