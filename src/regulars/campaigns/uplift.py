"""What each offer adds to each customer's margin, learnt from randomised campaigns.

Effects are learnt on the relative margin, (Y - m0(x)) / V(x), and multiplied by V
afterwards: m0 and V, the margin of those who buy, are learnt on untouched customers.
They are shrunk towards an effect that is the same share of everybody's V. How far all
of this can be believed is tried on customers whom it was not learnt from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from scipy import stats

from regulars.campaigns.allocation import Problem, allocate
from regulars.campaigns.baseline import Baseline
from regulars.campaigns.draw_checks import BALANCE, Check, checks_of
from regulars.campaigns.learners import BAGS, FOLDS
from regulars.campaigns.ways import MIX, WAYS, mean_effects
from regulars.errors import DataError
from regulars.metrics.uplift import (
    EffectEstimate,
    policy_gains,
    policy_value,
    ranking_test,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from regulars.campaigns.experiment import Experiment, Untouched
    from regulars.campaigns.learners import Effects

    Floats: TypeAlias = NDArray[np.float64]

PROVEN_Z = 1.64
RANKING_P = 0.025
RANKING_FOLDS = 5
# standard errors by which another learner has to beat the mix, the most robust one
CLEARLY = 2.0
LEAST_CUSTOMERS = 200
"""Customers of the control group, and of an offer, without whom nothing is learnt."""

QUICK_BAGS = 2

Verdicts: TypeAlias = Literal["proven", "promising", "none"]


@dataclass(frozen=True)
class Verdict:
    """Whether sending the offers by what was learnt would pay.

    Attributes
    ----------
    kind : {"proven", "promising", "none"}
        Above 1.64 standard errors, above 0, or neither.
    value : EffectEstimate
        What the choice earns over nobody, estimated on customers of other folds.
    n_customers : int
        Customers of the experiments.
    """

    kind: Verdicts
    value: EffectEstimate
    n_customers: int

    @property
    def sentence(self) -> str:
        """What it means, in a sentence."""
        n = f"{self.n_customers:,} customers of randomised campaigns"
        each = self.value.value / max(self.n_customers, 1)
        error = self.value.standard_error / max(self.n_customers, 1)
        earned = f"{each:,.2f} (standard error {error:,.2f}) a customer"
        meaning = {
            "proven": "it pays",
            "promising": "it may pay: spend as a test, with a control group of 30%",
            "none": "nothing shows that it pays: send nobody an offer",
        }[self.kind]
        return f"Tried on {n}, the choice earns {earned}: {meaning}."


@dataclass(frozen=True, eq=False)
class LearnedUplift:
    """Effects of offers on the margin of a horizon.

    Attributes
    ----------
    offers : tuple of str
        Names, in the order of the columns of effects.
    learner : str
        What was chosen on validation: ``mix``, ``x``, ``t``, ``dr`` or
        ``proportional``.
    verdict : Verdict
        Whether the choice pays.
    ranking_p : float
        One-sided p of the test that effects rise with their prediction.
    checks : tuple of Check
        Of the draw.
    values : mapping of str to EffectEstimate
        Of each learner, on validation.
    """

    offers: tuple[str, ...]
    baseline: Baseline
    learner: str
    verdict: Verdict
    ranking_p: float
    checks: tuple[Check, ...]
    values: Mapping[str, EffectEstimate]
    mean_effect: Floats
    mean_error: Floats
    _effects: Effects = field(repr=False)

    @property
    def ranking_holds(self) -> bool:
        """Whether it is claimed that higher predictions mean higher effects."""
        return self.ranking_p < RANKING_P

    def effects(self, features: Floats) -> Floats:
        """Return the margin that each offer adds: shape (n_customers, n_offers)."""
        return self._effects(features)

    def standard_errors(self, features: Floats) -> Floats:
        """Return those of the effects, as far as the mean effect is uncertain."""
        value = self.baseline.value(features)
        return value[:, None] * self.mean_error


def learn_uplift(
    experiments: Sequence[Experiment],
    untouched: Untouched,
    *,
    cost: Sequence[float] | None = None,
    budget: float = np.inf,
    seed: int = 0,
) -> LearnedUplift:
    """Learn the effects of offers, and how far they can be believed.

    Parameters
    ----------
    experiments : sequence of Experiment
        Randomised campaigns of the same offers and features.
    untouched : Untouched
        Customers without an offer, for the baseline.
    cost : sequence of float of shape (n_offers,), optional
        Expected cost of each offer to a customer; default: none.
    budget : float
        What may be spent a customer of the experiments, on average.
    seed : int
        Of folds and trees.

    Raises
    ------
    DataError
        There are too few customers, or the draw was none.
    """
    experiment = _together(experiments)
    _refuse_too_few(experiment, untouched)
    checks = tuple(checks_of(experiments))
    if failed := [
        check for check in checks if not check.holds and check.name != BALANCE
    ]:
        raise DataError(" ".join(check.sentence for check in failed))
    baseline = Baseline.fit(untouched, seed)
    # by arm: nobody pays for control
    costs = np.append(0.0, cost if cost is not None else [0.0] * len(experiment.offers))
    choices = _cross_fitted(experiment, baseline, costs[1:], budget, seed)
    residual = experiment.margin - baseline.margin(experiment.features)
    values = {
        name: _value(experiment, residual, c, costs) for name, c in choices.items()
    }
    learner = _best(experiment, residual, choices, costs, values)
    value = values[learner]
    kind: Verdicts = "none"
    if value.value > 0:
        kind = "proven" if value.z > PROVEN_Z else "promising"
    share, error = mean_effects(experiment, residual, baseline)
    return LearnedUplift(
        experiment.offers,
        baseline,
        learner,
        Verdict(kind, value, len(experiment)),
        ranking_p(experiment, baseline, seed),
        checks,
        values,
        share,
        error,
        WAYS[learner](experiment, baseline, seed, BAGS),
    )


def _together(experiments: Sequence[Experiment]) -> Experiment:
    """Return the campaigns as one; an offer that one did not have was never drawn."""
    first = experiments[0]
    if len(experiments) == 1:
        return first
    offers = tuple(sorted({name for each in experiments for name in each.offers}))
    arms, shares = [], []
    for each in experiments:
        place = np.array([0, *(1 + offers.index(name) for name in each.offers)])
        arms.append(place[each.arm])
        wide = np.zeros((len(each), len(offers) + 1))
        wide[:, place] = each.shares
        shares.append(wide)
    return type(first)(
        offers,
        np.concatenate([each.features for each in experiments]),
        np.concatenate(arms),
        np.concatenate(shares),
        np.concatenate([each.margin for each in experiments]),
        np.concatenate([each.kept for each in experiments]),
        all(each.is_planned for each in experiments),
    )


def _refuse_too_few(experiment: Experiment, untouched: Untouched) -> None:
    sizes = np.bincount(experiment.arm, minlength=len(experiment.offers) + 1)
    least, n_kept = int(sizes.min()), int(untouched.kept.sum())
    if least < LEAST_CUSTOMERS or n_kept < LEAST_CUSTOMERS:
        msg = (
            f"The smallest group of the randomised campaigns has {least:,} customers, "
            f"and {n_kept:,} untouched customers bought; {LEAST_CUSTOMERS} of each are "
            "needed to learn effects. Run a larger test first."
        )
        raise DataError(msg)


def _cross_fitted(
    experiment: Experiment,
    baseline: Baseline,
    costs: Floats,
    budget: float,
    seed: int,
) -> dict[str, NDArray[np.int64]]:
    """Return each learner's choice for customers that it did not learn from."""
    n = len(experiment)
    fold = np.random.default_rng(seed).permutation(n) % FOLDS
    effects = {name: np.zeros((n, len(costs))) for name in WAYS}
    for each in range(FOLDS):
        apart = fold == each
        rest = experiment.take(~apart)
        for name, way in WAYS.items():
            learnt = way(rest, baseline, seed, QUICK_BAGS)
            effects[name][apart] = learnt(experiment.features[apart])
    allowed = experiment.shares[:, 1:] > 0
    cost = np.broadcast_to(costs, allowed.shape)
    return {
        name: allocate(Problem(found, cost, allowed, budget * n)).choice + 1
        for name, found in effects.items()
    }


