from __future__ import annotations

import math

import numpy as np
import pytest

from regulars.metrics import CampaignCosts
from regulars.metrics.profit_steps import ProfitSteps

COSTS = CampaignCosts(contact_cost=1, incentive_cost=10)


def test_steps_begin_with_nobody_and_add_up_the_money():
    steps = ProfitSteps.of([1, 0], [0.9, 0.1], 200, COSTS)
    assert steps.threshold.tolist() == [math.inf, 0.9, 0.1]
    assert steps.contacted.tolist() == [0, 1, 2]
    assert steps.saved.tolist() == [0, 190, 190]
    assert steps.spent.tolist() == [0, 1, 12]


def test_profit_of_a_step_is_what_is_saved_less_what_is_spent():
    steps = ProfitSteps.of([1, 0], [0.9, 0.1], 200, COSTS)
    assert steps.profit(0.5).tolist() == [0, 94, 83]


def test_customers_of_equal_score_are_one_step():
    assert ProfitSteps.of([1, 0], [0.5, 0.5], 200, COSTS).contacted.tolist() == [0, 2]


def test_best_steps_leave_out_what_is_never_best():
    # contacting the first alone, who would have stayed, only costs
    assert ProfitSteps.of([0, 1], [0.9, 0.1], 200, COSTS).best_steps().tolist() == [
        0,
        2,
    ]


def test_best_steps_are_best_at_some_rate_of_acceptance():
    rng = np.random.default_rng(2)
    y, score = (rng.random(80) < 0.4).astype(float), rng.random(80).round(2)
    steps = ProfitSteps.of(y, score, rng.gamma(1.0, 100.0, 80), COSTS)
    rates = np.linspace(0, 1, 2001)
    best = {int(np.argmax(steps.profit(rate))) for rate in rates}
    assert best <= set(steps.best_steps().tolist())


@pytest.mark.parametrize("contact_cost", [0, 1])
def test_best_steps_begin_with_nobody(contact_cost):
    costs = CampaignCosts(contact_cost=contact_cost)
    assert ProfitSteps.of([1, 0], [0.9, 0.1], 200, costs).best_steps()[0] == 0
