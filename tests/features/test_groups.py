"""Each group's features against figures worked out by hand, and the golden summary."""

from __future__ import annotations

import importlib.util
import math
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

# Mondays; gaps of 7, 14 and 21 days; the cutoff is 28 days after the last purchase.
DAYS = [(2024, 1, 1), (2024, 1, 8), (2024, 1, 22), (2024, 2, 12)]
AMOUNTS = [10.0, 20.0, 30.0, 40.0]
CUTOFF = (2024, 3, 11)


@pytest.fixture(scope="module")
def customer(one_customer):
    return one_customer(DAYS, CUTOFF, AMOUNTS, first_day=date(2023, 1, 1))


def rows_of(customer, *days, **columns):
    return [
        {"customer_id": customer, "order_date": date(*day)} | columns for day in days
    ]


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        ("frequency", 3),
        ("recency_days", 42),
        ("T_days", 70),
        ("monetary_value", 30),
        ("n_orders", 4),
        ("days_since_last_order", 28),
        ("revenue", 100),
        ("aov", 25),
        ("largest_day_spend", 40),
        ("last_day_spend", 40),
        ("last_day_spend_ratio", 1.6),
        ("purchase_days_per_week", 0.4),
        ("recency_share", 0.6),
        ("gap_mean_days", 14),
        ("gap_std_days", 7),
        ("gap_median_days", 14),
        ("gap_max_days", 21),
        ("gap_cv", 0.5),
        ("last_gap_days", 21),
        ("recent_gap_mean_days", 14),
        ("silence_over_mean_gap", 2),
        ("silence_over_median_gap", 2),
        ("silence_over_max_gap", 4 / 3),
        ("silence_over_recent_gap", 2),
        ("silence_deviations", 2),
        ("recent_gap_ratio", 1),
        ("active_weeks_share_4w", 1 / 4),
        ("active_weeks_share_8w", 2 / 8),
        ("active_weeks_share_12w", 4 / 12),
        ("active_weeks_share_26w", 4 / 26),
        ("orders_14d", 0),
        ("orders_28d", 1),
        ("orders_56d", 2),
        ("orders_91d", 4),
        ("orders_365d", 4),
        ("spend_28d", 40),
        ("spend_56d", 70),
        ("items_91d", 4),
        ("orders_trend_28d", 0),
        ("spend_trend_28d", 4 / 7),
        ("orders_trend_91d", 1),
        ("lines_per_order", 1),
        ("returns_share", 0),
        ("weekend_share", 0),
        ("month_start_share", 0.5),
        ("same_weekday_share", 1),
    ],
)
def test_feature_equals_figure_by_hand(customer, feature, expected):
    assert customer[feature] == pytest.approx(expected)


def test_faded_orders_halve_every_half_life(customer):
    ages = [70, 63, 49, 28]
    expected = sum(0.5 ** (age / 14) for age in ages)
    assert customer["orders_faded_14d"] == pytest.approx(expected, abs=1e-5)


def test_clumpiness_is_low_when_purchases_are_even(one_customer):
    even = one_customer([(2024, 1, 1), (2024, 1, 8)], (2024, 1, 15))
    assert even["clumpiness"] == pytest.approx(0, abs=1e-6)


def test_clumpiness_is_high_when_purchases_are_bunched(one_customer):
    bunched = one_customer([(2024, 1, 1), (2024, 1, 2), (2024, 1, 3)], (2025, 1, 1))
    shares = np.array([1, 1, 364]) / 366
    expected = 1 + (shares * np.log(shares)).sum() / math.log(3)
    assert bunched["clumpiness"] == pytest.approx(expected, abs=1e-6)


def test_one_purchase_has_no_gaps(one_customer):
    one = one_customer([(2024, 1, 1)], (2024, 1, 8))
    assert (one["frequency"], one["recency_days"], one["T_days"]) == (0, 0, 7)
    assert one["monetary_value"] == 0
    gaps = one.filter(regex="gap|silence|clumpiness")
    assert gaps.isna().all()


def test_gap_median_is_the_middle_of_an_even_number(one_customer):
    days = [(2024, 1, 1), (2024, 1, 2), (2024, 1, 12)]
    assert one_customer(days, (2024, 2, 1))["gap_median_days"] == 5.5


def test_recent_gaps_leave_out_older_ones(one_customer):
    days = [(2023, 1, 1), (2024, 1, 1), (2024, 1, 3), (2024, 1, 5), (2024, 1, 7)]
    features = one_customer(days, (2024, 2, 1))
    assert features["recent_gap_mean_days"] == 2
    assert features["recent_gap_ratio"] < 0.03


def test_windows_are_missing_when_they_reach_beyond_the_log(one_customer):
    features = one_customer([(2024, 1, 1)], (2024, 1, 29))
    assert features["orders_28d"] == 1
    assert features[["orders_56d", "spend_365d", "active_weeks_share_8w"]].isna().all()


def test_window_holds_its_first_day_and_not_the_day_before(one_customer):
    days = [(2024, 1, 1), (2024, 1, 2)]
    features = one_customer(days, (2024, 1, 9), first_day=date(2023, 1, 1))
    assert features["orders_7d"] == 1


