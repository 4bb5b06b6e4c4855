"""Ways to learn effects on the margin: learners of several outcomes, scaled, shrunk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from regulars.campaigns.learners import (
    Sample,
    bagged,
    dr_learner,
    residual_learner,
    scaled_ridge,
    t_learner,
    x_learner,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from regulars.campaigns.baseline import Baseline
    from regulars.campaigns.experiment import Experiment
    from regulars.campaigns.learners import Effects, Learner

    Floats = NDArray[np.float64]

# weight of a learner's own effects; the rest is that of proportional ones
OWN_WEIGHT = 0.75
# quantile beyond which relative margins are cut off: one customer of little value
CUT = 0.999


class Way(Protocol):
    """Learns the margin that each offer adds."""

    def __call__(
        self, experiment: Experiment, baseline: Baseline, seed: int, n_bags: int
    ) -> Effects:
        """Learn from an experiment; trees are bagged so many times."""


def mean_effects(
    experiment: Experiment, residual: Floats, baseline: Baseline
) -> tuple[Floats, Floats]:
    """Return the mean effect of each offer as a share of V, with standard errors."""
    value = baseline.value(experiment.features).mean()
    means, variances = [], []
    for arm in range(len(experiment.offers) + 1):
        rows = experiment.arm == arm
        weight = 1.0 / experiment.shares[rows, arm]
        mean = np.average(residual[rows], weights=weight)
        means.append(mean)
        far = weight * (residual[rows] - mean)
        variances.append((far**2).sum() / weight.sum() ** 2)
    effect = np.array(means[1:]) - means[0]
    error = np.sqrt(np.array(variances[1:]) + variances[0])
    return effect / value, error / value


def _samples(experiment: Experiment, baseline: Baseline) -> dict[str, Sample]:
    """Return the customers with each outcome: margin, relative and kept."""
    features, n_offers = experiment.features, len(experiment.offers)
    residual = experiment.margin - baseline.margin(features)
    relative = residual / baseline.value(features)
    limit = np.quantile(np.abs(relative), CUT)
    outcomes = {
        "margin": residual,
        "relative": np.clip(relative, -limit, limit),
        "kept": experiment.kept - baseline.kept(features),
    }
    return {
        name: Sample(features, outcome, experiment.arm, n_offers)
        for name, outcome in outcomes.items()
    }


def _proportional(
    experiment: Experiment, baseline: Baseline, seed: int, n_bags: int
) -> Effects:
    """Return effects that are the same share of everybody's V."""
    residual = experiment.margin - baseline.margin(experiment.features)
    share, _ = mean_effects(experiment, residual, baseline)
    return lambda features: baseline.value(features)[:, None] * share


def _shrunk(way: Way) -> Way:
    """Shrink effects towards the proportional ones."""

    def learn(
        experiment: Experiment, baseline: Baseline, seed: int, n_bags: int
    ) -> Effects:
        own = way(experiment, baseline, seed, n_bags)
        common = _proportional(experiment, baseline, seed, n_bags)
        return lambda features: (
            OWN_WEIGHT * own(features) + (1 - OWN_WEIGHT) * common(features)
        )

    return learn


def _relative(learner: Learner) -> Way:
    """Learn on the relative margin, and multiply by V."""

    def learn(
        experiment: Experiment, baseline: Baseline, seed: int, n_bags: int
    ) -> Effects:
        effects = learner(_samples(experiment, baseline)["relative"], seed)
        return lambda features: effects(features) * baseline.value(features)[:, None]

    return learn


def _mixed(
    experiment: Experiment, baseline: Baseline, seed: int, n_bags: int
) -> Effects:
    """Return the mean of a ridge in V times features and of bagged trees.

    The trees learn margin, relative margin and whether customers are kept.
    """
    samples = _samples(experiment, baseline)
    middle = np.nan_to_num(np.nanmedian(experiment.features, axis=0))
    spread = np.nanstd(_logged(experiment.features, middle), axis=0) + 1e-9

    def columns(features: Floats) -> Floats:
        value = baseline.value(features)[:, None]
        scaled = _logged(features, middle) / spread
        risk = 1.0 - baseline.kept(features)[:, None]
        return np.hstack([value, value * risk, value * scaled])

    weight = 1.0 / baseline.spread(experiment.features)
    ridge = scaled_ridge(samples["margin"], columns, weight)
    learn = bagged(residual_learner, n_bags)
    margin, relative, kept = (learn(samples[name], seed) for name in samples)

    def effects(features: Floats) -> Floats:
        value = baseline.value(features)[:, None]
        in_value = relative(features) + kept(features)
        return (ridge(features) + margin(features) + value * in_value) / 4.0

    return effects


def _logged(features: Floats, middle: Floats) -> Floats:
    """Return features around their median, missing ones at it, without long tails."""
    far = np.where(np.isfinite(features), features - middle, 0.0)
    logged: Floats = np.sign(far) * np.log1p(np.abs(far))
    return logged


MIX = "mix"
WAYS: Mapping[str, Way] = {
    MIX: _shrunk(_mixed),
    "x": _shrunk(_relative(x_learner)),
    "t": _shrunk(_relative(t_learner)),
    "dr": _shrunk(_relative(dr_learner)),
    "proportional": _proportional,
}
