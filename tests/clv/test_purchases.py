"""What the three purchase models share, by their predictions for three histories."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.clv import BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel

MODELS = [BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel]
ROWS = pd.DataFrame(
    {"frequency": [0, 1, 4], "recency": [0, 9, 30], "T": 39, "weight": [60, 25, 15]},
    index=["once", "gone quiet", "regular"],
)


@pytest.fixture(scope="module", params=MODELS, ids=lambda kind: kind.__name__)
def model(request):
    return request.param(penalty=0.01).fit(ROWS)


def test_bg_nbd_predictions_are_those_of_the_first_release():
    model = BetaGeoModel(penalty=0.01).fit(ROWS)
    alive = model.probability_alive(ROWS)
    assert alive.round(3).tolist() == [1.0, 0.325, 0.768]
    assert model.expected_purchases(ROWS, 13).round(3).tolist() == [0.09, 0.109, 0.828]
    silent = model.probability_no_purchase(ROWS, 13)
    assert silent.round(3).tolist() == [0.919, 0.912, 0.51]
    once = model.probability_n_purchases(ROWS, 1, 13)
    assert once.round(3).tolist() == [0.074, 0.071, 0.274]
    assert model.expected_purchases_new_customer(52) == pytest.approx(1.035, abs=5e-4)


def test_no_purchase_is_zero_purchases(model):
    none = model.probability_n_purchases(ROWS, 0, 13)
    silent = model.probability_no_purchase(ROWS, 13)
    np.testing.assert_allclose(none, silent, rtol=1e-9)
    assert none.index.tolist() == ROWS.index.tolist()


def test_path_begins_at_the_probability_of_now_and_falls(model):
    path = model.probability_alive_path(ROWS, [0.0, 13.0, 26.0])
    np.testing.assert_allclose(path[0.0], model.probability_alive(ROWS))
    assert (path.diff(axis=1).iloc[1:, 1:] < 0).to_numpy().all()


def test_new_customers_chances_add_up_to_their_mean(model):
    counts = np.arange(400)
    chances = model.probability_n_purchases_new_customer(counts, 52)
    assert chances.sum() == pytest.approx(1.0, abs=1e-6)
    mean = model.expected_purchases_new_customer(52)
    assert counts @ chances == pytest.approx(mean, rel=1e-3)
