"""Effects of offers on an outcome, learnt from a randomised campaign.

Each learner takes a `Sample` and returns a function that predicts the effect of every
offer. T: a model an arm, and their differences [1]_. X: what the other arm's model says
of each customer is their missing half [1]_. DR: doubly robust scores, cross-fitted,
regressed on the features [2]_. Residuals: those of the treated around a baseline that
was learnt elsewhere, less the mean of the control group's.

.. [1] Kunzel, S., Sekhon, J., Bickel, P. and Yu, B. (2019), Metalearners for estimating
   heterogeneous treatment effects using machine learning.
.. [2] Kennedy, E. (2023), Towards optimal doubly robust estimation of heterogeneous
   causal effects.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from sklearn.linear_model import RidgeCV

from regulars.campaigns.baseline import trees

if TYPE_CHECKING:
    from collections.abc import Callable

    import lightgbm
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

Effects: TypeAlias = "Callable[[Floats], Floats]"
"""Of features of shape (n_customers, n_features): effects of shape (n, n_offers)."""

Learner: TypeAlias = "Callable[[Sample, int], Effects]"
FOLDS = 3
BAGS = 8
# strengths of the ridge that are tried, by leave-one-out
STRENGTHS = np.logspace(0, 6, 13)


@dataclass(frozen=True, eq=False)
class Sample:
    """Customers of an experiment with an outcome, such as margin less its forecast."""

    features: Floats
    outcome: Floats
    arm: NDArray[np.int64]
    n_offers: int

    def of(self, arm: int) -> Sample:
        """Return the customers of an arm."""
        return self.take(self.arm == arm)

    def take(self, rows: NDArray[np.bool_]) -> Sample:
        """Return some of the customers."""
        return Sample(
            self.features[rows], self.outcome[rows], self.arm[rows], self.n_offers
        )

    @property
    def offers(self) -> range:
        """Numbers of the offers."""
        return range(1, self.n_offers + 1)


def _fit(sample: Sample, seed: int, *, coarse: bool = False) -> Effects:
    n = len(sample.outcome)
    n_trees, leaves = (60, 4) if coarse else (100, 8)
    model = trees(n, n_trees=n_trees, leaves=leaves, seed=seed)
    return _predicts(model.fit(sample.features, sample.outcome))


def _predicts(model: lightgbm.LGBMRegressor) -> Effects:
    return lambda features: np.asarray(model.predict(features), np.float64)


def t_learner(sample: Sample, seed: int) -> Effects:
    """Learn each arm's outcome; the effect is the difference."""
    arms = [_fit(sample.of(arm), seed) for arm in (0, *sample.offers)]

    def effects(features: Floats) -> Floats:
        control, *offers = (arm(features) for arm in arms)
        return np.column_stack([offer - control for offer in offers])

    return effects


def x_learner(sample: Sample, seed: int) -> Effects:
    """Learn the differences to what the other arm's model says of each customer."""
    control = sample.of(0)
    control_model = _fit(control, seed)
    halves = []
    for arm in sample.offers:
        treated = sample.of(arm)
        arm_model = _fit(treated, seed)
        gained = treated.outcome - control_model(treated.features)
        missed = arm_model(control.features) - control.outcome
        weight = len(treated.outcome) / (len(treated.outcome) + len(control.outcome))
        halves.append(
            (
                weight,
                _fit(replace(control, outcome=missed), seed, coarse=True),
                _fit(replace(treated, outcome=gained), seed, coarse=True),
            )
        )

    def effects(features: Floats) -> Floats:
        columns = [w * a(features) + (1 - w) * b(features) for w, a, b in halves]
        return np.column_stack(columns)

    return effects


def dr_learner(sample: Sample, seed: int) -> Effects:
    """Regress doubly robust scores, each by models of the other folds."""
    n = len(sample.outcome)
    fold = np.random.default_rng(seed).integers(0, FOLDS, n)
    forecast = np.zeros((n, sample.n_offers + 1))
    for each in range(FOLDS):
        apart = fold == each
        rest = sample.take(~apart)
        for arm in (0, *sample.offers):
            model = _fit(rest.of(arm), seed)
            forecast[apart, arm] = model(sample.features[apart])
    share = np.bincount(sample.arm, minlength=sample.n_offers + 1) / n
    drawn = sample.arm[:, None] == np.arange(sample.n_offers + 1)
    scores = forecast + drawn / share * (sample.outcome[:, None] - forecast)
    models = [
        _fit(replace(sample, outcome=scores[:, arm] - scores[:, 0]), seed, coarse=True)
        for arm in sample.offers
    ]
    return lambda features: np.column_stack([model(features) for model in models])


def residual_learner(sample: Sample, seed: int) -> Effects:
    """Learn the residuals of the treated, less the control group's mean."""
    base = float(sample.of(0).outcome.mean())
    models = [_fit(sample.of(arm), seed, coarse=True) for arm in sample.offers]
    return lambda features: np.column_stack([m(features) - base for m in models])


def bagged(learner: Learner, n_bags: int = BAGS) -> Learner:
    """Return a learner whose effects are the mean over half-samples."""

    def learn(sample: Sample, seed: int) -> Effects:
        rng = np.random.default_rng(seed)
        bags = []
        for bag in range(n_bags):
            half = rng.random(len(sample.outcome)) < 0.5
            bags.append(learner(sample.take(half), seed + bag))
        return lambda features: np.mean([bag(features) for bag in bags], axis=0)

    return learn


def scaled_ridge(
    sample: Sample, columns: Callable[[Floats], Floats], weight: Floats
) -> Effects:
    """Learn effects that are linear in columns, such as features times value.

    The strength is chosen by leave-one-out; no column is favoured by its scale.
    """
    built = columns(sample.features)
    scale = built.std(axis=0) + 1e-9
    scale[0] = max(scale[0], float(np.abs(built[:, 0]).mean()))
    base = float(np.average(sample.outcome, weights=weight * (sample.arm == 0)))
    models = []
    for arm in sample.offers:
        rows = sample.arm == arm
        model = RidgeCV(STRENGTHS, fit_intercept=False)
        weights = weight[rows] / weight.mean()
        residual = sample.outcome[rows] - base
        models.append(model.fit(built[rows] / scale, residual, sample_weight=weights))

    def effects(features: Floats) -> Floats:
        scaled = columns(features) / scale
        return np.column_stack([model.predict(scaled) for model in models])

    return effects
