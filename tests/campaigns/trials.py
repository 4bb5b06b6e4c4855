"""Simulated campaigns: offers that add a share of the value of some customers."""

from __future__ import annotations

import numpy as np

from regulars.campaigns import Experiment, Untouched

SHARES = np.array([0.4, 0.3, 0.3])
OFFERS = ("mail", "call")


def customers(rng, n):
    """Return features of customers, and the margin that they would bring."""
    value = rng.lognormal(3.0, 0.8, n)
    moved = rng.normal(size=n)
    features = np.column_stack([value, moved, rng.normal(size=(n, 3))])
    features[rng.random(n) < 0.1, 4] = np.nan
    return features, value, moved


def live(rng, value, moved, arm, strength):
    """Return margin and purchases; a call moves half of them, and drives others off."""
    effect = np.where(arm == 2, strength * np.where(moved > 0, 0.35, -0.15), 0.0)
    effect = effect + np.where(arm == 1, strength * 0.02, 0.0)
    kept = rng.random(len(value)) < np.clip(0.5 + effect, 0.0, 1.0)
    return kept * value * rng.gamma(4.0, 0.25, len(value)), kept


def experiment(seed=0, n=3_000, strength=1.0):
    """Return a campaign of two offers."""
    rng = np.random.default_rng(seed)
    features, value, moved = customers(rng, n)
    arm = rng.choice(3, n, p=SHARES)
    margin, kept = live(rng, value, moved, arm, strength)
    return Experiment(OFFERS, features, arm, np.tile(SHARES, (n, 1)), margin, kept)


def untouched(seed=100, n=3_000):
    """Return customers without an offer."""
    rng = np.random.default_rng(seed)
    features, value, moved = customers(rng, n)
    margin, kept = live(rng, value, moved, np.zeros(n), 0.0)
    return Untouched(features, margin, kept)
