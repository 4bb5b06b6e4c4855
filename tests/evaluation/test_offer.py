"""Money on the test window."""

from __future__ import annotations

import json

import numpy as np
import pytest

from regulars.config import ProfitSettings
from regulars.evaluation.offer import (
    RULES,
    campaign_costs,
    evaluate_offer,
    expected_threshold,
)
from regulars.metrics import profit_at_capacity, profit_at_threshold


@pytest.fixture
def window():
    rng = np.random.default_rng(1)
    p = rng.uniform(0, 1, 4000)
    return (rng.random(4000) < p).astype(float), p, rng.gamma(2, 60, 4000)


def test_own_expected_profit_beats_every_other_rule_when_probabilities_are_true(window):
    rules = evaluate_offer(*window, ProfitSettings())["rules"]
    for rival in {*RULES} - {"chosen"}:
        ahead = rules[rival]["ahead"]
        assert ahead["difference"] == pytest.approx(
            rules["chosen"]["profit"] - rules[rival]["profit"]
        )
        assert 0 < ahead["low"] < ahead["difference"] < ahead["high"], rival


def test_profit_is_what_was_expected_when_probabilities_are_true(window):
    found = evaluate_offer(*window, ProfitSettings())
    earned = found["rules"]["chosen"]["profit"]
    assert found["expected_profit"] == pytest.approx(earned, rel=0.1)


def test_interval_of_a_difference_is_that_of_resampled_customers(window):
    y, p, clv = window
    costs = ProfitSettings()
    ahead = evaluate_offer(y, p, clv, costs)["rules"]["everyone"]["ahead"]
    rng = np.random.default_rng(7)
    gaps = []
    for _ in range(300):
        who = rng.integers(0, len(y), len(y))
        rules = _profits(y[who], p[who], clv[who], costs)
        gaps.append(rules["chosen"] - rules["everyone"])
    spread = np.std(gaps)
    assert ahead["high"] - ahead["low"] == pytest.approx(2 * 1.96 * spread, rel=0.15)


def _profits(y, p, clv, costs):
    """Profit by the book, one customer after the other."""
    rate, fee, gift = costs.accept_rate, costs.contact_cost, costs.incentive_cost
    earned = np.where(y == 1, rate * (clv - gift), -gift) - fee
    expected = p * rate * (clv - gift) - (1 - p) * gift - fee
    return {"chosen": earned[expected > 0].sum(), "everyone": earned.sum()}


def test_one_value_for_all_is_that_value_for_each(window):
    y, p, _ = window
    for_all = evaluate_offer(y, p, 150.0, ProfitSettings())
    for_each = evaluate_offer(y, p, np.full(len(y), 150.0), ProfitSettings())
    assert for_all == for_each
    # with one value, expected profit rises with the risk: both rules are one
    rules = for_all["rules"]
    assert rules["chosen"]["profit"] == rules["best_threshold"]["profit"]
    assert for_all["empc"] == for_all["empc_by_value"]


def test_riskiest_tenth_shares_the_last_places_among_equal_risks():
    y = np.array([1.0, 1.0, 0.0, *[0.0] * 17])
    p = np.array([0.9, 0.5, 0.5, *[0.1] * 17])
    costs = ProfitSettings(contact_cost=1, incentive_cost=10, accept_rate=0.5)
    found = evaluate_offer(y, p, 100.0, costs)["rules"]["riskiest_decile"]
    assert found["n_contacted"] == 2
    assert found["profit"] == pytest.approx(44.0 + (44.0 - 11.0) / 2)
    by_metric = profit_at_capacity(y, p, 2, clv=100.0, costs=campaign_costs(costs))
    assert found["profit"] == pytest.approx(by_metric)


def test_order_by_own_value_earns_no_less_than_order_by_risk(window):
    found = evaluate_offer(*window, ProfitSettings())
    assert found["empc_by_value"]["profit"] > found["empc"]["profit"]


def test_threshold_needs_no_outcome(window):
    y, p, clv = window
    first = evaluate_offer(y, p, clv, ProfitSettings())["threshold"]
    other = evaluate_offer(1 - y, p, clv, ProfitSettings())["threshold"]
    assert first == other == expected_threshold(p, clv, ProfitSettings())


def test_nobody_is_contacted_when_the_offer_never_pays(window):
    y, p, clv = window
    found = evaluate_offer(y, p, clv, ProfitSettings(contact_cost=1000))
    assert found["threshold"] is None
    for rule in ("chosen", "best_threshold", "nobody"):
        assert found["rules"][rule]["profit"] == 0
        assert found["rules"][rule]["n_contacted"] == 0
    assert found["rules"]["everyone"]["ahead"]["low"] > 0
    assert found["mpc"]["profit"] == 0
    json.dumps(found, allow_nan=False)


def test_profit_of_the_rules_is_that_of_the_metrics(window):
    y, p, clv = window
    costs = ProfitSettings(contact_cost=2, incentive_cost=5, accept_rate=0.4)
    found = evaluate_offer(y, p, clv, costs)["rules"]["above_half"]
    assert found["profit"] == pytest.approx(
        profit_at_threshold(y, p, 0.5, clv=clv, costs=campaign_costs(costs))
    )
    assert found["n_contacted"] == (p >= 0.5).sum()
