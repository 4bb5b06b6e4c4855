from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from scipy.stats import norm

from regulars.campaigns.launch_design import (
    Chosen,
    design_of,
    enough_share,
    size_for,
    smallest_effect,
)


def test_smallest_effect_is_seen_four_times_in_five():
    rng, n, draws = np.random.default_rng(0), 400, 2_000
    effect = smallest_effect(2.0, n, n // 4, looks=1)
    offer = rng.normal(effect, 2.0, (draws, n)).mean(axis=1)
    control = rng.normal(0.0, 2.0, (draws, n // 4)).mean(axis=1)
    error = 2.0 * np.sqrt(1 / n + 4 / n)
    seen = np.abs(offer - control) > norm.ppf(0.975) * error
    assert seen.mean() == pytest.approx(0.8, abs=0.03)


def test_more_looks_need_a_larger_effect():
    assert smallest_effect(1.0, 100, 100, looks=12) == pytest.approx(
        smallest_effect(1.0, 100, 100, looks=1) * (2.098 + 0.8416) / (1.96 + 0.8416),
        rel=1e-3,
    )


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_size_is_that_at_which_the_effect_is_the_smallest_seen(share):
    n = size_for(0.3, 4.0, share, looks=1)
    control = round(share * n)
    found = smallest_effect(4.0, n - control, control, looks=1)
    assert found == pytest.approx(0.3, rel=0.01)


def test_share_is_the_first_that_sees_what_is_promised():
    n = size_for(0.3, 4.0, 0.3, looks=1)
    assert enough_share(Chosen(n, 0.5, 4.0, 0.3), 1, 0.1) == 0.3
    # what no share sees is no reason for a larger one
    assert enough_share(Chosen(10, 0.5, 4.0, 0.3), 1, 0.1) == 0.1
    assert enough_share(Chosen(n, 0.5, np.nan, 0.3), 1, 0.1) == 0.1
    assert enough_share(Chosen(10**9, 0.5, 4.0, 0.3), 1, 0.1) == 0.1


def test_design_of_contracts_without_a_spread_tells_what_it_can():
    chosen = Chosen.of(np.full(100, 0.2), np.full(100, np.nan), np.ones(100))
    told = {"launch": dt.date(2024, 1, 1), "horizon_days": 90, "looks": 1}
    found = design_of(chosen, 30, **told)
    assert found.known_on == dt.date(2024, 3, 31)
    assert found.kept_rate == pytest.approx(0.8)
    assert found.smallest_kept == pytest.approx(smallest_effect(0.4, 70, 30, looks=1))
    assert (found.gain_spread, found.smallest_gain, found.needed) == (None,) * 3
    assert design_of(chosen, 0, **told) is None
    assert design_of(chosen, 100, **told) is None
