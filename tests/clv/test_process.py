"""The purchase process: weeks inside, days outside, a gap, and its way to JSON."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from regulars.clv.process import (
    BY_VALUE,
    COLUMNS,
    LABELS,
    ORDER_SIZE,
    PurchaseProcess,
    purchase_history,
)
from regulars.errors import NotEnoughHistoryError

SILENT = "btyd_no_purchase_probability"


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
    summary = purchase_history(pd.DataFrame([row | {"monetary_value": 9.5}]))
    assert [value[0] for value in summary.values()] == [1.0, 2.0, 3.0, 9.5]


def test_summary_prefers_orders_before_returns():
    row = {"frequency": 1.0, "recency_days": 14.0, "T_days": 21.0}
    money = {"monetary_value": 9.5, "gross_order_value": 12.0}
    assert purchase_history(pd.DataFrame([row | money]))["monetary_value"][0] == 12.0


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


def test_forecast_tied_to_its_own_churn_is_the_forecast(process, features):
    alone = process.predict(features, horizon_days=90)
    own = alone["btyd_no_purchase_probability"].to_numpy()
    tied = process.outlook(features).tied(own, horizon_days=90)._asdict()
    np.testing.assert_allclose(tied["p_alive"], alone["p_alive"])
    np.testing.assert_allclose(
        tied["expected_purchases"], alone["btyd_expected_purchases"]
    )
    weeks = process.purchases_.expected_next_order(process.summary(features))
    np.testing.assert_allclose(tied["days_to_next_order"], 7 * weeks["median"])


def test_more_churn_than_the_process_says_moves_all_columns_down(process, features):
    own = process.outlook(features).columns(horizon_days=90)[SILENT]
    less, more = (
        process.outlook(features).tied(own**power, horizon_days=90)._asdict()
        for power in (2.0, 0.5)
    )
    for name in ("p_alive", "expected_purchases"):
        assert (less[name] >= more[name]).all()
        assert less[name].sum() > more[name].sum()
    assert (less["days_to_next_order"] <= more["days_to_next_order"]).all()


def with_orders(features, rng):
    """A twentieth buys three times as often and pays thirty times as much."""
    large = rng.random(len(features)) < 0.05
    age = features["T_days"].to_numpy()
    rate = rng.gamma(1.0, 0.02, len(features)) * np.where(large, 3.0, 1.0)
    repeats = rng.poisson(rate * age).astype(float)
    last = age * rng.beta(np.maximum(repeats, 1), 1)
    mean = 20 * np.where(large, 30.0, 1.0) / rng.gamma(6.0, 1 / 6.0, len(features))
    return (
        large,
        rate,
        pd.DataFrame(
            {
                "frequency": repeats,
                "T_days": age,
                "recency_days": np.where(repeats > 0, last, 0.0),
                "monetary_value": np.where(repeats > 0, mean, 0.0),
                "aov": mean,
            }
        ),
    )


@pytest.mark.filterwarnings("ignore::regulars.errors.RegularsWarning")
def test_pace_by_order_value_gives_large_buyers_what_they_bring(features):
    large, rate, rows = with_orders(features, np.random.default_rng(2))
    truth = (rate * 365 * rows["aov"])[large].sum()
    plain, by_value = (
        PurchaseProcess(kind)
        .fit(rows)
        .predict(rows, horizon_days=365)["btyd_expected_spend"][large]
        .sum()
        for kind in ("bg_nbd", f"bg_nbd{BY_VALUE}")
    )
    assert plain < 0.97 * by_value
    assert abs(by_value / truth - 1) < abs(plain / truth - 1)
    assert by_value == pytest.approx(truth, rel=0.1)


def test_order_size_is_a_ratio_in_quarters_and_bounded(features):
    rows = features.head(400).assign(aov=20.0 * np.exp(np.arange(400) % 3 - 1.0))
    process = PurchaseProcess(f"bg_nbd{BY_VALUE}").fit(rows)
    odd = rows.head(4).assign(aov=[20.0, 0.0, -5.0, 1e9])
    assert process.summary(odd)[ORDER_SIZE].tolist() == [0.0, -3.0, -3.0, 5.0]


def test_log_in_which_half_pay_nothing_has_no_usual_order(features):
    with pytest.raises(NotEnoughHistoryError, match="have bought for nothing"):
        PurchaseProcess(f"bg_nbd{BY_VALUE}").fit(features.assign(aov=0.0))


@pytest.mark.filterwarnings("ignore::regulars.errors.RegularsWarning")
@pytest.mark.parametrize("kind", sorted(LABELS))
def test_process_comes_back_from_json(kind, features):
    features = features.assign(aov=20.0 + np.arange(len(features)) % 50)
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
