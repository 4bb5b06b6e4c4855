from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.clv import BetaGeoModel
from regulars.errors import NotEnoughHistoryError

ROWS = pd.DataFrame(
    {"frequency": [0, 1, 4], "recency": [0, 9, 30], "T": 39, "weight": [60, 25, 15]}
)


@pytest.fixture(scope="module")
def model():
    return BetaGeoModel(penalty=0.01).fit(ROWS)


def test_criteria_count_parameters_and_customers(model):
    assert model.aic_ == pytest.approx(8 - 2 * model.log_likelihood_)
    wanted = 4 * np.log(100) - 2 * model.log_likelihood_
    assert model.bic_ == pytest.approx(wanted)


def test_standard_errors_are_of_the_parameters_not_of_their_logarithms(model):
    error = np.sqrt(model.covariance_[1, 1]) * model.alpha_
    assert model.standard_errors_["alpha"] == pytest.approx(error)
    assert np.diag(model.correlations_) == pytest.approx(np.ones(4))


def test_every_parameter_is_an_attribute(model):
    assert model.params_ == {
        n: getattr(model, f"{n}_") for n in ("r", "alpha", "a", "b")
    }


def test_starts_race_on_a_sample_and_end_on_all_customers(monkeypatch, summary):
    whole = BetaGeoModel().fit(summary)
    monkeypatch.setattr(BetaGeoModel, "_sample_size", 200)
    sampled = BetaGeoModel().fit(summary)
    for name, value in whole.params_.items():
        assert sampled.params_[name] == pytest.approx(value, rel=1e-4)


def test_summary_of_nobody_is_refused():
    with pytest.raises(NotEnoughHistoryError, match="has no customers"):
        BetaGeoModel().fit(ROWS.head(0))
