from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from regulars.models.churn import select
from regulars.models.churn.space import ATTRIBUTES
from regulars.models.folds import ValidationFold, known_before
from regulars.models.tabular.encoding import TabularEncoder


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
    return [
        ValidationFold(
            attributes.iloc[train],
            churned[train],
            attributes.iloc[valid],
            churned[valid],
            rows=(train, valid),
        )
        for train, valid in pairs
    ]


def choose(folds, **options):
    return select(folds, space=ATTRIBUTES, encoder=TabularEncoder, **options)


def test_settings_lie_within_the_space_of_attributes(table):
    found = choose(table, trials=3)
    assert found.n_trials == 3
    assert found.recipe.settings["lightgbm"]["max_bin"] == 255
    for name, (low, high) in ATTRIBUTES.bounds.items():
        assert low <= found.recipe.settings["lightgbm"][name] <= high
    assert min(found.losses.values()) < 0.6


def test_search_is_kept_in_the_study_and_ends_the_same(table, tmp_path):
    file = tmp_path / "tuning.db"
    choose(table, trials=2, study=file)
    resumed = choose(table, trials=3, study=file)
    whole = choose(table, trials=3)
    assert resumed.recipe.to_dict() == whole.recipe.to_dict()


def folds_of(pairs):
    rows, y = pd.DataFrame(), np.empty(0)
    return [ValidationFold(rows, y, rows, y, rows=pair) for pair in pairs]


def test_only_windows_that_could_be_learnt_from_teach_a_calibration():
    early, middle, late = np.array_split(np.arange(30), 3)
    none = np.array([], dtype=int)
    chain = [(np.r_[early, middle], late), (early, middle), (none, early)]
    assert known_before(folds_of(chain)) == [[1, 2], [2], []]
    still_open = [(early, late), (early, middle), (none, early)]
    assert known_before(folds_of(still_open)) == [[2], [2], []]
