"""Models that earlier versions saved are refused in a sentence."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from regulars.errors import DataError
from regulars.models import Horizon, RetentionModel
from regulars.models.churn import Recipe
from regulars.models.tabular.encoding import TabularEncoder

# models learn on 28 days and are asked for 90: the weight of the extrapolation counts
TERMS = Horizon(
    horizon_days=90,
    margin=0.3,
    discount_rate_annual=0.1,
    clv_horizon_days=365,
    risk_bands=(0.4, 0.7),
    label_horizon_days=28,
    extrapolation_weight=0.4,
)


def test_tabular_model_of_its_own_form_is_refused(tmp_path):
    old = {"format": 1, "kind": "attributes", "recipe": {}, "encoder": {}}
    (tmp_path / "model.json").write_text(json.dumps(old))
    with pytest.raises(DataError, match=r"no longer read\. Train again: regulars"):
        RetentionModel.load(tmp_path)


def test_model_that_lacks_the_trees_of_a_bag_is_refused(tmp_path):
    rows = pd.DataFrame({"age": np.arange(80.0) % 40})
    recipe = Recipe({"lightgbm": 1.0}, settings={"lightgbm": {"n_trees": 2}}, bags=2)
    model = RetentionModel(TERMS, recipe, encoder=TabularEncoder())
    model.fit(rows, rows["age"] > 20).save(tmp_path)
    (tmp_path / "churn_lightgbm-1.lightgbm.txt").unlink()
    with pytest.raises(DataError, match=r"lacks '.*churn_lightgbm-1\.lightgbm\.txt'"):
        RetentionModel.load(tmp_path)


def test_file_that_was_edited_is_named(tmp_path):
    rows = pd.DataFrame({"age": np.arange(80.0) % 40})
    recipe = Recipe({"lightgbm": 1.0}, settings={"lightgbm": {"n_trees": 2}})
    model = RetentionModel(TERMS, recipe, encoder=TabularEncoder())
    model.fit(rows, rows["age"] > 20).save(tmp_path)
    trees = tmp_path / "churn_lightgbm.lightgbm.txt"
    trees.write_text(trees.read_text().replace("leaf_value=", "leaf_value=9", 1))
    with pytest.raises(DataError, match=r"churn_lightgbm\.lightgbm\.txt changed"):
        RetentionModel.load(tmp_path)


def test_model_without_its_checksums_is_refused(tmp_path):
    rows = pd.DataFrame({"age": np.arange(80.0) % 40})
    model = RetentionModel(TERMS, Recipe({"logistic": 1.0}), encoder=TabularEncoder())
    model.fit(rows, rows["age"] > 20).save(tmp_path)
    (tmp_path / "checksums.json").unlink()
    with pytest.raises(DataError, match=r"lacks '.*checksums\.json'"):
        RetentionModel.load(tmp_path)
