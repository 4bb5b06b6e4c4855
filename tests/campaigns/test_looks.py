from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.campaigns.looks import Look, last_multiplier


# Jennison and Turnbull (2000), table 2.3: alpha .05, two-sided
@pytest.mark.parametrize(
    ("looks", "multiplier"),
    [(1, 1.960), (2, 1.977), (3, 2.004), (4, 2.024), (5, 2.040), (10, 2.087)],
)
def test_last_multiplier_is_the_published_one(looks, multiplier):
    assert last_multiplier(looks) == pytest.approx(multiplier, abs=6e-4)


def test_no_effect_is_claimed_at_any_look_once_in_twenty():
    rng = np.random.default_rng(0)
    steps = rng.normal(size=(40_000, 12)) / np.sqrt(12)
    share = np.arange(1, 13) / 12
    z = steps.cumsum(axis=1) / np.sqrt(share)
    looks = [Look(7 * k, 84, 12) for k in range(1, 13)]
    bounds = np.array([each.multiplier for each in looks])
    claimed = (np.abs(z) > bounds).any(axis=1).mean()
    assert claimed == pytest.approx(0.05, abs=0.004)


def test_last_look_is_final_and_hardly_wider_than_one():
    look = Look(84, 84, 12)
    assert look.is_final
    assert look.number == 12
    assert look.multiplier == pytest.approx(2.0976, abs=1e-3)


def test_between_two_looks_the_earlier_one_counts():
    assert Look(20, 84, 12).number == 2
    assert Look(20, 84, 12).multiplier == Look(14, 84, 12).multiplier
    assert Look(20, 84, 12).next_day == 21


def test_before_the_first_look_intervals_are_as_of_the_day():
    look = Look(21, 84, 1)
    assert look.number == 0
    assert look.multiplier == pytest.approx(2 * 1.96, abs=1e-3)
    assert look.next_day == 84


@given(
    elapsed=st.integers(1, 400), horizon=st.integers(1, 400), looks=st.integers(1, 52)
)
def test_looking_earlier_never_narrows_an_interval(elapsed, horizon, looks):
    early = Look(min(elapsed, horizon), horizon, looks)
    assert early.multiplier >= Look(horizon, horizon, looks).multiplier - 1e-12
    assert 0 <= early.number <= looks
    assert early.is_final == (early.number == looks)
