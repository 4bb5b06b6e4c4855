from __future__ import annotations

import numpy as np
import pytest
from scipy.special import kolmogorov

from regulars.scoring.distance import beyond_chance, count_table, distance


def test_customers_are_counted_by_tenure_and_bin():
    table = count_table(np.array([0, 1, 1]), np.array([0, 0, 1]), 2)
    assert table.tolist() == [[1, 1], [0, 1]]


def test_same_shares_are_no_distance():
    counts = np.array([[10.0, 20, 70]])
    found = distance(counts, 3 * counts, 1.0)
    assert found.ks == pytest.approx(0)
    assert found.psi == 0
    assert found.n_effective == pytest.approx(75)


def test_population_that_grows_old_is_no_drift():
    # the old hardly ever lie in the last bin, the young always do
    before = np.array([[0.0, 0, 100], [0, 90, 10]])
    older = np.array([[0.0, 0, 10], [0, 900, 100]])
    assert distance(older, before, 1.0).ks == pytest.approx(0)
    # but of like tenure they may differ
    changed = np.array([[0.0, 0, 10], [0, 500, 500]])
    assert distance(changed, before, 1.0).ks > 0.3


def test_psi_is_the_formula_less_what_chance_gives():
    a, e = np.array([[0.0, 3000, 7000]]), np.array([[0.0, 5000, 5000]])
    found = distance(a, e, 1.0)
    plain = (0.3 - 0.5) * np.log(0.3 / 0.5) + (0.7 - 0.5) * np.log(0.7 / 0.5)
    assert found.psi == pytest.approx(plain, rel=0.01)


def test_tenures_that_were_never_seen_are_not_compared():
    found = distance(np.array([[0.0, 0], [0, 5]]), np.array([[0.0, 9]]), 1.0)
    assert found.n_effective == 0


def test_customers_of_several_snapshots_count_once():
    one, two = (
        distance(np.array([[0.0, 50, 50]]), np.array([[0.0, 500, 500]]), each)
        for each in (1.0, 5.0)
    )
    assert two.n_effective < one.n_effective


def test_two_samples_of_one_population_pass_the_test_as_often_as_it_says():
    rng = np.random.default_rng(0)
    shares = np.full(20, 0.05)
    found = [
        distance(*rng.multinomial(500, shares, (2, 1)).astype(float), 1.0)
        for _ in range(400)
    ]
    p_values = [kolmogorov(np.sqrt(each.n_effective) * each.ks) for each in found]
    # bins make it stricter than the continuous one
    assert np.mean(np.array(p_values) <= 0.05) <= 0.05
    assert np.mean([beyond_chance(each) > 0 for each in found]) < 0.5
