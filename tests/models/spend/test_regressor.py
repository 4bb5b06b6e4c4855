from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from regulars.models.folds import ValidationFold
from regulars.models.spend import (
    SpendEnsemble,
    SpendRecipe,
    SpendRegressor,
    select_spend,
)
from regulars.models.spend.regressor import KINDS, base_column


def _rows(n=1500, seed=0, level=1.0):
    rng = np.random.default_rng(seed)
    rate = rng.gamma(1.0, 1.0, n)
    rows = pd.DataFrame(
        {"noise": rng.normal(size=n), "btyd_expected_spend": 30 * level * rate}
    )
    spend = rng.poisson(rate) * rng.gamma(4.0, 7.5 * level, n)
    return rows, spend


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "median"])
def test_total_is_about_right_for_every_kind_of_mean(kind):
    rows, spend = _rows()
    model = SpendRegressor(kind, n_trees=60, base=base_column(rows, kind))
    expected = model.fit(rows, spend).predict(rows)
    assert (expected >= 0).all()
    assert expected.sum() == pytest.approx(spend.sum(), rel=0.15)


def test_median_is_exceeded_by_half_of_those_who_are_alike():
    rows, spend = _rows(4000)
    found = SpendRegressor("median", n_trees=100).fit(rows, spend).predict(rows)
    bought = found > 1
    assert (spend > found)[bought].mean() == pytest.approx(0.5, abs=0.06)
    # spend is skewed: the median falls short of the mean
    assert found.sum() < 0.95 * spend.sum()


def test_ratio_follows_a_level_that_trees_have_not_seen():
    rows, spend = _rows()
    later, later_spend = _rows(seed=1, level=3.0)
    errors = {
        kind: np.abs(
            SpendRegressor(kind, n_trees=60, base=base_column(rows, kind))
            .fit(rows, spend)
            .predict(later)
            .sum()
            / later_spend.sum()
            - 1
        )
        for kind in ("tweedie", "ratio")
    }
    assert errors["ratio"] < errors["tweedie"] / 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_spenders", [0, 1, 19])
def test_one_figure_is_said_of_everybody_when_hardly_anyone_spends(kind, n_spenders):
    rows, spend = _rows(100)
    spend = np.where(np.arange(100) < n_spenders, spend + 1, 0.0)
    recipe = SpendRecipe((kind,), {kind: 5})
    model = SpendEnsemble(recipe).fit(rows, spend)
    level = 0.0 if kind == "median" else spend.mean()
    assert model.predict(rows) == pytest.approx(np.full(100, level))
    data = json.loads(json.dumps(model.to_dict()))
    again = SpendEnsemble.from_dict(data, model.trees())
    assert (again.predict(rows) == model.predict(rows)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_trees_learn_from_the_fewest_spenders(kind):
    rows, spend = _rows(300)
    spend = np.where(np.arange(300) < 20, spend + 1, 0.0)
    model = SpendRegressor(kind, n_trees=5).fit(rows, spend)
    assert model.heads_
    assert np.isfinite(model.predict(rows)).all()


def test_fit_refuses_an_unknown_kind():
    with pytest.raises(ValueError, match="kind 'gauss' is not one of tweedie, ratio"):
        SpendRegressor("gauss").fit(*_rows(20))


@pytest.mark.parametrize("kind", KINDS)
def test_staged_ends_where_predict_does(kind):
    rows, spend = _rows(400)
    model = SpendRegressor(kind, n_trees=20, base=base_column(rows, kind))
    staged = model.fit(rows, spend).staged(rows, [5, 20])
    np.testing.assert_allclose(staged[20], model.predict(rows))
    assert not np.allclose(staged[5], staged[20])


def test_ensemble_is_the_same_after_json_and_text():
    rows, spend = _rows(400)
    recipe = SpendRecipe(("process", *KINDS), dict.fromkeys(KINDS, 8))
    model = SpendEnsemble(recipe).fit(rows, spend)
    data = json.loads(json.dumps(model.to_dict()))
    again = SpendEnsemble.from_dict(data, model.trees())
    assert (again.predict(rows) == model.predict(rows)).all()


def test_choice_keeps_the_total_where_most_customers_buy_nothing():
    rng = np.random.default_rng(0)

    def window():
        rows = pd.DataFrame({"x": rng.normal(size=4000)})
        rows["btyd_expected_spend"] = 10.0
        return rows, np.where(rng.random(4000) < 0.1, 100.0, 0.0)

    found = select_spend([ValidationFold(*window(), *window())])
    model = SpendEnsemble(found.recipe).fit(*window())
    rows, spend = window()
    forecast = model.forecast(rows)
    assert forecast.expected.sum() == pytest.approx(spend.sum(), rel=0.1)
    # what is typical is to spend nothing, and no sum is made of it
    assert forecast.typical.max() < 1.0
    assert np.abs(spend - forecast.typical).mean() < 0.6 * np.abs(spend - 10).mean()
