from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from regulars.carryover import carry_bounds, carry_silence, carry_spend

MONEY = st.just(0.0) | st.floats(0.01, 1e6)
CHANCE = st.floats(0, 1)


@given(CHANCE, CHANCE, CHANCE)
def test_silence_over_a_longer_horizon_is_no_likelier(learnt, one, other):
    short, long = max(one, other), min(one, other)
    args = (np.array([value]) for value in (learnt, short, long))
    carried = carry_silence(*args)[0]
    assert 0 <= carried <= 1
    assert carried <= np.clip(learnt, 1e-6, 1 - 1e-6) + 1e-12


@given(MONEY, MONEY, MONEY)
def test_bounds_keep_their_place_about_the_expectation(learnt, short, long):
    expected = carry_spend(*(np.array([value]) for value in (learnt, short, long)))
    bounds = np.array([[0.5 * learnt, 3.0 * learnt]])
    low, high = carry_bounds(bounds, np.array([learnt]), expected)[0]
    assert 0 <= low <= high
    if learnt > 0:
        np.testing.assert_allclose([low, high], expected * [0.5, 3.0], atol=1e-9)
