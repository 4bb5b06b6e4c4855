"""Pareto/NBD: published numbers, lifetimes as oracle, gradient, heavy buyers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from regulars.clv import to_lifetimes
from regulars.clv.pareto_nbd import ParetoNBDModel


@pytest.fixture(scope="module")
def fitted(summary):
    return ParetoNBDModel().fit(summary)


def one(frequency, recency, age):
    columns = {"frequency": [frequency], "recency": [recency], "T": [age]}
    return pd.DataFrame(columns).astype(float)


def test_fit_reaches_the_published_parameters_on_cdnow(fitted):
    """R's BTYD walkthrough; Fader and Hardie (2005)."""
    expected = {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}
    assert fitted.params_ == pytest.approx(expected, abs=2e-3)
    assert fitted.log_likelihood_ == pytest.approx(-9595.0, abs=0.05)


def test_predictions_are_those_of_the_btyd_walkthrough(fitted):
    row = one(26, 30.86, 31)
    assert fitted.probability_alive(row).item() == pytest.approx(0.9979, abs=5e-5)
    assert fitted.expected_purchases(row, 52).item() == pytest.approx(25.46, abs=5e-3)


def test_predictions_equal_those_of_lifetimes(fitted, histories, lifetimes):
    theirs = to_lifetimes(fitted)
    columns = [histories[name].to_numpy() for name in ("frequency", "recency", "T")]
    with np.errstate(all="ignore"):  # it overflows for heavy buyers
        alive = np.asarray(theirs.conditional_probability_alive(*columns))
        expected = np.asarray(
            theirs.conditional_expected_number_of_purchases_up_to_time(26, *columns)
        )
    for ours, known in (
        (fitted.probability_alive(histories), alive),
        (fitted.expected_purchases(histories, 26), expected),
    ):
        # Where it underflows to 0 it is not right, only finite
        sound = np.isfinite(known) & (known > 1e-12)
        assert sound.mean() > 0.7
        np.testing.assert_allclose(ours[sound], known[sound], rtol=1e-6)
        assert np.isfinite(ours).all()


def test_chances_of_n_purchases_equal_those_of_lifetimes(fitted, toy, lifetimes):
    theirs = to_lifetimes(fitted)
    columns = [
        toy[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T")
    ]
    for n in (0, 1, 5):
        expected = theirs.conditional_probability_of_n_purchases_up_to_time(
            n, 26.0, *columns
        )
        found = fitted.probability_n_purchases(toy, n, 26.0)
        np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("shift", [-1.5, 0.0, 1.5])
def test_gradient_is_that_of_finite_differences(histories, shift):
    model = ParetoNBDModel()
    objective = model._objective(model._read(histories))
    theta = np.log([0.55, 10.6, 0.6, 11.7]) + shift * np.array([0.5, 1.0, -0.5, -1.0])
    numeric = approx_fprime(theta, lambda u: objective(u)[0], 1e-6)
    np.testing.assert_allclose(objective(theta)[1], numeric, rtol=2e-4, atol=2e-2)


def test_predictions_hold_for_the_heaviest_buyers(fitted):
    heavy = pd.concat([one(5000, 38.99, 39), one(5000, 38, 39), one(300, 39, 39)])
    alive = fitted.probability_alive(heavy).to_numpy()
    assert alive[0] > 0.5
    assert 0 < alive[1] < 1e-30  # a week of silence after 130 a week
    assert alive[2] == pytest.approx(1.0)
    found = fitted.expected_purchases(heavy, 26).to_numpy()
    assert found[2] == pytest.approx((300.55 / 49.58) * 24, rel=0.1)


def test_predictions_at_horizon_zero_are_nothing(fitted, histories):
    assert (fitted.expected_purchases(histories, 0) == 0).all()
    assert (fitted.probability_no_purchase(histories, 0) == 1).all()


def test_expected_purchases_pass_smoothly_through_s_equal_to_one(fitted):
    values = []
    for s in (1 - 1e-6, 1.0, 1 + 1e-6):
        model = fitted._with_theta(np.log([0.55, 10.6, s, 11.7]))
        values.append(model.expected_purchases(one(3, 20, 30), 26).item())
    assert values[1] == pytest.approx((values[0] + values[2]) / 2, rel=1e-10)


def test_expected_purchases_without_dropout_are_those_of_the_nbd(fitted):
    model = fitted._with_theta(np.log([0.3, 5.0, 1e-12, 10.0]))
    found = model.expected_purchases(one(3, 20, 30), 26).item()
    assert found == pytest.approx((0.3 + 3) / (5 + 30) * 26, rel=1e-9)


def test_probabilities_of_all_counts_make_one_and_their_mean(fitted, toy):
    n = np.arange(250)
    table = np.column_stack([fitted.probability_n_purchases(toy, k, 26) for k in n])
    np.testing.assert_allclose(table.sum(axis=1), 1.0, rtol=1e-10)
    mean = fitted.expected_purchases(toy, 26)
    np.testing.assert_allclose(table @ n, mean, rtol=1e-8)
    none = fitted.probability_no_purchase(toy, 26)
    np.testing.assert_allclose(table[:, 0], none, rtol=1e-10)


def test_expected_next_order_is_where_half_have_bought(fitted, toy):
    found = fitted.expected_next_order(toy, level=0.5)
    for column, share in (("lower", 0.25), ("median", 0.5), ("upper", 0.75)):
        there = np.isfinite(found[column])
        wait = found.loc[there, column].to_numpy()
        none = fitted.probability_no_purchase(toy[there], wait)
        np.testing.assert_allclose(none, 1 - share, rtol=1e-9)
        for_ever = fitted.probability_no_purchase(toy[~there], 1e12)
        assert (for_ever > 1 - share).all()
    assert np.isfinite(found["median"]).any()
    assert np.isinf(found["median"]).any()


@settings(deadline=None, max_examples=40)
@given(
    theta=st.tuples(*[st.floats(-4, 4)] * 4),
    x=st.integers(0, 5000),
    share=st.floats(0.01, 1),
    age=st.floats(0.1, 500),
    t=st.floats(0.01, 500),
)
def test_predictions_stay_in_range_for_any_parameters(theta, x, share, age, t):
    model = ParetoNBDModel()
    model._set_theta(np.array(theta), np.zeros((4, 4)))
    row = one(x, share * age if x else 0.0, age)
    alive = model.probability_alive(row).item()
    later = model.probability_alive_path(row, [0.0, t]).iloc[0].tolist()
    assert 0 <= later[1] <= later[0] * (1 + 1e-9)
    assert later[0] == alive <= 1
    near = model.expected_purchases(row, t).item()
    assert 0 <= near <= model.expected_purchases(row, 2 * t).item() * (1 + 1e-9)
    none = model.probability_no_purchase(row, t).item()
    assert 0 <= none <= 1
    assert near >= (1 - none) - 1e-9
