"""The test window is looked at once: nothing in it reaches a choice or the model.

The log is corrupted from the test cutoff on (its first and last day are left, which set
the timeline). The recipe, the chosen process, the errors on validation windows and what
the tested model says at its cutoff must keep every bit; what happened must not.
"""

from __future__ import annotations

import json

import pandas as pd
import pytest

from regulars.kinds.non_contractual import open_workspace, purchase_problem
from regulars.training import train


def silent(step):
    return None


def corrupted(orders, start, end):
    """Other amounts, other customers, fewer rows in [start, end)."""
    when = pd.to_datetime(orders["order_time"])
    inside = (when >= start) & (when < end)
    spoilt = orders[inside].iloc[::3].assign(amount=lambda rows: rows["amount"] * 7 + 1)
    spoilt["customer_id"] = spoilt["customer_id"].to_numpy()[::-1]
    return pd.concat([orders[~inside], spoilt], ignore_index=True)


def trained(shop):
    work = open_workspace(shop.settings(), silent)
    return work.timeline, train(purchase_problem(work, silent), silent)


@pytest.fixture(scope="module")
def pair(tmp_path_factory, orders, open_shop, few_trees):
    folder = tmp_path_factory.mktemp("window")
    timeline, honest = trained(open_shop(folder / "as_it_was", orders))
    last = pd.to_datetime(orders["order_time"]).max().normalize()
    other_log = corrupted(orders, pd.Timestamp(timeline.test_cutoff), last)
    same_line, other = trained(open_shop(folder / "corrupted", other_log))
    assert same_line == timeline
    return honest, other


def test_choices_do_not_know_the_test_window(pair):
    made = [each.trials[0].choices for each in pair]
    recipes = [json.dumps(each.recipe.to_dict()) for each in made]
    assert recipes[0] == recipes[1]
    assert made[0].spend == made[1].spend
    figures = [each.trials[0].window.process_figures for each in pair]
    assert figures[0] == figures[1]


def test_tested_model_says_the_same(pair):
    honest, other = pair
    assert (
        honest.churn_test.forecasts["model"].tolist()
        == other.churn_test.forecasts["model"].tolist()
    )


def test_outcomes_of_the_window_did_change(pair):
    honest, other = pair
    assert honest.churn_test.churned.tolist() != other.churn_test.churned.tolist()
