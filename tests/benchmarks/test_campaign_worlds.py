"""What is known of the simulated customers is right on average."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def people(monkeypatch):
    """Draw customers of a named world."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import campaign_worlds

    def draw(n, rng, name):
        return campaign_worlds.people(n, rng, campaign_worlds.WORLDS[name])

    return draw


@pytest.mark.parametrize("name", ["strong", "realistic"])
def test_closed_form_is_what_customers_draw_on_average(people, name):
    found = people(40_000, np.random.default_rng(5), name)
    pairs = (
        (found.effect, found.effect_of_traits),
        (found.cost, found.cost_of_traits),
    )
    for drawn, expected in pairs:
        apart = drawn - expected
        error = apart.std(axis=0) / np.sqrt(len(apart)) + 1e-12
        assert (np.abs(apart.mean(axis=0) / error) < 4).all()
    # an individual kind is mostly noise: a bound must not be learnt from it
    assert (found.effect_of_traits.var(axis=0) < 0.5 * found.effect.var(axis=0)).all()


def test_outcomes_have_the_effects_that_are_known(people):
    rng = np.random.default_rng(6)
    found = people(60_000, rng, "strong")
    margin = [found.outcomes(np.full(60_000, arm), rng)[0] for arm in (0, 1, 2, 3)]
    for arm in (1, 2, 3):
        apart = margin[arm] - margin[0] - found.effect[:, arm - 1]
        error = apart.std() / np.sqrt(len(apart))
        assert abs(apart.mean() / error) < 4


def test_nobody_is_moved_in_a_null_world(people):
    found = people(1_000, np.random.default_rng(7), "null")
    assert not found.effect.any()
    assert np.abs(found.effect_of_traits).max() < 1e-9