def _value(
    experiment: Experiment, residual: Floats, choice: NDArray[np.int64], costs: Floats
) -> EffectEstimate:
    return policy_value(
        y=residual,
        arm=experiment.arm,
        shares=experiment.shares,
        choice=choice,
        cost=costs[choice],
    )


def _best(
    experiment: Experiment,
    residual: Floats,
    choices: Mapping[str, NDArray[np.int64]],
    costs: Floats,
    values: Mapping[str, EffectEstimate],
) -> str:
    """Return the learner of most value; the mix, unless another is clearly better."""
    best = max(values, key=lambda name: values[name].value)
    gains = (
        policy_gains(residual, experiment.arm, experiment.shares, choice, costs[choice])
        for choice in (choices[best], choices[MIX])
    )
    gain = np.subtract(*gains)
    error = gain.std() * np.sqrt(len(gain))
    return best if gain.sum() > CLEARLY * error else MIX


def ranking_p(experiment: Experiment, baseline: Baseline, seed: int = 0) -> float:
    """Return the one-sided p of the ranking, by folds in sequence.

    Each fold is predicted by what was learnt on the folds before it, so that the z of
    the folds are independent.
    """
    n = len(experiment)
    fold = np.random.default_rng(seed + 1).permutation(n) % RANKING_FOLDS
    total, n_tested = 0.0, 0
    for each in range(1, RANKING_FOLDS):
        now = experiment.take(fold == each)
        learnt = WAYS[MIX](experiment.take(fold < each), baseline, seed, QUICK_BAGS)
        effects = np.where(now.shares[:, 1:] > 0, learnt(now.features), -np.inf)
        best = effects.argmax(axis=1) + 1
        rows = np.flatnonzero((now.arm == 0) | (now.arm == best))
        treated = now.arm[rows] > 0
        if treated.all() or not treated.any():
            continue
        control, offer = now.shares[rows, 0], now.shares[rows, best[rows]]
        test = ranking_test(
            y=now.margin[rows],
            treatment=treated,
            # by ranks: a few large predictions claim too often where most buy nothing
            uplift=stats.rankdata(effects[rows, best[rows] - 1]),
            baseline=baseline.margin(now.features[rows]),
            propensity=offer / (offer + control),
        )
        total, n_tested = total + test.z, n_tested + 1
    return float(stats.norm.sf(total / np.sqrt(max(n_tested, 1))))
