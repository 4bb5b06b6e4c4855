"""Bounds of lifetime value: both methods agree, and both models count."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.clv import BetaGeoModel, GammaGammaModel, discounted_clv, summarise
from regulars.clv.value_intervals import discounted_clv_interval
from regulars.datasets.simulate import simulate_customers

TERMS = {
    "margin": 0.3,
    "discount_rate_annual": 0.1,
    "horizon_days": 365,
    "time_unit_days": 7,
}


@pytest.fixture(scope="module")
def shop():
    shop = simulate_customers(1500, random_state=0, return_rate=0.0)
    naive = shop.orders["order_time"].dt.tz_convert(None)  # ibis warns of zones
    log = shop.orders.assign(order_time=naive)
    summary = summarise(log, "2025-12-31", time_unit_days=7)
    return BetaGeoModel().fit(summary), GammaGammaModel().fit(summary), summary


def test_methods_agree_when_there_are_many_customers(shop):
    model, value_model, summary = shop
    some = summary.head(40)
    delta = discounted_clv_interval(model, some, value_model=value_model, **TERMS)
    drawn = discounted_clv_interval(
        model,
        some,
        value_model=value_model,
        method="bootstrap",
        n_draws=120,
        random_state=0,
        **TERMS,
    )
    expected = discounted_clv(model, some, value_model=value_model, **TERMS)
    pd.testing.assert_series_equal(delta["estimate"], expected, check_names=False)
    width = np.log(delta["upper"] / delta["lower"])
    other = np.log(drawn["upper"] / drawn["lower"])
    np.testing.assert_allclose(other / width, 1.0, atol=0.35)


def test_bounds_widen_when_value_is_estimated_too(shop):
    model, value_model, summary = shop
    some = summary.head(40)
    known = discounted_clv_interval(
        model,
        some,
        expected_value=value_model.expected_average_value(some),
        **TERMS,
    )
    both = discounted_clv_interval(model, some, value_model=value_model, **TERMS)
    assert (both["upper"] / both["lower"] > known["upper"] / known["lower"]).all()
    wider = discounted_clv_interval(
        model, some, value_model=value_model, level=0.99, **TERMS
    )
    assert (wider["upper"] > both["upper"]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "guess"}, "method must be one of"),
        ({"level": 1.0}, "level must lie between"),
        ({"n_draws": 1}, "n_draws must be at least 2"),
    ],
)
def test_interval_raises_when_an_option_is_wrong(shop, options, message):
    model, value_model, summary = shop
    with pytest.raises(ValueError, match=message):
        discounted_clv_interval(
            model, summary, value_model=value_model, **TERMS, **options
        )
