"""The bridge: same parameters, errors and predictions on both sides."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from regulars.clv import from_lifetimes, to_lifetimes
from regulars.clv.beta_geo import BetaGeoModel
from regulars.clv.modified_beta_geo import ModifiedBetaGeoModel
from regulars.clv.pareto_nbd import ParetoNBDModel
from regulars.errors import ConfigError, DataError

PAIRS = {
    "BetaGeoFitter": BetaGeoModel,
    "ModifiedBetaGeoFitter": ModifiedBetaGeoModel,
    "ParetoNBDFitter": ParetoNBDModel,
}


@pytest.fixture(params=list(PAIRS))
def pair(request, lifetimes, summary):
    fitter = getattr(lifetimes, request.param)()
    with warnings.catch_warnings():  # divisions by zero on its way to the optimum
        warnings.simplefilter("ignore")
        fitter.fit(summary["frequency"], summary["recency"], summary["T"])
    return PAIRS[request.param], fitter


def test_from_lifetimes_takes_over_parameters_and_likelihood(pair, summary):
    kind, fitter = pair
    model, own = from_lifetimes(kind, fitter), kind().fit(summary)
    assert model.params_ == pytest.approx(fitter.params_.to_dict(), rel=1e-12)
    assert model.log_likelihood_ == pytest.approx(own.log_likelihood_, abs=0.01)
    assert model.log_likelihood_ <= own.log_likelihood_ + 1e-9
    columns = [summary[name] for name in ("frequency", "recency", "T")]
    theirs = fitter.conditional_probability_alive(*columns)
    np.testing.assert_allclose(model.probability_alive(summary), theirs, rtol=1e-6)


def test_to_lifetimes_gives_a_fitter_that_works(pair, summary):
    kind, fitter = pair
    model = kind().fit(summary)
    ours = to_lifetimes(model, summary)
    assert type(ours) is type(fitter)
    assert ours.params_.to_dict() == pytest.approx(model.params_, rel=1e-15)
    assert len(ours.data) == len(summary)
    expected = {name: model.standard_errors_[name] for name in ours.params_.index}
    assert ours.summary["se(coef)"].to_dict() == pytest.approx(expected, rel=1e-9)
    columns = [summary[name].head(20) for name in ("frequency", "recency", "T")]
    found = model.expected_purchases(summary.head(20), 26.0)
    np.testing.assert_allclose(ours.predict(26.0, *columns), found, rtol=1e-6)


def test_the_bridge_goes_there_and_back(toy):
    model = BetaGeoModel().fit(toy)
    back = from_lifetimes(BetaGeoModel, to_lifetimes(model, toy))
    assert back.params_ == pytest.approx(model.params_, rel=1e-14)
    assert back.log_likelihood_ == pytest.approx(model.log_likelihood_, rel=1e-12)
    assert back.standard_errors_ == pytest.approx(model.standard_errors_, rel=1e-9)


def test_from_lifetimes_refuses_the_wrong_fitter(lifetimes):
    with pytest.raises(DataError, match=r"takes over a lifetimes.BetaGeoFitter"):
        from_lifetimes(BetaGeoModel, lifetimes.ParetoNBDFitter())
    with pytest.raises(DataError, match="no params_ or data"):
        from_lifetimes(BetaGeoModel, lifetimes.BetaGeoFitter())


def test_to_lifetimes_refuses_covariates(toy):
    toy = toy.assign(vip=[0, 1, 0, 1, 0, 1, 0, 1, 1])
    model = BetaGeoModel(purchase_covariates=("vip",), penalty=0.01).fit(toy)
    with pytest.raises(ConfigError, match="lifetimes knows no covariates"):
        to_lifetimes(model)
