from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.config import ValueSettings
from regulars.kinds.contractual.value import PRIOR_CONTRACTS, remaining_value
from regulars.kpis.survival import hazard_by_tenure

NOBODY = pd.DataFrame({"n_exposed": [100.0], "n_ended": [0], "from_days": [0]})


def settings(**more):
    base = {"margin": 0.5, "discount_rate_annual": 0.0, "clv_horizon_days": 365}
    return ValueSettings(**{**base, **more})


def test_value_is_price_times_margin_times_months_when_nobody_leaves():
    found = remaining_value([10.0], [20.0], NOBODY, settings(clv_horizon_days=731))
    assert found[0] == pytest.approx(0.5 * 20 * 731 / (365.25 / 12))


def test_value_falls_with_hazard_and_discount():
    hazard = hazard_by_tenure(np.full(200, 100.0), np.arange(200) < 100)
    still = remaining_value([50.0], [20.0], NOBODY, settings())[0]
    mortal = remaining_value([50.0], [20.0], hazard, settings())[0]
    discounted = remaining_value(
        [50.0], [20.0], hazard, settings(discount_rate_annual=0.5)
    )[0]
    assert discounted < mortal < still


def test_value_is_linear_in_margin_and_price():
    hazard = hazard_by_tenure([30.0, 60.0, 90.0], [True, False, True])
    one = remaining_value([0.0, 40.0], [1.0, 1.0], hazard, settings(margin=0.1))
    ten = remaining_value([0.0, 40.0], [5.0, 5.0], hazard, settings(margin=0.2))
    np.testing.assert_allclose(ten, 10 * one)


def test_constant_hazard_gives_the_geometric_sum():
    rate = 0.1
    hazard = pd.DataFrame(
        {"n_exposed": [1000.0], "n_ended": [1000 * rate], "from_days": [0]}
    )
    months = 365.25 / 12
    found = remaining_value([7.0], [10.0], hazard, settings(clv_horizon_days=61))
    weights = [1.0, 1.0, 61 / months - 2]
    kept = [np.exp(-rate * m * months / 30) for m in range(3)]
    assert found[0] == pytest.approx(5 * np.dot(weights, kept))
    assert PRIOR_CONTRACTS > 0


def test_value_is_missing_where_the_price_is():
    assert np.isnan(remaining_value([0.0], [np.nan], NOBODY, settings()))[0]


def test_who_stays_through_the_horizon_pays_until_then_for_certain():
    rate, months = 0.1, 365.25 / 12
    hazard = pd.DataFrame(
        {"n_exposed": [1e6], "n_ended": [1e6 * rate], "from_days": [0]}
    )
    year = settings(clv_horizon_days=122)
    now = remaining_value([7.0], [10.0], hazard, year)
    kept = remaining_value([7.0], [10.0], hazard, year, kept_days=60)
    ahead = np.arange(5) * months
    weights = np.minimum(122 / months - np.arange(5), 1.0)
    survival = np.exp(-rate * np.maximum(ahead - 60, 0) / 30)
    assert kept[0] == pytest.approx(5 * weights @ survival, rel=1e-4)
    assert kept[0] > now[0]


def test_horizon_beyond_the_value_is_paid_in_full():
    hazard = hazard_by_tenure(np.full(200, 100.0), np.arange(200) < 100)
    whole = remaining_value([50.0], [20.0], NOBODY, settings())
    kept = remaining_value([50.0], [20.0], hazard, settings(), kept_days=400)
    np.testing.assert_allclose(kept, whole)
