"""Models as data: equal to the last bit through dict, file, pickle and clone."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from regulars.clv.beta_geo import BetaGeoModel
from regulars.clv.modified_beta_geo import ModifiedBetaGeoModel
from regulars.clv.pareto_nbd import ParetoNBDModel
from regulars.errors import BoundaryWarning, DataError

MODELS = [BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel]


@pytest.fixture(params=MODELS, ids=lambda kind: kind.__name__)
def fitted(request, toy):
    return request.param(penalty=1e-5).fit(toy)


def same(one, other, toy):
    assert type(one) is type(other)
    assert one.params_ == other.params_
    assert one.standard_errors_ == other.standard_errors_
    assert one.log_likelihood_ == other.log_likelihood_
    assert one.bic_ == other.bic_
    np.testing.assert_array_equal(one.covariance_, other.covariance_)
    pd.testing.assert_frame_equal(one.correlations_, other.correlations_)
    pd.testing.assert_series_equal(
        one.expected_purchases(toy, 26.0), other.expected_purchases(toy, 26.0)
    )
    assert one.get_params() == other.get_params()


def test_json_gives_back_the_model_to_the_last_bit(fitted, toy, tmp_path):
    path = tmp_path / "model.json"
    fitted.save(path)
    same(type(fitted).load(path), fitted, toy)
    text = json.dumps(fitted.to_dict(), allow_nan=False)
    same(type(fitted).from_dict(json.loads(text)), fitted, toy)


def test_pickle_gives_back_the_model(fitted, toy):
    same(pickle.loads(pickle.dumps(fitted)), fitted, toy)


def test_json_keeps_covariates(toy, tmp_path):
    toy = toy.assign(vip=[0, 1, 0, 1, 0, 1, 0, 1, 1])
    model = BetaGeoModel(purchase_covariates=("vip",), penalty=0.01).fit(toy)
    model.save(tmp_path / "model.json")
    same(BetaGeoModel.load(tmp_path / "model.json"), model, toy)


def test_json_keeps_a_parameter_without_a_standard_error(toy, tmp_path):
    regular = toy.assign(recency=toy["T"] * (toy["frequency"] > 0) * 1.0)
    with pytest.warns(BoundaryWarning, match="ran to the edge"):
        model = BetaGeoModel().fit(regular)
    model.save(tmp_path / "model.json")
    loaded = BetaGeoModel.load(tmp_path / "model.json")
    assert loaded.at_edge_ == model.at_edge_
    np.testing.assert_equal(loaded.standard_errors_, model.standard_errors_)


def test_from_dict_refuses_another_model(toy):
    data = BetaGeoModel().fit(toy).to_dict()
    with pytest.raises(DataError, match="describe a model 'BetaGeoModel'"):
        ParetoNBDModel.from_dict(data)
    with pytest.raises(DataError, match="format 99"):
        BetaGeoModel.from_dict({**data, "format": 99})


def test_load_refuses_a_file_that_is_no_json(tmp_path):
    path = tmp_path / "model.json"
    path.write_text("not json", encoding="utf-8")
    with pytest.raises(DataError, match="is no JSON file"):
        BetaGeoModel.load(path)


def test_to_dict_needs_a_fitted_model():
    with pytest.raises(NotFittedError, match="not fitted yet"):
        BetaGeoModel().to_dict()


def test_clone_keeps_the_settings_and_forgets_the_fit(fitted):
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert not hasattr(copy, "params_")
