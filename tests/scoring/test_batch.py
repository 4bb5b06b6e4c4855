from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from regulars.errors import DataError
from regulars.scoring import batch, reasons
from regulars.scoring.batch import COLUMNS, Customers, Provenance, score_customers
from regulars.scoring.reasons import REASONS

NOW = Provenance("7", "abc", datetime(2025, 1, 1, tzinfo=UTC))


def test_columns_are_those_of_the_design(champion):
    scores = score_customers(*champion, NOW)
    assert tuple(scores.columns) == COLUMNS
    assert {*scores["model_version"]} == {"7"}
    assert {*scores["run_id"]} == {"abc"}
    assert {*scores["scored_at"]} == {pd.Timestamp("2025-01-01", tz="UTC")}


def test_blocks_change_nothing(champion, monkeypatch):
    whole = score_customers(*champion, NOW)
    monkeypatch.setattr(batch, "BLOCK", 33)
    pd.testing.assert_frame_equal(score_customers(*champion, NOW), whole)


def test_customer_alone_has_the_scores_of_the_batch(champion):
    model, customers = champion
    whole = score_customers(model, customers, NOW)
    alone = score_customers(model, Customers(customers.features.iloc[[17]]), NOW)
    pd.testing.assert_frame_equal(
        alone, whole.iloc[[17]].reset_index(drop=True), rtol=1e-12
    )


@pytest.mark.parametrize(("asked", "n"), [("none", 0), (7, 7), (10_000, None)])
def test_reasons_are_written_for_those_asked_for(champion, asked, n):
    model, customers = champion
    whole = score_customers(model, customers, NOW)
    found = score_customers(model, customers, NOW, asked)
    told = list(REASONS)
    pd.testing.assert_frame_equal(found.drop(columns=told), whole.drop(columns=told))
    most = whole["value_at_risk"].rank(ascending=False, method="first")
    chosen = most <= (len(whole) if n is None else n)
    for name in REASONS:
        assert found.loc[chosen, name].tolist() == whole.loc[chosen, name].tolist()
        assert found.loc[~chosen, name].tolist() == [[]] * int((~chosen).sum())


def test_reasons_go_to_the_likeliest_where_no_value_is_known():
    scores = pd.DataFrame(
        {"churn_probability": [0.2, 0.9, 0.5], "value_at_risk": [np.nan] * 3}
    )
    assert batch.chosen_rows(scores, 2).tolist() == [1, 2]


def test_order_of_the_rows_is_kept(champion):
    model, customers = champion
    turned = customers.features.sample(frac=1.0, random_state=0)
    found = score_customers(model, Customers(turned), NOW)
    assert found["customer_id"].tolist() == turned["customer_id"].tolist()
    whole = score_customers(model, customers, NOW).set_index("customer_id")
    pd.testing.assert_frame_equal(
        found.set_index("customer_id").loc[whole.index], whole, rtol=1e-12
    )


def test_missing_features_are_named(champion):
    model, customers = champion
    fewer = Customers(customers.features.drop(columns="n_orders"))
    with pytest.raises(DataError, match=r"1 of the features.*missing: n_orders"):
        score_customers(model, fewer, NOW)


def test_scores_match_the_files_of_the_run(champion, run_shop):
    found = score_customers(*champion, NOW)
    kept = pd.read_parquet(run_shop[0].out / "scores.parquet")
    names = ["customer_id", "churn_probability", "clv", "expected_spend_high"]
    pd.testing.assert_frame_equal(found[names], kept[names])


def test_reasons_speak_of_money_in_the_currency_of_the_log(champion, monkeypatch):
    # every theme, however little it moves
    monkeypatch.setattr(reasons, "LEAST", 0.0)
    monkeypatch.setattr(reasons, "N_REASONS", 9)
    scores = score_customers(*champion, NOW)
    found = pd.concat([scores[name].explode().dropna() for name in REASONS])
    spends = found[found.str.startswith(("spends ", "spent "))]
    assert len(spends)
    assert spends.str.match(r"spen(ds|t) (only )?USD [\d,]+(\.\d\d)? ").all()


def test_no_customer_is_no_row_and_no_error(champion):
    model, customers = champion
    found = score_customers(model, Customers(customers.features.iloc[:0]), NOW)
    assert tuple(found.columns) == COLUMNS
    assert found.empty
