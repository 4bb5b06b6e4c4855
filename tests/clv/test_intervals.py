"""Intervals: two methods that agree, ranges, keys, and coverage by simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from regulars.clv.beta_geo import BetaGeoModel
from regulars.clv.modified_beta_geo import ModifiedBetaGeoModel
from regulars.clv.pareto_nbd import ParetoNBDModel

MODELS = [BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel]


@pytest.fixture(scope="module", params=MODELS, ids=lambda kind: kind.__name__)
def fitted(request, summary):
    return request.param().fit(summary)


@pytest.mark.parametrize(
    ("prediction", "args"),
    [
        ("expected_purchases", (26.0,)),
        ("probability_no_purchase", (26.0,)),
        ("probability_n_purchases", (1, 26.0)),
    ],
)
def test_delta_and_bootstrap_agree_on_many_customers(fitted, summary, prediction, args):
    some = summary.head(40)
    delta = fitted.interval(prediction, some, *args)
    draws = fitted.interval(
        prediction, some, *args, method="bootstrap", n_draws=400, random_state=0
    )
    assert delta.index.equals(some.index)
    pd.testing.assert_series_equal(delta["estimate"], draws["estimate"])
    width = delta["upper"] - delta["lower"]
    assert (width > 0).all()
    for side in ("lower", "upper"):
        assert ((delta[side] - draws[side]).abs() < 0.35 * width).all()


def test_interval_holds_the_estimate_and_stays_in_range(fitted, summary):
    found = fitted.interval("probability_alive", summary.head(200))
    assert (found["lower"] <= found["estimate"]).all()
    assert (found["estimate"] <= found["upper"]).all()
    assert found.to_numpy().min() >= 0
    assert found.to_numpy().max() <= 1


def test_interval_widens_with_the_level(fitted, toy):
    narrow = fitted.interval("expected_purchases", toy, 26.0, level=0.5)
    wide = fitted.interval("expected_purchases", toy, 26.0, level=0.99)
    assert (wide["lower"] < narrow["lower"]).all()
    assert (wide["upper"] > narrow["upper"]).all()


def test_interval_of_what_is_certain_has_no_width(summary):
    once = summary[summary["frequency"] == 0].head(3)
    model = BetaGeoModel().fit(summary)
    assert (model.interval("probability_alive", once) == 1.0).all(axis=None)


def test_interval_takes_a_horizon_for_each_customer(fitted, toy):
    t = np.linspace(1, 20, 9)
    found = fitted.interval("expected_purchases", toy, t)
    expected = fitted.expected_purchases(toy, t)
    np.testing.assert_array_equal(found["estimate"], expected)


def test_interval_of_new_customers_is_one_row_a_time(fitted):
    found = fitted.interval("expected_purchases_new_customer", np.array([4.0, 26.0]))
    assert found.shape == (2, 3)
    assert (found["lower"] < found["estimate"]).all()


def test_bootstrap_is_a_function_of_its_seed(fitted, toy):
    again = {"method": "bootstrap", "n_draws": 20, "random_state": 7}
    one = fitted.interval("expected_purchases", toy, 26.0, **again)
    other = fitted.interval("expected_purchases", toy, 26.0, **again)
    pd.testing.assert_frame_equal(one, other)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"prediction": "fortune"}, "has no prediction 'fortune'"),
        ({"method": "guess"}, "method must be one of"),
        ({"level": 95}, "level must lie"),
        ({"method": "bootstrap", "n_draws": 1}, "n_draws must be"),
    ],
)
def test_interval_refuses_nonsense(fitted, toy, arguments, sentence):
    options = {"prediction": "probability_alive", **arguments}
    with pytest.raises(ValueError, match=sentence):
        fitted.interval(options.pop("prediction"), toy, **options)


def test_interval_is_for_one_number_a_row(fitted, toy):
    with pytest.raises(ValueError, match="returns a frame"):
        fitted.interval("expected_next_order", toy)


def test_interval_needs_a_fitted_model(toy):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        BetaGeoModel().interval("probability_alive", toy)


@pytest.mark.slow
@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("method", ["delta", "bootstrap"])
def test_intervals_cover_the_truth_as_often_as_they_say(kind, method, summary, toy):
    """95% of 80 intervals a customer, which move together: between 88 and 99."""
    truth = kind().fit(summary)
    wanted = {
        "expected_purchases": truth.expected_purchases(toy, 26.0).to_numpy(),
        "probability_no_purchase": truth.probability_no_purchase(toy, 26.0).to_numpy(),
    }
    hits = []
    for seed in range(80):
        data = truth.distribution_new_customers(2000, 39.0, random_state=seed)
        model = kind().fit(data)
        for prediction, expected in wanted.items():
            found = model.interval(
                prediction, toy, 26.0, method=method, n_draws=80, random_state=seed
            )
            lower, upper = found["lower"].to_numpy(), found["upper"].to_numpy()
            hits.append(np.mean((lower <= expected) & (expected <= upper)))
    assert 0.88 <= np.mean(hits) <= 0.99
