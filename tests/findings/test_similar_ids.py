from __future__ import annotations

import ibis
import pytest

from regulars.findings.similar_ids import similar_ids


def _some_orders(log, ids, others):
    """Give every seventh order the other spelling of its customer."""
    return log.assign(
        customer_id=ids.where(log["order_id"].astype(int) % 7 > 0, others)
    )


def _other_case(log):
    return _some_orders(log, log["customer_id"], log["customer_id"].str.upper())


def _blanks(log):
    ids = "ann " + log["customer_id"]
    return _some_orders(log, ids, ids.str.replace(" ", "  "))


def _zeros(log):
    number = log["customer_id"].str[1:]
    return _some_orders(log, number, number.str.lstrip("0"))


def _point_zero(log):
    number = log["customer_id"].str[1:].str.lstrip("0")
    return _some_orders(log, number, number + ".0")


CASES = [
    (_other_case, "similar_ids", {}),
    (_blanks, "similar_ids", {}),
    (_zeros, "similar_ids", {}),
    (_point_zero, "similar_ids", {}),
]


@pytest.mark.parametrize(("spoil", "key", "figures"), CASES)
def test_spoilt_log_is_asked_about(assert_asked, spoil, key, figures):
    assert_asked(spoil, key, figures)


@pytest.mark.parametrize(
    ("ids", "n_groups"),
    [
        (["Ann", "ann", "bob"], 1),
        (["ann ", " ann", "ann"], 0),  # outer blanks go as the file is read
        (["a b", "a  b", "A B"], 1),
        (["007", "7", "7.0", "07"], 1),
        (["7.5", "7.50"], 0),
        (["0", "00"], 1),
        (["a1", "a2"], 0),
    ],
)
def test_ids_written_differently_are_one_group(ids, n_groups):
    column = ibis.memtable({"id": ids}).id
    stripped = column.strip()
    found = similar_ids(stripped, "id", "key.customer_id", "transactions")
    assert (found.figures["n_groups"] if found else 0) == n_groups


def test_tokens_that_meet_by_chance_are_left_in_peace():
    ids = [f"aB{k:04}Cd" for k in range(500)]
    column = ibis.memtable({"id": [*ids, "AB0001cD"]}).id
    assert similar_ids(column, "id", "key", "transactions") is None
