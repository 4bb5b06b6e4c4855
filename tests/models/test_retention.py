from __future__ import annotations

import copy
import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from regulars.errors import DataError
from regulars.features.matrix import build_matrix
from regulars.kinds.non_contractual.workspace import open_workspace
from regulars.models.churn import Recipe
from regulars.models.retention import (
    VALUES,
    RetentionModel,
    add_process,
    feature_columns,
    stack,
)
from regulars.tracking import Store


@pytest.fixture(scope="module")
def champion(run_shop):
    """The registered model, and the feature rows of the cutoff."""
    settings = run_shop[0].settings()
    work = open_workspace(settings, lambda step: None)
    model, _ = Store(settings.tracking.uri, settings.name).load()
    return model, build_matrix(work.ledger, [work.timeline.cutoff])


def test_saved_model_predicts_the_same_bits(champion, tmp_path):
    model, features = champion
    model.save(tmp_path / "deep" / "model")
    kept = RetentionModel.load(tmp_path / "deep" / "model")
    pd.testing.assert_frame_equal(
        kept.predict(features), model.predict(features), check_exact=True
    )
    pd.testing.assert_frame_equal(
        kept.contributions(features), model.contributions(features), check_exact=True
    )
    assert kept.contrast_.to_dict() == model.contrast_.to_dict()
    assert kept.horizon == model.horizon
    pd.testing.assert_series_equal(kept.reference_, model.reference_)


def test_saved_model_is_json_and_text(champion, tmp_path):
    champion[0].save(tmp_path)
    assert {path.suffix for path in tmp_path.iterdir()} <= {".json", ".txt"}
    data = json.loads((tmp_path / "model.json").read_text())
    assert data["format_version"] >= 1


def test_prediction_changes_neither_model_nor_input(champion):
    model, features = champion
    before = features.copy()
    first = model.predict(features)
    pd.testing.assert_frame_equal(features, before)
    pd.testing.assert_frame_equal(model.predict(features), first, check_exact=True)


def test_index_of_the_rows_is_kept(champion):
    model, features = champion
    rows = features.iloc[[9, 3]]
    assert model.predict(rows).index.tolist() == [9, 3]


def test_next_order_is_the_median_and_null_beyond_a_year(champion):
    model, features = champion
    scores = model.predict(features)
    tied = model.process.outlook(features).tied(
        scores["churn_probability"].to_numpy(), horizon_days=model.horizon.days
    )
    days, found = tied.days_to_next_order, scores["expected_next_order"]
    assert (found.isna() == (days > 365)).all()
    near = found[days <= 365]
    gaps = [
        (day - cutoff.date()).days
        for day, cutoff in zip(near, features.loc[near.index, "cutoff"], strict=True)
    ]
    np.testing.assert_array_equal(gaps, np.floor(days[days <= 365]))


def test_longer_silence_is_more_churn_by_the_process(champion):
    model, features = champion
    rows = model.with_process(features)
    back = rows[rows["frequency"] > 1]
    silent = back["days_since_last_order"] > 60
    by_process = back.groupby(silent)["btyd_no_purchase_probability"].mean()
    assert by_process[True] > by_process[False]


def test_missing_features_are_counted_and_named(champion):
    model, features = champion
    with pytest.raises(DataError, match=r"2 of the features.*same columns"):
        model.predict(features.drop(columns=["frequency", "T_days"]))


def test_folder_without_a_model_is_reported(tmp_path):
    with pytest.raises(DataError, match=r"holds no model\.json"):
        RetentionModel.load(tmp_path)


def test_model_of_a_newer_format_is_reported(champion, tmp_path):
    champion[0].save(tmp_path)
    data = json.loads((tmp_path / "model.json").read_text())
    data["format_version"] += 1
    (tmp_path / "model.json").write_text(json.dumps(data))
    with pytest.raises(DataError, match=r"has format \d+, this version reads up to"):
        RetentionModel.load(tmp_path)


def test_columns_of_keys_and_outcomes_are_no_features(champion):
    model, features = champion
    rows = add_process(features, model.process, model.horizon)
    labelled = rows.assign(churned=0, n_purchases=0, spend=0.0)
    found = feature_columns(labelled)
    assert not {"customer_id", "cutoff", "churned", "n_purchases", "spend"} & {*found}
    assert found == feature_columns(rows)


def test_stack_numbers_the_rows_anew():
    part = pd.DataFrame({"x": [1]}, index=[7])
    assert stack([part, part]).index.tolist() == [0, 1]


def test_bounds_keep_their_proportion_when_the_horizon_is_carried_over(champion):
    model, features = copy.copy(champion[0]), champion[1]
    model.horizon = dataclasses.replace(model.horizon, label_horizon_days=14)
    found = model.predict(features)
    short = model.spend_.predict(model.with_process(features))
    assert found["expected_spend"].sum() > short.sum()
    growth = found["expected_spend"].to_numpy() / short
    low, high = model.spend_.predict_interval(short).T
    np.testing.assert_allclose(found["expected_spend_low"], low * growth)
    np.testing.assert_allclose(found["expected_spend_high"], high * growth)


def test_process_alone_scores_without_bounds_before_and_after_saving(
    champion, tmp_path
):
    whole, features = champion
    model = RetentionModel(
        whole.horizon, Recipe.process_only(), process=whole.process
    ).fit(None, current=features)
    model.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "model.json",
        "checksums.json",
    }
    for each in (model, RetentionModel.load(tmp_path)):
        found = each.predict(features)
        assert (
            found[["expected_spend_low", "expected_spend_high"]].isna().all(axis=None)
        )
        rows = each.with_process(features)
        np.testing.assert_allclose(found["expected_spend"], rows["btyd_expected_spend"])
        np.testing.assert_allclose(
            found["churn_probability"], rows["btyd_no_purchase_probability"], atol=2e-3
        )


def test_lifetime_value_rises_with_margin_and_falls_with_the_discount(champion):
    model, features = copy.copy(champion[0]), champion[1]
    before = model.predict(features)
    half = dataclasses.replace(model.horizon, margin=model.horizon.margin / 2)
    model.horizon = half
    halved = model.predict(features)
    for name in VALUES:
        np.testing.assert_allclose(halved[name], before[name] / 2)
    model.horizon = dataclasses.replace(half, discount_rate_annual=1.0)
    dearer = model.predict(features)
    assert (dearer["clv"] <= before["clv"] / 2).all()
    unmoved = ["churn_probability", "expected_spend", "expected_spend_high"]
    pd.testing.assert_frame_equal(dearer[unmoved], before[unmoved])


def test_rows_that_another_model_has_read_are_refused(champion):
    model, features = champion
    other = copy.copy(model)
    other.churn_ = copy.copy(model.churn_)
    with pytest.raises(ValueError, match="another model"):
        other.predict(model.read(features))


@pytest.mark.parametrize(("value", "told"), [(np.inf, "aov is infinite"), ("a", "aov")])
def test_feature_that_is_no_number_is_named(champion, value, told):
    model, features = champion
    rows = features.assign(aov=features["aov"].astype(object))
    rows.iloc[0, rows.columns.get_loc("aov")] = value
    with pytest.raises(DataError, match=told):
        model.predict(rows)


def test_reading_is_scored_and_explained_as_its_rows_are(champion):
    model, features = champion
    reading = model.read(features)
    pd.testing.assert_frame_equal(model.predict(reading), model.predict(features))
    pd.testing.assert_frame_equal(
        model.contributions(reading), model.contributions(features)
    )
