from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.errors import DataError
from regulars.metrics import (
    policy_value,
    qini_auc_score,
    ranking_test,
    uplift_at_k,
    uplift_auc_score,
    uplift_by_group,
    uplift_curve,
)


def trial(seed=0, n=4_000, share=0.4, slope=1.0):
    """Outcomes of customers whose effect is `slope` times what is predicted."""
    rng = np.random.default_rng(seed)
    uplift = rng.normal(size=n)
    treatment = (rng.random(n) < share).astype(float)
    y = 2.0 + treatment * slope * uplift + rng.normal(size=n)
    return {"y": y, "treatment": treatment, "uplift": uplift}


def test_curve_ends_at_the_difference_of_means():
    data = trial()
    treated = data["treatment"] == 1
    plain = data["y"][treated].mean() - data["y"][~treated].mean()
    curve = uplift_curve(**data)
    assert curve["gain"].iloc[-1] == pytest.approx(plain)
    assert curve["random"].iloc[-1] == curve["gain"].iloc[-1]
    assert curve["share"].iloc[[0, -1]].tolist() == [0.0, 1.0]


def test_areas_are_those_of_the_curve_by_hand():
    # by hand: effects of the draw are 2, -2, 0, 0; halves of the customers
    data = {"y": [1, 1, 0, 0], "treatment": [1, 0, 1, 0], "uplift": [4, 3, 2, 1]}
    curve = uplift_curve(**data)
    assert curve["gain"].tolist() == [0.0, 0.5, 0.0, 0.0, 0.0]
    assert uplift_auc_score(**data) == pytest.approx(0.125)
    assert qini_auc_score(**data) == pytest.approx(0.125)
    assert uplift_at_k(**data, k=0.25) == pytest.approx(2.0)
    assert uplift_at_k(**data, k=1.0) == pytest.approx(0.0)


def test_area_of_a_true_ranking_is_what_theory_says():
    # effect N(0, 1): the mean of the top share s is phi / s, and the area 1/(2 sqrt pi)
    found = [qini_auc_score(**trial(seed, 20_000)) for seed in range(20)]
    expected = 1 / (2 * np.sqrt(np.pi))
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found) - expected) < 4 * error


@given(st.integers(0, 1_000))
@settings(max_examples=20, deadline=None)
def test_order_alone_counts(seed):
    data = trial(seed, 200)
    other = data | {"uplift": np.exp(3 * data["uplift"])}
    for score in (qini_auc_score, uplift_auc_score):
        assert score(**data) == pytest.approx(score(**other), abs=1e-12)
    order = np.random.default_rng(seed).permutation(200)
    shuffled = {name: values[order] for name, values in data.items()}
    assert qini_auc_score(**data) == pytest.approx(qini_auc_score(**shuffled))


def test_equal_predictions_rank_nobody():
    data = trial() | {"uplift": np.zeros(4_000)}
    assert qini_auc_score(**data) == 0.0
    curve = uplift_curve(**data)
    assert len(curve) == 2


def test_known_draws_of_several_shares_are_unbiased():
    rng = np.random.default_rng(1)
    n = 400_000
    share = rng.choice([0.1, 0.8], n)
    treatment = rng.random(n) < share
    # who is drawn more often buys more anyway
    y = 5.0 * (share > 0.5) + 1.0 * treatment + rng.normal(size=n)
    data = {"y": y, "treatment": treatment, "uplift": rng.normal(size=n)}
    whole = uplift_curve(**data, propensity=share)["gain"].iloc[-1]
    assert whole == pytest.approx(1.0, abs=0.1)
    assert uplift_curve(**data)["gain"].iloc[-1] > 2.0


def test_groups_show_the_effect_that_was_put_in():
    table = uplift_by_group(**trial(3, 40_000), n_groups=5)
    assert table["group"].tolist() == [1, 2, 3, 4, 5]
    assert (table["low"] < table["predicted"]).all()
    assert (table["high"] > table["predicted"]).all()
    assert (table["n_treated"] + table["n_control"]).tolist() == [8_000] * 5


def test_group_without_a_side_has_no_effect():
    table = uplift_by_group(
        y=[1, 2, 3], treatment=[1, 1, 0], uplift=[3, 2, 1], n_groups=2
    )
    assert np.isnan(table["effect"][0])
    assert np.isnan(table["low"]).all()


def test_policy_is_valued_without_bias_and_its_error_is_right():
    rng = np.random.default_rng(2)
    values, errors = [], []
    for _ in range(300):
        n = 500
        shares = np.tile([0.5, 0.3, 0.2], (n, 1))
        arm = rng.choice(3, n, p=[0.5, 0.3, 0.2])
        choice = np.arange(n) % 3
        y = rng.normal(size=n) + np.array([0.0, 1.0, 3.0])[arm]
        found = policy_value(y=y, arm=arm, shares=shares, choice=choice, cost=0.5)
        values.append(found.value)
        errors.append(found.standard_error)
    # a third has offer 1, a third offer 2: (1 - .5 + 3 - .5) n / 3
    truth = 500 * 3.0 / 3
    assert np.mean(values) == pytest.approx(truth, abs=4 * np.std(values) / 300**0.5)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)


def test_policy_of_nobody_is_worth_nothing():
    found = policy_value(
        y=[1, 2], arm=[0, 1], shares=[[0.5, 0.5]] * 2, choice=[0, 0], cost=9.0
    )
    assert found.value == 0.0
    assert found.z == 0.0


def test_ranking_is_claimed_as_often_as_it_should_be():
    z = []
    for seed in range(400):
        data = trial(seed, 500, slope=0.0)
        z.append(ranking_test(**data, baseline=np.full(500, 2.0)).z)
    assert np.mean(np.array(z) > 1.645) == pytest.approx(0.05, abs=0.035)
    assert ranking_test(**trial(0), baseline=np.zeros(4_000)).z > 10


def test_prediction_that_is_the_same_for_all_ranks_nothing():
    data = trial() | {"uplift": np.ones(4_000)}
    assert ranking_test(**data, baseline=np.zeros(4_000)).z == 0.0


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"treatment": np.ones(4_000)}, "some of each"),
        ({"treatment": np.full(4_000, 0.5)}, "some of each"),
        ({"uplift": np.ones(3)}, "'uplift' has 3 values for 4,000"),
        ({"y": np.full(4_000, np.nan)}, "'y' has 4,000 of 4,000"),
        ({"propensity": np.ones(4_000)}, "between 0 and 1"),
    ],
)
def test_wrong_input_is_told(change, match):
    with pytest.raises(DataError, match=match):
        uplift_curve(**(trial() | change))


@pytest.mark.parametrize("k", [0.0, 1.5])
def test_share_that_is_none_is_refused(k):
    with pytest.raises(ValueError, match="a share of customers"):
        uplift_at_k(**trial(), k=k)
