from __future__ import annotations

import optuna
import pytest

from regulars.models.churn.space import ATTRIBUTES, PURCHASES


@pytest.mark.parametrize("space", [PURCHASES, ATTRIBUTES])
def test_first_guess_lies_within_the_bounds(space):
    assert {*space.first} == {*space.bounds}
    trial = optuna.trial.FixedTrial(dict(space.first))
    assert space.suggest(trial) == space.first


@pytest.mark.parametrize("space", [PURCHASES, ATTRIBUTES])
def test_settings_between_whole_bounds_are_whole(space):
    trial = optuna.trial.FixedTrial(dict(space.first))
    space.suggest(trial)
    for name, (low, high) in space.bounds.items():
        whole = isinstance(low, int) and isinstance(high, int)
        kind = optuna.distributions.IntDistribution
        assert isinstance(trial.distributions[name], kind) == whole
        assert trial.distributions[name].log == (name in space.by_ratio)
