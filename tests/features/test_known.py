from __future__ import annotations

from datetime import date

from regulars.features import History

CUTOFFS = (date(2024, 2, 1), date(2024, 3, 1), date(2024, 4, 1))


def counted(ledger, table="days"):
    """(customer, cutoff) -> number of rows that count for it."""
    known = History(ledger).along(CUTOFFS)[0].known
    rows = getattr(known, table)
    counts = rows.group_by(*known.by).agg(n=rows.count()).to_pyarrow().to_pylist()
    return {(row["customer_id"], row["cutoff"]): row["n"] for row in counts}


def rows_of(customer, *days, **columns):
    return [
        {"customer_id": customer, "order_date": date(*day)} | columns for day in days
    ]


def test_known_counts_all_at_first_and_again_only_who_is_new_or_changed(ledger_of):
    rows = [
        *rows_of("still", (2024, 1, 1), (2024, 1, 5)),
        *rows_of("back", (2024, 1, 1), (2024, 2, 1), (2024, 3, 31)),
        *rows_of("new", (2024, 2, 29)),
        *rows_of("later", (2024, 4, 1)),
    ]
    assert counted(ledger_of(rows)) == {
        ("still", CUTOFFS[0]): 2,
        ("back", CUTOFFS[0]): 1,
        ("back", CUTOFFS[1]): 2,
        ("back", CUTOFFS[2]): 3,
        ("new", CUTOFFS[1]): 1,
    }


def test_known_counts_again_when_only_a_refund_is_new(ledger_of):
    rows = rows_of("a", (2024, 1, 1)) + rows_of("a", (2024, 2, 9), amount=-1.0)
    assert counted(ledger_of(rows)) == {("a", CUTOFFS[0]): 1, ("a", CUTOFFS[1]): 2}


def test_known_has_a_row_for_the_first_purchase_of_each_product(ledger_of):
    rows = [
        *rows_of("a", (2024, 1, 1), (2024, 2, 9), product_id="p"),
        *rows_of("a", (2024, 3, 9), product_id="q"),
    ]
    assert counted(ledger_of(rows), "novelties") == {
        ("a", CUTOFFS[0]): 1,
        ("a", CUTOFFS[1]): 1,
        ("a", CUTOFFS[2]): 2,
    }


def test_known_names_the_last_purchase_before_each_cutoff(ledger_of):
    rows = rows_of("a", (2024, 1, 1), (2024, 2, 9)) + rows_of(
        "a", (2024, 2, 20), amount=-1.0
    )
    days = History(ledger_of(rows)).along(CUTOFFS)[0].known.days
    last = days.filter(days.is_last).select("cutoff", "day").to_pyarrow().to_pylist()
    assert sorted((row["cutoff"], row["day"]) for row in last) == [
        (CUTOFFS[0], date(2024, 1, 1)),
        (CUTOFFS[1], date(2024, 2, 9)),
    ]


def test_known_needs_no_cutoff_beside_the_customer_when_there_is_one(ledger_of):
    past = History(ledger_of(rows_of("a", (2024, 1, 1)))).at(CUTOFFS[0])
    assert past.known.by == ("customer_id",)
    assert past.known.items is None
    assert past.known.novelties is None


def test_history_shares_what_is_known_but_not_with_a_lookback(ledger_of):
    ledger = ledger_of(rows_of("a", (2024, 1, 1)))
    shared = {id(past.known) for past in History(ledger).along(CUTOFFS)}
    apart = History(ledger, lookback_days=90).along(reversed(CUTOFFS))
    assert len(shared) == 1
    assert [past.known.cutoffs for past in apart] == [(day,) for day in CUTOFFS]
