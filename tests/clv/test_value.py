"""Discounted value: the sum itself, its limits, and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.clv import (
    BetaGeoModel,
    ModifiedBetaGeoModel,
    ParetoNBDModel,
    summarise,
)
from regulars.clv.value import (
    DAYS_PER_MONTH,
    discounted_clv,
    new_customer_clv,
    residual_clv,
)
from regulars.datasets.simulate import simulate_customers
from regulars.errors import DataError


class Saturating:
    """Purchases rate * (1 - exp(-fade t)) / fade: an active time that runs out."""

    feature_names_in_ = np.array(["rate"], dtype=object)

    def __init__(self, fade=0.02):
        self.fade = fade
        self.asked = []

    def expected_purchases(self, summary, t):
        self.asked.append((t, len(summary)))
        curve = t if self.fade == 0 else -np.expm1(-self.fade * t) / self.fade
        return pd.Series(summary["rate"] * curve, summary.index)

    def expected_purchases_new_customer(self, t):
        return float(-np.expm1(-self.fade * t) / self.fade)


class Discrete(Saturating):
    is_discrete = True


SUMMARY = pd.DataFrame({"rate": [0.5, 0.1, 0.5]}, index=["c1", "c2", "c3"])


def value(model=None, summary=SUMMARY, **changes):
    arguments = {
        "expected_value": 20.0,
        "margin": 0.3,
        "discount_rate_annual": 0.1,
        "horizon_days": 365.0,
        "time_unit_days": 7.0,
    }
    return discounted_clv(model or Saturating(), summary, **(arguments | changes))


def plain(model, summary, *, n_steps, rate, step_days, unit):
    """The definition, step by step."""
    total, before = 0.0, 0.0
    for k in range(1, math.ceil(n_steps) + 1):
        end = min(k, n_steps) * step_days / unit
        now = model.expected_purchases(summary, end)
        total = total + (now - before) * (1 + rate) ** (-k * step_days / 365.25)
        before = now
    return total


@pytest.mark.parametrize("months", [1, 7, 24, 25, 60, 240, 0.4, 12.3, 100.7])
def test_clv_equals_the_plain_sum_for_any_horizon(months):
    got = value(horizon_days=months * DAYS_PER_MONTH)
    expected = plain(
        Saturating(),
        SUMMARY,
        n_steps=months,
        rate=0.1,
        step_days=DAYS_PER_MONTH,
        unit=7,
    )
    np.testing.assert_allclose(got, 0.3 * 20.0 * expected, rtol=1e-7)


def test_clv_asks_for_few_horizons_however_many_months():
    year, endless = Saturating(), Saturating()
    value(year, horizon_days=12 * DAYS_PER_MONTH)
    value(endless, horizon_days=math.inf)
    assert len(year.asked) <= 7
    assert len(endless.asked) <= 20


@pytest.mark.parametrize("rate", [0.02, 0.1, 1.0])
def test_clv_to_infinity_is_the_limit_of_long_horizons(rate):
    endless = value(discount_rate_annual=rate, horizon_days=math.inf)
    long = plain(
        Saturating(), SUMMARY, n_steps=3000, rate=rate, step_days=DAYS_PER_MONTH, unit=7
    )
    # its tail falls exponentially, faster than that of any purchase model
    np.testing.assert_allclose(endless, 6.0 * long, rtol=1e-6)


def test_clv_without_discounting_is_margin_times_expected_spend():
    got = value(discount_rate_annual=0.0, horizon_days=700)
    expected = Saturating().expected_purchases(SUMMARY, 100.0) * 6.0
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_clv_computes_identical_histories_once():
    model = Saturating()
    value(model)
    assert {rows for _, rows in model.asked} == {2}


@pytest.mark.parametrize("kind", [BetaGeoModel, ModifiedBetaGeoModel, ParetoNBDModel])
def test_clv_of_purchase_models_equals_the_plain_sum(kind):
    shop = simulate_customers(2000, random_state=0, return_rate=0.0)
    # ibis warns of zones in pandas frames
    naive = shop.orders["order_time"].dt.tz_convert(None)
    log = shop.orders.assign(order_time=naive)
    rows = summarise(log, "2025-12-31", time_unit_days=7)
    model = kind().fit(rows)
    got = value(model, rows, horizon_days=12 * DAYS_PER_MONTH)
    expected = plain(
        model, rows, n_steps=12, rate=0.1, step_days=DAYS_PER_MONTH, unit=7
    )
    np.testing.assert_allclose(got, 6.0 * expected, rtol=1e-7)


def test_clv_keeps_index_and_order():
    assert value().index.tolist() == ["c1", "c2", "c3"]
    assert value()["c1"] == value()["c3"]


def test_clv_takes_one_value_a_customer():
    got = value(expected_value=[10.0, 20.0, 40.0])
    assert got["c3"] == pytest.approx(4 * got["c1"])


def test_clv_steps_are_opportunities_when_the_model_is_discrete():
    model = Discrete()
    value(model, time_unit_days=30.0, horizon_days=100.0)
    assert [t for t, _ in model.asked] == [1.0, 2.0, 3.0]


def test_residual_clv_is_the_same_function():
    assert residual_clv is discounted_clv


@settings(max_examples=40, deadline=None)
@given(
    days=st.floats(1, 5000),
    more=st.floats(0, 2000),
    rate=st.floats(0, 1),
    higher=st.floats(0, 1),
    margin=st.floats(0.01, 0.5),
)
def test_clv_moves_the_right_way(days, more, rate, higher, margin):
    base = value(horizon_days=days, discount_rate_annual=rate, margin=margin)
    longer = value(horizon_days=days + more, discount_rate_annual=rate, margin=margin)
    dearer = value(horizon_days=days, discount_rate_annual=rate + higher, margin=margin)
    double = value(horizon_days=days, discount_rate_annual=rate, margin=2 * margin)
    assert (longer >= base * (1 - 1e-6)).all()
    assert (dearer <= base * (1 + 1e-6)).all()
    np.testing.assert_allclose(double, 2 * base)


def test_new_customer_clv_counts_the_first_purchase_when_asked():
    arguments = {
        "expected_value": 20.0,
        "margin": 0.3,
        "discount_rate_annual": 0.1,
        "horizon_days": 365.0,
        "time_unit_days": 7.0,
    }
    with_first = new_customer_clv(Saturating(), **arguments)
    without = new_customer_clv(Saturating(), include_first_purchase=False, **arguments)
    assert with_first - without == pytest.approx(6.0)
    one = pd.DataFrame({"rate": [1.0]})
    assert without == pytest.approx(value(summary=one).iloc[0])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"margin": 1.2}, "margin must be >= 0 and <= 1, got 1.2"),
        ({"margin": [0.1, 1.2]}, "margin must be >= 0 and <= 1, got 1.2"),
        ({"margin": [-0.1, 0.2]}, "margin must be >= 0 and <= 1, got -0.1"),
        ({"margin": float("nan")}, "margin must be"),
        ({"discount_rate_annual": -0.1}, "discount_rate_annual must be >= 0"),
        ({"horizon_days": 0}, "horizon_days must be > 0"),
        ({"horizon_days": float("nan")}, "horizon_days must be > 0"),
        ({"time_unit_days": 0}, "time_unit_days must be > 0"),
        ({"step_days": -1.0}, "step_days must be > 0"),
        (
            {"horizon_days": math.inf, "discount_rate_annual": 0.0},
            "an endless horizon needs at least",
        ),
        ({"expected_value": None}, "got neither"),
        ({"value_model": object()}, "got both"),
        ({"expected_value": [1.0, 2.0]}, r"shape \(2,\)"),
        (
            {"expected_value": [1.0, 2.0, float("nan")]},
            "missing or infinite for 1 of 3",
        ),
    ],
)
def test_clv_raises_when_an_argument_is_wrong(changes, message):
    with pytest.raises(ValueError, match=message):
        value(**changes)


def test_clv_raises_when_the_summary_lacks_a_column():
    with pytest.raises(DataError, match="lacks the columns"):
        value(summary=SUMMARY.rename(columns={"rate": "rates"}))
