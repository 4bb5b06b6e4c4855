import pytest

from regulars.data.quality import (
    ReasonCount,
    TableCounts,
    is_fault,
    label,
    too_many_faults,
)

MISSING = ReasonCount("missing_amount", "no amount", 2, 0.5, True, ("c1",))
LEFT_OUT = ReasonCount("left_out", "left out by 'where'", 1, 0.25, False)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("missing_customer_id", "no customer_id"),
        ("amount_not_a_number", "amount that is not a number"),
        ("duplicate", "exact copy of an earlier row"),
        ("odd_thing", "odd thing"),
    ],
)
def test_every_reason_has_words(reason, words):
    assert label(reason) == words


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("missing_customer_id", False),
        ("missing_amount", True),
        ("duplicate", False),
        ("after_cutoff", False),
        ("amount_not_a_number", True),
    ],
)
def test_faults_are_what_should_not_be_in_a_log(reason, expected):
    assert is_fault(reason, "customer_id") is expected


def test_rows_left_out_on_purpose_were_not_meant():
    counts = TableCounts(4, 1, 3, (MISSING, LEFT_OUT), {})
    assert (counts.n_faults, counts.n_meant) == (2, 3)
    assert counts.summary()["reasons"][0]["examples"] == ["c1"]


def test_sentence_that_stops_a_run_says_rows_share_and_limit():
    counts = TableCounts(4, 2, 2, (MISSING,), {})
    assert too_many_faults("'a.csv'", "source.transactions", counts, 0.05) == (
        "'a.csv': 2 of 4 rows (50.0%) are faulty, more than "
        "source.transactions.max_bad_share allows (5.0%): 2 with no amount (c1). Mend "
        "the source, or raise max_bad_share to set them aside."
    )
