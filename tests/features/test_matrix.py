from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from regulars.errors import ConfigError
from regulars.features import (
    DEFAULT_GROUPS,
    FEATURES,
    GROUPS,
    build_matrix,
    describe_features,
)
from regulars.features.value import VALUE_COLUMNS

FIRST = date(2023, 1, 2)
FULL = {
    "product_id": "p",
    "category": "x",
    "quantity": 2.0,
    "discount_amount": 0.5,
    "order_id": "1",
}


def rows(**columns):
    return [
        {"customer_id": customer, "order_date": FIRST + timedelta(days=day)} | columns
        for customer, day in (("b", 0), ("b", 30), ("a", 10), ("c", 500))
    ]


def test_build_matrix_has_a_row_a_customer_with_a_purchase_before_the_cutoff(
    features_of,
):
    matrix = features_of(rows(), date(2024, 6, 1), date(2023, 1, 20))
    keys = list(zip(matrix["cutoff"].dt.date, matrix["customer_id"], strict=True))
    assert keys == [
        (date(2023, 1, 20), "a"),
        (date(2023, 1, 20), "b"),
        (date(2024, 6, 1), "a"),
        (date(2024, 6, 1), "b"),
        (date(2024, 6, 1), "c"),
    ]


def test_build_matrix_leaves_out_customers_with_refunds_only(features_of):
    refund = {"customer_id": "r", "order_date": FIRST, "amount": -5.0}
    matrix = features_of([*rows(), refund], date(2023, 6, 1))
    assert matrix["customer_id"].tolist() == ["a", "b"]


def test_build_matrix_leaves_out_customers_not_seen_in_the_lookback(features_of):
    matrix = features_of(rows(), date(2023, 2, 2), lookback_days=5)
    assert matrix["customer_id"].tolist() == ["b"]
    assert matrix["T_days"].tolist() == [1.0]


def test_build_matrix_is_empty_when_cutoff_lies_before_the_log(features_of):
    assert features_of(rows(), date(2020, 1, 1)).empty


def test_build_matrix_is_float64_but_for_its_keys(features_of):
    matrix = features_of(rows(**FULL), date(2023, 6, 1))
    assert set(matrix.dtypes.iloc[2:]) == {np.dtype("float64")}
    assert np.isfinite(matrix.iloc[:, 2:].fillna(0)).all(axis=None)


def test_build_matrix_gives_every_listed_feature_when_log_has_all_columns(features_of):
    matrix = features_of(rows(**FULL), date(2023, 6, 1), groups=list(GROUPS))
    assert list(matrix.columns[2:]) != []
    assert set(matrix.columns[2:]) - set(VALUE_COLUMNS) == set(FEATURES)
    assert not set(VALUE_COLUMNS) & set(FEATURES)


def test_build_matrix_leaves_out_features_of_columns_the_log_lacks(features_of):
    matrix = features_of(rows(), date(2023, 6, 1), groups=list(GROUPS))
    absent = set(FEATURES) - set(matrix.columns)
    assert absent == {
        "discount_share",
        "discount_share_91d",
        "discount_share_365d",
        "n_products",
        "new_product_share",
        "new_product_share_91d",
        "n_categories",
        "category_concentration",
        "favourite_category_share",
    }


def test_build_matrix_keeps_customer_ids_of_the_source(ledger_of):
    import ibis
    import pyarrow as pa

    from regulars.data.ledger import build_ledger

    log = ledger_of(rows()).transactions.to_pyarrow()
    numbers = log.set_column(0, "customer_id", pa.array([9, 9, 10, 11]))
    ledger = build_ledger(ibis.memtable(numbers))
    matrix = build_matrix(ledger, [date(2024, 6, 1)], groups=["rfm"])
    assert matrix["customer_id"].tolist() == [9, 10, 11]


def test_build_matrix_computes_a_repeated_cutoff_once(features_of):
    once = features_of(rows(), date(2023, 6, 1), groups=["rfm"])
    twice = features_of(rows(), date(2023, 6, 1), date(2023, 6, 1), groups=["rfm"])
    pd.testing.assert_frame_equal(once, twice)


def test_build_matrix_refuses_no_cutoff(features_of):
    with pytest.raises(ConfigError, match="No cutoff was given"):
        features_of(rows())


def test_build_matrix_refuses_unknown_group_and_suggests(features_of):
    with pytest.raises(ConfigError, match=r"names 'rythm'.*Did you mean 'rhythm'"):
        features_of(rows(), date(2023, 6, 1), groups=["rythm"])


def test_describe_features_lists_every_feature_with_a_meaning():
    table = describe_features()
    assert table["feature"].tolist() == list(FEATURES)
    assert table["feature"].is_unique
    assert table["meaning"].str.len().between(10, 90).all()
    assert set(table["group"]) == set(GROUPS)


def test_describe_features_refuses_unknown_group():
    with pytest.raises(ConfigError, match="names 'money', which is not a feature"):
        describe_features(["money"])


def test_default_groups_hold_about_sixty_features():
    assert 55 <= len(describe_features(DEFAULT_GROUPS)) <= 85
