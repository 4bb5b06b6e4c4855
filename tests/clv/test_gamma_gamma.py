"""Gamma-Gamma: published numbers, gradients, limits, and what is set aside."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.clv.fitting import numeric_hessian
from regulars.clv.gamma_gamma import (
    GammaGammaModel,
    _objective,
    frequency_value_correlation,
)
from regulars.errors import (
    AssumptionWarning,
    BoundaryWarning,
    DataError,
    NotEnoughHistoryError,
)


@pytest.fixture(scope="module")
def cdnow():
    """The summary that Fader and Hardie's note 025 works on."""
    # found, not imported: lifetimes warns when pandas 3 imports it
    (folder,) = importlib.util.find_spec("lifetimes").submodule_search_locations
    path = Path(folder, "datasets", "cdnow_customers_summary_with_transactions.csv")
    columns = {"x": "frequency", "t_x": "recency", "zbar": "monetary_value"}
    return pd.read_csv(path, index_col="ID").rename(columns=columns)


@pytest.fixture(scope="module")
def fitted(cdnow):
    return GammaGammaModel().fit(cdnow)


def simulate(n, *, p=6.0, q=4.0, v=15.0, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.geometric(0.4, n).astype(float)
    nu = rng.gamma(q, 1 / v, n)
    return pd.DataFrame({"frequency": x, "monetary_value": rng.gamma(p * x) / nu / x})


def test_parameters_equal_note_025_when_fitted_to_cdnow(fitted):
    assert fitted.p_ == pytest.approx(6.25, abs=5e-3)
    assert fitted.q_ == pytest.approx(3.74, abs=5e-3)
    assert fitted.v_ == pytest.approx(15.44, abs=1e-2)
    assert fitted.log_likelihood_ == pytest.approx(-4055.92, abs=0.01)
    assert fitted.n_customers_ == 946
    assert fitted.n_set_aside_ == {
        "no_repeat_purchase": 1411.0,
        "no_positive_value": 0.0,
    }


def test_expected_values_equal_note_025_when_fitted_to_cdnow(fitted, cdnow):
    expected = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    got = fitted.expected_average_value(cdnow).head(10)
    np.testing.assert_allclose(got, expected, atol=0.1)
    assert got.index.equals(cdnow.index[:10])


def test_expected_values_follow_equation_5(fitted, cdnow):
    x, m = cdnow["frequency"], cdnow["monetary_value"]
    p, q, v = fitted.p_, fitted.q_, fitted.v_
    expected = p * (v + x * m) / (p * x + q - 1)
    np.testing.assert_allclose(fitted.expected_average_value(cdnow), expected)


def test_correlation_is_the_papers_when_fitted_to_cdnow(fitted):
    assert fitted.correlations_with_frequency_["pearson"] == pytest.approx(
        0.11, abs=5e-3
    )


def test_frequency_value_correlation_equals_pandas_when_weights_are_one(cdnow):
    repeat = cdnow[cdnow["frequency"] > 0]
    found = frequency_value_correlation(
        repeat["frequency"].to_numpy(float),
        repeat["monetary_value"].to_numpy(),
        np.ones(len(repeat)),
    )
    for method, value in found.items():
        theirs = repeat["frequency"].corr(repeat["monetary_value"], method=method)
        assert value == pytest.approx(theirs, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    theta=st.tuples(*[st.floats(-4, 6)] * 3),
    seed=st.integers(0, 100),
    scale=st.floats(-3, 3),
)
def test_gradient_equals_differences_for_any_parameters(theta, seed, scale):
    rows = simulate(30, seed=seed)
    objective = _objective(
        rows["frequency"].to_numpy(),
        rows["monetary_value"].to_numpy() * 10**scale,
        np.arange(1.0, 31.0),
    )
    theta = np.array(theta)
    _, gradient = objective(theta)
    step = 1e-6
    for k in range(3):
        shift = np.zeros(3)
        shift[k] = step
        slope = (objective(theta + shift)[0] - objective(theta - shift)[0]) / (2 * step)
        assert gradient[k] == pytest.approx(
            slope, rel=1e-4, abs=1e-5 * np.abs(gradient).max() + 1e-4
        )


def test_weights_count_identical_customers():
    rows = simulate(60)
    counts = np.arange(1, 61)
    repeated = rows.loc[rows.index.repeat(counts)]
    one = GammaGammaModel().fit(repeated)
    two = GammaGammaModel().fit(rows.assign(weight=counts))
    assert one.params_ == pytest.approx(two.params_, rel=1e-6)
    assert one.log_likelihood_ == pytest.approx(two.log_likelihood_)
    assert one.standard_errors_ == pytest.approx(two.standard_errors_, rel=1e-4)


def test_an_ibis_table_gives_the_same_as_pandas(cdnow, fitted):
    table = ibis.memtable(cdnow.reset_index(names="customer_id"))
    model = GammaGammaModel().fit(table)
    assert model.params_ == pytest.approx(fitted.params_, rel=1e-8)
    assert model.n_set_aside_ == fitted.n_set_aside_
    left = model.expected_average_value(table).sort_index()
    pd.testing.assert_series_equal(
        left, fitted.expected_average_value(cdnow), check_names=False
    )


def test_scaling_money_scales_money_only(cdnow, fitted):
    cents = cdnow.assign(monetary_value=cdnow["monetary_value"] * 100)
    model = GammaGammaModel().fit(cents)
    assert model.p_ == pytest.approx(fitted.p_, rel=1e-5)
    assert model.v_ == pytest.approx(100 * fitted.v_, rel=1e-5)
    np.testing.assert_allclose(
        model.expected_average_value(cents),
        100 * fitted.expected_average_value(cdnow),
        rtol=1e-6,
    )
    shift = 946 * np.log(100)
    assert model.log_likelihood_ == pytest.approx(fitted.log_likelihood_ - shift)


def test_zero_and_negative_values_are_set_aside_and_counted():
    rows = simulate(500)
    extra = pd.DataFrame(
        {"frequency": [2, 3, 0, 0], "monetary_value": [0.0, -5.0, 0.0, np.nan]}
    )
    clean = GammaGammaModel().fit(rows)
    model = GammaGammaModel().fit(pd.concat([rows, extra], ignore_index=True))
    assert model.params_ == clean.params_
    assert model.n_set_aside_ == {"no_repeat_purchase": 2.0, "no_positive_value": 2.0}


def test_a_negative_mean_is_predicted_as_zero(fitted):
    rows = pd.DataFrame({"frequency": [3, 3], "monetary_value": [-900.0, 0.0]})
    low, zero = fitted.expected_average_value(rows)
    assert low == zero
    assert zero > 0


def test_one_time_buyers_get_the_population_mean(fitted):
    rows = pd.DataFrame({"frequency": [0], "monetary_value": [np.nan]})
    assert fitted.expected_average_value(rows).iloc[0] == pytest.approx(
        fitted.expected_average_value_new_customer()
    )


def test_prediction_stays_finite_with_a_warning_when_the_mean_is_infinite():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AssumptionWarning)
        model = GammaGammaModel().fit(simulate(3000, q=0.6, p=1.0, seed=5))
    assert model.q_ < 1
    rows = pd.DataFrame({"frequency": [0, 9], "monetary_value": [0.0, 20.0]})
    with pytest.warns(AssumptionWarning, match="no finite mean for 1 of 2 customers"):
        value = model.expected_average_value(rows)
    assert np.isfinite(value).all()
    assert (value > 0).all()


