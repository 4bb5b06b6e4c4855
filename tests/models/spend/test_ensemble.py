from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from regulars.models.spend import SpendBands, SpendEnsemble, SpendLevel, SpendRecipe

ROWS = pd.DataFrame(
    {"n_orders": np.arange(60.0), "btyd_expected_spend": np.linspace(1, 90, 60)}
)
SPEND = np.where(np.arange(60) % 3, np.arange(60.0), 0.0)


@pytest.fixture(scope="module")
def mixed():
    recipe = SpendRecipe(("process", "tweedie"), {"tweedie": 10})
    return SpendEnsemble(recipe).fit(ROWS, SPEND)


def test_expectation_is_the_mean_of_the_members(mixed):
    by_trees = mixed.members_["tweedie"].predict(ROWS)
    np.testing.assert_allclose(
        mixed.predict(ROWS), (by_trees + ROWS["btyd_expected_spend"]) / 2
    )


def test_process_alone_needs_no_fitting():
    assert not SpendRecipe().needs_fitting
    alone = SpendEnsemble(SpendRecipe()).fit(ROWS, SPEND)
    assert alone.trees() == {}
    np.testing.assert_array_equal(alone.predict(ROWS), ROWS["btyd_expected_spend"])


def test_there_is_no_interval_without_bands(mixed):
    assert np.isnan(mixed.predict_interval([1.0, 2.0])).all()


def test_level_moves_the_mean_and_the_season_both():
    level = SpendLevel(factor=1.5, season_share=0.5)
    bands = SpendBands((), (0.0,), (9.0,))
    recipe = SpendRecipe(bands=bands, typical=("process",), level=level)
    process = ROWS["btyd_expected_spend"].to_numpy()
    for gap, season in ((None, 1.0), (np.log(4.0), 2.0)):
        model = SpendEnsemble(recipe.standing_at(gap)).fit(ROWS, SPEND)
        found = model.forecast(ROWS)
        np.testing.assert_allclose(found.expected, 1.5 * season * process)
        np.testing.assert_allclose(found.typical, season * process)
        np.testing.assert_allclose(found.bounds[:, 1], 9.0 * found.expected)


def test_members_of_both_are_fitted_once_and_saved():
    bands = SpendBands((), (0.0,), (1.5,))
    recipe = SpendRecipe(
        ("process", "tweedie"),
        {"tweedie": 10, "median": 10},
        bands=bands,
        typical=("tweedie", "median"),
        level=SpendLevel(1.1, 0.4, 0.2),
    )
    model = SpendEnsemble(recipe).fit(ROWS, SPEND)
    assert {*model.members_} == {"tweedie", "median"}
    data = json.loads(json.dumps(model.to_dict()))
    same = SpendEnsemble.from_dict(data, model.trees())
    assert same.recipe == recipe
    for ours, theirs in zip(model.forecast(ROWS), same.forecast(ROWS), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_typical_spend_lies_within_its_bounds():
    bands = SpendBands((), (0.2,), (1.1,))
    recipe = SpendRecipe(
        n_trees={"median": 20}, bands=bands, typical=("median",), random_state=1
    )
    found = SpendEnsemble(recipe).fit(ROWS, SPEND).forecast(ROWS)
    low, high = found.bounds.T
    assert ((low <= found.typical) & (found.typical <= high)).all()
    unknown = SpendEnsemble(SpendRecipe()).fit(ROWS, SPEND).forecast(ROWS)
    assert np.isnan(unknown.typical).all()


def test_bands_survive_json():
    bands = SpendBands((), (0.5,), (2.0,))
    model = SpendEnsemble(SpendRecipe(bands=bands)).fit(ROWS, SPEND)
    data = json.loads(json.dumps(model.to_dict()))
    same = SpendEnsemble.from_dict(data, {})
    assert same.predict_interval([10.0]).tolist() == [[5.0, 20.0]]
