"""Money on the test window, at one value for every leaver who stays."""

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
    """Outcomes, true probabilities, and values that fall as the risk rises."""
    rng = np.random.default_rng(1)
    p = rng.uniform(0, 1, 4000)
    return (rng.random(4000) < p).astype(float), p, rng.gamma(2, 20 + 80 * (1 - p))


def by_the_book(y, taken, value, costs):
    """Profit of a list where so much is won with a leaver who stays."""
    won = costs.accept_rate * (value - costs.incentive_cost)
    earned = np.where(y == 1, won, -costs.incentive_cost) - costs.contact_cost
    return float((earned * taken).sum())


def test_profit_of_a_campaign_counted_by_hand():
    costs = ProfitSettings(contact_cost=1, incentive_cost=10, accept_rate=0.5)
    # a leaver counts with (0.8 x 50 + 0.2 x 150 + 0.0 x 999) / 1.0 = 70
    found = evaluate_offer([1, 0, 0], [0.8, 0.2, 0.0], [50.0, 150.0, 999.0], costs)
    assert found["leaver_value"] == pytest.approx(70.0)
    # expected: 0.8 x 30 - 0.2 x 10 - 1 = 21, then 6 - 8 - 1 = -3, then -11
    assert found["expected_profit"] == pytest.approx(21.0)
    assert found["threshold"] == 0.8
    rules = found["rules"]
    assert rules["chosen"]["profit"] == pytest.approx(0.5 * 60 - 1)
    assert rules["everyone"]["profit"] == pytest.approx(29.0 - 11.0 - 11.0)
    # by their own values: 0.8 x 20 - 0.2 x 10 - 1 = 13, then 14 - 8 - 1 = 5
    assert found["own_value"] == {
        "n_contacted": 2,
        "expected_profit": pytest.approx(18.0),
    }


def _rounded(part):
    """Return figures with ten digits: sums differ in the last by the processor."""
    text = json.dumps(part, default=lambda array: array.tolist())
    return json.loads(text, parse_float=lambda told: f"{float(told):.10g}")


def test_values_that_choose_do_not_pay(window):
    y, p, value = window
    by_own = evaluate_offer(y, p, value, ProfitSettings())
    by_one = evaluate_offer(y, p, by_own["leaver_value"], ProfitSettings())
    for part in ("rules", "curve", "empc", "mpc", "threshold", "expected_profit"):
        assert _rounded(by_own[part]) == _rounded(by_one[part]), part
    assert by_own["own_value"] != by_one["own_value"]


def test_leaver_counts_with_what_those_are_worth_who_leave(window):
    y, p, value = window
    found = evaluate_offer(y, p, value, ProfitSettings())["leaver_value"]
    assert found == pytest.approx(value[y == 1].mean(), rel=0.05)
    assert found < 0.8 * value.mean()


def test_probabilities_that_know_nothing_are_not_ahead(window):
    y, p, value = window
    blind = np.random.default_rng(2).permutation(p)
    costs = ProfitSettings(contact_cost=10, incentive_cost=20)
    rules = evaluate_offer(y, blind, value, costs)["rules"]
    assert rules["chosen"]["n_contacted"] > 400
    assert rules["chosen"]["profit"] < 0
    assert rules["nobody"]["ahead"]["high"] < 0


def test_probabilities_that_are_too_high_fall_behind_a_simple_rule(window):
    y, p, value = window
    costs = ProfitSettings(contact_cost=8, incentive_cost=25)
    true = evaluate_offer(y, p, value, costs)["rules"]
    inflated = evaluate_offer(y, p**0.02, value, costs)["rules"]
    assert true["chosen"]["profit"] > inflated["chosen"]["profit"]
    assert inflated["riskiest_decile"]["ahead"]["high"] < 0
    assert true["riskiest_decile"]["ahead"]["low"] > 0


def test_profit_is_what_was_expected_when_probabilities_are_true(window):
    found = evaluate_offer(*window, ProfitSettings())
    earned = found["rules"]["chosen"]["profit"]
    assert found["expected_profit"] == pytest.approx(earned, rel=0.05)


def test_own_list_brings_what_is_expected_where_values_are_true(window):
    _, p, value = window
    costs = ProfitSettings(contact_cost=2, incentive_cost=15, accept_rate=0.4)
    rng = np.random.default_rng(3)
    y = (rng.random(4000) < p).astype(float)
    # what came of those who stayed, drawn about the value and not seen by any list
    worth = value * rng.gamma(4, 0.25, 4000)
    list_of_own = p * 0.4 * (value - 15) - (1 - p) * 15 - 2 > 0
    own = evaluate_offer(y, p, value, costs)["own_value"]
    assert own["n_contacted"] == list_of_own.sum()
    truly = by_the_book(y, list_of_own, worth, costs)
    assert own["expected_profit"] == pytest.approx(truly, rel=0.1)


