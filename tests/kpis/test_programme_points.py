from __future__ import annotations

from datetime import date, timedelta

import pytest

from regulars.config import ProgrammeSettings
from regulars.kpis import Span
from regulars.kpis.programme_money import members_there, programme_study
from regulars.kpis.programme_points import points_at

COLUMNS = "customer_id posted_at kind points"
FIRST = date(2024, 1, 1)
LOG = [("a", "2024-01-01", "1", 10.0, False), ("b", "2024-05-01", "2", 10.0, False)]


def on(day):
    return str(FIRST + timedelta(days=day))


# 300 earned: 60 redeemed in the second month, 40 in the fourth, 50 lost in the fourth.
# Left on day 130: 50 of b in the fifth month (band 4), 100 of c in the first (band 0).
POSTINGS = [
    ("a", on(0), "earn", 100.0),
    ("a", on(45), "redeem", -60.0),
    ("a", on(100), "redeem", 40.0),
    ("b", on(0), "earn", 100.0),
    ("b", on(100), "expire", -50.0),
    ("b", on(3), "tier", None),
    ("c", on(120), "adjust", 100.0),
]


@pytest.fixture(scope="session")
def make(make_data, tables):
    def make(postings=POSTINGS, rows=LOG, **more):
        table = tables.table("loyalty", COLUMNS, postings)
        cutoff = more.pop("cutoff", FIRST + timedelta(days=130))
        return make_data(rows, cutoff, tables={"loyalty": table}, **more)

    return make


def test_points_are_redeemed_as_the_life_table_says(make):
    points = points_at(make(), FIRST + timedelta(days=130))
    assert points.outstanding == 150
    assert points.redeemed_last_year == 100
    # in band 1, 60 of 200; in band 3, of the 140 then left 40 redeemed and 50 lost
    assert points.redeemed_share == pytest.approx(0.3 + 0.7 * 40 / 140)
    # nothing is redeemed after band 3; c's points have all of it before them
    assert points.expected == pytest.approx(100 * 0.5)


def test_oldest_points_are_used_first(make):
    postings = [
        ("a", on(0), "earn", 30.0),
        ("a", on(60), "earn", 30.0),
        ("a", on(90), "redeem", 40.0),
        ("b", on(90), "redeem", 500.0),  # earned before the log
        ("b", on(95), "earn", 10.0),
    ]
    points = points_at(make(postings), FIRST + timedelta(days=130))
    # b used up all; of a's second lot 20 are left
    assert points.outstanding == 20
    # band 0: 10 of 70 (b); band 1: 10 of 60; band 2: the 20 left; band 3: 30 of 30
    assert points.redeemed_share == 1.0
    assert points.expected == pytest.approx(20)


def test_later_postings_change_nothing(make):
    end = FIRST + timedelta(days=130)
    later = [("a", on(130), "earn", 1000.0), ("c", on(131), "redeem", -100.0)]
    assert points_at(make([*POSTINGS, *later]), end) == points_at(make(), end)


def test_no_points_are_no_liability(make):
    end = FIRST + timedelta(days=130)
    assert points_at(make([("a", on(3), "tier", None)]), end) is None


def test_liability_is_what_is_expected_at_the_value_of_a_point(make):
    data = make(programme=ProgrammeSettings(point_value=0.02))
    found, why = programme_study(data, Span(FIRST, FIRST + timedelta(days=130)))
    assert why is None
    assert found["points"]["liability"] == pytest.approx(1.0)
    assert found["points"]["breakage"] == pytest.approx(0.5)
    # two members: nobody can say what they do more, so there is no return
    assert "a comparison needs 30" in found["no_effect"]
    assert found["money"] is None
    assert "No return: it is not known what members spend more." in found["notes"]


def test_unknown_value_of_a_point_is_said(make):
    found, _ = programme_study(make(), Span(FIRST, FIRST + timedelta(days=130)))
    assert found["points"]["liability"] is None
    assert "programme.point_value" in found["notes"][0]


def test_members_who_bought_lately_are_there(make):
    # b bought within 90 days; a did not, and c never did
    assert members_there(make(), Span(FIRST, FIRST + timedelta(days=130))) == 1


def test_without_a_table_there_is_no_programme(make_data):
    found, why = programme_study(make_data(), Span(date(2024, 4, 1), date(2024, 7, 1)))
    assert found is None
    assert why == "There is no table of the loyalty programme (source.loyalty)."
