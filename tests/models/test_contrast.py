from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from regulars.models.contrast import Contrast

FEATURES = pd.DataFrame(
    {"n_orders": [1.0, 1.0, 9.0, 7.0], "gap": [np.nan, np.nan, 4.0, np.nan]}
)
SHARES = pd.DataFrame({"n_orders": [1.0, 2.0, -3.0, -1.0]})
CHURN = np.array([0.9, 0.9, 0.1, 0.1])


@pytest.fixture
def contrast():
    return Contrast.of(FEATURES, SHARES, CHURN)


def test_customers_count_by_the_probability_of_either(contrast):
    # (0.1 x 1 + 0.1 x 2 + 0.9 x -3 + 0.9 x -1) / 2, and with 0.9 and 0.1 changed about
    assert contrast.stay.contributions["n_orders"] == pytest.approx(-1.65)
    assert contrast.leave.contributions["n_orders"] == pytest.approx(1.15)


def test_medians_are_those_of_most_of_the_weight(contrast):
    assert contrast.stay.features["n_orders"] == 7.0
    assert contrast.leave.features["n_orders"] == 1.0


def test_median_is_of_those_for_whom_it_is_known(contrast):
    assert contrast.leave.features["gap"] == 4.0
    nobody = Contrast.of(FEATURES[["gap"]].head(2), SHARES.head(2), CHURN[:2])
    assert np.isnan(nobody.stay.features["gap"])


def test_it_survives_json(contrast):
    kept = Contrast.from_dict(json.loads(json.dumps(contrast.to_dict())))
    for side in ("stay", "leave"):
        pd.testing.assert_series_equal(
            getattr(kept, side).features, getattr(contrast, side).features
        )
        pd.testing.assert_series_equal(
            getattr(kept, side).contributions, getattr(contrast, side).contributions
        )
