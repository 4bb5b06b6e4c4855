from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from regulars.models.churn.blend import SMALLEST_WEIGHT, blend_weights
from regulars.models.churn.objective import log_loss_of


def _window(seed, n_rows=4_000):
    """Two members that each know half, and one that knows nothing."""
    rng = np.random.default_rng(seed)
    one, other = rng.normal(0, 1, n_rows), rng.normal(0, 1, n_rows)
    y = (rng.random(n_rows) < expit(one + other)).astype(float)
    return {"one": 2 * one, "other": 2 * other, "noise": rng.normal(0, 3, n_rows)}, y


def test_members_that_know_half_each_share_the_weight_and_noise_has_none():
    parts, outcomes = zip(*map(_window, (0, 1)), strict=True)
    weights = blend_weights(parts, outcomes)
    assert weights["one"] == pytest.approx(0.5, abs=0.05)
    assert weights["other"] == pytest.approx(0.5, abs=0.05)
    assert weights["noise"] == 0.0
    assert sum(weights.values()) == pytest.approx(1.0)


def test_no_other_share_of_two_members_is_clearly_better():
    part, y = _window(2)
    part.pop("noise")
    weights = blend_weights([part], [y])

    def loss(share):
        return log_loss_of(share * part["one"] + (1 - share) * part["other"], y)

    best = min(loss(share) for share in np.linspace(0, 1, 101))
    assert loss(weights["one"]) < best + 1e-4


def test_weights_are_closer_together_when_there_is_one_window():
    rng = np.random.default_rng(0)
    signal = rng.normal(0, 1, 4_000)
    y = (rng.random(4_000) < expit(signal)).astype(float)
    part = {"better": signal, "worse": signal + rng.normal(0, 0.5, 4_000)}
    alone, thrice = blend_weights([part], [y]), blend_weights([part] * 3, [y] * 3)
    assert 0.5 < alone["better"] < thrice["better"] - 0.1


def test_shares_are_none_or_worth_having():
    for seed in range(5):
        part, y = _window(seed, n_rows=60)
        shares = [*blend_weights([part], [y]).values()]
        assert all(share == 0 or share >= SMALLEST_WEIGHT for share in shares)


def test_member_that_stands_alone_has_it_all():
    assert blend_weights([{"process": np.zeros(3)}], [np.ones(3)]) == {"process": 1.0}