def test_fit_warns_when_spend_goes_along_with_frequency():
    rows = simulate(800)
    rows["monetary_value"] *= rows["frequency"]
    with pytest.warns(AssumptionWarning, match="Mean spend goes along with the number"):
        GammaGammaModel().fit(rows)


def test_fit_warns_when_all_values_are_equal():
    rows = pd.DataFrame({"frequency": [1, 2, 3, 4] * 20, "monetary_value": 10.0})
    with pytest.warns(BoundaryWarning, match="edge"):
        model = GammaGammaModel().fit(rows)
    np.testing.assert_allclose(model.expected_average_value(rows), 10.0, rtol=0.01)


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (
            {"frequency": [0, 0], "monetary_value": [0, 0]},
            NotEnoughHistoryError,
            "Nobody",
        ),
        ({"frequency": [1], "monetary_value": [-1]}, NotEnoughHistoryError, "Nobody"),
        ({"frequency": [1, 2]}, DataError, "lacks the columns"),
        (
            {"frequency": [1, 2], "monetary_value": [1.0, np.nan]},
            DataError,
            "'monetary_value' is missing",
        ),
        ({"frequency": [1.5, 2], "monetary_value": [1, 2]}, DataError, "whole number"),
        ({"frequency": [-1, 2], "monetary_value": [1, 2]}, DataError, "whole number"),
    ],
)
def test_fit_raises_when_the_data_cannot_be_used(rows, error, message):
    with pytest.raises(error, match=message):
        GammaGammaModel().fit(pd.DataFrame(rows))


def test_prediction_raises_when_a_repeat_buyer_has_no_value(fitted):
    rows = pd.DataFrame({"frequency": [2], "monetary_value": [np.nan]})
    with pytest.raises(DataError, match="missing or infinite"):
        fitted.expected_average_value(rows)


def test_heavy_buyers_stay_finite(fitted):
    rows = pd.DataFrame({"frequency": [5000, 1], "monetary_value": [1e7, 1e-4]})
    value = fitted.expected_average_value(rows)
    assert value.iloc[0] == pytest.approx(1e7, rel=1e-3)
    assert value.iloc[1] > 0


@pytest.mark.parametrize("seed", range(6))
def test_truth_lies_within_four_standard_errors(seed):
    rng = np.random.default_rng(seed)
    p, q, v = rng.uniform(0.8, 8), rng.uniform(1.2, 8), 10 ** rng.uniform(0, 3)
    model = GammaGammaModel().fit(simulate(6000, p=p, q=q, v=v, seed=seed))
    for name, truth in {"p": p, "q": q, "v": v}.items():
        error = model.standard_errors_[name] / model.params_[name]
        assert abs(np.log(model.params_[name] / truth)) < 4 * error


def test_standard_errors_come_from_the_curvature(fitted, cdnow):
    repeat = cdnow[cdnow["frequency"] > 0]
    objective = _objective(
        repeat["frequency"].to_numpy(float),
        repeat["monetary_value"].to_numpy(),
        np.ones(len(repeat)),
    )
    covariance = np.linalg.inv(-numeric_hessian(objective, fitted.theta_))
    expected = np.sqrt(np.diag(covariance)) * np.exp(fitted.theta_)
    np.testing.assert_allclose(
        list(fitted.standard_errors_.values()), expected, rtol=1e-3
    )
