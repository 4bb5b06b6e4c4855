"""BG/NBD: published numbers, lifetimes as oracle, gradients, limits, nasty data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from regulars.clv import to_lifetimes
from regulars.clv.beta_geo import BetaGeoModel
from regulars.clv.rows import Rows
from regulars.errors import BoundaryWarning, DataError, NotEnoughHistoryError

THETA = np.log([0.243, 4.414, 0.793, 2.426])


@pytest.fixture(scope="module")
def fitted(summary):
    return BetaGeoModel().fit(summary)


def at(**params):
    """Return a model with given parameters."""
    model = BetaGeoModel()
    model._set_theta(np.log(list(params.values())), np.zeros((4, 4)))
    return model


def one(frequency, recency, age):
    columns = {"frequency": [frequency], "recency": [recency], "T": [age]}
    return pd.DataFrame(columns).astype(float)


# -- published numbers ---------------------------------------------------------


def test_fit_reaches_fader_hardie_lee_2005_on_cdnow(fitted):
    expected = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
    assert fitted.params_ == pytest.approx(expected, abs=5e-4)
    assert fitted.log_likelihood_ == pytest.approx(-9582.43, abs=0.01)
    assert fitted.converged_
    assert fitted.n_customers_ == 2357
    assert fitted.aic_ == pytest.approx(2 * 4 + 2 * 9582.43, abs=0.02)
    assert fitted.bic_ == pytest.approx(4 * np.log(2357) + 2 * 9582.43, abs=0.02)


@pytest.mark.parametrize(
    ("x", "recency", "expected"), [(0, 0, -0.59947382), (200, 38, 100.7957)]
)
def test_log_likelihood_is_that_of_hardies_note_027(x, recency, expected):
    rows = Rows(
        {
            "frequency": np.array([float(x)]),
            "recency": np.array([float(recency)]),
            "T": np.array([40.0]),
        },
        np.ones(1),
    )
    value, _ = BetaGeoModel()._objective(rows)(np.log([0.25, 4, 0.8, 2.5]))
    assert value == pytest.approx(expected, rel=1e-6)


def test_standard_errors_equal_those_of_lifetimes(fitted, summary, lifetimes):
    theirs = lifetimes.BetaGeoFitter()
    theirs.fit(summary["frequency"], summary["recency"], summary["T"])
    expected = theirs.standard_errors_.to_dict()
    assert fitted.standard_errors_ == pytest.approx(expected, rel=1e-5)
    assert fitted.correlations_.loc["a", "b"] == pytest.approx(0.95, abs=0.02)


# -- lifetimes as oracle -------------------------------------------------------


def test_predictions_equal_those_of_lifetimes(fitted, histories, lifetimes):
    theirs = to_lifetimes(fitted)
    columns = [histories[name] for name in ("frequency", "recency", "T")]
    with np.errstate(all="ignore"):  # it overflows for heavy buyers
        alive = theirs.conditional_probability_alive(*columns)
        expected = theirs.conditional_expected_number_of_purchases_up_to_time(
            26, *columns
        )
    close = {"rtol": 1e-6, "atol": 1e-300}
    np.testing.assert_allclose(fitted.probability_alive(histories), alive, **close)
    known = np.isfinite(expected)
    assert known.mean() > 0.95
    found = fitted.expected_purchases(histories, 26)
    np.testing.assert_allclose(found[known], expected[known], **close)
    assert np.isfinite(found).all()
    new = fitted.expected_purchases_new_customer(np.array([1.0, 26.0, 400.0]))
    theirs_new = theirs.expected_number_of_purchases_up_to_time(
        np.array([1.0, 26.0, 400.0])
    )
    np.testing.assert_allclose(new, theirs_new, rtol=1e-9)
    chances = fitted.probability_n_purchases_new_customer(np.arange(9), 26.0)
    expected = [theirs.probability_of_n_purchases_up_to_time(26, n) for n in range(9)]
    np.testing.assert_allclose(chances, expected, rtol=1e-9)


# -- gradients and forms -------------------------------------------------------


@pytest.mark.parametrize("shift", [-2.0, 0.0, 1.5])
def test_gradient_is_that_of_finite_differences(histories, shift):
    model = BetaGeoModel()
    objective = model._objective(model._read(histories))
    theta = THETA + shift * np.array([1.0, -0.5, 0.3, 1.0])
    numeric = approx_fprime(theta, lambda u: objective(u)[0], 1e-6)
    np.testing.assert_allclose(objective(theta)[1], numeric, rtol=2e-4, atol=1e-2)


def test_grouped_likelihood_equals_the_one_by_row(histories):
    model = BetaGeoModel()
    rows = model._read(histories)
    fast = model._plain_objective(rows)(THETA)
    slow = model._general_objective(rows)(THETA)
    assert fast[0] == pytest.approx(slow[0], rel=1e-13)
    np.testing.assert_allclose(fast[1], slow[1], rtol=1e-9)


def test_weights_count_identical_customers(toy):
    repeated = toy.loc[toy.index.repeat(toy["weight"])].drop(columns="weight")
    one_way, other = BetaGeoModel().fit(toy), BetaGeoModel().fit(repeated)
    assert one_way.params_ == other.params_


def test_fit_does_not_depend_on_the_unit_of_time(summary, fitted):
    seconds = summary.assign(
        recency=summary["recency"] * 604800.0, T=summary["T"] * 604800.0
    )
    model = BetaGeoModel().fit(seconds)
    assert model.r_ == pytest.approx(fitted.r_, rel=1e-6)
    assert model.alpha_ == pytest.approx(fitted.alpha_ * 604800.0, rel=1e-6)
    repeats = summary["frequency"].sum()
    expected = fitted.log_likelihood_ - repeats * np.log(604800.0)
    assert model.log_likelihood_ == pytest.approx(expected, rel=1e-10)


# -- limits and properties -----------------------------------------------------


def test_predictions_at_horizon_zero_are_nothing(fitted, histories):
    assert (fitted.expected_purchases(histories, 0) == 0).all()
    assert (fitted.probability_no_purchase(histories, 0) == 1).all()
    assert (fitted.probability_n_purchases(histories, 0, 0.0) == 1).all()
    assert fitted.expected_purchases_new_customer(0.0) == 0.0


def test_probability_alive_is_one_for_those_who_bought_once(fitted):
    assert fitted.probability_alive(one(0, 0, 30)).item() == 1.0


def test_expected_purchases_pass_smoothly_through_a_equal_to_one():
    values = [
        at(r=0.3, alpha=5, a=a, b=2).expected_purchases(one(3, 20, 30), 26).item()
        for a in (1 - 1e-6, 1.0, 1 + 1e-6)
    ]
    assert values[1] == pytest.approx((values[0] + values[2]) / 2, rel=1e-9)


def test_expected_purchases_without_dropout_are_those_of_the_nbd():
    model = at(r=0.3, alpha=5.0, a=1e-12, b=2.0)
    found = model.expected_purchases(one(3, 20, 30), 26).item()
    assert found == pytest.approx((0.3 + 3) / (5 + 30) * 26, rel=1e-9)


def test_probabilities_of_all_counts_make_one_and_their_mean(fitted, toy):
    n = np.arange(400)
    table = np.column_stack([fitted.probability_n_purchases(toy, k, 26) for k in n])
    np.testing.assert_allclose(table.sum(axis=1), 1.0, rtol=1e-12)
    mean = fitted.expected_purchases(toy, 26)
    np.testing.assert_allclose(table @ n, mean, rtol=1e-10)
    none = fitted.probability_no_purchase(toy, 26)
    np.testing.assert_allclose(table[:, 0], none, rtol=1e-12)


def test_expected_next_order_is_where_half_have_bought(fitted, toy):
    found = fitted.expected_next_order(toy, level=0.5)
    for column, share in (("lower", 0.25), ("median", 0.5), ("upper", 0.75)):
        there = np.isfinite(found[column])
        assert there.any()
        wait = found.loc[there, column].to_numpy()
        none = fitted.probability_no_purchase(toy[there], wait)
        np.testing.assert_allclose(none, 1 - share, rtol=1e-10)
        for_ever = fitted.probability_no_purchase(toy[~there], 1e15)
        assert (for_ever >= 1 - share - 1e-3).all()


@settings(deadline=None, max_examples=60)
@given(
    theta=st.tuples(*[st.floats(-4, 4)] * 4),
    x=st.integers(0, 5000),
    share=st.floats(0.01, 1),
    age=st.floats(0.1, 500),
    t=st.floats(0.01, 500),
)
def test_predictions_stay_in_range_for_any_parameters(theta, x, share, age, t):
    model = BetaGeoModel()
    model._set_theta(np.array(theta), np.zeros((4, 4)))
    row = one(x, share * age if x else 0.0, age)
    alive = model.probability_alive(row).item()
    later = model.probability_alive_path(row, [0.0, t]).iloc[0].tolist()
    assert 0 <= later[1] <= later[0] == alive <= 1
    near = model.expected_purchases(row, t).item()
    far = model.expected_purchases(row, 2 * t).item()
    assert 0 <= near <= far * (1 + 1e-9)
    none = model.probability_no_purchase(row, t).item()
    assert 0 <= none <= 1
    assert near >= (1 - none) * (1 - 1e-9)  # those who buy, buy at least once


def test_predictions_are_keyed_like_the_frame(fitted, summary):
    some = summary.sample(frac=0.1, random_state=0)
    found = fitted.expected_purchases(some, 26)
    assert found.index.equals(some.index)
    whole = fitted.expected_purchases(summary, 26)
    pd.testing.assert_series_equal(found, whole.loc[some.index])


def test_horizon_may_differ_by_customer(fitted, toy):
    t = np.arange(9.0)
    found = fitted.expected_purchases(toy, t)
    assert found.iloc[4] == pytest.approx(
        fitted.expected_purchases(toy, 4.0).iloc[4], rel=1e-13
    )


# -- nasty data ----------------------------------------------------------------


def test_fit_warns_in_words_when_nobody_ever_leaves():
    rng = np.random.default_rng(0)
    age = rng.uniform(20, 40, 1000)
    x = rng.poisson(rng.gamma(0.8, 1 / 8, 1000) * age)
    last = np.where(x > 0, age * rng.random(1000) ** (1 / np.maximum(x, 1)), 0.0)
    data = pd.DataFrame({"frequency": x, "recency": last, "T": age})
    with pytest.warns(BoundaryWarning, match="nobody ever seems to leave"):
        model = BetaGeoModel().fit(data)
    assert model.r_ == pytest.approx(0.8, abs=0.15)
    assert np.isnan(model.standard_errors_["a"])
    assert np.isfinite(model.expected_purchases(data, 1000.0)).all()
    assert model.probability_alive(data).min() > 0.9
    held = BetaGeoModel(penalty=0.001).fit(data)
    assert held.log_likelihood_ > model.log_likelihood_ - 10
    assert held.at_edge_ == {}


def test_fit_gives_finite_predictions_beside_a_buyer_of_five_thousand(summary):
    heavy = one(5000, 38.85, 38.86).rename(index={0: 99999})
    both = pd.concat([summary, heavy])
    model = BetaGeoModel().fit(both)
    found = model.expected_purchases(both, 39)
    assert np.isfinite(found).all()
    assert 1000 < found.loc[99999] < 5200


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"frequency": [0] * 5, "recency": [0] * 5, "T": [1] * 5}, "a second time"),
        ({"frequency": [2], "recency": [3], "T": [9]}, "cannot pin down"),
        ({"frequency": [0] * 5, "recency": [0] * 5, "T": [0] * 5}, "T is 0 for every"),
        ({"frequency": [], "recency": [], "T": []}, "no customers"),
    ],
)
def test_fit_says_what_is_missing_when_there_is_too_little(data, sentence):
    with pytest.raises(NotEnoughHistoryError, match=sentence):
        BetaGeoModel().fit(pd.DataFrame(data))


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ((1.5, 3, 9), "frequency is not a whole number"),
        ((-1, 3, 9), "frequency is not a whole number"),
        ((2, 10, 9), "recency is greater than T"),
        ((2, -1, 9), "recency is negative"),
        ((0, 3, 9), "frequency is 0 but recency is not"),
        ((2, 0, 9), "frequency is positive but recency is 0"),
    ],
)
def test_fit_refuses_histories_that_cannot_be(toy, row, sentence):
    toy = toy.drop(columns="weight").astype(float)
    toy.loc[100] = row
    with pytest.raises(DataError, match=rf"{sentence}.* for 1 of 10 .*\(100\)"):
        BetaGeoModel().fit(toy)


def test_fit_refuses_a_negative_penalty(toy):
    with pytest.raises(ValueError, match="penalty must be"):
        BetaGeoModel(penalty=-1.0).fit(toy)


@pytest.mark.parametrize("t", [-1.0, np.nan, np.inf])
def test_predictions_refuse_a_horizon_that_is_no_length(fitted, toy, t):
    with pytest.raises(ValueError, match="t must be a finite length"):
        fitted.expected_purchases(toy, t)


def test_predictions_refuse_other_nonsense(fitted, toy):
    with pytest.raises(ValueError, match="one for each of the 9"):
        fitted.expected_purchases(toy, np.ones(3))
    with pytest.raises(ValueError, match="n must be a whole number"):
        fitted.probability_n_purchases(toy, 1.5, 3.0)
    with pytest.raises(ValueError, match="level must lie"):
        fitted.expected_next_order(toy, level=95)
