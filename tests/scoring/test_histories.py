from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from regulars.errors import DataError
from regulars.scoring.histories import customer_ids, flatten, read_day

ORDER = {"order_time": "2024-01-05", "amount": 20.0}


def flat(histories, columns=("is_return",)):
    ids = pd.Series([f"c{number}" for number in range(len(histories))])
    return flatten(ids, pd.Series(histories), list(columns)).to_pandas()


def test_day_is_read_with_or_without_a_time():
    assert (
        read_day("2024-03-31") == read_day("2024-03-31T12:00:00") == date(2024, 3, 31)
    )


def test_day_that_is_not_given_is_today_in_utc():
    assert read_day(None) == datetime.now(UTC).date()


def test_day_that_is_none_is_refused():
    with pytest.raises(DataError, match=r"'as_of' is 'soon'; give a date"):
        read_day("soon")


def test_transactions_belong_to_their_customer():
    rows = flat([[ORDER, ORDER], [], [{**ORDER, "amount": 5.0}]])
    assert rows["customer_id"].tolist() == ["c0", "c0", "c2"]
    assert rows["amount"].tolist() == [20.0, 20.0, 5.0]


def test_transaction_is_no_return_unless_it_says_so():
    rows = flat([[ORDER, {**ORDER, "is_return": True}]])
    assert rows["is_return"].tolist() == [False, True]


def test_numbers_of_orders_and_products_become_texts():
    rows = flat([[{**ORDER, "order_id": 7}]], ["is_return", "order_id"])
    assert rows["order_id"].tolist() == ["7"]


def test_column_that_the_model_did_not_learn_from_is_left_out():
    assert "channel" not in flat([[{**ORDER, "channel": "web"}]])


@pytest.mark.parametrize("history", [None, float("nan")])
def test_missing_history_is_an_empty_one(history):
    assert flat([[ORDER], history])["customer_id"].tolist() == ["c0"]


def test_margin_may_be_sent_as_null_but_not_left_out():
    columns = ["is_return", "margin_rate"]
    rows = flat([[{**ORDER, "margin_rate": None}]], columns)
    assert rows["margin_rate"].isna().all()
    with pytest.raises(DataError, match="has margin_rate, which the model learnt from"):
        flat([[ORDER]], columns)


def test_names_are_returned_as_they_were_sent():
    request = pd.DataFrame({"customer_id": [7, 8], "transactions": [[], []]})
    assert customer_ids(request, ["transactions"]) == [7, 8]


def test_referral_by_which_a_customer_came_names_who_recommended():
    ids = pd.Series(["a", "b"])
    made = [{"referred_id": "c", "referred_at": "2024-01-01"}]
    came = [{"referred_id": "b", "referrer_id": "z", "referred_at": "2024-01-02"}]
    asked = pd.Series([made, came])
    sent = flatten(ids, asked, ["referred_id", "referred_at"], "referrals")
    assert sent["referrer_id"].to_pylist() == ["a", "z"]
    assert sent["referred_id"].to_pylist() == ["c", "b"]


def test_referral_that_both_sides_send_counts_once():
    ids = pd.Series(["a", "b"])
    made = [
        {"referred_id": "b", "referred_at": "2024-01-01"},
        {"referred_id": "z", "referred_at": "2024-01-02"},
    ]
    came = [{"referred_id": "b", "referrer_id": "a", "referred_at": "2024-01-01 00:00"}]
    asked = pd.Series([made, came])
    sent = flatten(ids, asked, ["referred_id", "referred_at"], "referrals")
    assert sent["referrer_id"].to_pylist() == ["a", "a"]
    assert sent["referred_id"].to_pylist() == ["b", "z"]
    # who recommended is not asked about, or did not say so
    alone = flatten(ids[1:], asked[1:], ["referred_id", "referred_at"], "referrals")
    assert alone["referrer_id"].to_pylist() == ["a"]
