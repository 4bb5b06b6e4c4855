"""The simulator of lives, what it lets know, and what a list truly earns."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from regulars.metrics import ece, log_loss
from regulars.models.retention import SCORES

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import truth
from truths.beliefs import Beliefs
from truths.futures import (
    Year,
    believed_money,
    believed_stakes,
    scored_stakes,
    true_money,
    true_stakes,
)
from truths.judging import Spread, spread, verdict
from truths.lives import YEAR, Handover, Kind, World, live
from truths.policies import BACK, OFFERS, STAY, profit, true_profits, won
from truths.worlds import WORLDS

N_CUSTOMERS = 3000
BY_NAME = {world.name: world for world in WORLDS}


@pytest.fixture(scope="module")
def known():
    """A function from a world's name to its lives and what can be known of them."""
    kept = {}

    def of(name):
        if name not in kept:
            lives = live(BY_NAME[name], N_CUSTOMERS, 7)
            beliefs = Beliefs.of(lives)
            kept[name] = lives, beliefs, beliefs.draw(30, 1)
        return kept[name]

    return of


def bought_nothing(lives):
    end = lives.world.days + lives.world.horizon_days
    orders = np.ones(len(lives.order_day))
    return (lives.sum_between(lives.world.days, end, orders) == 0).astype(float)


def test_customers_never_buy_before_their_first_order_nor_after_they_left(known):
    lives, _, _ = known("handover")
    first, left = (x[lives.order_customer] for x in (lives.first_at, lives.left_at))
    assert (lives.order_at >= first).all()
    assert (lives.order_at <= left).all()
    assert lives.order_day.max() < lives.world.days + YEAR
    assert (np.diff(lives.order_customer) >= 0).all()


def test_log_holds_nothing_from_the_cutoff_on(known):
    lives, _, _ = known("plain")
    log = lives.log()
    end = truth.START + pd.Timedelta(days=lives.world.days)
    assert log["order_time"].max() < end
    assert log["customer_id"].nunique() == N_CUSTOMERS
    assert len(log) == (lives.order_day < lives.world.days).sum()


