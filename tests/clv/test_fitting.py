"""The optimiser: tops, edges, ridges, samples and failures."""

from __future__ import annotations

import numpy as np
import pytest

from regulars.clv.fitting import maximise, numeric_hessian, single_threaded
from regulars.errors import ConvergenceError


def bowl(centre, curvature):
    """Return a concave quadratic with a known top."""

    def objective(theta):
        away = theta - centre
        return float(-0.5 * away @ curvature @ away) + 3.0, -curvature @ away

    return objective


def test_maximise_finds_top_and_covariance_of_a_quadratic():
    curvature = np.array([[4.0, 1.0], [1.0, 2.0]])
    best = maximise(
        bowl(np.array([1.0, -2.0]), curvature),
        [np.zeros(2)],
        names=("u", "v"),
        n_customers=10,
    )
    np.testing.assert_allclose(best.theta, [1.0, -2.0], atol=1e-6)
    np.testing.assert_allclose(best.covariance, np.linalg.inv(curvature), rtol=1e-6)
    assert best.log_likelihood == pytest.approx(3.0)
    assert best.at_edge == {}
    assert best.unidentified == ()


def test_maximise_takes_the_better_of_two_tops():
    def two_tops(theta):  # tops at -2 (low) and 2 (high)
        u = theta[0]
        value = -((u * u - 4) ** 2) / 10 + u / 4
        return float(value), np.array([-4 * u * (u * u - 4) / 10 + 0.25])

    best = maximise(
        two_tops, [np.array([-2.5]), np.array([2.5])], names=("u",), n_customers=1
    )
    assert best.theta[0] > 1.9


def test_maximise_names_the_parameter_at_an_edge():
    def rising(theta):
        return float(theta[0] - theta[1] ** 2), np.array([1.0, -2 * theta[1]])

    best = maximise(
        rising,
        [np.zeros(2)],
        names=("up", "mid"),
        n_customers=1,
        lower=-5.0,
        upper=5.0,
    )
    assert best.at_edge == {"up": "upper"}
    assert best.theta[0] == 5.0
    assert best.covariance[0].tolist() == [0.0, 0.0]
    assert best.covariance[1, 1] == pytest.approx(0.5, rel=1e-6)


def test_maximise_names_the_parameters_along_a_flat_direction():
    def ridge(theta):  # only the difference is identified
        away = theta[0] - theta[1] - 1
        return float(-(away**2)), np.array([-2 * away, 2 * away])

    best = maximise(ridge, [np.zeros(2)], names=("u", "v"), n_customers=1)
    assert best.unidentified == ("u", "v")
    assert np.isfinite(best.covariance).all()


def test_maximise_finishes_on_all_customers_when_the_starts_race_on_a_sample():
    full, sample = bowl(np.array([1.0]), np.eye(1)), bowl(np.array([1.3]), np.eye(1))
    best = maximise(full, [np.zeros(1)], names=("u",), n_customers=1, coarse=sample)
    assert best.theta[0] == pytest.approx(1.0, abs=1e-6)


def test_maximise_shrinks_with_a_penalty():
    best = maximise(
        bowl(np.array([1.0]), np.eye(1)),
        [np.zeros(1)],
        names=("u",),
        n_customers=1,
        penalty=0.5,
    )
    assert best.theta[0] == pytest.approx(0.5, abs=1e-6)  # 1 / (1 + 2 * 0.5)


def test_maximise_raises_with_iterations_and_gradient_when_the_slope_is_wrong():
    def lying(theta):  # says it rises to the right, falls in truth
        return float(-theta[0]), np.array([1.0])

    with pytest.raises(ConvergenceError, match="could not be maximised") as caught:
        maximise(
            lying, [np.zeros(1)], names=("u",), n_customers=1, lower=-5.0, upper=5.0
        )
    assert caught.value.gradient == (1.0,)
    assert caught.value.iterations is not None


def test_maximise_needs_a_start():
    with pytest.raises(ValueError, match="at least one start"):
        maximise(bowl(np.zeros(1), np.eye(1)), [], names=("u",), n_customers=1)


def test_numeric_hessian_is_that_of_a_cubic():
    def cubic(theta):
        return float((theta**3).sum()), 3 * theta**2

    hessian = numeric_hessian(cubic, np.array([1.0, 2.0]))
    np.testing.assert_allclose(hessian, np.diag([6.0, 12.0]), atol=1e-6)


def test_single_threaded_gives_the_same_product():
    with single_threaded():
        assert np.ones(5) @ np.ones(5) == 5.0
