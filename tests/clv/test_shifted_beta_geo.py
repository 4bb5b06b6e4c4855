"""sBG: the tables of Fader and Hardie (2007), sums against closed forms, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import hyp2f1

from regulars.clv.shifted_beta_geo import ShiftedBetaGeoModel, summary_from_survivors
from regulars.errors import BoundaryWarning, DataError, NotEnoughHistoryError

REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]


@pytest.fixture(scope="module")
def high_end():
    return ShiftedBetaGeoModel().fit(summary_from_survivors(HIGH_END))


def at(alpha, beta):
    model = ShiftedBetaGeoModel()
    model._set_theta(np.log([alpha, beta]), np.eye(2))
    return model


@pytest.mark.parametrize(
    ("survivors", "alpha", "beta", "log_likelihood"),
    [(REGULAR, 0.704, 1.182, -1680.3), (HIGH_END, 0.668, 3.806, -1611.2)],
    ids=["regular", "high end"],
)
def test_parameters_equal_the_papers(survivors, alpha, beta, log_likelihood):
    """Fader and Hardie (2007), appendix B, seven years of each cohort."""
    model = ShiftedBetaGeoModel().fit(summary_from_survivors(survivors))
    assert model.alpha_ == pytest.approx(alpha, abs=6e-4)
    assert model.beta_ == pytest.approx(beta, abs=6e-4)
    assert model.log_likelihood_ == pytest.approx(log_likelihood, abs=0.06)


def test_one_row_a_subscriber_gives_the_same_as_the_table(high_end):
    table = summary_from_survivors(HIGH_END)
    each = table.loc[table.index.repeat(table["weight"])].drop(columns="weight")
    model = ShiftedBetaGeoModel().fit(each)
    assert model.params_ == pytest.approx(high_end.params_, rel=1e-6)


def test_survival_is_the_product_of_retention_rates(high_end):
    rates = high_end.retention_rate(np.arange(1, 13))
    np.testing.assert_allclose(np.cumprod(rates), high_end.survival(np.arange(1, 13)))
    assert (np.diff(rates) > 0).all()
    assert high_end.survival(0) == 1.0


def test_projection_of_the_high_end_cohort_follows_its_survivors(high_end):
    np.testing.assert_allclose(
        high_end.survival(np.arange(8)), np.array(HIGH_END) / 1000, atol=0.02
    )


@settings(max_examples=60, deadline=None)
@given(theta=st.tuples(st.floats(-5, 6), st.floats(-5, 6)))
def test_gradient_equals_differences_for_any_parameters(theta):
    from regulars.clv.rows import Rows

    table = summary_from_survivors(HIGH_END)
    rows = Rows(
        {n: table[n].to_numpy() for n in ("recency", "T")}, table["weight"].to_numpy()
    )
    objective = ShiftedBetaGeoModel()._objective(rows)
    theta = np.array(theta)
    gradient = objective(theta)[1]
    for k in range(2):
        step = np.zeros(2)
        step[k] = 1e-6
        slope = (objective(theta + step)[0] - objective(theta - step)[0]) / 2e-6
        assert gradient[k] == pytest.approx(slope, rel=1e-4, abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(
    alpha=st.floats(0.05, 20),
    beta=st.floats(0.05, 20),
    n=st.integers(0, 40),
    rate=st.floats(0.01, 1),
)
def test_discounted_renewals_equal_the_closed_form(alpha, beta, n, rate):
    """Fader and Hardie (2010), equation (6)."""
    model = at(alpha, beta)
    rows = pd.DataFrame({"recency": [n], "T": [n]})
    got = model.discounted_expected_renewals(rows, discount_rate=rate).iloc[0]
    front = (beta + n) / (alpha + beta + n)
    expected = front * hyp2f1(1, beta + n + 1, alpha + beta + n + 1, 1 / (1 + rate))
    assert got == pytest.approx(expected, rel=1e-6)


def test_predictions_of_who_left_are_zero(high_end):
    rows = pd.DataFrame({"recency": [2, 5], "T": [5, 5]}, index=["left", "stayed"])
    alive = high_end.probability_alive(rows)
    assert alive.to_dict() == {"left": 0.0, "stayed": 1.0}
    assert high_end.expected_purchases(rows, 3)["left"] == 0.0
    assert high_end.probability_no_purchase(rows, 3)["left"] == 1.0
    assert high_end.discounted_expected_renewals(rows, discount_rate=0.1)["left"] == 0.0


def test_expected_renewals_are_the_sum_of_survival(high_end):
    rows = pd.DataFrame({"recency": [0, 3], "T": [0, 3]})
    got = high_end.expected_purchases(rows, np.array([4, 2]))
    survival = high_end.survival(np.arange(20))
    expected = [survival[1:5].sum(), (survival[4:6] / survival[3]).sum()]
    np.testing.assert_allclose(got, expected)
    assert high_end.expected_purchases_new_customer(4) == pytest.approx(expected[0])


def test_no_renewal_is_leaving_at_the_next_date(high_end):
    rows = pd.DataFrame({"recency": [3, 3], "T": [3, 3]})
    got = high_end.probability_no_purchase(rows, np.array([0, 6]))
    assert got.tolist() == [1.0, pytest.approx(1 - high_end.retention_rate(4))]


def test_fit_says_so_when_nobody_leaves():
    with pytest.warns(BoundaryWarning, match="nobody leaves.*or nobody does"):
        model = ShiftedBetaGeoModel().fit(summary_from_survivors([500, 500, 500]))
    assert model.survival(10) > 0.99


@pytest.mark.parametrize("seed", range(4))
def test_truth_lies_within_four_standard_errors(seed):
    rng = np.random.default_rng(seed)
    truth = {"alpha": rng.uniform(0.4, 3), "beta": rng.uniform(0.6, 6)}
    leaves_at = rng.geometric(rng.beta(truth["alpha"], truth["beta"], 20_000))
    dates = rng.integers(1, 15, 20_000)
    rows = pd.DataFrame({"recency": np.minimum(leaves_at - 1, dates), "T": dates})
    model = ShiftedBetaGeoModel().fit(rows)
    for name, value in truth.items():
        error = model.standard_errors_[name] / model.params_[name]
        assert abs(np.log(model.params_[name] / value)) < 4 * error


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        ({"recency": [3], "T": [2]}, DataError, "recency is greater than T"),
        ({"recency": [-1], "T": [2]}, DataError, "recency is not a whole number"),
        ({"recency": [0.5], "T": [2]}, DataError, "recency is not a whole number"),
        ({"recency": [0], "T": [0]}, NotEnoughHistoryError, "No renewal date has come"),
    ],
)
def test_fit_raises_when_contracts_are_impossible(rows, error, message):
    with pytest.raises(error, match=message):
        ShiftedBetaGeoModel().fit(pd.DataFrame(rows))


@pytest.mark.parametrize("survivors", [[], [100], [100, 110], [100, -1], [100, np.nan]])
def test_survivors_raise_when_they_are_no_cohort(survivors):
    with pytest.raises(DataError, match="n_survivors must be"):
        summary_from_survivors(survivors)


def test_rates_raise_when_out_of_range(high_end):
    rows = pd.DataFrame({"recency": [1], "T": [1]})
    with pytest.raises(ValueError, match="discount_rate must be at least"):
        high_end.discounted_expected_renewals(rows, discount_rate=0.0)
    with pytest.raises(ValueError, match="t must be at least 1"):
        high_end.retention_rate(0)