def test_same_seed_draws_the_same_lives():
    first, same, other = (live(BY_NAME["season"], 50, seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first.log(), same.log())
    assert not first.log().equals(other.log())


def test_repeat_purchases_come_at_the_rate_of_the_closed_form():
    kind = Kind(r=2.0, alpha=40.0, a=2.0, b=5.0)
    lives = live(World("w", "", kinds=(kind,)), 30_000, 3)
    day = 365.0 - lives.first_at
    here = day > 0
    inside = (lives.order_day < 365) & here[lives.order_customer]
    repeats = np.bincount(lives.order_customer[inside], minlength=30_000)[here] - 1
    # of a life with rate l and dropout p: (1 - exp(-l p t)) / p
    hazard = lives.rate * lives.dropout
    expected = -np.expm1(-hazard * day) / lives.dropout
    assert repeats.mean() == pytest.approx(expected[here].mean(), rel=0.02)


def test_nobody_buys_on_a_closed_day_and_seasons_peak_on_their_day(known):
    lives, _, _ = known("sundays")
    weekday = lives.log()["order_time"].dt.day_of_week
    assert (weekday == 6).sum() == 0
    assert weekday.nunique() == 6
    season, _, _ = known("season")
    day = season.order_day[season.order_day < 730] % YEAR
    crest = season.world.peak_day % YEAR
    near = (np.abs(day - crest) < 45).sum()
    far = (np.abs(day - (crest + YEAR / 2) % YEAR) < 45).sum()
    assert near > 4 * far


def test_change_of_hands_drives_away_the_share_it_says():
    world = World("w", "", handover=Handover(365, 0.4, 1.0))
    lives = live(world, 40_000, 1)
    day = float(world.time_at(365))
    present = (lives.first_at < day) & (lives.left_at >= day)
    assert (lives.left_at[present] == day).mean() == pytest.approx(0.4, abs=0.01)


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_best_probability_is_calibrated_and_better_than_its_neighbours(world):
    lives = live(world, 20_000, 7)
    silent, best = (
        bought_nothing(lives),
        Beliefs.of(lives).no_purchase_probability(),
    )
    assert best.mean() == pytest.approx(silent.mean(), abs=0.008)
    assert ece(silent, best) < 0.015
    sure = np.clip(best, 1e-9, 1 - 1e-9)
    odds = np.log(sure / (1 - sure))
    for shift, slope in ((0.2, 1), (-0.2, 1), (0, 1.2), (0, 0.85)):
        moved = 1 / (1 + np.exp(-slope * odds - shift))
        assert log_loss(silent, best) < log_loss(silent, moved) - 0.001


@pytest.mark.parametrize("name", [*BY_NAME])
def test_lives_drawn_from_a_history_agree_with_the_closed_form(known, name):
    lives, beliefs, draws = known(name)
    best = beliefs.no_purchase_probability()
    horizon = Year.of(lives.world, 0.1).horizon
    drawn = np.where(draws.is_there, np.exp(-draws.rate * horizon), 1.0).mean(1)
    assert np.mean(drawn - best) == pytest.approx(0, abs=0.003)
    assert np.corrcoef(drawn, best)[0, 1] > 0.97


def test_forecast_that_does_not_know_of_the_change_of_hands_is_worse(known):
    lives, beliefs, _ = known("handover")
    simple = replace(lives.world, handover=None)
    # the pace stays: what is left out is who was driven away
    vars(simple)["clock"] = lives.world.clock
    blind = Beliefs.of(replace(lives, world=simple)).no_purchase_probability()
    silent = bought_nothing(lives)
    best = log_loss(silent, beliefs.no_purchase_probability())
    assert best < log_loss(silent, blind) - 0.001


@pytest.mark.parametrize("name", [*BY_NAME])
def test_expectations_add_up_to_what_came(known, name):
    lives, _, draws = known(name)
    year = Year.of(lives.world, 0.1)
    hoped = believed_money(draws, year, 0.3), believed_stakes(draws, year, 0.3)
    came = true_money(lives, 0.1, 0.3), true_stakes(lives, year, 0.3)
    for number, field in (
        (0, "spend"),
        (0, "value"),
        (1, "silent"),
        (1, "back"),
        (1, "stay"),
    ):
        miss = getattr(came[number], field) - getattr(hoped[number], field)
        error = miss.std() * np.sqrt(len(miss))
        assert abs(miss.sum()) < 3 * error, field


def test_year_counts_purchases_as_a_fine_grid_does():
    world = BY_NAME["season"]
    year = Year.of(world, 0.1)
    rate, dropout = np.array([0.03, 0.3, 0.002]), np.array([0.2, 0.01, 0.9])
    day = np.linspace(0, YEAR, 20_001)
    at = world.time_at(world.days + day) - world.time_at(world.days)
    alive = np.exp(-np.outer(rate * dropout, (at[1:] + at[:-1]) / 2))
    discount = 1.1 ** (-(day[1:] + day[:-1]) / 2 / YEAR)
    fine = (rate[:, None] * alive * np.diff(at) * discount).sum(1)
    assert year.purchases(rate, dropout, 0.0) == pytest.approx(fine, rel=2e-3)
    since = float(at[5000])
    later = (
        rate[:, None]
        * alive
        / np.exp(-rate * dropout * since)[:, None]
        * np.diff(at)
        * discount
    )[:, 5000:].sum(1)
    assert year.purchases(rate, dropout, since) == pytest.approx(later, rel=5e-3)


def test_one_who_buys_at_a_rate_near_nothing_buys_once():
    year = Year.of(BY_NAME["plain"], 0.0)
    found = year.given_purchase(np.array([1e-15, 1e-6]), np.array([0.5, 0.5]))
    assert found == pytest.approx([1.0, 1.0], abs=1e-3)
    often = year.given_purchase(np.array([0.5]), np.array([1e-9]))
    assert often == pytest.approx([0.5 * YEAR], rel=1e-3)


def scores_from(stakes, churn=None):
    return pd.DataFrame(
        {
            "churn_probability": stakes.silent if churn is None else churn,
            "value_to_win_back": stakes.back,
            "value_to_protect": stakes.stay,
        }
    )


@pytest.mark.parametrize("world", [BACK, STAY])
def test_right_definition_earns_what_a_wrong_one_does_not(known, world):
    lives, beliefs, draws = known("plain")
    year = Year.of(lives.world, 0.1)
    there = beliefs.if_there().draw(30, 1)
    truly, believed = (true_stakes(lives, year, 0.3), believed_stakes(draws, year, 0.3))
    defined = scored_stakes(draws, there, year, 0.3)
    clv = believed_money(draws, year, 0.3).value
    right = true_profits(world, scores_from(believed), truly, believed, defined)
    twice = replace(believed, back=believed.silent * clv, stay=believed.silent * clv)
    wrong = true_profits(world, scores_from(twice), truly, believed, defined)
    assert there.is_there.all()
    assert right["perfect_share_of_fair"] > 0.85
    assert right["policy"] == right["fair"]
    assert right["share_of_fair"] == right["expected_share_of_fair"] == 1
    assert wrong["expected_share_of_fair"] < 0.85
    assert wrong["first_tenth_catches"] < right["first_tenth_catches"]
    assert right["nobody"] == 0
    for simple in ("riskiest_tenth", "everyone", "nobody"):
        assert right[simple] < right["fair"] < right["oracle"]


def test_profit_of_a_contact_counted_by_hand():
    # silent and comes back; silent with nothing to win; buys all the same
    silent, back = np.array([1.0, 1.0, 0.0]), np.array([120.0, 0.0, 0.0])
    offer = OFFERS[BACK]
    rate, gift, fee = offer.accept_rate, offer.incentive_cost, offer.contact_cost
    assert profit(BACK, silent, back) == pytest.approx(
        [rate * (120 - gift) - fee, -rate * gift - fee, -gift - fee]
    )
    # buys once more and leaves, but would stay; has left long ago
    offer = OFFERS[STAY]
    rate, gift, fee = offer.accept_rate, offer.incentive_cost, offer.contact_cost
    found = profit(STAY, np.array([0.0, 1.0]), np.array([50.0, 0.0]))
    assert found == pytest.approx([rate * 50 - gift - fee, -fee])


def test_only_those_have_something_to_win_with_whom_it_can_be_won(known):
    lives, _, _ = known("handover")
    found = true_stakes(lives, Year.of(lives.world, 0.1), 0.3)
    silent = bought_nothing(lives)
    assert (found.silent == silent).all()
    assert (won(BACK, found)[silent == 0] == 0).all()
    assert (won(BACK, found)[silent == 1] >= -1e-9).all()
    begin, end = (
        float(lives.world.time_at(lives.world.days + days))
        for days in (0, lives.world.horizon_days)
    )
    leaves = (lives.left_at > begin) & (lives.left_at <= end)
    assert ((won(STAY, found) > 0) == leaves).all()


def test_interval_and_verdict_over_seeds():
    assert spread([0.01, 0.02, 0.03]) == pytest.approx((0.02, -0.00484, 0.04484), 1e-3)
    assert np.isnan(spread([0.01]).low)
    assert np.isnan(spread([float("nan")]).mean)
    assert verdict("ece", Spread(0.02, 0.01, 0.025)) == "met"
    assert verdict("ece", Spread(0.02, 0.01, 0.04)) == "met, not beyond the seeds"
    assert verdict("ece", Spread(0.04, 0.01, 0.05)) == "missed"
    assert verdict("spend_total", Spread(0.8, 0.7, 1.0)) == "missed"
    assert (
        verdict(f"{BACK}.expected_share_of_fair", Spread(np.nan, np.nan, np.nan))
        == "missed"
    )
    assert verdict("log_loss", Spread(0.4, 0.3, 0.5)) == ""


@pytest.mark.parametrize("option", ["--seeds", "--customers"])
def test_count_below_one_is_refused(option, capsys):
    with pytest.raises(SystemExit):
        truth.main([option, "0"])
    assert "'0' is not a whole number of 1 or more" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(
    not {"value_to_win_back", "value_to_protect"} <= {*SCORES},
    reason="the scores do not hold the columns of the lists",
)
def test_fast_run_prints_a_table_and_writes_every_figure(tmp_path, capsys):
    out, rows = tmp_path / "runs.json", tmp_path / "runs.csv"
    truth.main(
        ["--fast", "--worlds", "handover", "--json", str(out), "--csv", str(rows)]
    )
    printed = capsys.readouterr().out
    assert "### handover" in printed
    assert "| best possible log loss |" in printed
    (run,) = json.loads(out.read_text())
    assert run["log_loss_best"] < 0.69
    assert 0.5 < run["churn_rate"] < 1
    assert run[f"{BACK}.oracle"] > run[f"{BACK}.fair"] > 0
    assert len(pd.read_csv(rows)) == 1
