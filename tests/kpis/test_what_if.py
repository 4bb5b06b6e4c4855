from __future__ import annotations

from datetime import date

import pytest

from regulars.kpis.what_if import margin_rate, what_if

END = date(2025, 1, 1)
# six customers alike at the start (one order on one day), so all of one RFM cell; there
# for 366 days after a purchase: two kept with 100 and 60, and three of them lost
SAME = "2023-12-20"
LOG = [
    ("z", "2022-06-01", "z", 5.0, False),
    *[(name, SAME, f"{name}0", 10.0, False) for name in "abcde"],
    ("a", "2024-11-01", "a1", 70.0, False),
    ("a", "2024-12-01", "a2", 30.0, False),
    ("b", "2024-12-01", "b1", 60.0, False),
    ("c", "2024-02-01", "c1", 20.0, False),
]


@pytest.fixture
def found(make_data):
    def found(rows=LOG, end=END, **more):
        worth, why = what_if(make_data(rows, end, margin=0.5, **more), end)
        figures = {} if worth is None else {f["lever"]: f for f in worth["figures"]}
        return worth, why, figures

    return found


def test_kept_customers_are_worth_what_others_of_their_cell_are(found):
    _, why, figures = found()
    assert why is None
    retention = figures["retention"]
    # five were there, two were kept; a kept one spends 80, a lost one 20 / 3
    assert retention["now"] == pytest.approx(0.4)
    assert retention["n_customers"] == 5
    gain = 80 - 20 / 3
    assert retention["margin"] == pytest.approx(0.01 * 5 * gain * 0.5)
    # the lost around their mean, and the two kept around theirs
    lost = (20**2 - 20**2 / 3) / 3**2
    kept = (100**2 + 60**2 - 160**2 / 2) / 2
    reach = 1.959964 * (lost + kept) ** 0.5 * 0.01 * 5 * 0.5
    assert retention["high"] - retention["margin"] == pytest.approx(reach, rel=1e-6)


def test_one_percent_more_orders_is_one_percent_of_the_margin(found):
    _, _, figures = found()
    for lever, now in (("frequency", 4 / 3), ("order_value", 45.0)):
        assert figures[lever]["margin"] == pytest.approx(0.01 * 180 * 0.5)
        assert figures[lever]["now"] == pytest.approx(now)
        spread = 100**2 + 60**2 + 20**2 - 180**2 / 3
        reach = 1.959964 * (spread * 3 / 2) ** 0.5 * 0.01 * 0.5
        low = figures[lever]["low"]
        assert figures[lever]["margin"] - low == pytest.approx(reach, rel=1e-6)


def test_nobody_lost_leaves_retention_out(found):
    worth, _, figures = found([row for row in LOG if row[0] in "zab"])
    assert "retention" not in figures
    assert worth["notes"][0].startswith("No figure of retention")


def test_lost_customers_unlike_all_kept_are_counted(found):
    # three of eight bought longest ago: a third of recency of their own
    rows = [*LOG, *[(name, "2023-10-15", name, 1.0, False) for name in "fgh"]]
    _, _, figures = found(rows)
    assert figures["retention"]["n_unmatched"] == 3


def test_log_of_less_than_a_year_says_so(found):
    worth, why, _ = found([row for row in LOG if row[1] > "2024-01-31"])
    assert worth is None
    assert why.startswith("The log begins on 2024-02-01, after 2024-01-02")


def test_what_comes_later_changes_nothing(found):
    later = [*LOG, ("c", "2025-01-01", "c9", 500.0, False)]
    assert found(later) == found()


def test_margin_is_the_lines_own_where_they_have_one(tables, make_data):
    lines = [
        ("a", "2024-06-01", 100.0, 40.0),  # a margin of 60
        ("b", "2024-07-01", 100.0, None),  # as configured: 20
        ("b", "2022-07-01", 900.0, 0.0),  # not of this year
    ]
    ledger = tables.ledger("customer_id order_date amount cost_amount", lines)
    data = make_data()
    own = type(data)(ledger, END, margin=0.2)
    assert margin_rate(own, END) == pytest.approx(0.4)
    assert margin_rate(data, date(2024, 7, 1)) == 0.3
