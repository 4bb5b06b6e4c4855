"""The gate's rule, on forecasts made by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.evaluation.gate import compare, decide, ece_by_chance, more_days


@pytest.fixture
def window():
    """Outcomes drawn from known probabilities, which are the perfect forecast."""
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.05, 0.95, 3000)
    return truth, (rng.random(3000) < truth).astype(float)


def flattened(p, weight=0.5):
    return weight * p + (1 - weight) * 0.5


def test_challenger_wins_when_it_is_better_beyond_the_interval(window):
    truth, y = window
    found = decide(compare(y, truth, flattened(truth)))
    assert found.is_champion
    assert found.reason.startswith("better than the champion (log loss 0.")


def test_challenger_loses_when_it_is_worse_beyond_the_interval(window):
    truth, y = window
    found = decide(compare(y, flattened(truth), truth), newer_days=90, is_simpler=True)
    assert not found.is_champion
    assert found.reason.startswith("worse than the champion")


def test_champion_stays_when_the_same_recipe_comes_again(window):
    truth, y = window
    found = decide(compare(y, truth, truth))
    assert not found.is_champion
    assert found.reason.endswith("and no simpler")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"is_simpler": True}, "and simpler"),
        ({"newer_days": 30}, "has learnt from 30 more days"),
        ({"newer_days": 1}, "has learnt from 1 more day"),
        ({"changed": ["margin"]}, "follows the new margin"),
    ],
)
def test_equal_challenger_takes_over_when_something_speaks_for_it(window, options, why):
    truth, y = window
    found = decide(compare(y, truth, truth), **options)
    assert found.is_champion
    assert found.reason.endswith(why)


def test_challenger_is_turned_away_when_it_is_not_calibrated(window):
    truth, y = window
    challenger, champion = truth * 0.8, np.full_like(truth, y.mean())
    found = compare(y, challenger, champion)
    assert found.difference.high < 0, "it is sharper all the same"
    decision = decide(found, max_ece=0.05)
    assert not decision.is_champion
    assert "its calibration error 0.09" in decision.reason
    assert decide(found, max_ece=0.5).is_champion


def test_uncalibrated_challenger_passes_when_the_champion_is_further_off(window):
    truth, y = window
    assert decide(compare(y, truth * 0.8, truth * 0.5), max_ece=0.05).is_champion


def test_challenger_is_turned_away_when_a_large_part_is_worse_off(window):
    truth, y = window
    labels = pd.DataFrame({"plan": np.where(np.arange(3000) < 600, "basic", "full")})
    basic = labels["plan"].to_numpy() == "basic"
    challenger = np.where(basic, flattened(truth, 0.6), truth)
    champion = np.where(basic, truth, flattened(truth, 0.3))
    found = compare(y, challenger, champion, labels=labels)
    assert found.worse_slices == ("plan basic",)
    decision = decide(found)
    assert not decision.is_champion
    assert "large part of the customers: plan basic" in decision.reason


def test_small_part_does_not_stop_a_challenger(window):
    truth, y = window
    labels = pd.DataFrame({"plan": np.where(np.arange(3000) < 100, "basic", "full")})
    basic = labels["plan"].to_numpy() == "basic"
    challenger = np.where(basic, 1 - truth, truth)
    champion = np.where(basic, truth, flattened(truth))
    found = compare(y, challenger, champion, labels=labels)
    assert found.worse_slices == ()


def test_chance_alone_explains_less_error_when_customers_are_many():
    few, many = (ece_by_chance(np.full(n, 0.3)) for n in (60, 6000))
    assert few > 0.05 > many


@pytest.mark.parametrize(
    ("count", "words"), [(1, "1 more day"), (1200, "1,200 more days")]
)
def test_more_days_are_in_words(count, words):
    assert more_days(count) == words
