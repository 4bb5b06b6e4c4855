from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.metrics import CampaignCosts, average_precision, empc_score
from regulars.models.churn.objective import Objective, log_loss_of, row_losses
from regulars.models.folds import ValidationFold

ROWS = pd.DataFrame({"x": np.zeros(4)})
Y = np.array([0.0, 1.0, 0.0, 1.0])
FOLD = ValidationFold(ROWS, Y, ROWS, Y)
RIGHT = np.array([-1.0, 1.0, -2.0, 2.0])
NAMES = ["log_loss", "average_precision", "profit"]


@pytest.mark.parametrize("name", NAMES)
def test_less_is_better(name):
    goal = Objective(name)
    assert goal.loss(RIGHT, FOLD) < goal.loss(-RIGHT, FOLD)


@pytest.mark.parametrize("name", NAMES[1:])
def test_only_log_loss_asks_for_more_than_the_order(name):
    goal = Objective(name)
    assert goal.loss(RIGHT, FOLD) == goal.loss(RIGHT * 3 + 1, FOLD)
    assert log_loss_of(RIGHT, Y) != log_loss_of(RIGHT * 3 + 1, Y)


def test_log_loss_agrees_with_its_definition():
    p = 1 / (1 + np.exp(-RIGHT))
    expected = -np.where(Y == 1, np.log(p), np.log(1 - p))
    np.testing.assert_allclose(row_losses(RIGHT, Y), expected)
    assert Objective().loss(RIGHT, FOLD) == pytest.approx(expected.mean())


def test_average_precision_and_profit_are_the_metrics_with_the_sign_turned():
    mixed = np.array([0.5, 1.0, -2.0, -1.0])
    assert Objective("average_precision").loss(mixed, FOLD) == -average_precision(
        Y, mixed
    )
    value = np.array([10.0, 500.0, 20.0, 30.0])
    costs = CampaignCosts(contact_cost=2, incentive_cost=5, accept_rate=0.4)
    goal = Objective("profit", costs)
    assert goal.loss(mixed, replace(FOLD, value=value)) == -empc_score(
        Y,
        mixed,
        clv=value,
        contact_cost=2,
        incentive_cost=5,
        accept_alpha=8.0,
        accept_beta=12.0,
    )


def test_profit_prefers_whoever_finds_the_valuable_churner():
    first = replace(FOLD, value=np.array([50.0, 900.0, 50.0, 50.0]))
    finds_it = np.array([0.0, 2.0, -1.0, -2.0])
    finds_the_other = np.array([0.0, -2.0, -1.0, 2.0])
    goal = Objective("profit")
    assert goal.loss(finds_it, first) < goal.loss(finds_the_other, first)


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_profit_takes_certain_rates_of_acceptance(rate):
    goal = Objective("profit", CampaignCosts(accept_rate=rate))
    assert np.isfinite(goal.loss(RIGHT, FOLD))


def test_windows_count_alike_whatever_their_size():
    large = ValidationFold(ROWS, Y, ROWS, np.tile(Y, 5))
    wrong = np.tile(-RIGHT, 5)
    found = Objective().mean_loss([RIGHT, wrong], [FOLD, large])
    assert found == pytest.approx((log_loss_of(RIGHT, Y) + log_loss_of(-RIGHT, Y)) / 2)


@given(st.lists(st.floats(-50, 50), min_size=4, max_size=4))
def test_log_loss_is_finite_and_positive_at_any_log_odds(log_odds):
    losses = row_losses(np.array(log_odds), Y)
    assert np.isfinite(losses).all()
    assert (losses >= 0).all()
