from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from regulars.models.churn.blend import PULL, SMALLEST_WEIGHT, choose_blend
from regulars.models.churn.objective import log_loss_of
from regulars.models.churn.pooling import combine


def _window(seed, n_rows=4_000):
    """Two members that each know half, and one that knows nothing."""
    rng = np.random.default_rng(seed)
    one, other = rng.normal(0, 1, n_rows), rng.normal(0, 1, n_rows)
    y = (rng.random(n_rows) < expit(one + other)).astype(float)
    return {"one": 2 * one, "other": 2 * other, "noise": rng.normal(0, 3, n_rows)}, y


def test_members_that_know_half_each_share_the_weight_and_noise_has_none():
    parts, outcomes = zip(*map(_window, (0, 1)), strict=True)
    weights, pool = choose_blend(parts, outcomes)
    assert pool == "log_odds"
    assert weights["one"] == pytest.approx(0.5, abs=0.05)
    assert weights["other"] == pytest.approx(0.5, abs=0.05)
    assert weights["noise"] == 0.0
    assert sum(weights.values()) == pytest.approx(1.0)


def test_no_other_share_of_two_members_is_clearly_better():
    part, y = _window(2)
    part.pop("noise")
    weights, pool = choose_blend([part], [y])
    assert pool == "log_odds"

    def loss(share):
        return log_loss_of(share * part["one"] + (1 - share) * part["other"], y)

    best = min(loss(share) for share in np.linspace(0, 1, 101))
    assert loss(weights["one"]) < best + 1e-4


def test_weights_are_closer_together_when_there_is_one_window():
    rng = np.random.default_rng(0)
    signal = rng.normal(0, 1, 4_000)
    y = (rng.random(4_000) < expit(signal)).astype(float)
    part = {"better": signal, "worse": signal + rng.normal(0, 0.5, 4_000)}
    alone, _ = choose_blend([part], [y])
    sixfold, _ = choose_blend([part] * 6, [y] * 6)
    assert 0.5 < alone["better"] < sixfold["better"] - 0.1


def test_probabilities_are_averaged_where_one_member_is_too_bold():
    """Each customer is one of two sorts, and each member is sure of another half."""
    rng = np.random.default_rng(0)
    bold = rng.random(4_000) < 0.05
    signal = rng.normal(0, 1, 4_000)
    y = (rng.random(4_000) < expit(signal)).astype(float)
    part = {"sound": signal, "bold": np.where(bold, -9.0, signal)}
    weights, pool = choose_blend([part], [y])
    assert pool == "probability"
    assert weights["sound"] > 0.5


def test_optimiser_leaves_the_middle_when_members_are_alike():
    """The slopes are small, and a lax tolerance would stop where it began."""
    rng = np.random.default_rng(1)
    signal = rng.normal(-3, 1, 40_000)
    y = (rng.random(40_000) < expit(signal)).astype(float)
    noise = {name: rng.normal(0, 0.35, 40_000) for name in ("worse", "worst")}
    part = {"better": signal, **{name: signal + each for name, each in noise.items()}}
    weights, pool = choose_blend([part] * 6, [y] * 6)
    grid = [
        {"better": a, "worse": b, "worst": 1 - a - b}
        for a in np.linspace(0, 1, 21)
        for b in np.linspace(0, 1 - a, 21)
    ]

    def loss(shares):
        spread = np.var([*shares.values()])
        return log_loss_of(combine(part, shares, pool), y) + PULL / 6 * spread

    assert loss(weights) <= min(map(loss, grid)) + 2e-6


def test_shares_are_none_or_worth_having():
    for seed in range(5):
        part, y = _window(seed, n_rows=60)
        shares = [*choose_blend([part], [y]).weights.values()]
        assert all(share == 0 or share >= SMALLEST_WEIGHT for share in shares)


def test_member_that_stands_alone_has_it_all():
    found = choose_blend([{"process": np.zeros(3)}], [np.ones(3)])
    assert found.weights == {"process": 1.0}
