"""The purchase process: weeks inside, days outside, a gap, and its way to JSON."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from regulars.clv.process import COLUMNS, PurchaseProcess, purchase_summary
from regulars.errors import NotEnoughHistoryError


@pytest.fixture(scope="module")
def features():
    rng = np.random.default_rng(0)
    age = rng.uniform(100, 300, 2000)
    active = np.minimum(age, rng.exponential(1 / rng.gamma(1.0, 0.01, 2000)))
    repeats = rng.poisson(rng.gamma(1.0, 0.02, 2000) * active)
    back, most = repeats > 0, np.maximum(repeats, 1)
    last = active * rng.beta(most, 1)
    spend = 20 * rng.gamma(6.0 * most) / most / rng.gamma(4.0, size=2000)
    return pd.DataFrame(
        {
            "frequency": 1.0 * repeats,
            "T_days": age,
            "recency_days": np.where(back, last, 0.0),
            "monetary_value": np.where(back, spend, 0.0),
        }
    )


@pytest.fixture(scope="module")
def process(features):
    return PurchaseProcess().fit(features)


def test_summary_is_in_weeks():
    row = {"frequency": 1.0, "recency_days": 14.0, "T_days": 21.0}
    summary = purchase_summary(pd.DataFrame([row | {"monetary_value": 9.5}]))
    assert summary.iloc[0].tolist() == [1.0, 2.0, 3.0, 9.5]


def test_summary_prefers_orders_before_returns():
    row = {"frequency": 1.0, "recency_days": 14.0, "T_days": 21.0}
    money = {"monetary_value": 9.5, "gross_order_value": 12.0}
    assert purchase_summary(pd.DataFrame([row | money]))["monetary_value"][0] == 12.0


def test_forecast_has_a_column_for_each_name_and_makes_spend_of_both(process, features):
    forecast = process.predict(features, horizon_days=90)
    assert tuple(forecast.columns) == COLUMNS
    product = forecast["btyd_expected_purchases"] * forecast["btyd_order_value"]
    np.testing.assert_allclose(forecast["btyd_expected_spend"], product)


def test_expected_purchases_after_a_gap_are_the_difference_of_two_horizons(
    process, features
):
    def expected(**window):
        return process.predict(features, **window)["btyd_expected_purchases"]

    difference = expected(horizon_days=120) - expected(horizon_days=30)
    np.testing.assert_allclose(expected(horizon_days=90, gap_days=30), difference)


def test_silence_after_a_gap_is_likelier_than_at_once(process, features):
    name = "btyd_no_purchase_probability"
    at_once = process.predict(features, horizon_days=90)[name]
    later = process.predict(features, horizon_days=90, gap_days=30)[name]
    assert (later >= at_once).all()
    assert later.between(0, 1).all()


def test_value_is_linear_in_the_margin(process, features):
    terms = {"discount_rate_annual": 0.1, "horizon_days": 365}
    one = process.clv(features, margin=0.1, **terms)
    np.testing.assert_allclose(3 * one, process.clv(features, margin=0.3, **terms))


def test_days_to_next_order_are_days(process, features):
    days = process.days_to_next_order(features)
    weeks = process.purchases_.expected_next_order(purchase_summary(features))
    np.testing.assert_allclose(days, 7 * weeks["median"])


@pytest.mark.parametrize("kind", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_process_comes_back_from_json(kind, features):
    process = PurchaseProcess(kind).fit(features.head(600))
    again = PurchaseProcess.from_dict(json.loads(json.dumps(process.to_dict())))
    pd.testing.assert_frame_equal(
        again.predict(features, horizon_days=90),
        process.predict(features, horizon_days=90),
        check_exact=True,
    )


def test_log_in_which_nobody_came_back_is_refused(features):
    free = features.assign(monetary_value=0.0)
    with pytest.raises(NotEnoughHistoryError, match="has come back on a later day"):
        PurchaseProcess().fit(free)
