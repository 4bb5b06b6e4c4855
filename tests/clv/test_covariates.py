"""Covariates: the truth recovered, gradients, tests, and units that cancel."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import approx_fprime

from regulars.clv.beta_geo import BetaGeoModel
from regulars.clv.covariates import (
    CovariateBlock,
    block_gradient,
    likelihood_ratio,
    linear_predictors,
)
from regulars.clv.modified_beta_geo import ModifiedBetaGeoModel
from regulars.clv.pareto_nbd import ParetoNBDModel
from regulars.errors import DataError

TRUTHS = {
    BetaGeoModel: [0.4, 5.0, 0.8, 2.4, 0.3, 0.5, 0.6, -0.3],
    ModifiedBetaGeoModel: [0.5, 6.0, 0.9, 1.6, 0.3, 0.5, 0.6, -0.3],
    ParetoNBDModel: [0.6, 10.0, 0.6, 11.0, 0.3, 0.5, 0.7],
}
COLUMNS = {"purchase_covariates": ("age", "vip"), "dropout_covariates": ("vip",)}


def truth(kind):
    """Return a model with known parameters and coefficients."""
    model = kind(**COLUMNS)
    values = np.array(TRUTHS[kind])
    values[:4] = np.log(values[:4])
    model._set_theta(values, np.zeros((values.size, values.size)))
    return model


def simulated(kind, n_customers=4000, seed=0):
    rng = np.random.default_rng(seed)
    vip = (rng.random(n_customers) < 0.4).astype(float)
    traits = pd.DataFrame({"age": rng.normal(0, 1, n_customers), "vip": vip})
    data = truth(kind).distribution_new_customers(
        n_customers, 39.0, covariates=traits, random_state=seed
    )
    return data.join(traits)


@pytest.fixture(scope="module", params=list(TRUTHS), ids=lambda kind: kind.__name__)
def fit(request):
    data = simulated(request.param)
    return request.param, data, request.param(**COLUMNS).fit(data)


def test_fit_recovers_the_coefficients(fit):
    kind, _, model = fit
    wanted = truth(kind)
    errors = np.sqrt(np.diag(model.covariance_))
    away = (model.theta_ - wanted.theta_) / errors
    assert (np.abs(away) < 3.5).all()
    assert list(model.params_) == list(wanted.params_)
    assert model.params_["purchase_vip"] == pytest.approx(0.5, abs=0.25)
    assert all(np.isfinite(list(model.standard_errors_.values())))


def test_likelihood_ratio_prefers_the_model_with_what_matters(fit):
    kind, data, model = fit
    without = kind().fit(data)
    found = model.likelihood_ratio_test(without)
    assert found.degrees_of_freedom == len(model.params_) - 4
    gain = 2 * (model.log_likelihood_ - without.log_likelihood_)
    assert found.statistic == pytest.approx(gain)
    assert found.p_value < 1e-10
    assert model.aic_ < without.aic_


def test_gradient_with_covariates_is_that_of_finite_differences(fit):
    _, data, model = fit
    rows = model._read(data.head(300))
    objective = model._objective(rows)
    theta = model.theta_ + 0.1
    numeric = approx_fprime(theta, lambda u: objective(u)[0], 1e-6)
    np.testing.assert_allclose(objective(theta)[1], numeric, rtol=1e-3, atol=1e-2)


def test_purchases_rise_with_the_purchase_coefficient(fit):
    _, _, model = fit
    traits = pd.DataFrame({"age": [-1.0, 1.0], "vip": [0.0, 0.0]})
    found = model.expected_purchases_new_customer(26.0, covariates=traits)
    assert found[1] > found[0]
    row = pd.DataFrame({"frequency": [2.0], "recency": [20.0], "T": [30.0]})
    known = model.expected_purchases(row.assign(age=1.0, vip=0.0), 26.0)
    assert known.item() > 0


def test_fit_does_not_depend_on_the_unit_of_a_covariate():
    data = simulated(BetaGeoModel)
    model = BetaGeoModel(purchase_covariates=["age"])
    plain = model.fit(data).params_
    moved = model.fit(data.assign(age=1e4 + 1e3 * data["age"])).params_
    assert moved["purchase_age"] == pytest.approx(plain["purchase_age"] / 1e3, rel=1e-6)
    shift = np.exp(1e4 * moved["purchase_age"])
    assert moved["alpha"] == pytest.approx(plain["alpha"] * shift, rel=1e-5)


def test_fit_refuses_a_covariate_that_never_varies(toy):
    with pytest.raises(DataError, match="'vip' is 1 for every customer"):
        BetaGeoModel(purchase_covariates=["vip"]).fit(toy.assign(vip=1))


def test_predictions_ask_for_the_covariates(fit):
    _, data, model = fit
    with pytest.raises(DataError, match="lacks the columns"):
        model.expected_purchases(data[["frequency", "recency", "T"]], 26)
    with pytest.raises(DataError, match="pass covariates="):
        model.expected_purchases_new_customer(26.0)


def test_likelihood_ratio_refuses_models_that_are_not_nested(toy):
    plain = BetaGeoModel().fit(toy)
    with pytest.raises(ValueError, match="is not nested"):
        likelihood_ratio(plain, plain)
    mixed = ModifiedBetaGeoModel().fit(toy)
    with pytest.raises(ValueError, match="is not nested"):
        likelihood_ratio(plain, mixed)


def test_likelihood_ratio_refuses_other_customers():
    data = simulated(BetaGeoModel, 500)
    more = BetaGeoModel(purchase_covariates=["age"]).fit(data)
    fewer = BetaGeoModel().fit(data.head(400))
    with pytest.raises(ValueError, match="500 and 400 customers"):
        more.likelihood_ratio_test(fewer)


def test_covariates_shift_a_parameter_by_sign_coefficient_and_value():
    block = CovariateBlock("alpha", "purchase_covariates", -1.0, "purchase")
    columns = {"age": np.array([0.0, 2.0]), "vip": np.array([1.0, 0.0])}
    names = ["age", "vip"]
    shifts = linear_predictors([(block, names)], np.array([0.5, 3.0]), columns)
    assert shifts["alpha"].tolist() == [-3.0, -1.0]
    slopes = {"alpha": np.array([1.0, 2.0])}
    assert block_gradient(block, slopes, columns, names) == [-4.0, -1.0]
