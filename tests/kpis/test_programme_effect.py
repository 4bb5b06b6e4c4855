from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import ibis
import numpy as np
import pytest

from regulars.config import ProgrammeSettings
from regulars.kpis import KpiData, Span
from regulars.kpis.programme_effect import NO_OTHERS, programme_effect
from regulars.kpis.programme_money import programme_study
from regulars.kpis.programme_trials import outcomes, trials

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from programme import FIRST, FOLLOW, run, simulate

COLUMNS = "customer_id posted_at kind"


@pytest.fixture(scope="module")
def shop():
    return simulate(3, n_customers=1_500)


def effect_of(shop, **change):
    data = replace(shop.data, memo={}, **change)
    return programme_effect(data, Span(FIRST, data.cutoff))


def test_true_effect_is_held_where_the_naive_difference_misses_it():
    for seed in (11, 12):
        rows = run(seed, n_customers=1_500)
        assert rows["holds"].all()
        assert not rows["naive_holds"].any()


def test_members_are_balanced_and_said_to_be_an_association(shop):
    effect, why = effect_of(shop)
    assert why is None
    worst = max(effect["balance"], key=lambda each: abs(each["after"]))
    assert abs(worst["after"]) < 0.15
    assert max(each["before"] for each in effect["balance"]) > 1
    assert 1 <= effect["e_value_low"] <= effect["e_value"]
    assert 0 < effect["effective_n"] < effect["n_compared"]
    assert 0 < effect["joined_later_share"] < 1
    assert "not called an effect" in effect["assumptions"][-1]


def test_what_comes_later_changes_nothing(shop):
    end = shop.data.cutoff - timedelta(days=200)
    cut = replace(shop.data, memo={}, cutoff=end)
    known = programme_effect(shop.data, Span(FIRST, end))
    assert known == programme_effect(cut, Span(FIRST, end))


def test_drawn_joining_gives_nearly_the_difference_in_means(make_ledger, tables):
    rng = np.random.default_rng(5)
    n, start = 500, date(2024, 1, 1)
    buys = rng.random((n, 360)) < 0.03
    buys[:, 0] = True
    rows = [
        (f"c{i}", str(start + timedelta(days=int(k))), f"{i}-{k}", 10.0, False)
        for i, k in np.argwhere(buys)
    ]
    lot, days = np.flatnonzero(rng.random(n) < 0.4), rng.integers(95, 290, n)
    joined = [(f"c{i}", str(start + timedelta(days=int(days[i]))), "tier") for i in lot]
    data = KpiData(
        make_ledger(rows),
        start + timedelta(days=360),
        tables={"loyalty": tables.table("loyalty", COLUMNS, joined)},
        horizon_days=60,
    )
    effect, _ = programme_effect(data, Span(start, data.cutoff))
    orders = next(e for e in effect["outcomes"] if e["outcome"] == "orders")
    assert orders["low"] < 0 < orders["high"]
    assert orders["difference"] == pytest.approx(orders["naive"], abs=0.12)
    assert effect["e_value_low"] == 1.0


def test_nobody_and_few_joined_say_so(shop, tables):
    nobody = tables.table("loyalty", COLUMNS, [("c1", "2030-01-01", "tier")])
    effect, why = effect_of(shop, tables={"loyalty": nobody})
    assert effect is None
    assert why.startswith("0 customers with a purchase before it joined the programme")
    few = shop.data.tables["loyalty"].order_by("customer_id").limit(20)
    assert "a comparison needs 30" in effect_of(shop, tables={"loyalty": few})[1]


def test_all_members_from_the_start_leave_nobody_to_compare(make_ledger, tables):
    names = [f"c{i}" for i in range(40)]
    rows = [(n, day, n + day, 1.0, False) for n in names for day in ("2024-01-01",)]
    joined = [(name, "2024-03-31", "tier") for name in names]
    data = KpiData(
        make_ledger(rows),
        date(2024, 12, 1),
        tables={"loyalty": tables.table("loyalty", COLUMNS, joined)},
        horizon_days=60,
    )
    assert programme_effect(data, Span(date(2024, 1, 1), data.cutoff)) == (
        None,
        NO_OTHERS,
    )


def test_control_stands_for_those_who_joined_meanwhile(make_data, tables):
    rows = [
        ("a", "2024-01-01", "1", 9.0, False),
        ("a", "2024-04-10", "2", 10.0, False),
        ("a", "2024-04-20", "3", 20.0, False),
        ("b", "2024-01-01", "4", 9.0, False),
        ("b", "2024-04-10", "5", 10.0, False),
        ("b", "2024-04-15", "6", 40.0, False),
        ("b", "2024-04-25", "7", 80.0, False),
    ]
    table = tables.table("loyalty", COLUMNS, [("b", "2024-04-15", "tier")])
    data = make_data(rows, date(2024, 7, 1), tables={"loyalty": table})
    found = trials(data, date(2024, 7, 1), 15)
    chance = np.where(found.day == 105, 0.5, 0.0)  # 15 April is day 105
    raw, after = outcomes(found, 15), outcomes(found, 15, chance)
    is_tenth = (found.day == 100) & ~found.joined
    assert raw["spend"][is_tenth].tolist() == [20.0, 120.0] or raw["spend"][
        is_tenth
    ].tolist() == [120.0, 20.0]
    # b counts until the day of joining, which is a purchase as before; a was not there
    assert sorted(after["spend"][is_tenth]) == [20.0, 40.0]
    # whoever joined is followed as a member, whole
    assert after["spend"][found.joined].tolist() == [80.0]
    # a day after one with half a chance to join stands for two
    sure = np.where(found.day == 100, 0.5, 0.0)
    weighed = outcomes(found, 15, sure)
    before = ~found.joined & (found.day >= 91) & (found.day < 100)
    assert (weighed["spend"][before] >= raw["spend"][before]).all()


def test_return_is_added_margin_over_cost(shop):
    points = shop.data.tables["loyalty"].mutate(points=ibis.literal(10.0))
    points = points.mutate(kind=ibis.literal("earn"))
    data = replace(
        shop.data,
        memo={},
        tables={"loyalty": points},
        programme=ProgrammeSettings(point_value=0.5, running_cost_annual=1_000.0),
    )
    found, _ = programme_study(data, Span(FIRST, data.cutoff))
    money = found["money"]
    spend = next(e for e in found["effect"]["outcomes"] if e["outcome"] == "spend")
    added = spend["low"] * 0.3 * 365 / FOLLOW * found["n_members"]
    assert money["added_margin_low"] == pytest.approx(added)
    assert money["cost"] == 1_000  # nothing was redeemed
    assert money["roi_low"] == pytest.approx((added - 1_000) / 1_000)
    free = replace(data, memo={}, programme=ProgrammeSettings(point_value=0.5))
    found, _ = programme_study(free, Span(FIRST, data.cutoff))
    assert found["money"] is None
    assert found["notes"][-1] == (
        "No return: the programme cost nothing in the year before."
    )
