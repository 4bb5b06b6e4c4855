"""What Gamma-Gamma, BG/BB and sBG share with every model of the package."""

from __future__ import annotations

import importlib.util
import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from regulars.clv import (
    BetaGeoBetaBinomModel,
    GammaGammaModel,
    ShiftedBetaGeoModel,
    from_lifetimes,
    summary_from_survivors,
    to_lifetimes,
)
from regulars.errors import ConfigError
from regulars.report import write_model_report

COHORT = summary_from_survivors([1000, 869, 743, 653, 593, 551, 517, 491])


def donations():
    # found, not imported: lifetimes warns when pandas 3 imports it
    (folder,) = importlib.util.find_spec("lifetimes").submodule_search_locations
    names = {"periods": "T", "weights": "weight"}
    return pd.read_csv(Path(folder, "datasets", "donations.csv")).rename(columns=names)


def spenders(n=600, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.geometric(0.4, n) - 1.0
    nu, repeat = rng.gamma(4, 1 / 15, n), np.maximum(x, 1)
    value = np.where(x > 0, rng.gamma(6 * repeat) / nu / repeat, np.nan)
    return pd.DataFrame({"frequency": x, "monetary_value": value})


CASES = {
    "spend": (GammaGammaModel, spenders(), "expected_average_value", ()),
    "discrete": (BetaGeoBetaBinomModel, donations(), "expected_purchases", (5,)),
    "subscriptions": (ShiftedBetaGeoModel, COHORT, "expected_purchases", (5,)),
}


@pytest.fixture(params=CASES.values(), ids=CASES.keys(), scope="module")
def case(request):
    kind, summary, prediction, arguments = request.param
    return kind().fit(summary), summary, prediction, arguments


def test_json_gives_back_the_same_to_the_last_bit(case, tmp_path):
    model, summary, prediction, arguments = case
    again = type(model).from_dict(json.loads(json.dumps(model.to_dict())))
    model.save(tmp_path / "model.json")
    loaded = type(model).load(tmp_path / "model.json")
    expected = getattr(model, prediction)(summary, *arguments)
    for other in (again, loaded, pickle.loads(pickle.dumps(model))):
        assert other.params_ == model.params_
        assert other.standard_errors_ == model.standard_errors_
        assert other.log_likelihood_ == model.log_likelihood_
        found = getattr(other, prediction)(summary, *arguments)
        assert (found.to_numpy() == expected.to_numpy()).all()


def test_clone_forgets_the_fit_and_keeps_the_settings(case):
    model = clone(type(case[0])(penalty=0.25))
    assert model.get_params() == {"penalty": 0.25}
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(model, case[2])(case[1], *case[3])


def test_intervals_hold_the_estimate_and_agree(case):
    model, summary, prediction, arguments = case
    delta = model.interval(prediction, summary, *arguments)
    drawn = model.interval(
        prediction, summary, *arguments, method="bootstrap", random_state=0, n_draws=400
    )
    expected = getattr(model, prediction)(summary, *arguments)
    np.testing.assert_array_equal(delta["estimate"], expected)
    assert delta.index.equals(expected.index)
    assert (delta["lower"] <= delta["estimate"]).all()
    assert (delta["upper"] >= delta["estimate"]).all()
    width = (delta["upper"] - delta["lower"]).to_numpy()
    other = (drawn["upper"] - drawn["lower"]).to_numpy()
    wide = width > 1e-9
    np.testing.assert_allclose(other[wide] / width[wide], 1.0, atol=0.25)


def test_a_penalty_pulls_the_parameters_together(case):
    model, summary, _, _ = case
    pulled = type(model)(penalty=0.5).fit(summary)
    assert pulled.log_likelihood_ < model.log_likelihood_
    with pytest.raises(ValueError, match="penalty must be"):
        type(model)(penalty=-1.0).fit(summary)


def test_prediction_changes_neither_model_nor_input(case):
    model, summary, prediction, arguments = case
    before, kept = model.to_dict(), summary.copy()
    getattr(model, prediction)(summary, *arguments)
    pd.testing.assert_frame_equal(summary, kept)
    assert model.to_dict() == before


def test_row_order_does_not_matter(case):
    model, summary, prediction, arguments = case
    shuffled = summary.sample(frac=1.0, random_state=1)
    again = type(model)().fit(shuffled)
    assert again.params_ == model.params_
    left = getattr(model, prediction)(shuffled, *arguments).sort_index()
    right = getattr(model, prediction)(summary, *arguments)
    pd.testing.assert_series_equal(left, right)


def test_lifetimes_takes_over_and_gives_back():
    model = BetaGeoBetaBinomModel().fit(donations())
    fitter = to_lifetimes(model, donations())
    rows = donations()
    theirs = fitter.conditional_expected_number_of_purchases_up_to_time(
        5, rows["frequency"], rows["recency"], rows["T"]
    )
    np.testing.assert_allclose(model.expected_purchases(rows, 5), theirs, rtol=1e-6)
    alive = fitter.conditional_probability_alive(
        0, rows["frequency"], rows["recency"], rows["T"]
    )
    np.testing.assert_allclose(model.probability_alive(rows), alive, rtol=1e-6)
    again = from_lifetimes(BetaGeoBetaBinomModel, fitter)
    assert again.params_ == pytest.approx(model.params_)
    assert again.log_likelihood_ == pytest.approx(model.log_likelihood_)


def test_lifetimes_values_equal_ours_for_gamma_gamma():
    rows = spenders()
    model = GammaGammaModel().fit(rows)
    repeat = rows[rows["frequency"] > 0]
    fitter = to_lifetimes(model, repeat)
    theirs = fitter.conditional_expected_average_profit(
        repeat["frequency"], repeat["monetary_value"]
    )
    np.testing.assert_allclose(model.expected_average_value(repeat), theirs, rtol=1e-9)
    again = from_lifetimes(GammaGammaModel, fitter)
    assert again.log_likelihood_ == pytest.approx(model.log_likelihood_)


def test_lifetimes_has_no_subscriptions():
    with pytest.raises(ConfigError, match="no counterpart"):
        to_lifetimes(ShiftedBetaGeoModel().fit(COHORT))


def test_report_writes_a_page(case, tmp_path):
    model, summary, _, _ = case
    path = write_model_report(tmp_path / "page.html", model, summary)
    assert type(model).__name__ in path.read_text(encoding="utf-8")


@pytest.mark.slow
def test_intervals_cover_the_truth_nineteen_times_of_twenty():
    """Four hundred samples: the share of 95% intervals that hold the truth."""
    row = pd.DataFrame({"frequency": [3.0], "monetary_value": [50.0]})
    truth = 6.0 * (15.0 + 150.0) / (6.0 * 3 + 4.0 - 1.0)
    held = 0
    for seed in range(400):
        model = GammaGammaModel().fit(spenders(1500, seed=seed + 100))
        bounds = model.interval("expected_average_value", row).iloc[0]
        held += bounds["lower"] <= truth <= bounds["upper"]
    assert 0.92 <= held / 400 <= 0.98


@pytest.mark.slow
def test_subscription_intervals_cover_the_truth():
    truth = ShiftedBetaGeoModel()
    truth._set_theta(np.log([0.7, 2.5]), np.eye(2))
    rng, held = np.random.default_rng(0), 0
    for _ in range(400):
        leaves_at = rng.geometric(rng.beta(0.7, 2.5, 800))
        rows = pd.DataFrame({"recency": np.minimum(leaves_at - 1, 6), "T": 6})
        model = ShiftedBetaGeoModel().fit(rows)
        bounds = model.interval("survival", 12).iloc[0]
        held += bounds["lower"] <= truth.survival(12) <= bounds["upper"]
    assert 0.92 <= held / 400 <= 0.98
