from __future__ import annotations

import pytest


def _shared_orders(log):
    number = log.groupby("customer_id")["order_id"].rank("dense").astype(int)
    return log.assign(order_id=number)


CASES = [
    (_shared_orders, "shared_orders", {}),
]


@pytest.mark.parametrize(("spoil", "key", "figures"), CASES)
def test_spoilt_log_is_asked_about(assert_asked, spoil, key, figures):
    assert_asked(spoil, key, figures)


def _one_file_each_month(log):
    return [part for _, part in log.groupby(log["order_time"].dt.month)]


def _lines_dealt_out(log):
    return [log.iloc[0::2], log.iloc[1::2]]


@pytest.mark.parametrize("parted", [_one_file_each_month, _lines_dealt_out])
def test_files_that_part_a_log_are_asked_nothing(ask, healthy, parted):
    assert ask(*parted(healthy)) == {}


def test_orders_in_two_files_are_told(ask, healthy):
    # the second export begins a week before the first one ends, with a column changed
    first = healthy[healthy["order_time"] < "2024-07-08"]
    second = healthy[healthy["order_time"] >= "2024-07-01"]
    twice = first[first["order_time"] >= "2024-07-01"]["order_id"].nunique()
    found = ask(first.assign(exported="july"), second.assign(exported="december"))
    finding = found["orders_in_two_files"]
    assert finding.figures["n_orders"] == pytest.approx(twice, abs=2)
    assert "part0.csv, part1.csv" in finding.advice
    assert {"orders_in_two_files", "doubled_days"} == set(found)


def test_orders_of_one_row_in_two_files_are_told_though_the_amount_changed(
    ask, healthy
):
    orders = healthy[~healthy["is_return"]].drop_duplicates("order_id")
    changed = orders.head(30).assign(amount=orders["amount"] + 1)
    found = ask(orders, changed)
    assert found["orders_in_two_files"].figures["n_orders"] == 30
