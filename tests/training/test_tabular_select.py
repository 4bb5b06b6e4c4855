from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from regulars.models.churn import Objective
from regulars.training.tabular_select import (
    ATTRIBUTES,
    choose_recipe,
    known_before,
)


@pytest.fixture(scope="module", autouse=True)
def _short(few_trees):
    """Few trees: the search itself is what is tested."""


@pytest.fixture(scope="module")
def table():
    """A number and a category that tell, and two pairs of rows to choose on."""
    rng = np.random.default_rng(0)
    n_rows = 600
    attributes = pd.DataFrame(
        {
            "calls": rng.normal(size=n_rows),
            "plan": rng.choice(["flat", "metered"], n_rows),
        }
    )
    log_odds = 1.5 * attributes["calls"] + 2.0 * (attributes["plan"] == "flat") - 1
    churned = (rng.random(n_rows) < expit(log_odds)).astype(float)
    order = rng.permutation(n_rows)
    pairs = [(order[:400], order[400:500]), (order[:400], order[500:])]
    return attributes, churned, pairs


def test_settings_lie_within_the_space_of_attributes(table):
    found = choose_recipe(*table, trials=3)
    assert found.n_trials == 3
    assert found.recipe.boosted["max_bin"] == 255
    for name, (low, high) in ATTRIBUTES.bounds.items():
        assert low <= found.recipe.boosted[name] <= high
    assert min(found.losses.values()) < 0.6


def test_search_is_kept_in_the_study_and_ends_the_same(table, tmp_path):
    file = tmp_path / "tuning.db"
    choose_recipe(*table, trials=2, study=file)
    resumed = choose_recipe(*table, trials=3, study=file)
    whole = choose_recipe(*table, trials=3)
    assert resumed.recipe.to_dict() == whole.recipe.to_dict()


def test_customers_of_unknown_value_are_worth_nothing_to_the_objective(table):
    attributes, churned, pairs = table
    value = np.where(np.arange(len(churned)) % 2, 500.0, np.nan)
    goal = Objective("profit")
    options = {"objective": goal, "trials": 2, "classifiers": ["lightgbm"]}
    found = choose_recipe(attributes, churned, pairs, value=value, **options)
    none = choose_recipe(
        attributes, churned, pairs, value=np.nan_to_num(value), **options
    )
    assert found.objective == "profit"
    assert found.recipe.boosted == none.recipe.boosted


def test_only_windows_that_could_be_learnt_from_teach_a_calibration():
    early, middle, late = np.array_split(np.arange(30), 3)
    none = np.array([], dtype=int)
    chain = [(np.r_[early, middle], late), (early, middle), (none, early)]
    assert known_before(chain) == [[1, 2], [2], []]
    still_open = [(early, late), (early, middle), (none, early)]
    assert known_before(still_open) == [[2], [2], []]
