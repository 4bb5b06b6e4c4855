from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from regulars.metrics import (
    gains_curve,
    lift_at_k,
    lift_curve,
    precision_recall_points,
    roc_auc,
    roc_points,
)


@pytest.fixture
def window():
    rng = np.random.default_rng(3)
    y = (rng.random(400) < 0.3).astype(float)
    return y, np.round(rng.random(400) + y / 3, 2)


def test_roc_points_equal_scikit_learn(window):
    points = roc_points(*window)
    false_rate, true_rate, _ = sk.roc_curve(*window, drop_intermediate=False)
    np.testing.assert_allclose(points["false_positive_rate"], false_rate)
    np.testing.assert_allclose(points["true_positive_rate"], true_rate)


def test_area_under_the_roc_points_is_the_roc_auc(window):
    points = roc_points(*window)
    area = np.trapezoid(points["true_positive_rate"], points["false_positive_rate"])
    assert area == pytest.approx(roc_auc(*window))


def test_roc_points_keep_both_ends_when_thinned(window):
    points = roc_points(*window, max_points=20)
    assert len(points) == 20
    ends = points[["false_positive_rate", "true_positive_rate"]].iloc[[0, -1]]
    assert ends.to_numpy().tolist() == [[0, 0], [1, 1]]


def test_roc_points_are_all_kept_when_fewer_than_the_limit():
    assert len(roc_points([0, 1], [0.2, 0.8], max_points=50)) == 3


@pytest.mark.parametrize("y", [[0, 0], [1, 1]])
def test_roc_points_have_a_nan_rate_when_there_is_one_class(y):
    points = roc_points(y, [0.2, 0.8])
    absent = "true_positive_rate" if y[0] == 0 else "false_positive_rate"
    assert points[absent].isna().all()


def test_curve_refuses_a_single_point():
    with pytest.raises(ValueError, match=r"'max_points' is 1; .* at least 2"):
        roc_points([0, 1], [0.2, 0.8], max_points=1)
    with pytest.raises(ValueError, match=r"'n_points' is 1; .* at least 2"):
        gains_curve([0, 1], [0.2, 0.8], n_points=1)


def test_precision_recall_points_equal_scikit_learn(window):
    points = precision_recall_points(*window)
    precision, recall, threshold = sk.precision_recall_curve(*window)
    np.testing.assert_allclose(points["threshold"], threshold[::-1])
    np.testing.assert_allclose(points["precision"], precision[:-1][::-1])
    np.testing.assert_allclose(points["recall"], recall[:-1][::-1])


def test_gains_are_the_diagonal_when_the_score_is_constant():
    gains = gains_curve([0, 1, 0, 1], [0.5] * 4, n_points=5)
    assert gains["share_reached"].tolist() == [0, 0.25, 0.5, 0.75, 1]


def test_gains_are_nan_when_nobody_churned():
    assert gains_curve([0, 0], [0.1, 0.2])["share_reached"].isna().all()


def test_lift_curve_meets_lift_at_k(window):
    curve = lift_curve(*window, n_points=11)
    assert curve["lift"].iloc[0] == pytest.approx(lift_at_k(*window, fraction=0.1))
    assert curve["lift"].iloc[-1] == pytest.approx(1)