def test_refund_day_lowers_spend_and_is_no_purchase(one_customer):
    days, amounts = [(2024, 1, 1), (2024, 1, 9)], [10.0, -4.0]
    features = one_customer(days, (2024, 1, 15), amounts, first_day=date(2023, 1, 1))
    assert features["n_orders"] == 1
    assert features["days_since_last_order"] == 14
    assert features["revenue"] == 6
    assert features["spend_28d"] == 6
    assert features["largest_day_spend"] == 10
    assert features["returns_share"] == pytest.approx(0.4)


def test_discount_share_is_of_the_spend_before_discount(features_of):
    rows = rows_of("a", (2024, 1, 1), amount=8.0, discount_amount=2.0)
    matrix = features_of(rows, date(2024, 6, 1))
    assert matrix["discount_share"].item() == pytest.approx(0.2)
    assert matrix["discount_share_91d"].isna().all()


def test_items_are_quantities_where_the_log_has_them(features_of):
    rows = rows_of("a", (2024, 1, 1), (2024, 1, 20), quantity=3.0)
    assert features_of(rows, date(2024, 1, 29))["items_28d"].item() == 6


def test_products_are_new_on_their_first_day_only(features_of):
    rows = [
        *rows_of("a", (2023, 1, 1), product_id="p"),
        *rows_of("a", (2024, 1, 1), product_id="p"),
        *rows_of("a", (2024, 1, 2), product_id="q"),
    ]
    matrix = features_of(rows, date(2024, 2, 1))
    assert matrix["n_products"].item() == 2
    assert matrix["new_product_share"].item() == pytest.approx(2 / 3)
    assert matrix["new_product_share_91d"].item() == pytest.approx(1 / 2)


def test_category_concentration_is_the_herfindahl_index(features_of):
    rows = [
        *rows_of("a", (2024, 1, 1), (2024, 1, 2), (2024, 1, 3), category="x"),
        *rows_of("a", (2024, 1, 2), category="y"),
        *rows_of("b", (2024, 1, 2), category=None),
    ]
    matrix = features_of(rows, date(2024, 2, 1)).set_index("customer_id")
    assert matrix.loc["a", "n_categories"] == 2
    assert matrix.loc["a", "category_concentration"] == pytest.approx(10 / 16)
    assert matrix.loc["a", "favourite_category_share"] == pytest.approx(3 / 4)
    assert matrix.loc["b", "n_categories"] == 0
    assert math.isnan(matrix.loc["b", "category_concentration"])


def test_calendar_shares_are_of_purchase_days(one_customer):
    days = [(2024, 1, 5), (2024, 1, 6), (2024, 1, 14), (2024, 1, 21)]
    features = one_customer(days, (2024, 2, 1))
    assert features["weekend_share"] == 0.75
    assert features["month_start_share"] == 0.5
    assert features["same_weekday_share"] == pytest.approx(1 / 3)


def test_season_is_the_same_for_all_and_turns_once_a_year(features_of):
    rows = rows_of("a", (2023, 1, 1)) + rows_of("b", (2023, 5, 1))
    cutoffs = [date(2024, 1, 1), date(2024, 7, 1)]
    matrix = features_of(rows, *cutoffs, groups=["season"])
    new_year, summer = (m for _, m in matrix.groupby("cutoff"))
    assert new_year["year_cos"].tolist() == pytest.approx([1.0, 1.0])
    assert summer["year_cos"].tolist() == pytest.approx([-1.0, -1.0], abs=1e-3)
    assert (summer["year_sin"] ** 2 + summer["year_cos"] ** 2).tolist() == (
        pytest.approx([1.0, 1.0])
    )


def test_rfm_equals_published_summary_when_log_is_cdnow_sample(features_of):
    # found, not imported: importing lifetimes raises pandas' deprecation warnings
    (package,) = importlib.util.find_spec("lifetimes").submodule_search_locations
    folder = Path(package) / "datasets"
    sample = pd.read_csv(
        folder / "CDNOW_sample.txt",
        sep=r"\s+",
        header=None,
        names=["whole_id", "customer_id", "date", "quantity", "amount"],
    )
    sample["date"] = pd.to_datetime(sample["date"].astype(str)).dt.date
    rows = [
        {"customer_id": str(customer), "order_date": day, "amount": amount}
        for customer, day, amount in sample[
            ["customer_id", "date", "amount"]
        ].to_numpy()
    ]
    matrix = features_of(rows, date(1997, 10, 1), groups=["rfm"])
    matrix.index = matrix["customer_id"].astype("int64")
    summary = pd.read_csv(folder / "cdnow_customers_summary.csv", index_col=0)
    expected = summary.sort_index()
    matrix = matrix.sort_index()
    assert len(matrix) == len(expected) == 2357
    assert (matrix["frequency"] == expected["frequency"]).all()
    # The published T runs to the last observed day, ours to the cutoff after it.
    recency, age = matrix["recency_days"] / 7, (matrix["T_days"] - 1) / 7
    np.testing.assert_allclose(recency, expected["recency"], atol=0.005)
    np.testing.assert_allclose(age, expected["T"], atol=0.005)


def test_gaps_of_customers_do_not_mix(features_of):
    rows = rows_of("a", (2024, 1, 1)) + rows_of("b", (2024, 1, 5), (2024, 1, 6))
    matrix = features_of(rows, date(2024, 1, 6) + timedelta(days=1)).set_index(
        "customer_id"
    )
    assert matrix["gap_mean_days"].fillna(-1).to_dict() == {"a": -1.0, "b": 1.0}
