from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from regulars.models.spend import SpendBands, SpendEnsemble, SpendRecipe

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


def test_bands_survive_json():
    bands = SpendBands((), (0.5,), (2.0,))
    model = SpendEnsemble(SpendRecipe(bands=bands)).fit(ROWS, SPEND)
    data = json.loads(json.dumps(model.to_dict()))
    same = SpendEnsemble.from_dict(data, {})
    assert same.predict_interval([10.0]).tolist() == [[5.0, 20.0]]