def test_rules_earn_what_the_book_says(window):
    y, p, value = window
    costs = ProfitSettings(contact_cost=2, incentive_cost=15, accept_rate=0.4)
    found = evaluate_offer(y, p, value, costs)
    worth = (p * value).sum() / p.sum()
    lists = {
        "chosen": p * 0.4 * (worth - 15) - (1 - p) * 15 - 2 > 0,
        "above_half": p >= 0.5,
        "everyone": np.ones(4000, dtype=bool),
        "nobody": np.zeros(4000, dtype=bool),
    }
    assert {*found["rules"]} == {*RULES} == {*lists, "riskiest_decile"}
    for name, taken in lists.items():
        rule = found["rules"][name]
        assert rule["profit"] == pytest.approx(by_the_book(y, taken, worth, costs))
        assert rule["n_contacted"] == taken.sum()
        gap = found["rules"]["chosen"]["profit"] - rule["profit"]
        assert rule["ahead"]["difference"] == pytest.approx(gap)


def test_interval_of_a_difference_is_that_of_resampled_customers(window):
    y, p, value = window
    costs = ProfitSettings()
    found = evaluate_offer(y, p, value, costs)
    ahead, worth = found["rules"]["everyone"]["ahead"], found["leaver_value"]
    chosen = p >= found["threshold"]
    rng = np.random.default_rng(7)
    gaps = []
    for _ in range(300):
        who = rng.integers(0, len(y), len(y))
        gaps.append(by_the_book(y[who], chosen[who] - 1.0, worth, costs))
    spread = np.std(gaps)
    assert ahead["high"] - ahead["low"] == pytest.approx(2 * 1.96 * spread, rel=0.15)


def test_threshold_is_the_break_even_of_one_value(window):
    y, p, value = window
    found = evaluate_offer(y, p, value, ProfitSettings())
    rules, costs = found["rules"], ProfitSettings()
    slope = costs.accept_rate * (found["leaver_value"] - 10) + 10
    break_even = (10 + 1) / slope
    assert found["threshold"] == p[p >= break_even].min()
    assert rules["chosen"]["n_contacted"] == (p >= break_even).sum()


def test_riskiest_tenth_shares_the_last_places_among_equal_risks():
    y = np.array([1.0, 1.0, 0.0, *[0.0] * 17])
    p = np.array([0.9, 0.5, 0.5, *[0.1] * 17])
    costs = ProfitSettings(contact_cost=1, incentive_cost=10, accept_rate=0.5)
    found = evaluate_offer(y, p, 100.0, costs)["rules"]["riskiest_decile"]
    assert found["n_contacted"] == 2
    assert found["profit"] == pytest.approx(44.0 + (44.0 - 11.0) / 2)
    by_metric = profit_at_capacity(y, p, 2, clv=100.0, costs=campaign_costs(costs))
    assert found["profit"] == pytest.approx(by_metric)


def test_lists_need_no_outcome(window):
    y, p, value = window
    first, other = (
        evaluate_offer(each, p, value, ProfitSettings()) for each in (y, 1 - y)
    )
    for part in ("leaver_value", "threshold", "expected_profit", "own_value"):
        assert first[part] == other[part], part
    worth = first["leaver_value"]
    assert first["threshold"] == expected_threshold(p, worth, ProfitSettings())


def test_nobody_is_contacted_when_the_offer_never_pays(window):
    y, p, value = window
    found = evaluate_offer(y, p, value, ProfitSettings(contact_cost=1000))
    assert found["threshold"] is None
    for rule in ("chosen", "nobody"):
        assert found["rules"][rule]["profit"] == 0
        assert found["rules"][rule]["n_contacted"] == 0
    assert found["rules"]["everyone"]["ahead"]["low"] > 0
    assert found["mpc"]["profit"] == 0
    assert found["own_value"] == {"n_contacted": 0, "expected_profit": 0.0}
    json.dumps(found, allow_nan=False)


def test_customers_without_value_or_risk_make_no_profit(window):
    y, _, value = window
    found = evaluate_offer(y, np.zeros(4000), value, ProfitSettings())
    assert found["leaver_value"] == 0
    assert found["rules"]["chosen"]["n_contacted"] == 0
    found = evaluate_offer(y, np.full(4000, 0.9), -value, ProfitSettings())
    assert found["leaver_value"] == 0
    assert found["rules"]["chosen"]["n_contacted"] == 0


def test_profit_of_the_rules_is_that_of_the_metrics(window):
    y, p, value = window
    costs = ProfitSettings(contact_cost=2, incentive_cost=5, accept_rate=0.4)
    found = evaluate_offer(y, p, value, costs)
    offer = {"clv": found["leaver_value"], "costs": campaign_costs(costs)}
    assert found["rules"]["above_half"]["profit"] == pytest.approx(
        profit_at_threshold(y, p, 0.5, **offer)
    )
