"""Models that earlier versions saved still load, or are refused in a sentence."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from regulars.clv.process import PurchaseProcess
from regulars.errors import DataError
from regulars.models import Horizon, RetentionModel
from regulars.models.churn import Recipe
from regulars.models.retention import add_process
from regulars.models.spend import SpendRecipe
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


@pytest.fixture(scope="module")
def features():
    """Three hundred customers of one cutoff, without a ledger behind them."""
    rng = np.random.default_rng(0)
    n = 300
    age = rng.uniform(60, 360, n).round()
    # BG/NBD: a pace of their own, and a chance of leaving after every order
    gaps = rng.exponential(1, (n, 60)) / rng.gamma(1.5, 0.03, n)[:, None]
    leaves = (rng.random((n, 60)) < rng.beta(1, 3, n)[:, None]).cumsum(axis=1) > 0
    days = np.where(leaves, np.inf, gaps.cumsum(axis=1))
    bought = days < age[:, None]
    frequency = bought.sum(axis=1).astype(float)
    recency = np.ceil(np.where(bought, days, 0.0).max(axis=1))
    # Gamma-Gamma: the mean of so many orders about a level of their own
    orders = np.maximum(frequency, 1)
    spend = rng.gamma(6 * orders) / (rng.gamma(4, 1 / 15, n) * orders)
    return pd.DataFrame(
        {
            "customer_id": [f"c{number}" for number in range(n)],
            "cutoff": pd.Timestamp(date(2024, 6, 1)),
            "frequency": frequency,
            "recency_days": recency,
            "T_days": age,
            "days_since_last_order": age - recency,
            "n_orders": frequency + 1,
            "monetary_value": np.where(frequency > 0, spend, 0.0),
        }
    )


@pytest.fixture(scope="module")
def model(features):
    process = PurchaseProcess().fit(features)
    recipe = Recipe(
        {"lightgbm": 0.5, "logistic": 0.3, "process": 0.2},
        boosted={"n_trees": 5, "random_state": 3},
        logistic={"C": 0.1},
    )
    rows = add_process(features, process, TERMS.teaching)
    churned = (features["days_since_last_order"] > 40).to_numpy(dtype=float)
    return RetentionModel(TERMS, recipe, process=process, spend=SpendRecipe()).fit(
        rows, churned, 20 * (1 - churned), current=features
    )


def as_version_1(folder):
    """Rewrite a saved model as versions before one form for all kinds wrote it."""
    file = folder / "model.json"
    data = json.loads(file.read_text())
    data["format_version"] = 1
    data["horizon"]["steadiness"] = data["horizon"].pop("extrapolation_weight")
    assert data.pop("profile") is None
    assert data["churn"].pop("encoder") is None
    assert data["churn"]["recipe"].pop("bags") == 1
    del data["horizon"]["gap_breaks"], data["horizon"]["value_breaks"]
    data["segments"] = {"recency_bounds": [1, 2, 3], "frequency_bounds": [1, 2, 3]}
    file.write_text(json.dumps(data))


def test_model_of_format_1_scores_as_before(model, features, tmp_path):
    model.save(tmp_path)
    as_version_1(tmp_path)
    kept = RetentionModel.load(tmp_path)
    assert kept.horizon == TERMS
    found, expected = kept.predict(features), model.predict(features)
    # its fifths are no longer read as segments
    assert found.pop("segment").isna().all()
    assert expected.pop("segment").notna().all()
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    pd.testing.assert_frame_equal(
        kept.contributions(features), model.contributions(features), check_exact=True
    )


def test_model_without_the_weight_goes_by_the_process(model, features, tmp_path):
    model.save(tmp_path)
    as_version_1(tmp_path)
    file = tmp_path / "model.json"
    data = json.loads(file.read_text())
    del data["horizon"]["steadiness"]
    file.write_text(json.dumps(data))
    kept = RetentionModel.load(tmp_path)
    assert kept.horizon.extrapolation_weight == 0
    weighted = model.predict_churn(features)
    assert not np.allclose(kept.predict_churn(features), weighted)


def test_tabular_model_of_its_own_form_is_refused(tmp_path):
    old = {"format": 1, "kind": "attributes", "recipe": {}, "encoder": {}}
    (tmp_path / "model.json").write_text(json.dumps(old))
    with pytest.raises(DataError, match=r"no longer read\. Train again: regulars"):
        RetentionModel.load(tmp_path)


def test_model_that_lacks_the_trees_of_a_bag_is_refused(tmp_path):
    rows = pd.DataFrame({"age": np.arange(80.0) % 40})
    recipe = Recipe({"lightgbm": 1.0}, boosted={"n_trees": 2}, bags=2)
    model = RetentionModel(TERMS, recipe, encoder=TabularEncoder())
    model.fit(rows, rows["age"] > 20).save(tmp_path)
    (tmp_path / "churn-1.lightgbm.txt").unlink()
    with pytest.raises(DataError, match=r"lacks '.*churn-1\.lightgbm\.txt'"):
        RetentionModel.load(tmp_path)
